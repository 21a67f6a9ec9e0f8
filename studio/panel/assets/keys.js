// Shortcuts, here and inside the scene's frame. viser keeps W A S D Q E, and the arrows unless a photo
// is looked through.

import { byId, configure, post, press } from "./ask.js";
import { foldPicture, help } from "./scene.js";
import { toggleShade } from "./shade.js";
import { toggleBoth } from "./sides.js";
import { lookAway, lookingThrough, nextMode, turnPage } from "./through.js";

const channel = (name) => () => configure({ "explore.channel": name });
const KEYS = {
  " ": () => press(document.body.dataset.playing === "true" ? "action-pause" : "action-play"),
  n: () => press("action-step"),
  r: () => press("action-refine"),
  u: () => document.body.dataset.canUndo === "true" && press("action-undo"),
  1: channel("rgb"),
  2: channel("depth"),
  3: channel("opacity"),
  b: toggleBoth,
  0: () => post("reset-view"),
  v: foldPicture,
  t: toggleShade,
  "?": help,
  c: nextMode,
  "/": () => byId("find").focus(),
  escape: lookAway,
};
const PAGES = { arrowleft: () => turnPage(-1), arrowright: () => turnPage(1) }; // viser's, otherwise
const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const PRESSABLE = "button, summary, a, video, input, [role=tab], [role=button]";

function handle(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target.closest ? event.target : null;
  const leaving = event.key === "Escape" && target?.id === "wipe";
  if ((target?.closest(TYPING) && !leaving) || byId("help").open) return;
  if (event.key === "Escape" && document.querySelector(":popover-open")) return; // the browser closes it
  const idle = target?.matches("[role=tab][aria-selected=true]"); // pressing it does nothing
  if (event.key === " " && !idle && target?.closest(PRESSABLE)) return; // the focused thing is pressed
  const key = event.key.toLowerCase();
  const page = lookingThrough() && !target?.closest("[role=tab]") ? PAGES[key] : undefined;
  const act = page ?? KEYS[key];
  if (!act || (event.repeat && key !== "n" && !page)) return;
  event.preventDefault();
  if (page) event.stopImmediatePropagation();
  act();
}

function listenInside() {
  const frame = byId("viser");
  const listen = () => frame.contentWindow?.addEventListener("keydown", handle, true);
  frame.addEventListener("load", listen);
  listen();
}

// A pressed button gives the keyboard back, so that Space plays; Tab reaches it again.
function giveBack({ target, detail }) {
  const button = target.closest?.("button, [role=button]");
  if (detail > 0 && button && !button.matches("[role=tab]")) button.blur();
}

export function wireKeys() {
  document.addEventListener("click", giveBack);
  document.addEventListener("keydown", handle, true);
  document.addEventListener("viser-replaced", listenInside);
  listenInside();
}
