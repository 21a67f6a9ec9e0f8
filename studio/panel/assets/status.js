// Header, stage, notices, and the words of the training tab.

import { byId, clock, decibels, grouped, make, write } from "./ask.js";

const STAGES = { bootstrap: "Find cameras", explore: "Sharpen", refine: "Rebuild" };
const UNSURE = 0.5; // dB between the scene and its mirror image under which nobody can tell
const SHOWN = 20;
const WHEN = /^\d{4}-\d\d-\d\d-\d{6}-/; // in a run's name: the title says it, the header has no room
let lastNotice = null;

export function drawStatus(facts) {
  document.body.dataset.playing = facts.playing;
  document.body.dataset.canUndo = facts.can_undo;
  write("undo-words", facts.can_undo ? `Undo brings back ${facts.undo}.` : "");
  document.body.dataset.phase = facts.phase;
  document.body.dataset.next = nextThing(facts);
  const name = facts.dropped ? "your photos" : facts.run.replace(WHEN, "");
  write("run", facts.photos ? `${name} · ${grouped(facts.photos)}${facts.dropped ? "" : " photos"}` : name);
  byId("run").title = facts.run;
  drawStages(facts);
  write("figure-step", grouped(facts.step));
  write("figure-psnr", decibels(facts.psnr));
  write("figure-psnr-at", facts.psnr_at ? `PSNR at ${facts.psnr_at} px` : "PSNR");
  write("figure-unseen", shownWords(facts));
  write("figure-speed", facts.playing ? `${facts.steps_per_second.toFixed(1)} it/s` : "paused");
  write("figure-done", percent(facts.stage_done));
  write("figure-left", facts.playing ? left(facts) : "–");
  write("figure-device", facts.device_name);
  write("fact-stage", STAGES[facts.stage] + (facts.playing ? "" : ", paused"));
  write("fact-epoch", grouped(facts.epoch));
  write("fact-seconds", clock(facts.seconds));
  write("fact-kept", keptWords(facts.kept));
  drawFindings(facts);
  drawNotices(facts.notices);
}

// The one coloured button: the next sensible thing. While cameras are found there is none but to wait.
function nextThing({ photos, playing, step, stage, jobs }) {
  const searching = stage === "bootstrap";
  if (!photos || (searching && playing) || jobs.some(({ state }) => state === "running")) return "";
  return searching || step === 0 ? "play" : "video";
}

function keptWords({ states, size }) {
  const amount = size < 1e9 ? `${Math.round(size / 1e6)} MB` : `${(size / 1e9).toFixed(1)} GB`;
  return states ? `${states} ${states === 1 ? "state" : "states"}, ${amount}` : "nothing";
}

const percent = (part) => (part === null ? "–" : `${Math.floor(100 * part)} %`);

// Until the stop that was asked for, to the second; or until the stage ends, as well as that is known.
function left({ seconds_left: asked, stage_seconds_left: stage }) {
  if (asked !== null && (stage === null || asked <= stage[1])) return clock(asked);
  return stage === null ? "–" : about(...stage);
}

// 30-40 s, 2 min, 1-2 h: no more figures than are known.
function about(least, most) {
  const [unit, many, word] = most < 90 ? [10, 10, "s"] : most < 5400 ? [60, 1, "min"] : [3600, 1, "h"];
  const [from, to] = [least, most].map((seconds) => Math.max(1, Math.round(seconds / unit)) * many);
  return from === to ? `${to} ${word}` : `${from}-${to} ${word}`;
}

// How well the scene that still views show knows pixels it has not learned from; its name alone is no quality.
// Depth maps keep the photos' own colours: no pixel is unseen there.
function shownWords({ shown, unseen_psnr: psnr }) {
  if (psnr !== null) return `${shown} · ${decibels(psnr)}`;
  return shown === "depth maps" ? "not measured" : "not yet";
}

function drawFindings(facts) {
  const [gap, range] = [facts.mirror_gap, facts.focal_interval];
  const likely = range ? `, likely ${range[0].toFixed(2)}-${range[1].toFixed(2)}` : "";
  write("focal-likely", likely);
  write("fact-focal", (byId("chart-focal-now")?.textContent || "–") + likely);
  write("fact-shown", shownWords(facts));
  const [place, known] = [byId("fact-mirror"), gap !== null];
  const sure = known && gap >= UNSURE && !facts.few;
  place.classList.toggle("ok", sure);
  place.classList.toggle("warn", known && !sure);
  write("fact-mirror", known ? (sure ? "checked: not inverted" : facts.few ? "two photos cannot tell" : "may be inverted") : "–");
  place.title = known ? `Its mirror image explains the photos ${gap.toFixed(1)} dB worse.` : "";
}

function drawStages(facts) {
  const place = byId("stages");
  const names = Object.keys(STAGES).filter((name) => facts.bootstrap || name !== "bootstrap");
  const key = `${names} ${facts.stage}`;
  if (!place || place.dataset.key === key) return;
  place.dataset.key = key;
  const now = names.indexOf(facts.stage);
  place.replaceChildren(
    ...names.map((name, index) => {
      const pill = make("b", index === now ? "now" : index < now ? "done" : "", STAGES[name]);
      if (index === now) pill.setAttribute("aria-current", "step");
      return pill;
    }),
  );
}

function drawNotices(notices) {
  const list = byId("notices-items");
  const newest = notices.length ? notices[notices.length - 1].number : 0;
  if (!list || newest === lastNotice) return;
  lastNotice = newest;
  const lines = notices.slice(-SHOWN).reverse().map((notice) => {
    const line = make("li", notice.kind);
    const words = make("span", "words", notice.text);
    if (notice.kind !== "info") words.prepend(make("b", "", `${notice.kind}: `));
    line.append(make("span", "num", grouped(notice.step)), words);
    return line;
  });
  list.replaceChildren(...(lines.length ? lines : [make("li", "none", "Nothing to report.")]));
  list.scrollTop = 0;
}
