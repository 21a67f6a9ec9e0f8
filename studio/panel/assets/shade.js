// Dark or light: the system's preference until the person chooses. The scene is the same in both.

import { byId } from "./ask.js";

const KEY = "studio-shade";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is forbidden in this browser
  }
}

function choose(shade) {
  try {
    localStorage.setItem(KEY, shade);
  } catch {
    document.body.dataset.shade = shade; // for this page's life
  }
}

const shade = () => chosen() ?? document.body?.dataset.shade ?? (system.matches ? "dark" : "light");

export function applyShade() {
  const dark = shade() === "dark";
  document.documentElement.classList.toggle("dark", dark);
  document.body?.classList.toggle("dark", dark);
}

export function toggleShade() {
  choose(shade() === "dark" ? "light" : "dark");
  applyShade();
}

export function wireShade() {
  byId("action-theme").addEventListener("click", toggleShade);
  system.addEventListener("change", applyShade);
  // Gradio sets the class by the system's preference; the person's choice is stronger.
  const observer = new MutationObserver(() => {
    if (document.body.classList.contains("dark") !== (shade() === "dark")) applyShade();
  });
  observer.observe(document.body, { attributeFilter: ["class"] });
}
