// The camera path that a person makes: keyframes from the present view, a preview, a file.

import { byId, post, write } from "./ask.js";

const plural = (count) => (count === 1 ? "1 keyframe" : `${count} keyframes`);

function draw({ keys, chosen }) {
  const which = chosen === null ? "" : `; the arrows are at number ${chosen + 1}`;
  write("path-words", keys ? `${plural(keys)}${which}.` : "No keyframe yet.");
  document.body.dataset.path = keys;
  byId("path-save").toggleAttribute("hidden", !keys);
}

async function hear(answer) {
  if (!answer) return; // a lost connection is shown elsewhere
  if (answer.ok) draw(await answer.json());
  else write("path-words", await answer.text());
}

async function load(file) {
  const body = await file.text();
  await hear(await fetch("path/load", { method: "POST", body, headers: { "Content-Type": "application/json" } }).catch(() => null));
}

export function wirePath() {
  byId("camera-path").addEventListener("click", async ({ target }) => {
    const act = target.closest("[data-path]")?.dataset.path;
    if (act) await hear(await post(`path/${act}`));
  });
  byId("path-file").addEventListener("change", async ({ currentTarget }) => {
    const [file] = currentTarget.files;
    if (file) await load(file);
    currentTarget.value = ""; // the same file may be chosen again
  });
  fetch("path").then(hear, () => null);
}
