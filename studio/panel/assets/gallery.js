// The photos as pictures: hover shows its camera, a click looks through it, a switch leaves it out.
// What the checks found stands on the picture in a word, and below in a sentence.

import { byId, configure, make, post, write } from "./ask.js";
import { drawQuality, wireQuality } from "./quality.js";

const IN_DOUBT = ["doubtful", "wrong"]; // cameras, of which their thumbnails say so
const PATIENCE = 4000; // ms a switch keeps what the person chose before the truth is painted again
let facts = null;
let hover = null;
const asked = new Map(); // name -> { on, until }

export function drawGallery(fresh) {
  facts = fresh;
  const place = byId("photos");
  const key = `${facts.key} ${facts.photos.length}`;
  if (place.dataset.key !== key) {
    place.dataset.key = key;
    place.style.setProperty("--aspect", facts.aspect ?? 1.5);
    place.replaceChildren(...facts.photos.map(tile));
  }
  facts.photos.forEach((photo, index) => update(boxOf(index), photo));
  drawQuality(facts);
  summarise();
  drawFindings();
}

const boxOf = (index) => byId("photos").querySelector(`[data-index="${index}"]`);

function tile(photo, index) {
  const [box, look] = [make("div", "photo"), make("button", "look")];
  box.dataset.index = index;
  const number = numbered(index);
  look.title = photo.name;
  look.setAttribute("aria-label", `look through photo ${number}, ${photo.name}`);
  const image = make("img");
  Object.assign(image, { loading: "lazy", alt: "" });
  image.src = `thumbnail/${index}.jpg?v=${facts.key}`;
  look.append(image);
  const line = make("label", "line");
  const toggle = make("input");
  toggle.type = "checkbox";
  toggle.setAttribute("aria-label", `train on photo ${number}`);
  line.append(toggle, make("span", "num", number), make("span", "num psnr"));
  box.append(look, make("span", "reason"), make("span", "bar"), line);
  return box;
}

function update(box, photo) {
  const wish = asked.get(photo.name);
  if (wish && (wish.on === photo.on || wish.until <= Date.now())) asked.delete(photo.name);
  const on = isOn(photo);
  box.classList.toggle("off", !on);
  const found = (facts.findings ?? []).filter(({ place }) => place === Number(box.dataset.index));
  const judged = photo.placed ? (IN_DOUBT.includes(photo.verdict) ? photo.verdict : "") : "not placed";
  const [reason, reasons] = [box.querySelector(".reason"), [judged, ...found.map((each) => each.reason)].filter(Boolean).join(", ")];
  if (reason.textContent !== reasons) reason.textContent = reasons;
  reason.dataset.word = judged;
  reason.title = found.map(({ sentence }) => sentence).join("\n");
  box.querySelector("input").checked = on;
  const words = photo.held_out ? "held out" : photo.psnr === null ? "" : photo.psnr.toFixed(1);
  const psnr = box.querySelector(".psnr");
  if (psnr.textContent !== words) psnr.textContent = words;
  psnr.title = photo.held_out ? "measured, not trained on" : "PSNR of its training pixels, dB";
}

export function markLooked({ view: { stand } }) {
  for (const box of byId("photos").children) {
    const looked = stand?.photo === Number(box.dataset.index);
    if (looked) box.setAttribute("aria-current", "true");
    else box.removeAttribute("aria-current");
  }
}

function summarise() {
  const off = facts.photos.filter((photo) => !photo.on).length;
  const count = facts.photos.length;
  const words = off ? `${count - off} of ${count} photos in use` : `${count} photos in use`;
  write("photos-summary", count ? `${words}. Click one to look through it.` : "");
}

// Photos that were left out trouble nobody any more.
const openFindings = () =>
  (facts?.findings ?? []).filter(({ place }) => place === null || isOn(facts.photos[place]));

// Findings about one photo each, which may be left out.
export const amiss = () =>
  openFindings().filter(({ place }) => place !== null).map((found) => ({ ...found, name: facts.photos[found.place].name }));

// What waits, for the card over the scene.
export const photosKnown = () => ({ key: facts?.key ?? "", count: facts?.photos.length ?? 0, checked: checkedWords() });

// Two photos never get a green light: nothing can confirm what they say.
function checkedWords() {
  if (!facts || facts.findings === null) return "Checking the photos.";
  const used = facts.photos.filter((photo) => isOn(photo) && !photo.held_out).length;
  if (used > 2) return "The checks found nothing amiss.";
  return "Two photos cannot check each other: add more of the same scene, at least 5 and better 20.";
}

function drawFindings() {
  const list = byId("photos-findings");
  const open = openFindings();
  write("photos-checked", facts.photos.length && !open.length ? checkedWords() : "");
  const key = JSON.stringify(open);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...open.map(finding));
}

function finding({ place, reason, sentence }) {
  const line = make("li");
  const whose = place !== null ? numbered(place) : reason === "file" ? "file" : "all";
  line.append(make("span", "num", whose), make("span", "words", sentence));
  if (place === null) return line;
  const act = make("button", "", "Leave out");
  act.dataset.place = place;
  act.setAttribute("aria-label", `leave out photo ${numbered(place)}, ${reason}`);
  line.append(act);
  return line;
}

const isOn = (photo) => {
  const wish = asked.get(photo.name);
  return wish && wish.until > Date.now() ? wish.on : photo.on;
};
const numbered = (index) => String(index + 1).padStart(2, "0");

function toggle(boxes, on) {
  for (const box of boxes) {
    const photo = facts.photos[Number(box.dataset.index)];
    asked.set(photo.name, { on, until: Date.now() + PATIENCE });
    update(box, photo);
  }
  drawFindings();
  setTimeout(() => drawGallery(facts), PATIENCE); // nothing more may come of what was refused
  configure({ "data.disabled": facts.photos.filter((each) => !isOn(each)).map((each) => each.name) });
}

export const placeOf = (name) => facts.photos.findIndex((photo) => photo.name === name);

export function leaveOut(names) {
  toggle([...byId("photos").children].filter(({ dataset }) => names.includes(facts.photos[Number(dataset.index)].name)), false);
}

function highlight(box) {
  const index = box?.dataset.index ?? null;
  if (index === hover) return;
  hover = index;
  post(index === null ? "highlight/none" : `highlight/${index}`);
}

export function wireGallery() {
  wireQuality();
  const place = byId("photos");
  place.addEventListener("click", (event) => {
    const look = event.target.closest(".look");
    if (look) post(`look-through/${look.parentElement.dataset.index}`);
  });
  byId("photos-findings").addEventListener("click", ({ target }) => {
    const at = target.dataset.place;
    if (at !== undefined) toggle([boxOf(at)], false);
  });
  place.addEventListener("change", (event) => {
    toggle([event.target.closest(".photo")], event.target.checked);
  });
  for (const name of ["pointerover", "focusin"]) {
    place.addEventListener(name, (event) => highlight(event.target.closest(".photo")));
  }
  for (const name of ["pointerleave", "focusout"]) {
    place.addEventListener(name, () => highlight(null));
  }
}
