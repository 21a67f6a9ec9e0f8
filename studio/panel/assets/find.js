// Options are found by any word of their name, their help or their path, in all tabs at once. Those that
// cannot act on the present field are out of the way, until they are looked for.

import { byId, write } from "./ask.js";

const pages = () => [...document.querySelectorAll("#panel .tabpage")];
const wordsOf = (option) => `${option.id.replaceAll("-", " ")} ${option.textContent}`.toLowerCase();

function find() {
  const asked = byId("find").value.toLowerCase().split(/[\s._]+/).filter(Boolean);
  byId("panel").classList.toggle("finding", asked.length > 0);
  const all = [...document.querySelectorAll("#panel .option[id^=option-]")];
  for (const option of all) {
    const words = wordsOf(option);
    option.classList.toggle("hit", asked.length > 0 && asked.every((word) => words.includes(word)));
  }
  for (const page of pages()) page.classList.toggle("hit", page.querySelector(".option.hit") !== null);
  const count = all.filter((option) => option.classList.contains("hit")).length;
  const found = count ? `${count} of ${all.length}` : "none is called so";
  write("find-count", asked.length ? found : `${all.length} options`);
}

export function leaveFinding() {
  if (!byId("find").value) return;
  byId("find").value = "";
  find();
}

// A classic network has no sine frequencies: what cannot act is hidden, and found with the reason.
export function drawKinds({ field }) {
  if (document.body.dataset.field === field) return;
  document.body.dataset.field = field;
  for (const option of document.querySelectorAll("#panel .option[class*=' of-']")) {
    const kinds = [...option.classList].filter((name) => name.startsWith("of-")).map((name) => name.slice(3));
    option.classList.toggle("idle", !kinds.includes(field));
    option.dataset.kinds = `Acts where the field is ${kinds.join(" or ")}.`;
  }
}

export function wireFind() {
  for (const page of pages()) page.dataset.name = byId(page.getAttribute("aria-labelledby")).textContent;
  byId("find").addEventListener("input", find);
  byId("find").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    leaveFinding();
    byId("find").blur();
  });
  find();
}
