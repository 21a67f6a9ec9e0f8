// Header, stage, notices, and the words of the training tab.

import { byId, clock, decibels, grouped, make, write } from "./ask.js";

const STAGES = ["explore", "refine"];
const SHOWN = 20;
let lastNotice = null;

export function drawStatus(facts) {
  document.body.dataset.playing = facts.playing;
  document.body.dataset.canUndo = facts.can_undo;
  document.body.dataset.phase = facts.phase;
  write("run", facts.photos ? `${facts.run} · ${grouped(facts.photos)} photos` : facts.run);
  drawStages(facts);
  write("figure-step", grouped(facts.step));
  write("figure-psnr", decibels(facts.psnr));
  write("figure-speed", facts.playing ? `${facts.steps_per_second.toFixed(1)} it/s` : "paused");
  write("figure-left", facts.playing ? clock(facts.seconds_left) : "–");
  write("figure-device", facts.device.toUpperCase());
  write("fact-stage", facts.stage + (facts.playing ? "" : ", paused"));
  write("fact-epoch", grouped(facts.epoch));
  write("fact-seconds", clock(facts.seconds));
  drawNotices(facts.notices);
}

function drawStages(facts) {
  const place = byId("stages");
  const names = STAGES.includes(facts.stage) ? STAGES : [facts.stage, ...STAGES];
  const key = `${names} ${facts.stage}`;
  if (!place || place.dataset.key === key) return;
  place.dataset.key = key;
  const now = names.indexOf(facts.stage);
  place.replaceChildren(
    ...names.flatMap((name, index) => {
      const pill = make("b", index === now ? "now" : index < now ? "done" : "", name);
      if (index === now) pill.setAttribute("aria-current", "step");
      return index ? [make("span", "", "›"), pill] : [pill];
    }),
  );
}

function drawNotices(notices) {
  const list = byId("notices-items");
  const newest = notices.length ? notices[notices.length - 1].number : 0;
  if (!list || newest === lastNotice) return;
  lastNotice = newest;
  const lines = notices.slice(-SHOWN).reverse().map((notice) => {
    const line = make("li", notice.kind);
    const words = make("span", "words", notice.text);
    if (notice.kind !== "info") words.prepend(make("b", "", `${notice.kind}: `));
    line.append(make("span", "num", grouped(notice.step)), words);
    return line;
  });
  list.replaceChildren(...(lines.length ? lines : [make("li", "none", "Nothing to report.")]));
  list.scrollTop = 0;
}
