// Exports under way and done, the newest first: progress, player or picture, download.

import { byId, clock, make, press } from "./ask.js";
import { openTab } from "./tabs.js";

const PICTURES = [".gif", ".png"]; // that are shown; films are played

const STATES = {
  waiting: "waiting for its turn",
  running: "",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

export function wireJobs() {
  byId("action-make-video").addEventListener("click", () => {
    openTab(byId("tab-export-button"));
    press("action-export-video");
  });
}

export function drawJobs({ jobs }) {
  const place = byId("jobs-list");
  const known = place.dataset.drawn; // what was there before the page came is not scrolled to
  place.dataset.drawn = "true";
  document.body.dataset.exporting = jobs.some((job) => ["waiting", "running"].includes(job.state));
  for (const job of jobs) {
    let box = place.querySelector(`[data-number="${job.number}"]`);
    if (!box) {
      box = make("div", "job");
      box.dataset.number = job.number;
      place.prepend(box);
    }
    const key = JSON.stringify(job);
    if (box.dataset.key === key) continue;
    box.dataset.key = key;
    box.dataset.state = job.state;
    box.replaceChildren(...parts(job));
    const news = known && box.dataset.seen !== job.state;
    box.dataset.seen = job.state;
    if (news) bringIntoView(box);
  }
}

// A hidden tab scrolls nothing. A picture has its height only when it has come.
function bringIntoView(box) {
  const scroll = () => box.scrollIntoView({ block: "nearest" });
  scroll();
  box.querySelector("img")?.addEventListener("load", scroll);
  box.querySelector("video")?.addEventListener("loadedmetadata", scroll);
}

function parts(job) {
  const head = make("div", "head");
  head.append(make("b", "", job.title), make("span", "num", progressWords(job)));
  const shown = [head];
  if (job.state === "running") {
    const bar = make("progress");
    if (job.total) Object.assign(bar, { value: job.done, max: job.total });
    shown.push(bar);
  }
  if (job.message) shown.push(make("p", "message", job.message));
  if (job.result) shown.push(...result(job.result));
  return shown;
}

function progressWords(job) {
  if (job.state !== "running") return STATES[job.state];
  if (!job.total) return "starting";
  const left = job.seconds_left === null ? "" : ` · ${clock(job.seconds_left)} left`;
  return `${job.done} / ${job.total}${left}`;
}

function result(name) {
  const address = `files/${encodeURIComponent(name)}`;
  const link = make("a", "download", name);
  Object.assign(link, { href: `${address}?download`, download: name });
  const ending = name.slice(name.lastIndexOf(".")).toLowerCase();
  if (PICTURES.includes(ending)) {
    const [open, picture] = [make("a", "picture"), make("img")];
    Object.assign(open, { href: address, target: "_blank", title: "open it in full size" });
    Object.assign(picture, { src: address, alt: name });
    open.append(picture);
    return [open, link];
  }
  if (ending !== ".mp4") return [link];
  const player = make("video");
  player.poster = address.replace(/\.mp4$/, ".jpg");
  Object.assign(player, { controls: true, loop: true, preload: "metadata", src: address });
  return [player, link];
}
