"""The page by the rules of axe-core, in both shades, on a desk and on a phone."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from core.config import Config
from core.config.paths import changed
from core.engine.monitoring.contest import Contest, Unseen
from core.engine.monitoring.history import History
from core.search.judging.verdict import Reason
from core.search.judging.witnesses import Opinion, Other
from studio.scene.state import Virtual
from studio.scene.theme import GROUND
from tests.browser import chromium
from tests.core.runs.shelved import made_run
from tests.studio.panel.stand_ins import Desk, Desktop, served
from tests.studio.scene.stand_ins import CAMERAS, planes_scene

pytestmark = pytest.mark.browser
SIZES = {"a desk": (1440, 900), "a phone": (390, 844)}
BAD = {"serious", "critical"}  # impacts


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    run = made_run(tmp_path_factory.mktemp("runs") / "first")
    shutil.copytree(run, run.with_name("second"))
    with served(Desk(run, undo="step 3")) as running:
        yield running


@pytest.fixture(scope="module")
def page(desktop: Desktop) -> Iterator[Page]:
    with chromium() as browser:
        opened = browser.new_page(reduced_motion="reduce")
        opened.goto(desktop.url)
        opened.wait_for_selector("#photos .look")
        for disclose in opened.locator(".disclose").all():
            disclose.evaluate("button => button.click()")
        yield opened


def amiss(page: Page, within: str | None = None) -> list[str]:
    """What is serious, with the elements and what axe says of them."""
    found: list[dict[str, Any]] = Axe().run(page, context=within).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
        if each["impact"] in BAD
    ]


@pytest.mark.parametrize("shade", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_nothing_serious_is_amiss(
    shade: Any, size: tuple[int, int], page: Page, desktop: Desktop
) -> None:
    page.emulate_media(color_scheme=shade)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_selector("body.dark" if shade == "dark" else "body:not(.dark)")
    opinion = Opinion("features", "doubtful", (), {0: "wrong", 1: "doubtful"})
    desktop.engine.publish(opinion=opinion, playing=True)
    tabs = page.get_by_role("tab").all()
    tabs[0].click()
    page.locator("#photos .reason[data-word=wrong]").wait_for()
    assert amiss(page) == []
    for tab in tabs[1:]:
        tab.click()
        assert amiss(page, "#panel") == []
    page.locator("#action-help").click()
    assert amiss(page, "#help") == []
    page.keyboard.press("Escape")
    desktop.window.stand(1)
    page.locator("#through-name").wait_for()
    assert amiss(page, "#scene") == []
    desktop.window.stand()
    page.locator("#through").wait_for(state="hidden")


def wide(desktop: Desktop) -> None:
    """A wide scene with everything that may be said of it, and a switch that was just made."""
    engine, window = desktop.engine, desktop.window
    learned = engine.snapshot.learned
    assert learned is not None
    picture = np.full((48, 64, 3), GROUND, np.uint8)
    window.picture = cv2.imencode(".jpg", picture)[1].tobytes()
    window.show(virtual=Virtual(1, CAMERAS[0]))
    steps = np.arange(60.0, 660, 60)
    rows = [(step, 25.0, 20 + step / 300, 300.0) for step in steps]
    kept = History(steps, 1 / steps, steps, steps, ((300, "Field siren"),), Unseen.of(rows))
    names = engine.snapshot.photos.names if engine.snapshot.photos else ()
    odd = Reason("odd-photo", "It fits least.", {}, (2,), "drop-photo")
    rival = Other("rival", "doubtful", "The cameras of another program are doubtful.")
    engine.publish(
        config=changed(Config(), {"field.kind": "siren", "data.disabled": names[:1]}),
        step=1240,
        playing=False,
        learners=("depth-maps", "field"),
        learned=replace(learned, pair=(planes_scene(), learned.scene)),
        shown="depth-maps",
        history=kept,
        contest=Contest("planes", 1.24, None, (600.0, 480.0, 900.0)),
        opinion=Opinion("features", "wrong", (odd,), {0: "trusted", 1: "wrong"}, (rival,)),
    )
    for kind in ("info", "warning"):
        engine.say("Something happened.", kind)


HIDDEN = ("#lost", "#dropping", "#back", "#incoming")  # shown where something else goes on


@pytest.mark.parametrize(("shade", "where"), [("dark", "a desk"), ("light", "a phone")])
def test_nothing_that_shows_itself_now_and_then_is_amiss(
    shade: Any, where: str, page: Page, desktop: Desktop
) -> None:
    engine, size = desktop.engine, SIZES[where]
    engine.forget()
    page.emulate_media(color_scheme=shade)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_selector("body.dark" if shade == "dark" else "body:not(.dark)")
    page.get_by_role("tab", name="Runs").click()
    wide(desktop)
    page.locator("#sides").wait_for()
    history = engine.snapshot.history
    assert history is not None
    said = "Field siren: the network begins anew; depth maps and cameras stay."
    engine.publish(history=replace(history, switches=(said,)))
    page.locator("#switch-words").wait_for()
    run = page.locator('.run[data-name="second"]')
    run.get_by_role("button", name="Compare").click()
    page.locator("#runs-rows tr").nth(3).wait_for()
    assert page.locator("h1").count() == 1
    assert amiss(page) == []
    page.locator("#runs-apart").click()
    run.get_by_role("button", name="Branch").click()
    run.locator("select").wait_for()
    assert amiss(page, "#runs-list") == []
    run.get_by_role("button", name="Keep").click()
    page.get_by_role("tab", name="Photos").click()
    assert amiss(page, "#tab-photos") == []
    page.locator("#verdict").click()
    page.locator("#verdict-reasons button").first.wait_for()
    assert amiss(page, "#verdict-card") == []
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Training").click()
    page.locator("#action-restart").click()
    page.locator("#action-confirm").wait_for()
    page.locator("#find").fill("rate")
    assert amiss(page, "#panel") == []
    page.locator("#find").fill("")
    page.locator("#action-keep").click()
    for hidden in HIDDEN:
        page.locator(hidden).evaluate("(e) => { e.hidden = false; }")
        assert amiss(page, hidden) == []
        page.locator(hidden).evaluate("(e) => { e.hidden = true; }")
    engine.publish(phase="failed", failure="Stopped: a bug.", traceback="line 1")
    page.locator("#cover-details").wait_for()
    assert amiss(page, "#scene") == []
    engine.forget()
    desktop.window.forget()
    page.locator("#cover").wait_for(state="hidden")


def test_what_is_amiss_is_noticed(page: Page) -> None:
    page.evaluate("document.body.append(document.createElement('button'))")
    assert "button-name" in amiss(page, "body > button")[0]
    page.evaluate("document.querySelector('body > button:empty').remove()")
