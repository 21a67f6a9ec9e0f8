// Curves of the run as SVG paths. Hovering one shows its value at that step.

import { byId, grouped, write } from "./ask.js";

const [WIDTH, HEIGHT, MARGIN] = [300, 72, 4];
const SVG = "http://www.w3.org/2000/svg";
const CHARTS = {
  psnr: { words: (v) => `${v.toFixed(1)} dB` },
  loss: { words: (v) => v.toPrecision(3), scale: (v) => Math.log10(Math.max(v, 1e-9)) },
  focal: { words: (v) => v.toFixed(2), least: 0.1 },
};
let curves = null;
const hovered = {};

export function drawCurves(facts) {
  curves = facts;
  for (const name of Object.keys(CHARTS)) draw(name);
}

export function wireCharts() {
  for (const name of Object.keys(CHARTS)) hoverChart(name, () => draw(name));
}

export function hoverChart(name, again) {
  const picture = byId(`chart-${name}`);
  picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    hovered[name] = (event.clientX - box.left) / box.width;
    again();
  });
  picture.addEventListener("pointerleave", () => {
    delete hovered[name];
    again();
  });
}

function draw(name) {
  const { words, ...how } = CHARTS[name];
  const values = curves?.[name] ?? [];
  const lines = [{ kind: "only", values }];
  const tell = (index, at) => write(`chart-${name}-now`, index === null ? "" : at + words(values[index]));
  drawChart(name, curves?.steps ?? [], lines, curves?.marks ?? [], tell, how);
}

// Lines over the same steps: of each a kind, values (null where there is none), and perhaps `breaks`,
// which differ where it begins anew. `tell` writes the values at an index, or that there are none.
export function drawChart(name, steps, lines, marks, tell, { scale = (v) => v, least = 0 } = {}) {
  const picture = byId(`chart-${name}`);
  const known = steps.flatMap((_, index) => (lines.some(({ values }) => values[index] !== null) ? [index] : []));
  if (known.length < 2) {
    picture.replaceChildren();
    tell(known[0] ?? null, "");
    label(name, undefined, null);
    return;
  }
  const place = placement(steps, lines, known, scale, least);
  // Long curves hold each second step, or fewer: a mark may be newer than their end.
  const within = marks.filter(([step]) => step > steps[0]).map(([step, words]) => [Math.min(step, steps.at(-1)), words]);
  const parts = within.map((m) => mark(m, place));
  label(name, within.at(-1), place);
  parts.push(...lines.map((line) => curve(line, steps, place)));
  const index = hovered[name] === undefined ? known.at(-1) : nearest(hovered[name], steps, known);
  if (hovered[name] !== undefined) {
    parts.push(shape("path", { d: `M${place.x(steps[index])} 0V${HEIGHT}`, class: "cursor" }));
  }
  picture.replaceChildren(...parts);
  const at = hovered[name] === undefined ? "" : `step ${grouped(steps[index])} · `;
  tell(index, at);
}

function curve({ kind, values, breaks }, steps, place) {
  let [d, joined] = ["", false];
  values.forEach((value, index) => {
    if (value === null) return;
    const anew = !joined || (breaks && breaks[index] !== breaks[index - 1]);
    d += `${anew ? "M" : "L"}${place.x(steps[index])} ${place.y(value)}`;
    joined = true;
  });
  return shape("path", { d, class: `curve ${kind}` });
}

function placement(steps, lines, known, scale, least) {
  const heights = lines.flatMap(({ values }) => values.filter((value) => value !== null).map(scale));
  let [low, high] = [Math.min(...heights), Math.max(...heights)];
  const spare = Math.max(0, least - (high - low), high === low ? 1e-6 : 0) / 2;
  [low, high] = [low - spare, high + spare];
  const [first, last] = [steps[known[0]], steps[known.at(-1)]];
  const round = (number) => Number(number.toFixed(1));
  return {
    x: (step) => round(((step - first) / Math.max(1, last - first)) * WIDTH),
    y: (value) =>
      round(HEIGHT - MARGIN - ((scale(value) - low) / (high - low)) * (HEIGHT - 2 * MARGIN)),
  };
}

function nearest(part, steps, known) {
  const first = steps[known[0]];
  const wanted = first + part * (steps[known.at(-1)] - first);
  const distance = (index) => Math.abs(steps[index] - wanted);
  return known.reduce((best, index) => (distance(index) < distance(best) ? index : best));
}

function mark([step, words], place) {
  const line = shape("path", { d: `M${place.x(step)} 0V${HEIGHT}`, class: "mark" });
  line.append(Object.assign(document.createElementNS(SVG, "title"), { textContent: words }));
  return line;
}

// The newest mark says what it is; the others do when they are pointed at.
function label(name, newest, place) {
  const words = byId(`chart-${name}-mark`);
  if (!words) return;
  write(words.id, newest?.[1] ?? "");
  const at = newest ? place.x(newest[0]) / WIDTH : 0;
  words.style.setProperty("--at", at);
  words.classList.toggle("before", at > 0.5);
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
