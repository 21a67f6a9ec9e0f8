// Before anything is painted: dark or light, as the person chose or else as the system has it. Gradio
// sets the class of <body> by the system alone; the person's choice is stronger.

{
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem("studio-shade");
    } catch {
      return document.body?.dataset.shade ?? null; // storage is forbidden in this browser
    }
  }

  const shade = () => chosen() ?? (system.matches ? "dark" : "light");

  function apply() {
    const dark = shade() === "dark";
    for (const element of [document.documentElement, document.body]) {
      if (element && element.classList.contains("dark") !== dark) element.classList.toggle("dark", dark);
    }
  }

  const watch = new MutationObserver(apply);
  const early = new MutationObserver(() => {
    if (!document.body) return;
    early.disconnect();
    watch.observe(document.body, { attributeFilter: ["class"] });
    apply();
  });
  early.observe(document.documentElement, { childList: true });
  system.addEventListener("change", apply);
  apply();
  globalThis.studioShade = { shade, apply };
}
