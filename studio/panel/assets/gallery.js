// The photos as pictures: hover shows its camera, a click looks through it, a switch leaves it out.

import { byId, configure, make, post, write } from "./ask.js";

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
  facts.photos.forEach((photo, index) => update(place.children[index], photo));
  summarise();
}

function tile(photo, index) {
  const [box, look] = [make("div", "photo"), make("button", "look")];
  box.dataset.index = index;
  const number = String(index + 1).padStart(2, "0");
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
  box.append(look, line);
  return box;
}

function update(box, photo) {
  const wish = asked.get(photo.name);
  if (wish && (wish.on === photo.on || wish.until < Date.now())) asked.delete(photo.name);
  const on = asked.get(photo.name)?.on ?? photo.on;
  box.classList.toggle("off", !on);
  box.querySelector("input").checked = on;
  const words = photo.held_out ? "held out" : photo.psnr === null ? "" : photo.psnr.toFixed(1);
  const psnr = box.querySelector(".psnr");
  if (psnr.textContent !== words) psnr.textContent = words;
  psnr.title = photo.held_out ? "measured, not trained on" : "PSNR of its training pixels, dB";
}

function summarise() {
  const off = facts.photos.filter((photo) => !photo.on).length;
  const count = facts.photos.length;
  const words = off ? `${count - off} of ${count} photos in use` : `${count} photos in use`;
  write("photos-summary", count ? `${words}. Click one to look through it.` : "");
}

function toggle(box, on) {
  const photo = facts.photos[Number(box.dataset.index)];
  asked.set(photo.name, { on, until: Date.now() + PATIENCE });
  const left = facts.photos.filter((each) => !(asked.get(each.name)?.on ?? each.on));
  update(box, photo);
  configure({ "data.disabled": left.map((each) => each.name) });
}

function highlight(box) {
  const index = box?.dataset.index ?? null;
  if (index === hover) return;
  hover = index;
  post(index === null ? "highlight/none" : `highlight/${index}`);
}

export function wireGallery() {
  const place = byId("photos");
  place.addEventListener("click", (event) => {
    const look = event.target.closest(".look");
    if (look) post(`look-through/${look.parentElement.dataset.index}`);
  });
  place.addEventListener("change", (event) => {
    toggle(event.target.closest(".photo"), event.target.checked);
  });
  for (const name of ["pointerover", "focusin"]) {
    place.addEventListener(name, (event) => highlight(event.target.closest(".photo")));
  }
  for (const name of ["pointerleave", "focusout"]) {
    place.addEventListener(name, () => highlight(null));
  }
}
