"""From a person's input to what is painted, in milliseconds: 60 photos, 20,000 steps of history.

    python -m tests.studio.panel.paint_times

The page, its server and a real browser; the engine is a stand-in that publishes as one that trains
does, ten times a second. The time of a step, after which a real one obeys, comes on top.
"""

import statistics
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from core.engine.monitoring.contest import Unseen
from core.engine.monitoring.history import History
from core.training.learned import Learned
from tests.browser import chromium
from tests.studio.panel.stand_ins import Desk, served
from tests.studio.scene.stand_ins import CAMERAS, photo_set, scene

PHOTOS, STEPS, KEPT, TIMES = 60, 20_000, 600, 12
# Watches from an input's own time until a frame has been painted that shows its effect.
WATCH = """([kind, effect]) => { window.took = new Promise((done) => {
  addEventListener(kind, (event) => {
    const shown = new Function(`return ${effect}`);
    const look = () => requestAnimationFrame(() => {
      if (!shown()) return look();
      requestAnimationFrame(() => done(performance.now() - event.timeStamp));
    });
    look();
  }, { capture: true, once: true });
}); }"""


def history(steps: int) -> History:
    """Curves as they are kept of so many steps, with marks."""
    at = np.linspace(1, steps, KEPT).round()
    rows = [(step, 20 + np.log(step), 15 + np.log(step), 1.0) for step in at]
    marks = tuple((int(step), "Rotation quaternion") for step in at[::30])
    return History(at, 1 / at, np.log(at), 0.8 + 1 / at, marks, Unseen.of(rows))


def desk(run: Path) -> Desk:
    """An engine in the middle of such a run."""
    photos = photo_set(PHOTOS)
    cameras = tuple(CAMERAS[index % 3] for index in range(PHOTOS))
    learned = Learned(photos.names, cameras, (False,) * PHOTOS, scene())
    facts = {"photos": photos, "learned": learned, "photo_psnr": (30.0,) * PHOTOS}
    return Desk(run, step=STEPS, playing=True, history=history(STEPS), **facts)


def training(engine: Desk, ended: threading.Event) -> None:
    """Publish as a run does that trains."""
    while not ended.wait(0.1):
        step = engine.snapshot.step + 1
        engine.publish(step=step, history=history(step), psnr=30 + step % 7 / 10)


def timed(page: Page, kind: str, effect: str, act: Callable[[], None]) -> float:
    """Milliseconds from an input to a painted frame in which `effect`, an expression, holds."""
    page.evaluate(WATCH, [kind, effect])
    act()
    return float(page.evaluate("window.took"))


def journeys(page: Page, round_: int) -> dict[str, float]:
    """Each input once."""
    odd = round_ % 2
    channel, tab = ("depth", "rgb")[odd], ("Cameras", "Field")[odd]
    rotation = ("quaternion", "axis-angle")[odd]
    pressed = f"document.querySelector('[data-channel={channel}][aria-pressed=true]') !== null"
    opened = f"document.getElementById('tab-{tab.lower()}').classList.contains('open')"
    chosen = f"document.querySelector('#option-cameras-rotation input[value={rotation}]').checked"
    box = "#photos .photo:first-child input"
    switched = f"document.querySelector('{box}').checked === {str(bool(odd)).lower()}"
    paused = f"document.body.dataset.playing === '{str(bool(odd)).lower()}'"
    found = "document.getElementById('find-count').textContent.includes(' of ')"
    took = {
        "Colour and Depth": timed(
            page, "click", pressed, page.locator(f"[data-channel={channel}]").click
        ),
        "Play and Pause": timed(
            page, "click", paused, page.locator(("#action-pause", "#action-play")[odd]).click
        ),
        "a tab": timed(page, "click", opened, page.get_by_role("tab", name=tab).click),
    }
    page.get_by_role("tab", name="Cameras").click()
    choice = page.locator("#option-cameras-rotation").get_by_text(rotation, exact=True)
    took["an option"] = timed(page, "click", chosen, choice.click)
    page.get_by_role("tab", name="Photos").click()
    took["a photo left out"] = timed(page, "click", switched, page.locator(box).click)
    took["finding an option"] = timed(
        page, "input", found, lambda: page.locator("#find").fill("rate")
    )
    page.locator("#find").fill("")
    return took


def main() -> None:
    """Print median and largest of each."""
    with tempfile.TemporaryDirectory() as folder:
        engine, ended = desk(Path(folder)), threading.Event()
        busy = threading.Thread(target=training, args=(engine, ended))
        with served(engine) as desktop, chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(desktop.url)
            page.wait_for_selector("body[data-built]")
            page.wait_for_function(
                f"document.querySelectorAll('#photos .photo').length === {PHOTOS}"
            )
            busy.start()
            rounds = [journeys(page, round_) for round_ in range(TIMES)]
            ended.set()
            busy.join()
    for name in rounds[0]:
        took = [one[name] for one in rounds]
        print(f"{name:20} {statistics.median(took):5.0f} ms, at most {max(took):4.0f}")


if __name__ == "__main__":
    main()
