// Dark or light: the system's preference until the person chooses; the 3D scene follows.

import { byId, post } from "./ask.js";

const KEY = "studio-shade";
const system = matchMedia("(prefers-color-scheme: dark)");
let told = null;

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

// Paints the page; tells the scene what it was not told yet, or again after a reconnection.
export function applyShade(again) {
  const now = shade();
  document.documentElement.classList.toggle("dark", now === "dark");
  document.body?.classList.toggle("dark", now === "dark");
  if (!document.body?.dataset.built || (now === told && !again)) return;
  told = now;
  post(`theme/${now}`);
}

export function toggleShade() {
  choose(shade() === "dark" ? "light" : "dark");
  applyShade(false);
}

export function wireShade() {
  byId("action-theme").addEventListener("click", toggleShade);
  system.addEventListener("change", () => applyShade(false));
  // Gradio sets the class by the system's preference; the person's choice is stronger.
  const observer = new MutationObserver(() => {
    if (document.body.classList.contains("dark") !== (shade() === "dark")) applyShade(false);
  });
  observer.observe(document.body, { attributeFilter: ["class"] });
}
