// What is thought of the cameras, over the scene: a word, how they were found, and why. Its reasons
// stand in a popover of the browser's own, so Escape and a click beside it close it.

import { byId, configure, make, post, press, write } from "./ask.js";
import { leaveOut } from "./gallery.js";

const WORDS = { trusted: "Trusted", doubtful: "Doubtful", wrong: "Wrong" };
const TAKE = {
  features: "Take the cameras from matched features",
  pixels: "Take the cameras from pixels",
  given: "Take the cameras that were given",
};
const NAMED = 6; // photos of one reason that are named
const ROOM = 12; // pixels around the card

export function drawVerdict(facts) {
  const chip = byId("verdict");
  chip.hidden = !facts.photos || !facts.found_by;
  chip.dataset.word = facts.verdict;
  const word = WORDS[facts.verdict] ?? (facts.checking ? "Checking…" : "Not checked yet");
  write("verdict-word", word);
  write("verdict-found", facts.found_by ?? "");
  write("verdict-checking", facts.checking);
  drawCard(facts, word);
}

function drawCard(facts, word) {
  const card = byId("verdict-card");
  const { verdict, verdict_reasons: reasons, other_ways: ways, can_undo: back, search } = facts;
  const key = JSON.stringify([verdict, reasons, ways, back, search, facts.found_by]);
  write("verdict-title", `${word}: cameras ${facts.found_by ?? ""}`);
  write("verdict-doing", facts.checking ? `Now: ${facts.checking}.` : "");
  if (card.dataset.key === key) return;
  card.dataset.key = key;
  const lines = reasons.map((reason) => line(reason, search));
  byId("verdict-reasons").replaceChildren(...(lines.length ? lines : [make("li", "none", "Nothing is known of them yet.")]));
  const takes = ways.map((way) => button(TAKE[way], { adopt: way }));
  if (back) takes.push(button("Undo", { undo: "" }));
  byId("verdict-acts").replaceChildren(...takes);
}

function line({ sentence, photos, remedy }, search) {
  const item = make("li");
  item.append(make("p", "", sentence));
  if (photos.length) item.append(make("p", "dim names-of", listed(photos)));
  if (remedy === "drop-photo" && photos.length) {
    const what = photos.length === 1 ? photos[0] : `these ${photos.length} photos`;
    item.append(button(`Leave out ${what}`, { leave: JSON.stringify(photos) }));
  }
  if (remedy === "search" && search !== "auto") item.append(button("Search both ways", { search: "auto" }));
  return item;
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
  const { adopt, leave, search, undo } = target.closest("button")?.dataset ?? {};
  if (adopt) post(`adopt/${adopt}`);
  if (leave) leaveOut(JSON.parse(leave));
  if (search) configure({ "cameras.search": search });
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
