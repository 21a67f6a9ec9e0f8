// The slider of time: the cameras as they were, and the scene where the run kept it.

import { byId, grouped, post, write } from "./ask.js";

const NOW = 1000;
const HELD = 500; // ms after a touch in which the slider is not painted
const PAUSE = 80; // ms between two asks of a slider that is dragged
let touched = 0;
let asked = 0;
let waiting = null;
let branchFrom = null; // the step that is shown, where it is not now

export function wireTime() {
  const slider = byId("time-slider");
  slider.addEventListener("input", () => {
    touched = Date.now();
    clearTimeout(waiting);
    waiting = setTimeout(ask, Math.max(0, asked + PAUSE - Date.now()));
  });
  byId("action-time").addEventListener("click", ({ currentTarget }) => {
    touched = 0;
    post(currentTarget.dataset.playing === "true" ? "time/hold" : "time/play");
  });
  byId("action-branch").addEventListener("click", async () => {
    const answer = await post("runs/branch-here", { step: branchFrom });
    if (answer && !answer.ok) write("time-words", await answer.text());
  });
  byId("action-time-now").addEventListener("click", () => {
    touched = 0;
    post(`time/${NOW}`);
  });
}

function ask() {
  asked = touched = Date.now();
  post(`time/${byId("time-slider").value}`);
}

export function drawTime({ step, view: { time } }) {
  const [slider, play] = [byId("time-slider"), byId("action-time")];
  slider.disabled = play.disabled = time.moments < 2;
  if (Date.now() > touched + HELD) slider.value = Math.round(time.part * NOW);
  slider.style.setProperty("--part", `${slider.value / 10}%`);
  play.dataset.playing = time.playing;
  const words = time.playing ? "Stop here" : "Play how the cameras moved";
  play.title = words;
  play.setAttribute("aria-label", words);
  byId("action-time-now").hidden = byId("action-branch").hidden = time.step === null;
  branchFrom = time.step;
  document.body.dataset.past = time.step !== null;
  const scene = time.scene_step === null ? "the scene as it is now" : `the scene of step ${grouped(time.scene_step)}`;
  const past = `cameras at step ${grouped(time.step ?? 0)} of ${grouped(step)}; ${scene}`;
  write("time-words", time.step === null ? "now" : past);
  slider.setAttribute("aria-valuetext", time.step === null ? "now" : past);
}
