// What floats over the 3D scene, and the watch over its connection.

import { byId, configure, post, write } from "./ask.js";
import { listenInside } from "./drop.js";

const ALONE = 5000; // ms without any viewer after which the scene is loaded again
const OPENING = "Opening the scene.";
let aloneSince = null;
let loadedAt = Date.now();
let pictureVersion = null;

export function wireScene() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-channel], [data-post], #action-pip, #action-help");
    if (!button) return;
    if (button.dataset.channel) configure({ "explore.channel": button.dataset.channel });
    if (button.dataset.post) post(button.dataset.post);
    if (button.id === "action-pip") foldPicture();
    if (button.id === "action-help") help();
  });
  adoptFrame();
}

// viser's page is of this origin: it is dressed like the rest, once it has been loaded.
function adoptFrame() {
  const frame = byId("viser");
  const adopt = () => {
    loadedAt = Date.now();
    const inside = frame.contentDocument;
    if (!inside?.head || inside.URL === "about:blank" || inside.getElementById("studio")) return;
    const sheet = inside.createElement("link");
    Object.assign(sheet, { id: "studio", rel: "stylesheet", href: "../panel/styles/inside.css" });
    listenInside(frame);
    sheet.onload = sheet.onerror = () => frame.classList.add("dressed");
    inside.head.append(sheet);
  };
  frame.addEventListener("load", adopt);
  adopt();
}

// Folded, the virtual camera is not rendered at all, for whoever looks.
export function foldPicture() {
  post(`virtual-camera/${byId("pip").classList.contains("folded") ? "show" : "hide"}`);
}

export function help() {
  const dialog = byId("help");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

export function drawScene(facts) {
  for (const chip of document.querySelectorAll("[data-channel]")) {
    chip.setAttribute("aria-pressed", String(chip.dataset.channel === facts.channel));
  }
  drawLevel(facts, facts.view);
  drawGuide(facts);
  drawPicture(facts.view);
  byId("back").hidden = !(facts.view.stand?.lost && facts.view.stand.moved);
  slow(facts.view.stand?.turn ?? 1);
}

// A drag turns around the subject, which is far behind the cameras: by less a pixel than viser would.
function slow(turn) {
  const controls = byId("viser").contentWindow?.__viserMutable?.cameraControl;
  if (!controls || Math.abs(controls.azimuthRotateSpeed / turn - 1) < 0.02) return;
  controls.azimuthRotateSpeed = controls.polarRotateSpeed = turn;
}

function drawLevel(facts, view) {
  byId("level").hidden = !view.level && !view.failure;
  byId("level-ms").hidden = Boolean(view.failure);
  if (view.failure) return write("level-words", view.failure);
  if (!view.level) return;
  const soft = byId("viser").contentDocument?.getElementById("webgl-software-rendering");
  const shown = (facts.sides && "side by side") ?? (view.planes ? "planes" : facts.shown);
  const words = view.level >= 1 ? "sharp" : `sharpening 1/${Math.round(1 / view.level)}`;
  write("level-words", `${shown}, ${words}`);
  byId("level").title = soft ? "This browser draws without a graphics card: frustums move slowly." : "";
  write("level-ms", `${Math.round(view.milliseconds)} ms`);
}

// One sentence: what is going on and what to do. A thin line under it shows how far the stage is.
function drawGuide({ guide, stage_done: done, view, beginning }) {
  byId("guide").hidden = !guide;
  byId("guide").style.setProperty("--part", `${100 * (done ?? 0)}%`);
  const opening = view.clients ? "" : OPENING;
  write("guide-words", `${opening} ${opening && beginning ? "" : guide}`.trim());
}

function drawPicture({ virtual, virtual_shown: shown }) {
  byId("pip").hidden = virtual === null;
  byId("pip").classList.toggle("folded", !shown);
  byId("action-pip").setAttribute("aria-expanded", String(shown));
  if (virtual === null) return;
  // In one piece, after a place to break: beside a narrow picture it is not there at all.
  write("pip-figures", `\u200bf\u00a0${virtual.focal.toFixed(2)}\u00a0·\u00a0${Math.round(virtual.fov)}°`);
  if (virtual.version === pictureVersion) return;
  pictureVersion = virtual.version;
  const fresh = new Image(); // the old picture stays until the new one is there
  fresh.onload = () => (byId("pip-picture").src = fresh.src);
  fresh.src = `virtual-camera.jpg?v=${virtual.version}`;
}

// viser's page does not reconnect while the focus is outside of it, so it is loaded again.
export function watchViewer(facts) {
  const now = Date.now();
  if (facts.view.clients > 0) aloneSince = null;
  else aloneSince ??= now;
  const settled = now - loadedAt > 2 * ALONE;
  if (aloneSince === null || now - aloneSince < ALONE || !settled || document.hidden) return;
  [aloneSince, loadedAt] = [null, now];
  const frame = byId("viser");
  const again = frame.cloneNode();
  again.classList.remove("dressed");
  frame.replaceWith(again);
  adoptFrame();
  document.dispatchEvent(new Event("viser-replaced"));
}
