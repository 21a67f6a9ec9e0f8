// What is thought of the cameras, over the scene: a word, how they were found, and why. Its reasons
// stand in a popover of the browser's own, so Escape and a click beside it close it.

import { byId, configure, make, post, press, write } from "./ask.js";
import { leaveOut, placeOf } from "./gallery.js";

const WORDS = { trusted: "Trusted", doubtful: "Doubtful", wrong: "Wrong" };
const TAKE = {
  features: "Take the cameras from matched features",
  pixels: "Take the cameras from pixels",
  given: "Take the cameras that were given",
  rival: "Take them",
};
const SOUGHT = { "odd-photo": "Find its camera anew", "not-placed": "Find where they stood" };
const NAMED = 6; // photos of one reason that are named
const ROOM = 12; // pixels around the card

export function drawVerdict(facts) {
  const chip = byId("verdict");
  chip.hidden = !facts.photos || !facts.found_by;
  chip.dataset.word = facts.verdict;
  const word = WORDS[facts.verdict] ?? (facts.checking ? "Checking…" : "Not checked yet");
  write("verdict-word", word);
  write("verdict-found", `cameras ${(facts.found_by ?? "").split(",")[0]}`); // the card has all of it
  write("verdict-checking", facts.checking);
  drawCard(facts, word);
}

function drawCard(facts, word) {
  const card = byId("verdict-card");
  const { verdict, verdict_reasons: reasons, others, can_undo: back, search, learn_focal: learns, focal_of: focals } = facts;
  const key = JSON.stringify([verdict, reasons, others, back, search, learns, focals, facts.found_by]);
  write("verdict-title", `${word}: cameras ${facts.found_by ?? ""}`);
  write("verdict-doing", facts.checking ? `Now: ${facts.checking}.` : "");
  if (card.dataset.key === key) return;
  card.dataset.key = key;
  const lines = reasons.map((reason) => line(reason, facts));
  byId("verdict-reasons").replaceChildren(...(lines.length ? lines : [make("li", "none", "Nothing is known of them yet.")]));
  const wanted = reasons.some(({ remedy }) => remedy === "other-witness"); // it is beside that reason
  byId("verdict-others").replaceChildren(...others.map((other) => beside(other, wanted && other.name !== "rival")));
  byId("verdict-acts").replaceChildren(...(back ? [button("Undo", { undo: "" })] : []));
}

function line(reason, facts) {
  const item = make("li");
  item.append(make("p", "", reason.sentence));
  if (reason.photos.length) item.append(make("p", "dim names-of", listed(reason.photos)));
  item.append(...remedies(reason, facts));
  return item;
}

// Cameras that could be taken instead; another program's may be sent away, too.
function beside({ name, sentence }, elsewhere) {
  const item = make("li");
  item.append(make("p", "", sentence));
  if (!elsewhere) item.append(button(TAKE[name], { adopt: name }));
  if (name === "rival") item.append(button("Keep ours", { keep: "" }));
  return item;
}

// What one click does about a reason; nothing where only a person can help.
function remedies({ key, remedy, photos }, { search, others, learn_focal: learns, focal_of: focals }) {
  const what = photos.length === 1 ? photos[0] : `these ${photos.length} photos`;
  const both = search === "auto" ? [] : [button("Search both ways", { search: "auto" })];
  switch (remedy) {
    case "drop-photo":
      if (!photos.length) return [];
      return [
        button(`Leave out ${what}`, { leave: JSON.stringify(photos) }),
        ...(key in SOUGHT ? [button(SOUGHT[key], { reseed: JSON.stringify(photos) })] : []),
      ];
    case "flip":
      return [button("Flip the scene", { adopt: "mirrored" })];
    case "other-witness": {
      const ways = others.filter(({ name }) => name !== "rival").map(({ name }) => button(TAKE[name], { adopt: name }));
      return ways.length ? ways : both;
    }
    case "search":
      return both;
    case "own-focal":
      return focals === "all-photos" ? [button("Give each photo its own focal length", { focals: "each-photo" })] : [];
    case "freeze-focal":
      return learns ? [button("Hold the focal length", { hold: "" })] : [];
    default:
      return [];
  }
}

function listed(photos) {
  const more = photos.length - NAMED;
  return photos.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function button(words, data) {
  const made = make("button", "chip", words);
  Object.assign(made.dataset, data);
  return made;
}

function act({ target }) {
  const { adopt, leave, reseed, search, focals, hold, keep, undo } = target.closest("button")?.dataset ?? {};
  if (adopt) post(`adopt/${adopt}`);
  if (leave) leaveOut(JSON.parse(leave));
  if (reseed) post(`reseed/${JSON.parse(reseed).map(placeOf)}`);
  if (search) configure({ "cameras.search": search });
  if (focals) configure({ "cameras.focal_of": focals });
  if (hold !== undefined) configure({ "cameras.learn_focal": false });
  if (keep !== undefined) configure({ "cameras.rival": "" });
  if (undo !== undefined) press("action-undo");
}

// Under the chip, and within the window.
function stand({ newState }) {
  if (newState !== "open") return;
  const [card, chip] = [byId("verdict-card"), byId("verdict").getBoundingClientRect()];
  const widest = window.innerWidth - card.offsetWidth - ROOM;
  card.style.left = `${Math.max(ROOM, Math.min(chip.left, widest))}px`;
  card.style.top = `${chip.bottom + 6}px`;
  card.style.maxHeight = `${window.innerHeight - chip.bottom - 6 - ROOM}px`;
}

export function wireVerdict() {
  const card = byId("verdict-card");
  card.addEventListener("toggle", stand);
  card.addEventListener("click", act);
}
