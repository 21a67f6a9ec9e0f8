// The moving part of the page: it listens to /events and paints. Every fact comes from there; what a
// person does here becomes a POST or a click on a widget, never a change of what is shown.

import { write } from "./ask.js";
import { drawBefore } from "./before.js";
import { drawCover, redrawCover, wireCover } from "./cover.js";
import { drawCurves, wireCharts } from "./charts.js";
import { drawContest, drawUnseen, wireContest } from "./contest.js";
import { drawIncoming, wireDrop } from "./drop.js";
import { drawKinds, wireFind } from "./find.js";
import { drawGallery, markLooked, wireGallery } from "./gallery.js";
import { drawJobs, wireJobs } from "./jobs.js";
import { wireKeys } from "./keys.js";
import { drawReference } from "./reference.js";
import { wirePath } from "./path.js";
import { wireRuns } from "./runs.js";
import { drawScene, watchViewer, wireScene } from "./scene.js";
import { wireShade } from "./shade.js";
import { drawSides, wireSides } from "./sides.js";
import { drawStatus } from "./status.js";
import { wireTabs } from "./tabs.js";
import { drawTime, wireTime } from "./time.js";
import { drawThrough, noteGallery, wireThrough } from "./through.js";
import { drawVerdict, wireVerdict } from "./verdict.js";
import { repaint, wireWidgets } from "./widgets.js";

const painters = {
  status: [drawStatus, drawVerdict, drawBefore, drawScene, drawCover, drawSides, drawContest, drawThrough, markLooked, drawTime, drawReference, drawJobs, drawKinds, watchViewer, repaint],
  curves: [drawCurves, drawUnseen],
  gallery: [noteGallery, drawGallery, drawIncoming, redrawCover],
};
const SILENCE = 15000; // ms without a word after which the connection is taken for dead
const RETRY = 2000;
const LOST = "Connection lost, retrying";
const REFUSED = "The studio was started anew and has a new token: open the address that it printed";

const newest = {};
let stream = null;
let heard = 0;

function paint(kind) {
  for (const painter of painters[kind]) painter(newest[kind]);
}

function connect() {
  stream?.close();
  stream = new EventSource("events");
  heard = Date.now();
  stream.onerror = () => showLost(true);
  stream.addEventListener("alive", hear);
  for (const kind of Object.keys(painters)) {
    stream.addEventListener(kind, (event) => {
      hear();
      newest[kind] = JSON.parse(event.data);
      paint(kind);
    });
  }
}

function hear() {
  heard = Date.now();
  showLost(false);
}

function showLost(lost) {
  const sign = document.getElementById("lost");
  if (!sign) return;
  if (lost && sign.hidden) write("lost", LOST);
  sign.hidden = !lost;
  if (lost) sayWhy();
}

// One that was started anew answers, and refuses: its token is another. Once a tab of this browser
// was let in, all are.
async function sayWhy() {
  const answer = await fetch("status", { method: "HEAD" }).catch(() => null);
  write("lost", answer?.status === 403 ? REFUSED : LOST);
}

// A browser gives up for good when the server answers with an error; and a sleeping laptop's
// connection may look open for ever.
function watchConnection() {
  if (document.hidden) return;
  const silent = Date.now() - heard > SILENCE;
  if (silent) showLost(true);
  if (silent || stream?.readyState === EventSource.CLOSED) connect();
}

// A hidden tab listens to nothing: browsers keep only six connections to one server.
function followVisibility() {
  if (document.hidden) stream?.close();
  else connect();
}

// Gradio builds the page some time after this script has started, its own buttons apart from the rest.
const PARTS = [
  "viser", "photos", "undo-words", "photos-findings", "charts", "time-slider", "action-time", "action-time-now", "reference-words",
  "jobs-list", "find", "action-make-video", "action-theme", "panel", "verdict-card", "show-waits", "runs-list", "news", "path-words", "through-modes", "cover-leave",
];

function whenBuilt(act) {
  const built = () => PARTS.every((id) => document.getElementById(id));
  if (built()) return act();
  const observer = new MutationObserver(() => {
    if (!built()) return;
    observer.disconnect();
    act();
  });
  observer.observe(document.documentElement, { childList: true, subtree: true });
}

whenBuilt(() => {
  for (const wire of [wireTabs, wireFind, wireScene, wireCover, wireSides, wireContest, wireVerdict, wireThrough, wireJobs, wireShade, wireGallery, wireDrop, wireCharts, wireTime, wirePath, wireRuns, wireWidgets, wireKeys]) wire();
  document.body.dataset.built = "true";
  document.addEventListener("visibilitychange", followVisibility);
  setInterval(watchConnection, RETRY);
  if (!document.hidden) connect();
});
