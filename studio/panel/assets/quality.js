// How well each photo is explained: a bar on its picture, and an order by it that arrow keys follow.

import { byId } from "./ask.js";

const RANGE = 12; // dB from the best photo down to an empty bar
const WORST = 3; // dB below the middle, from which a bar warns
let photos = [];
let worstFirst = false;

export function drawQuality(facts) {
  photos = facts.photos;
  const known = photos.map(({ psnr }) => psnr).filter((psnr) => psnr !== null).sort((a, b) => a - b);
  const [best, middle] = [known.at(-1), known[known.length >> 1]];
  byId("photos-order").hidden = known.length < 2;
  for (const box of byId("photos").children) {
    const { psnr } = photos[Number(box.dataset.index)];
    box.style.setProperty("--quality", psnr === null ? 0 : Math.max(0.04, 1 - (best - psnr) / RANGE));
    box.classList.toggle("worst", psnr !== null && psnr < middle - WORST);
  }
  arrange();
}

// Photos in the order that is shown, by their places; those that were never measured come last.
function order() {
  const places = photos.map((_, place) => place);
  if (!worstFirst) return places;
  const rank = (place) => photos[place].psnr ?? Infinity;
  return places.sort((a, b) => rank(a) - rank(b) || a - b);
}

// Nothing moves away under a hand.
function arrange() {
  const list = byId("photos");
  if (list.matches(":hover, :focus-within")) return;
  const boxes = new Map([...list.children].map((box) => [Number(box.dataset.index), box]));
  const wanted = order();
  if (wanted.some((place, at) => list.children[at] !== boxes.get(place))) list.append(...wanted.map((place) => boxes.get(place)));
}

export function neighbour(photo, by) {
  const shown = order();
  return shown[(shown.indexOf(photo) + by + shown.length) % shown.length];
}

export function wireQuality() {
  byId("photos-order").addEventListener("click", ({ target }) => {
    const wanted = target.closest("[data-order]")?.dataset.order;
    if (!wanted) return;
    worstFirst = wanted === "worst";
    for (const button of byId("photos-order").children) button.setAttribute("aria-pressed", String(button.dataset.order === wanted));
    arrange();
  });
}
