// What stands over the scene where there is nothing to see yet, or no more: what is the matter, and the
// next thing to do.

import { byId, make, write } from "./ask.js";
import { amiss, leaveOut, photosKnown } from "./gallery.js";

const SHOWN = 8; // thumbnails of photos that wait
const CHOOSE = { words: "Choose photos", press: "#tab-photos-button #drop>button" };
const PLAY_ON = { words: "Play on", press: "#action-play" };
let newest = null;

function coverOf(facts) {
  if (facts.phase === "loading") {
    return { title: "Reading photos", text: "The cameras start to move in a moment." };
  }
  if (facts.phase === "failed" && !facts.has_photos) {
    const text = "Drop about 20 photos of one scene, a folder or zip of them, or a short video, anywhere on this page. No camera poses are needed.";
    return { title: "No photos yet", text, action: CHOOSE };
  }
  if (facts.phase === "failed") {
    return { title: "These photos cannot be used", text: facts.failure, action: CHOOSE };
  }
  if (facts.failure) {
    return { title: "Training stopped", text: facts.failure, action: PLAY_ON, soft: true };
  }
  if (facts.came_back && !facts.playing) {
    return { title: "Back where it was saved", text: facts.came_back, action: PLAY_ON, soft: true };
  }
  return facts.photos && facts.step === 0 && !facts.playing && !facts.beginning ? waiting(facts) : null;
}

// Photos that nothing was learned from yet: what the checks say of them, and Play.
function waiting({ photos, frames }) {
  const found = amiss();
  const counts = new Map();
  for (const { reason } of found) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const words = [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
  return {
    title: `${photos} ${frames ? "frames" : "photos"}${words ? `, ${words}` : ""}`,
    text: found.length ? "Leave out what is amiss, or play with all of them." : photosKnown().checked,
    action: { words: "Play", press: "#action-play" },
    leave: found.length > 0,
    photos: true,
  };
}

export function drawCover(facts = newest) {
  newest = facts;
  if (facts === null) return;
  const [cover, words] = [byId("cover"), coverOf(facts)];
  cover.hidden = words === null;
  if (words === null) return;
  cover.classList.toggle("soft", Boolean(words.soft));
  cover.classList.toggle("whole", Boolean(words.photos));
  write("cover-title", words.title);
  write("cover-text", words.text ?? "");
  const action = byId("cover-action");
  action.hidden = !words.action;
  if (words.action) {
    write("cover-action", words.action.words);
    action.dataset.press = words.action.press;
  }
  byId("cover-leave").hidden = !words.leave;
  drawThumbnails(words.photos ? photosKnown() : { key: "", count: 0 });
  byId("cover-details").hidden = !facts.traceback;
  const trace = document.querySelector("#cover-details pre");
  if (trace.textContent !== (facts.traceback ?? "")) trace.textContent = facts.traceback ?? "";
}

function drawThumbnails({ key, count }) {
  const place = byId("cover-photos");
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const shown = Math.min(SHOWN, count);
  place.replaceChildren(...Array.from({ length: shown }, (_, at) => {
    const index = Math.round((at * (count - 1)) / Math.max(1, shown - 1));
    return Object.assign(make("img"), { alt: "", src: `thumbnail/${index}.jpg?v=${key}` });
  }));
}

export const redrawCover = () => drawCover();

export function wireCover() {
  byId("cover-action").addEventListener("click", ({ target }) => {
    for (const selector of target.dataset.press.split(" ")) document.querySelector(selector)?.click();
  });
  byId("cover-leave").addEventListener("click", () => {
    leaveOut(amiss().map(({ name }) => name));
    drawCover();
  });
}
