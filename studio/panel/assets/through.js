// A photo that is looked through: photo and rendering under one camera, what differs, and the way out.

import { byId, decibels, post, write } from "./ask.js";
import { neighbour } from "./quality.js";

const LEGENDS = {
  render: "What the scene looks like from the photo's camera.",
  wipe: "Photo on the left, rendering on the right: drag the line.",
  photo: "The photo itself.",
  error: "Orange: the rendering is too bright; blue: too dark; black: right.",
};
const MODES = Object.keys(LEGENDS);
const TURNED = 150; // ms between two photos of an arrow key that is held
let mode = "wipe";
let stand = null;
let photos = [];
let turned = 0;

export const lookingThrough = () => stand !== null && stand.photo !== null;

export function drawThrough({ view }) {
  stand = view.stand;
  const on = lookingThrough() && stand.photo < photos.length;
  byId("through").hidden = !on;
  document.body.dataset.through = on;
  if (!on) return;
  const { photo } = stand;
  byId("through").classList.toggle("there", stand.there);
  write("through-name", `Photo ${String(photo + 1).padStart(2, "0")} of ${photos.length}`);
  byId("through-name").title = photos[photo].name;
  const error = view.photo_error?.photo === photo ? view.photo_error : null;
  write("through-psnr", error ? decibels(error.psnr) : "measuring");
  byId("through-psnr").title = error ? `PSNR over all ${error.width} x ${error.height} pixels` : "";
  show("through-photo", `photo/${photo}.jpg?v=${byId("photos").dataset.key.split(" ")[0]}`);
  if (error) show("through-error", `photo-error.jpg?v=${photo}-${error.version}`);
  byId("through-error").hidden = !error;
  drawMode();
}

export function noteGallery(facts) {
  photos = facts.photos;
}

function show(id, source) {
  const image = byId(id);
  if (image.getAttribute("src") !== source) image.src = source;
}

function drawMode() {
  const box = byId("through");
  box.dataset.mode = mode;
  box.style.setProperty("--wipe", byId("wipe").value / 100);
  for (const button of box.querySelectorAll("[data-through]")) {
    button.setAttribute("aria-pressed", String(button.dataset.through === mode));
  }
  write("through-legend", LEGENDS[mode]);
}

export function nextMode() {
  if (!lookingThrough()) return;
  mode = MODES[(MODES.indexOf(mode) + 1) % MODES.length];
  drawMode();
}

export function lookAway() {
  if (lookingThrough()) post("look-through/none");
}

export function turnPage(by) {
  if (!lookingThrough() || Date.now() < turned + TURNED) return;
  turned = Date.now();
  post(`look-through/${neighbour(stand.photo, by)}`);
}

export function wireThrough() {
  byId("action-previous").addEventListener("click", () => turnPage(-1));
  byId("action-next").addEventListener("click", () => turnPage(1));
  byId("action-look-away").addEventListener("click", lookAway);
  byId("through-modes").addEventListener("click", ({ target }) => {
    mode = target.closest("[data-through]")?.dataset.through ?? mode;
    drawMode();
  });
  const wipe = byId("wipe");
  wipe.addEventListener("input", drawMode);
  wipe.addEventListener("pointerup", () => wipe.blur()); // arrows turn pages again
}
