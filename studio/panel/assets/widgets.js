// Small manners that Gradio's widgets lack.

import { byId } from "./ask.js";

const PATIENCE = 4500; // ms after which the studio has answered a touch, or never will
const HEARD = 300; // ms
let painted = null;
let later = null;

// Gradio's place to drop is called by words that are not on it.
function nameDrop() {
  document.querySelector("#drop button[aria-label]")?.removeAttribute("aria-label");
}

// Gradio asks what to paint where there is news: in the config, or a refusal.
export function repaint({ config_key: key, notices }) {
  const news = `${key} ${notices.at(-1)?.number}`;
  if (painted === news) return;
  painted = news;
  tellNews();
  paintLater();
}

function tellNews() {
  document.dispatchEvent(new Event("studio-news"));
}

// What a hand put into a widget stays there until the studio answers; where it does not, the truth comes back.
function paintLater() {
  clearTimeout(later);
  later = setTimeout(tellNews, PATIENCE);
}

// A button shows that it heard, however long the step takes after which the studio answers.
function hear({ target }) {
  const button = target.closest?.("#main button, #bar button, #panel button");
  if (!button) return;
  button.classList.add("heard");
  setTimeout(() => button.classList.remove("heard"), HEARD);
}

export function wireWidgets() {
  nameDrop();
  document.addEventListener("click", hear, { capture: true });
  new MutationObserver(nameDrop).observe(byId("drop"), { childList: true, subtree: true });
  document.addEventListener("input", ({ target }) => {
    if (target.closest?.(".option")) paintLater();
  });
  // Sliders answer to the pointer only: let the keyboard, too, end in a release.
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.(".option input[type=range]")) {
      target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
    }
  });
  // The number beside a slider counts when it loses the focus: let Enter do that.
  document.addEventListener("keydown", ({ key, target }) => {
    if (key === "Enter" && target.matches?.("[data-testid=number-input]")) target.blur();
  });
}
