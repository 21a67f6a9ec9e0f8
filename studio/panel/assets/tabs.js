// The panel's tabs, and the "More" one click deeper. The open tab survives a reload.

import { byId } from "./ask.js";
import { leaveFinding } from "./find.js";

const KEY = "studio-tab";
const KEYS = { ArrowRight: 1, ArrowLeft: -1 };

const tabs = () => [...document.querySelectorAll("#tabs [role=tab]")];

export function openTab(tab) {
  for (const each of tabs()) {
    const open = each === tab;
    each.setAttribute("aria-selected", String(open));
    each.tabIndex = open ? 0 : -1;
    byId(each.getAttribute("aria-controls")).classList.toggle("open", open);
  }
  try {
    sessionStorage.setItem(KEY, tab.id);
  } catch {
    // storage is forbidden in this browser: the first tab is open after a reload
  }
}

function remembered() {
  try {
    return byId(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function toggleMore(button) {
  const open = button.closest(".more").classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
}

export function wireTabs() {
  for (const tab of tabs()) {
    const page = byId(tab.getAttribute("aria-controls"));
    page.setAttribute("role", "tabpanel");
    page.setAttribute("aria-labelledby", tab.id);
  }
  const list = byId("tabs");
  list.addEventListener("click", ({ target }) => {
    const tab = target.closest("[role=tab]");
    if (!tab) return;
    leaveFinding();
    openTab(tab);
  });
  list.addEventListener("keydown", (event) => {
    const all = tabs();
    const next = all[all.indexOf(event.target) + (KEYS[event.key] ?? NaN)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    openTab(next);
  });
  byId("panel").addEventListener("click", ({ target }) => {
    const button = target.closest(".disclose");
    if (button) toggleMore(button);
  });
  openTab(remembered() ?? tabs()[0]);
}
