// Planes and network at the same unseen pixels: two curves, and one sentence of how they compare.

import { byId, clock, decibels, grouped, write } from "./ask.js";
import { drawChart, hoverChart } from "./charts.js";
import { nameOf } from "./sides.js";

let facts = null;
let curves = null;

export function wireContest() {
  hoverChart("unseen", draw);
}

export function drawUnseen(news) {
  curves = news;
  draw();
}

export function drawContest(news) {
  facts = news;
  const there = news.contest !== null;
  byId("contest").hidden = !there;
  byId("charts").dataset.contest = there;
  if (there) write("contest-words", sentence(news));
  draw();
}

// Steps as time at the speed of now; as steps where nothing moves.
function ahead(steps, { playing, steps_per_second: speed }) {
  return playing && speed > 0 ? clock(steps / speed) : `${grouped(Math.round(steps))} steps`;
}

function sentence(news) {
  const { leader, lead, taken, passes } = news.contest;
  const [better, other] = leader === "planes" ? ["planes", "field"] : ["field", "planes"];
  const [first, second] = [better, other].map((side) => nameOf(news.names[side]));
  const since = taken === null ? "" : ` since step ${grouped(taken)}`;
  const leads = `${first} ${first === "Planes" ? "lead" : "leads"} by ${decibels(lead)}${since}`;
  if (leader !== "planes") return `${leads}.`;
  if (passes === null) return `${leads}. That ${second} passes them is not in sight.`;
  const [expected, least, most] = [passes.expected, passes.least, passes.most].map((n) => ahead(n, news));
  return `${leads}. ${second} is expected to pass in about ${expected} (${least} to ${most}).`;
}

function draw() {
  const told = curves?.unseen;
  if (!facts?.contest || !told) return;
  const kinds = ["planes", "field"];
  const lines = kinds.map((kind) => ({ kind, values: told[kind], breaks: kind === "field" ? told.began : null }));
  drawChart("unseen", told.steps, lines, curves.marks, (index, at) => {
    write("unseen-at", at);
    for (const kind of kinds) {
      const value = told[kind][index] ?? null;
      write(`unseen-${kind}`, `${nameOf(facts.names[kind])} ${value === null ? "" : value.toFixed(1)}`);
    }
  });
}
