// How far the cameras are from a reference that a person named.

import { byId, grouped, write } from "./ask.js";

const PROTOCOL =
  "after the similarity (turn, scale, shift; Umeyama, Sim(3)) that fits the centres best, as evaluate measures";

export function drawReference({ reference, view: { comparison } }) {
  const [beside, named] = ["Plot and Measure compare with", "the reference cameras that the Cameras tab names"];
  write("export-reference", reference ? `${beside} ${reference}.` : `${beside} ${named}; now there are none.`);
  const errors = comparison?.errors ?? null;
  byId("reference-facts").hidden = errors === null;
  byId("reference-words").classList.toggle("bad", Boolean(comparison?.failure));
  if (errors === null) return write("reference-words", comparison?.failure ?? "");
  const degrees = (value) => (value === null ? "not fixed by the centres" : `${value.toFixed(2)}°`);
  write("reference-ate", `${(100 * errors.ate).toFixed(2)} %`);
  write("reference-rotation-best", degrees(errors.rotation_best));
  write("reference-rotation", degrees(errors.rotation));
  write("reference-focal", `${(100 * errors.focal).toFixed(2)} %`);
  const mirrored = { true: "inverted: mirrored", false: "not inverted", null: "cannot be told" };
  write("reference-mirrored", mirrored[errors.mirrored]);
  byId("reference-mirrored").className = errors.mirrored ? "bad" : "";
  write("reference-words", `${errors.frames} cameras at step ${grouped(comparison.step)}, ${PROTOCOL}.`);
}
