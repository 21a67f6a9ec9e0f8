// The runs that lie beside this one: open, branch, compare, duplicate, rename, delete and bring back.

import { byId, clock, grouped, make, post, write } from "./ask.js";

const AGAIN = 3000; // ms between two looks at the folder while the tab is open
const MEGABYTE = 1e6;
let shown = ""; // what is drawn, as text
let busy = false; // somebody types a name or chooses a moment

export function wireRuns() {
  byId("runs-restore").addEventListener("click", () => ask("restore", {}));
  byId("runs-apart").addEventListener("click", () => ask("compare", { name: "" }));
  byId("tab-runs-button").addEventListener("click", look);
  setInterval(() => { if (!document.hidden && byId("tab-runs").classList.contains("open")) look(); }, AGAIN);
  look();
}

async function look() {
  const answer = await fetch("runs").catch(() => null);
  if (!answer?.ok) return;
  const text = await answer.text();
  if (text === shown || busy) return;
  shown = text;
  draw(JSON.parse(text));
}

// What is refused is said here; what is done is seen at the next look.
async function ask(act, body) {
  busy = false;
  const answer = await post(`runs/${act}`, body);
  write("runs-complaint", answer && !answer.ok ? await answer.text() : "");
  shown = "";
  await look();
}

function draw({ runs, open, beside, deleted }) {
  write("runs-words", runs.length ? "" : "No run is saved in this folder yet.");
  byId("runs-deleted").hidden = !deleted;
  write("runs-deleted-words", `${deleted} is deleted. It can be brought back until another is.`);
  byId("runs-list").replaceChildren(...runs.map((run) => card(run, run.name === open, run.name === beside)));
  byId("runs-beside").hidden = !beside;
  if (beside) compare(beside);
}

function card(run, open, beside) {
  const box = make("article", "run");
  Object.assign(box.dataset, { name: run.name, open, beside });
  const facts = make("p", "facts num", [
    `${grouped(run.step)} steps`, clock(run.seconds), `${run.photos} photos`,
    run.psnr === null ? "" : `${run.psnr.toFixed(1)} dB`, `${grouped(Math.round(run.size / MEGABYTE))} MB`,
  ].filter(Boolean).join(" · "));
  const verdict = make("p", "facts");
  verdict.append(make("span", `word ${run.verdict}`, run.verdict), ` · cameras ${run.found_by}`);
  const options = Object.entries(run.options).map(([title, value]) => `${title} ${value}`).join(", ");
  box.append(picture(run), make("span", "name", run.name), facts, verdict, make("p", "facts options", options || "usual options"));
  box.append(acts(run, open, beside));
  return box;
}

function picture(run) {
  if (!run.picture) return make("span", "shot", "no picture yet");
  const image = make("img", "shot");
  Object.assign(image, { alt: "", src: `runs/picture/${encodeURIComponent(run.name)}?v=${run.step}` });
  return image;
}

function acts(run, open, beside) {
  const line = make("div", "acts");
  const act = (word, does) => {
    const button = make("button", "quiet", word);
    button.type = "button";
    button.setAttribute("aria-label", `${word} ${run.name}`);
    button.addEventListener("click", does);
    line.append(button);
  };
  const { name } = run;
  if (!open) act("Open", () => ask("open", { name }));
  if (!open && !beside) act("Compare", () => ask("compare", { name }));
  act("Duplicate", () => ask("duplicate", { name }));
  act("Branch", () => branch(line, run));
  if (open) return line;
  act("Rename", () => rename(line, name));
  act("Delete", () => ask("delete", { name }));
  return line;
}

// In place of the buttons: a field or a choice, and what does it.
function instead(line, field, word, does) {
  busy = true;
  const back = make("button", "quiet", "Keep");
  const go = make("button", "quiet", word);
  back.type = go.type = "button";
  const leave = () => { busy = false; shown = ""; look(); };
  back.addEventListener("click", leave);
  go.addEventListener("click", () => does(field.value));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // no key of the page
    if (event.key === "Enter") does(field.value);
    if (event.key === "Escape") leave();
  });
  line.replaceChildren(field, go, back);
  field.focus();
}

function rename(line, name) {
  const field = make("input");
  Object.assign(field, { value: name, maxLength: 80 });
  field.setAttribute("aria-label", `new name of ${name}`);
  instead(line, field, "Rename", (to) => ask("rename", { name, to }));
}

function branch(line, { name, states }) {
  const field = make("select");
  field.setAttribute("aria-label", `moment of ${name} from which a new run begins`);
  for (const { path, step, word } of [...states].reverse()) {
    const option = make("option", "", `step ${grouped(step)}${word ? `, ${word.replaceAll("-", " ")}` : ""}`);
    option.value = path;
    field.append(option);
  }
  instead(line, field, "Branch", (state) => ask("branch", { name, state }));
}

function wide(words) {
  const [row, cell] = [make("tr"), make("td", "", words)];
  cell.colSpan = 3;
  row.append(cell);
  return row;
}

async function compare(name) {
  const title = `Beside ${name}`;
  if (byId("runs-beside-title").textContent !== title) byId("runs-rows").replaceChildren(wide("Comparing both."));
  write("runs-beside-title", title);
  const answer = await fetch(`runs/beside/${encodeURIComponent(name)}`).catch(() => null);
  if (!answer?.ok) return;
  const { rows } = await answer.json();
  byId("runs-rows").replaceChildren(...rows.map(({ what, here, there }) => {
    const row = make("tr");
    row.append(make("td", "", what), make("td", "", here), make("td", "", there));
    return row;
  }));
}
