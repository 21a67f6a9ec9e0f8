// Small manners that Gradio's widgets lack.

import { byId, press } from "./ask.js";

let painted = null;

// Gradio's place to drop is called by words that are not on it.
function nameDrop() {
  document.querySelector("#drop button[aria-label]")?.removeAttribute("aria-label");
}

// Widgets are painted by Gradio once a second; news in the config or a refusal need not wait for that.
export function repaint({ config_key: key, notices }) {
  const news = `${key} ${notices.at(-1)?.number}`;
  if (painted !== null && painted !== news) press("action-repaint");
  painted = news;
}

export function wireWidgets() {
  nameDrop();
  new MutationObserver(nameDrop).observe(byId("drop"), { childList: true, subtree: true });
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
