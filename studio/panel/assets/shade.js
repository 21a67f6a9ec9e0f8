// Dark or light: the system's preference until the person chooses. The scene is the same in both.
// What holds is applied by first.js, before anything is painted.

import { byId } from "./ask.js";

function choose(shade) {
  try {
    localStorage.setItem("studio-shade", shade);
  } catch {
    document.body.dataset.shade = shade; // for this page's life
  }
}

export function toggleShade() {
  choose(globalThis.studioShade.shade() === "dark" ? "light" : "dark");
  globalThis.studioShade.apply();
}

export function wireShade() {
  byId("action-theme").addEventListener("click", toggleShade);
}
