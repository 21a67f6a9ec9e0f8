// Curves of the run as SVG paths. Hovering one shows its value at that step.

import { byId, grouped, write } from "./ask.js";

const [WIDTH, HEIGHT, MARGIN] = [300, 72, 4];
const SVG = "http://www.w3.org/2000/svg";
const CHARTS = {
  psnr: { words: (v) => `${v.toFixed(1)} dB`, scale: (v) => v },
  loss: { words: (v) => v.toPrecision(3), scale: (v) => Math.log10(Math.max(v, 1e-9)) },
  focal: { words: (v) => v.toFixed(2), scale: (v) => v, least: 0.1 },
};
let curves = null;
const hovered = {};

export function drawCurves(facts) {
  curves = facts;
  for (const name of Object.keys(CHARTS)) draw(name);
}

export function wireCharts() {
  for (const name of Object.keys(CHARTS)) {
    const picture = byId(`chart-${name}`);
    picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    picture.addEventListener("pointermove", (event) => {
      const box = picture.getBoundingClientRect();
      hovered[name] = (event.clientX - box.left) / box.width;
      draw(name);
    });
    picture.addEventListener("pointerleave", () => {
      delete hovered[name];
      draw(name);
    });
  }
}

function draw(name) {
  const picture = byId(`chart-${name}`);
  const values = curves?.[name] ?? [];
  const known = values.flatMap((value, index) => (value === null ? [] : [index]));
  if (known.length < 2) {
    picture.replaceChildren();
    write(`chart-${name}-now`, known.length ? CHARTS[name].words(values[known[0]]) : "");
    return;
  }
  const { scale, words, least } = CHARTS[name];
  const place = placement(values, known, scale, least ?? 0);
  const lines = curves.marks.filter(([step]) => step > curves.steps[0]).map((m) => mark(m, place));
  const points = known.map((index) => `${place.x(curves.steps[index])} ${place.y(values[index])}`);
  const curve = shape("path", { d: `M${points.join("L")}`, class: "curve" });
  const index = hovered[name] === undefined ? known.at(-1) : nearest(hovered[name], known);
  const parts = [...lines, curve];
  if (hovered[name] !== undefined) {
    const x = place.x(curves.steps[index]);
    parts.push(shape("path", { d: `M${x} 0V${HEIGHT}`, class: "cursor" }));
  }
  picture.replaceChildren(...parts);
  const at = hovered[name] === undefined ? "" : `step ${grouped(curves.steps[index])} · `;
  write(`chart-${name}-now`, at + words(values[index]));
}

function placement(values, known, scale, least) {
  const heights = known.map((index) => scale(values[index]));
  let [low, high] = [Math.min(...heights), Math.max(...heights)];
  const spare = Math.max(0, least - (high - low), high === low ? 1e-6 : 0) / 2;
  [low, high] = [low - spare, high + spare];
  const [first, last] = [curves.steps[known[0]], curves.steps[known.at(-1)]];
  const round = (number) => Number(number.toFixed(1));
  return {
    x: (step) => round(((step - first) / Math.max(1, last - first)) * WIDTH),
    y: (value) =>
      round(HEIGHT - MARGIN - ((scale(value) - low) / (high - low)) * (HEIGHT - 2 * MARGIN)),
  };
}

function nearest(part, known) {
  const first = curves.steps[known[0]];
  const wanted = first + part * (curves.steps[known.at(-1)] - first);
  const distance = (index) => Math.abs(curves.steps[index] - wanted);
  return known.reduce((best, index) => (distance(index) < distance(best) ? index : best));
}

function mark([step, words], place) {
  const line = shape("path", { d: `M${place.x(step)} 0V${HEIGHT}`, class: "mark" });
  line.append(Object.assign(document.createElementNS(SVG, "title"), { textContent: words }));
  return line;
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
