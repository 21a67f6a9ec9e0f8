// Whose scene is shown, and the line between two of them under one camera.

import { byId, configure, post, write } from "./ask.js";

const NAMES = { planes: "Planes", "depth maps": "Depth maps", relu: "ReLU", siren: "SIREN", triplane: "Tri-plane" };
const THUMB = 44; // CSS pixels of the line's handle
const ALL = 1000;
const HELD = 500; // ms after a touch in which the line is not painted
const PAUSE = 60; // ms between two asks of a line that is dragged
let asked = 0;
let touched = 0;
let waiting = null;
let later = null;
let theirs = 0.5;
let shows = "best";

export const nameOf = (field) => NAMES[field] ?? field;

export function wireSides() {
  byId("shows").addEventListener("click", ({ target }) => {
    const show = target.closest("[data-show]")?.dataset.show;
    if (show) configure({ "explore.show": show });
  });
  const divider = byId("divider");
  divider.addEventListener("input", () => {
    touched = Date.now();
    place();
    clearTimeout(waiting);
    waiting = setTimeout(ask, Math.max(0, asked + PAUSE - Date.now()));
  });
}

export function toggleBoth() {
  if (!byId("shows").hidden) configure({ "explore.show": shows === "both" ? "best" : "both" });
}

// The middle of the handle, which never leaves the scene, as a part of the scene's width.
function part() {
  const [divider, width] = [byId("divider"), byId("sides").clientWidth];
  return (THUMB / 2 + (divider.value / ALL) * (width - THUMB)) / Math.max(1, width);
}

function place() {
  byId("sides").style.setProperty("--line", `${100 * part()}%`);
  byId("divider").setAttribute("aria-valuetext", `${Math.round(100 * part())} % of the picture`);
}

function ask() {
  asked = Date.now();
  post(`wipe/${Math.round(ALL * part())}`);
}

export function drawSides({ show, show_can: can, show_waits: why, names, sides, view }) {
  shows = show;
  byId("shows").hidden = !can;
  write("show-planes", nameOf(names.planes));
  write("show-network", nameOf(names.field));
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === show));
  }
  write("show-waits", why);
  const both = sides !== null && !(view.stand && view.stand.photo !== null);
  byId("sides").hidden = !both;
  if (!both) return;
  const [left, right] = sides.map(nameOf);
  write("side-left", left);
  write("side-right", right);
  byId("divider").setAttribute("aria-label", `from ${left}, left, to ${right}, right`);
  theirs = view.wipe;
  follow();
}

// The line is where the studio has it; while a hand has it, it waits.
function follow() {
  clearTimeout(later);
  const [left, width] = [touched + HELD - Date.now(), byId("sides").clientWidth];
  if (left > 0) later = setTimeout(follow, left + 1);
  else if (Math.abs(part() - theirs) > 1 / ALL) {
    byId("divider").value = (ALL * (theirs * width - THUMB / 2)) / Math.max(1, width - THUMB);
  }
  place();
}
