"""A person in front of the page: a real browser, a real port, an engine that obeys at once."""

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.bootstrap.findings import Findings
from core.config import Config
from core.config.paths import changed, options
from core.engine.commands import Adopt, Configure, Pause, Play, Refine, Reseed, Step, Undo
from core.engine.monitoring.contest import Contest, Unseen
from core.engine.monitoring.history import History
from core.engine.monitoring.outlook import Outlook
from core.evaluation.cameras import CameraErrors
from core.photos import PhotoSet
from core.runs.checkpoint import folder
from core.search.judging.verdict import Reason, Word
from core.search.judging.witnesses import Opinion, Other
from core.training.learned import Learned
from studio.bundled import BUNDLED
from studio.routes.facts import photos_key
from studio.scene.cameras.reference import Comparison
from studio.scene.replay import Time
from studio.scene.state import (
    GoToTime,
    Highlight,
    HoldTime,
    LookAway,
    LookThrough,
    PlayTime,
    ResetView,
    Virtual,
    Wipe,
)
from studio.scene.theme import GROUND
from tests.browser import chromium
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk, Desktop, served
from tests.studio.scene.stand_ins import CAMERAS, planes_scene

pytestmark = pytest.mark.browser
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 800, "height": 900}
PICTURE = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with served(Desk(tmp_path_factory.mktemp("run"))) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def faults() -> list[str]:
    """Errors in any tab, and requests to elsewhere."""
    return []


@pytest.fixture(scope="module")
def first_tab(browser: Browser, desktop: Desktop, faults: list[str]) -> Page:
    """A tab that most tests share, as it takes long to open."""
    return opened(browser, desktop, faults)


@pytest.fixture
def fresh(desktop: Desktop, faults: list[str]) -> Iterator[None]:
    """An engine as new, and a test that fails for any fault it caused."""
    desktop.engine.forget()
    desktop.window.forget()
    yield
    assert faults == []


@pytest.fixture
def page(fresh: None, first_tab: Page, desktop: Desktop) -> Page:
    """The shared tab, once it shows the engine as new."""
    expect(first_tab.locator("#figure-step")).to_have_text("1")
    expect(first_tab.locator("#photos .off")).to_have_count(0)
    photos = desktop.engine.snapshot.photos
    assert photos is not None
    key = f"{photos_key(photos)} {len(photos.names)}"  # thumbnails come with an event of their own
    first_tab.wait_for_function(
        "key => document.querySelector('#photos').dataset.key === key", arg=key
    )
    return first_tab


@pytest.fixture
def open_page(
    fresh: None, browser: Browser, desktop: Desktop, faults: list[str]
) -> Iterator[Callable[..., Page]]:
    """Opens a tab of its own."""
    pages: list[Page] = []

    def open_one(**size: int) -> Page:
        pages.append(opened(browser, desktop, faults, **(WIDE | size)))
        return pages[-1]

    yield open_one
    for each in pages:
        each.context.close()


def opened(browser: Browser, desktop: Desktop, faults: list[str], **size: int) -> Page:
    page = browser.new_page(color_scheme="dark", viewport=size or WIDE)
    page.set_default_timeout(1000 * PATIENCE)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: away(request.url) and faults.append(request.url))

    def away(url: str) -> bool:
        return not url.startswith((desktop.url, "data:", "blob:"))

    page.goto(desktop.url)
    page.wait_for_selector("body[data-built]")
    expect(page.locator("#figure-device")).to_have_text("CPU")
    return page


def boxed(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None, selector
    return box


def all_trained(desktop: Desktop) -> Learned:
    """What was learned, as if no photo had been kept aside."""
    learned = desktop.engine.snapshot.learned
    assert learned is not None
    return replace(learned, held_out=(False,) * len(learned.names))


def soon(page: Page, condition: Callable[[], bool]) -> None:
    """Wait until the engine was reached."""
    for _ in range(round(10 * PATIENCE)):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never came true")


def test_the_scene_has_the_room_and_the_page_never_scrolls(page: Page) -> None:
    scene = boxed(page, "#scene")
    assert scene["width"] >= 2 / 3 * 1440 and scene["height"] >= 2 / 3 * 900
    assert boxed(page, "#panel")["width"] == 372
    size = page.evaluate("[document.documentElement.scrollHeight, innerHeight, scrollX, scrollY]")
    assert size == [900, 900, 0, 0]
    assert page.locator("footer").count() == 0
    assert page.evaluate("document.querySelector('#viser').getAttribute('src')") == "viser/"


def test_stacked_the_scene_comes_first_and_the_transport_stays(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(**NARROW)
    assert boxed(page, "#scene")["y"] == 0
    assert boxed(page, "#panel")["y"] > boxed(page, "#scene")["height"]
    for y in (0, 2000):
        page.evaluate(f"document.querySelector('#body').scrollTo(0, {y})")
        bottom = boxed(page, "#transport")
        assert 900 - 60 <= bottom["y"] + bottom["height"] <= 900


TARGETS = """() => [...document.querySelectorAll('button, a, input, [role=tab]')]
    .map((e) => [e, (e.closest('label') ?? e).getBoundingClientRect()])
    .filter(([, box]) => box.width > 0)
    .filter(([, box]) => Math.min(box.width, box.height) < 44)
    .map(([e]) => e.id || e.outerHTML.slice(0, 80))"""
OVERLAPS = """() => {
  const all = [...document.querySelectorAll('#scene button, .readout, .pip, #transport button')];
  const boxes = all.map((e) => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width > 0);
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1
    && b.top < a.bottom - 1;
  return boxes.flatMap(([one, a]) => boxes.filter(([other, b]) => one !== other && meet(a, b)
    && !one.contains(other) && !other.contains(one)).map(([other]) => [one.id, other.id]));
}"""


@pytest.mark.parametrize("size", [(390, 844), (720, 450)], ids=["a phone", "a zoom of 200 %"])
def test_a_small_window_has_every_button_whole_and_large_enough_for_a_finger(
    size: tuple[int, int], open_page: Callable[..., Page], desktop: Desktop
) -> None:
    page = open_page(width=size[0], height=size[1])
    desktop.window.picture = PICTURE
    desktop.window.show(virtual=Virtual(1, CAMERAS[0]))
    expect(page.locator("#pip")).to_be_visible()
    phone, engine = size[0] < 560, desktop.engine
    engine.publish(learners=("planes", "field"))
    page.wait_for_function("!document.querySelector('#shows').hidden")
    for words in ("#shows", "#level"):  # a phone has no room for what stands elsewhere, too
        expect(page.locator(words)).to_be_visible(visible=not phone)
    engine.submit(Configure({"explore.show": "network"}))
    expect(page.locator("#shows")).to_be_visible()
    for through in (False, True):
        desktop.window.stand(1 if through else None, moved=True, lost=not through)
        expect(page.locator("#through")).to_be_visible(visible=through)
        assert page.evaluate(OVERLAPS) == []
        for name in ("reset-view", "theme", "help"):
            box = boxed(page, f"#action-{name}")
            assert box["x"] >= 0 and box["x"] + box["width"] <= size[0] and box["y"] >= 0
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert page.evaluate(TARGETS) == []


def test_a_photo_is_looked_through_compared_and_left(page: Page, desktop: Desktop) -> None:
    asked = desktop.window.asked
    page.get_by_role("tab", name="Photos").click()
    page.locator("#photos .look").nth(2).click()
    expect(page.locator("#through-name")).to_have_text("Photo 03 of 3")
    expect(page.locator("#through-psnr")).to_have_text("28.3 dB")
    expect(page.locator("#photos [aria-current=true] .num").first).to_have_text("03")
    photo, error = page.locator("#through-photo"), page.locator("#through-error")
    expect(photo).to_be_visible()
    page.wait_for_function("document.querySelector('#through-photo').naturalWidth == 48")
    clip = "getComputedStyle(document.querySelector('#through-photo')).clipPath"
    half = page.evaluate(clip)
    page.locator("#wipe").fill("80")
    assert page.evaluate(clip) != half
    page.keyboard.press("Escape")
    soon(page, lambda: LookAway() in asked)
    expect(page.locator("#through")).to_be_hidden()
    page.locator("#photos .look").nth(2).click()
    expect(page.locator("#through")).to_be_visible()
    page.locator(".brand").click()
    page.keyboard.press("ArrowRight")
    soon(page, lambda: LookThrough(0) in asked)
    expect(page.locator("#through-name")).to_have_text("Photo 01 of 3")
    page.keyboard.press("c")
    expect(page.locator("[data-through=photo]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    expect(error).to_be_visible()
    expect(photo).to_be_hidden()
    page.locator("#action-look-away").click()
    soon(page, lambda: asked.count(LookAway()) == 2)


DROP = """([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer });
    document.querySelector(selector).dispatchEvent(event);
  }
}"""


def test_photos_may_be_dropped_anywhere_and_are_seen_at_once(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Export").click()
    coded, words = (base64.b64encode(content).decode() for content in (PICTURE, b"no picture"))
    desktop.engine.publish(config=changed(Config(), {"data.photos": str(BUNDLED)}), step=1240)
    page.evaluate(DROP, ["#scene", [["a.jpg", coded], ["b.jpg", coded], ["notes.txt", words]]])
    expect(page.locator("#incoming-words")).to_have_text("3 files are on their way.")
    expect(page.locator("#incoming-photos img")).to_have_count(2)
    expect(page.get_by_role("tab", name="Photos")).to_have_attribute("aria-selected", "true")
    soon(page, lambda: bool(desktop.engine.commands))
    command = desktop.engine.commands[0]  # of the bundled scene nothing is lost: nobody is asked
    assert isinstance(command, Configure)
    folder = Path(command.changes["data.photos"])
    assert sorted(file.name for file in folder.iterdir()) == ["a.jpg", "b.jpg"]
    expect(page.locator("#run")).to_contain_text("your photos")
    pixels = np.zeros((2, 48, 64, 3), np.uint8)
    desktop.engine.publish(photos=PhotoSet(("a.jpg", "b.jpg"), pixels, 64, 48, None, ()))
    expect(page.locator("#incoming")).to_be_hidden()
    page.evaluate(DROP, ["#panel", [["notes.txt", words]]])
    expect(page.locator("#drop-complaint")).to_contain_text("None of these files")
    expect(page.locator("#incoming")).to_be_hidden()
    asked = len(desktop.engine.commands)
    page.evaluate(DROP, ["#scene", [["transforms.json", words]]])  # whatever is in it
    soon(page, lambda: len(desktop.engine.commands) > asked)
    beside = desktop.engine.commands[-1]
    assert isinstance(beside, Configure) and set(beside.changes) == {"cameras.rival"}
    assert Path(beside.changes["cameras.rival"]).name == "transforms.json"
    expect(page.locator("#drop-complaint")).to_contain_text("put to the test")
    expect(page.locator("#incoming")).to_be_hidden()


def drop(page: Page, selector: str, file: Path) -> None:
    """Drop a file or a folder of the disk as a hand does: the browser itself reads it."""
    box, hand = boxed(page, selector), page.context.new_cdp_session(page)
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    what = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, **place, "data": what})
    hand.detach()


def test_a_folder_a_zip_and_a_video_are_taken_wherever_they_fall(
    page: Page, desktop: Desktop, tmp_path: Path
) -> None:
    deep, commands = tmp_path / "holiday" / "first day", desktop.engine.commands
    deep.mkdir(parents=True)
    for file in (deep / "a.jpg", deep / "b.jpg", deep.parent / "c.jpg"):
        file.write_bytes(PICTURE)
    (deep / "notes.txt").write_text("no picture")
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", deep.parent))
    film = tmp_path / "film.mp4"
    film.write_bytes(b"whatever is in it")
    photos = [f"{name}.jpg" for name in "abc"]
    for number, (file, place) in enumerate(
        [(deep.parent, "#transport"), (packed, "#panel"), (film, ".brand")], start=1
    ):
        drop(page, place, file)
        soon(page, lambda wanted=number: len(commands) == wanted)  # type: ignore[misc]
        command = commands[-1]
        assert isinstance(command, Configure)
        kept = Path(command.changes["data.photos"])
        if file is film:
            assert kept.name == "film.mp4" and kept.read_bytes() == film.read_bytes()
        else:
            assert sorted(each.name for each in kept.iterdir()) == photos
    assert page.url.startswith(desktop.url), "nothing opened in place of the page"


def test_the_coloured_button_is_the_next_thing_and_a_search_is_not_cut_off_unasked(
    page: Page, desktop: Desktop
) -> None:
    commands, video = desktop.engine.commands, page.locator("#action-make-video")
    page.get_by_role("tab", name="Export").click()
    page.locator("#export-frames input").fill("5000")  # takes longer than to cancel it
    desktop.engine.publish(stage="bootstrap", step=40, playing=True)
    expect(page.locator("body")).to_have_attribute("data-next", "")
    expect(video).to_be_hidden()
    page.locator(".brand").click()
    page.keyboard.press("r")
    expect(page.locator("#confirm")).to_contain_text("still being found")
    page.get_by_role("button", name="Search on").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert commands == []
    page.locator("#action-refine").click()
    page.get_by_role("button", name="Rebuild now").click()
    soon(page, lambda: commands == [Refine()])
    desktop.engine.publish(playing=False)
    expect(page.locator("body")).to_have_attribute("data-next", "play")
    desktop.engine.publish(stage="explore")
    video.click()
    expect(page.get_by_role("tab", name="Export")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".job").first).to_contain_text("Video, spiral")
    page.locator("#action-cancel-export").click()
    soon(page, lambda: desktop.jobs.views[-1].state == "cancelled")


def test_who_is_lost_is_shown_the_way_back(page: Page, desktop: Desktop) -> None:
    expect(page.locator("#back")).to_be_hidden()
    desktop.window.stand(moved=True, lost=True)
    page.locator("#back button").click()
    soon(page, lambda: ResetView() in desktop.window.asked)
    desktop.window.stand()
    expect(page.locator("#back")).to_be_hidden()


def test_the_header_tells_the_truth(page: Page, desktop: Desktop) -> None:
    desktop.engine.publish(
        step=1240, psnr=31.23, psnr_at=252, steps_per_second=8.14, playing=True,
        seconds_left=130.0, outlook=Outlook(20, 18.2, 0.7, (140.0, 160.0)), shown="planes",
        unseen_psnr={"planes": 23.6},
    )  # fmt: skip
    expect(page.locator("#figure-step")).to_have_text("1,240")
    expect(page.locator("#figure-unseen")).to_have_text("planes · 23.6 dB")
    expect(page.locator("#figure-done")).to_have_text("70 %")
    page.get_by_role("tab", name="Training").click()  # what falls as photos grow, for experts
    expect(page.locator("#tab-training #figure-psnr")).to_have_text("31.2 dB")
    expect(page.locator("#figure-psnr-at")).to_have_text("PSNR at 252 px")
    expect(page.locator("#fact-kept")).to_have_text("nothing")
    states = folder(desktop.engine.snapshot.run)
    states.mkdir(parents=True)
    (states / "000001-000000010.safetensors").write_bytes(bytes(2_000_000))
    expect(page.locator("#fact-kept")).to_have_text("1 state, 2 MB")
    shutil.rmtree(states)
    expect(page.locator("#figure-speed")).to_have_text("8.1 it/s")
    left = page.locator("#figure-left")
    expect(left).to_have_text("2:10")  # the stop that was asked for
    for seconds, words in (
        ((31.0, 44.0), "30-40 s"), ((3.0, 4.0), "10 s"), ((62.0, 98.0), "1-2 min"),
        ((610.0, 620.0), "10 min"), ((5000.0, 7000.0), "1-2 h"),
    ):  # fmt: skip
        desktop.engine.publish(seconds_left=None, outlook=Outlook(20, 18.2, 0.7, seconds))
        expect(left).to_have_text(words)
    desktop.engine.publish(shown="depth-maps", unseen_psnr={}, outlook=Outlook(20, 18.2, 0.7))
    expect(page.locator("#figure-unseen")).to_have_text("not measured")
    expect(left).not_to_have_text(re.compile("[0-9]"))  # not known yet
    expect(page.locator("#stages .now")).to_have_text("Sharpen")
    expect(page.locator("#stages b")).to_have_text(["Find cameras", "Sharpen", "Rebuild"])
    desktop.engine.say("Checkpoint <b>saved</b>.")
    expect(page.locator("#notices-items li").first).to_contain_text("Checkpoint <b>saved</b>.")


OF_PEOPLE = (
    *("Find cameras", "Rebuild", "quality on unseen pixels", "Format", "Focus depth"),
    *("Zoom cycles", "Path size", "Scale and axes", "Colour"),
)
OF_THE_HOUSE = ("Shown - unseen", "Do it", "right way round", "Looks at", "In and out", "Width %")


def test_the_words_are_those_of_people(page: Page, desktop: Desktop) -> None:
    sure = Findings(mirror_gap=3.94)
    desktop.engine.publish(stage="bootstrap", learned=all_trained(desktop), findings=sure)
    expect(page.locator("#fact-mirror")).to_have_text("checked: not inverted")
    told = page.locator("body").evaluate("(e) => e.innerText + e.textContent")
    assert [words for words in OF_PEOPLE if words not in told] == []
    assert [words for words in OF_THE_HOUSE if words in told] == []


def test_one_sentence_over_the_scene_tells_what_is_going_on(page: Page, desktop: Desktop) -> None:
    engine, words = desktop.engine, page.locator("#guide-words")
    engine.publish(stage="bootstrap", step=40, playing=True, outlook=Outlook(1, None, 0.1))
    expect(words).to_have_text("Finding where you stood: 1 of 2 settled")  # one is kept aside
    expect(page.locator("#guide")).to_be_visible()
    engine.publish(outlook=Outlook(0, None, 0.4, closer=True))  # no count falls without a reason
    expect(words).to_have_text("Looking closer at where you stood: cameras move a little again")
    engine.publish(outlook=Outlook(1, None, 0.5, closer=True))
    expect(words).to_have_text("Looking closer at where you stood: 1 of 2 settled")
    engine.publish(stage="explore", seconds=20.0, outlook=Outlook(2, 18.2, 0.02))
    expect(words).to_have_text("Cameras found in 18 s. Drag to look around")
    engine.publish(playing=False)
    expect(words).to_have_text("Cameras found in 18 s. Press Play to sharpen the scene")
    engine.publish(playing=True)
    engine.publish(seconds=60.0, outlook=Outlook(2, 18.2, 0.709))
    expect(words).to_have_text("Sharpening, 70 %")
    engine.publish(opinion=Opinion("pixels", "wrong", doing="matching features"))
    expect(words).to_have_text("These cameras look wrong; better ones are being looked for")
    engine.publish(opinion=Opinion("pixels", "wrong"))  # nobody looks any longer
    expect(words).to_have_text("Sharpening, 70 %")
    engine.publish(stage="refine")
    expect(words).to_have_text("Rebuilding, 70 %")
    engine.publish(playing=False)
    expect(words).to_have_text("Paused at 70 %. Drag to look around; Play goes on")
    engine.publish(outlook=Outlook(2, 18.2, sharp=True))
    expect(words).to_have_text("Sharp. Drag to look around, or make your video")
    engine.publish(playing=True, epoch=1200, outlook=Outlook(2))
    expect(words).to_have_text("Learning, epoch 1,200. Drag to look around")
    desktop.window.stand(1, moved=True)
    expect(page.locator("#guide")).to_be_hidden()
    desktop.window.forget()
    engine.publish(phase="loading", photos=None, learned=None)
    expect(page.locator("#guide")).to_be_hidden()


def test_it_says_what_is_shown_and_what_was_found_out(page: Page, desktop: Desktop) -> None:
    expect(page.locator("#figure-unseen")).to_have_text("not yet")
    expect(page.locator("#level-words")).to_contain_text("relu")
    desktop.engine.publish(
        learned=all_trained(desktop),
        shown="planes",
        unseen_psnr={"planes": 23.61, "field": 20.0},
        findings=Findings(mirror_gap=3.94, focal_interval=(0.751, 0.894)),
    )
    expect(page.locator("#figure-unseen")).to_have_text("planes · 23.6 dB")
    page.get_by_role("tab", name="Training").click()
    expect(page.locator("#fact-mirror.ok")).to_have_text("checked: not inverted")
    expect(page.locator("#fact-focal")).to_contain_text("likely 0.75-0.89")
    desktop.engine.publish(findings=Findings(mirror_gap=0.31))
    expect(page.locator("#fact-mirror.warn")).to_have_text("may be inverted")
    desktop.engine.publish(
        findings=Findings(mirror_gap=3.94), config=changed(Config(), {"data.disabled": ["0.png"]})
    )
    expect(page.locator("#fact-mirror.warn")).to_have_text("two photos cannot tell")


def test_two_fields_stand_side_by_side_with_a_line_that_hand_and_keyboard_move(
    page: Page, desktop: Desktop
) -> None:
    engine, asked = desktop.engine, desktop.window.asked
    alone, shows, sides = engine.snapshot.learned, page.locator("#shows"), page.locator("#sides")
    assert alone is not None
    page.get_by_role("tab", name="Explore").click()
    engine.publish(stage="bootstrap", learners=("planes",))
    waits = page.locator("#show-waits")
    expect(waits).to_contain_text("The relu network begins, and can be shown, then.")
    expect(shows).to_be_hidden()
    engine.publish(stage="explore", learners=("depth-maps",))
    expect(waits).to_have_text("")  # a network begins there when it is asked for
    expect(page.locator("#show-planes")).to_have_text("Depth maps")
    expect(shows.get_by_role("button", name="ReLU")).to_be_visible()
    engine.publish(learners=("planes", "field"))
    expect(page.locator("#show-planes")).to_have_text("Planes")
    expect(page.locator("#option-explore-show")).to_contain_text("side by side")
    shows.get_by_role("button", name="ReLU").click()
    soon(page, lambda: engine.commands[-1:] == [Configure({"explore.show": "network"})])
    expect(shows.locator("[data-show=network]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#option-explore-show input[value=network]")).to_be_checked()
    expect(sides).to_be_hidden()
    page.locator(".brand").click()
    page.keyboard.press("b")
    soon(page, lambda: engine.commands[-1:] == [Configure({"explore.show": "both"})])
    engine.publish(learned=replace(alone, pair=(planes_scene(), alone.scene)))
    expect(page.locator("#side-left")).to_have_text("Planes")
    expect(page.locator("#side-right")).to_have_text("ReLU")
    expect(page.locator("#level-words")).to_contain_text("side by side")

    scene, divider = boxed(page, "#scene"), page.get_by_role("slider", name="from Planes")
    middle, height = scene["x"] + scene["width"] / 2, scene["y"] + scene["height"] / 3
    page.mouse.move(middle, height)
    page.mouse.down()
    page.mouse.move(middle - scene["width"] / 4, height, steps=4)
    page.mouse.up()
    soon(
        page, lambda: Wipe(desktop.window.state.wipe) in asked and desktop.window.state.wipe < 0.27
    )
    assert desktop.window.state.wipe > 0.23, "the line is where the hand let go"
    before = desktop.window.state.wipe
    divider.press("ArrowRight")
    soon(page, lambda: before < desktop.window.state.wipe < before + 0.01)
    desktop.window.show(wipe=0.75)  # another window's
    line = "getComputedStyle(document.querySelector('#sides')).getPropertyValue('--line')"
    page.wait_for_function(f"Math.abs(parseFloat({line}) - 75) < 0.2")
    desktop.window.stand(1, moved=True)
    expect(sides).to_be_hidden()


def test_who_knows_unseen_pixels_better_is_said_and_switches_are_marked_on_the_curves(
    page: Page, desktop: Desktop
) -> None:
    engine, words = desktop.engine, page.locator("#contest-words")
    expect(page.locator("#contest")).to_be_hidden()
    steps = np.arange(60.0, 660, 60)
    rows = [(step, 25.0, 20 + step / 300, 300.0 * (step >= 300)) for step in steps]
    curve = np.arange(1.0, 601)
    marks = ((240, "Rotation quaternion"), (300, "Field siren"))
    engine.publish(
        config=changed(Config(), {"field.kind": "siren"}),
        history=History(curve, 1 / curve, curve, curve, marks, Unseen.of(rows)),
        learners=("planes", "field"),
        contest=Contest("planes", 1.24, None, (600.0, 480.0, 900.0)),
        playing=True,
        steps_per_second=5.0,
    )
    expect(words).to_have_text(
        "Planes lead by 1.2 dB. SIREN is expected to pass in about 2:00 (1:36 to 3:00)."
    )
    expect(page.locator("#unseen-planes")).to_have_text("Planes 25.0")
    expect(page.locator("#unseen-field")).to_have_text("SIREN 22.0")
    network = page.locator("#chart-unseen .field")
    expect(network).to_have_attribute("d", re.compile("^M[^M]+M[^M]+$"))  # it began anew
    for chart in ("psnr", "unseen"):
        expect(page.locator(f"#chart-{chart} .mark")).to_have_count(2)
        expect(page.locator(f"#chart-{chart}-mark")).to_have_text("Field siren")
    expect(page.locator("#chart-loss")).to_be_hidden()  # it is the curve of PSNR once more
    paused = (*marks, (601, "Focal exp"))  # newer than the last point of a curve
    newer = History(curve, 1 / curve, curve, curve, paused, Unseen.of(rows))
    engine.publish(history=newer)
    for chart in ("psnr", "unseen"):
        expect(page.locator(f"#chart-{chart}-mark")).to_have_text("Focal exp")
    page.locator("#chart-unseen").hover(position={"x": 1, "y": 10})
    expect(page.locator("#unseen-at")).to_contain_text("step 60")
    engine.publish(contest=Contest("planes", 3.0, None, None))
    expect(words).to_have_text("Planes lead by 3.0 dB. That SIREN passes them is not in sight.")
    engine.publish(contest=Contest("field", 0.31, 480, None))
    expect(words).to_have_text("SIREN leads by 0.3 dB since step 480.")
    engine.publish(contest=None)
    expect(page.locator("#chart-loss")).to_be_visible()


def test_a_switch_is_seen_before_and_after_under_one_camera(page: Page, desktop: Desktop) -> None:
    engine, window, none = desktop.engine, desktop.window, np.zeros(0)
    before, now = page.locator("#pip-before canvas"), page.locator("#pip-picture")
    middle = "(c) => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
    window.picture = PICTURE  # black
    engine.publish(psnr=31.24, psnr_at=504, history=History(none, none, none, none))
    window.show(virtual=Virtual(41, CAMERAS[0]))  # no picture of another test
    expect(now).to_have_attribute("src", re.compile("v=41$"))
    expect(page.locator("#pip-before")).to_be_hidden()
    said = "Rotation quaternion: stored otherwise from here on; planes and cameras stay."
    made = History(none, none, none, none, switches=(said,))
    window.picture = cv2.imencode(".jpg", np.full((48, 64, 3), 255, np.uint8))[1].tobytes()
    engine.publish(psnr=31.3, history=made)
    window.show(virtual=Virtual(42, CAMERAS[0]))
    expect(page.locator("#switch-words")).to_have_text(said)
    clock = "document.getElementById('switch-words').getAnimations().map((a) => a.{}())"
    page.evaluate(clock.format("pause"))  # it stays while this test looks, however slowly
    expect(before).to_be_visible()
    expect(now).to_have_attribute("src", re.compile("v=42$"))
    assert before.evaluate(middle) == 0
    expect(page.locator("#pip .pictures b")).to_have_text(["Before 31.2 dB", "Now 31.3 dB"])
    engine.publish(psnr=28.0, psnr_at=1008)  # of other pixels
    expect(page.locator("#pip .pictures b")).to_have_text(["Before", "Now"])
    page.evaluate(clock.format("finish"))
    expect(page.locator("#pip-before")).to_be_hidden()
    expect(page.locator("#switch-words")).to_be_hidden()
    engine.publish(history=replace(made, switches=(said, said)))
    expect(before).to_be_visible()
    assert before.evaluate(middle) == 255
    window.show(virtual=Virtual(43, CAMERAS[2]))  # a hand has moved it
    expect(page.locator("#pip-before")).to_be_hidden()
    alone = all_trained(desktop)
    engine.publish(
        learned=replace(alone, pair=(planes_scene(), alone.scene)),
        history=replace(made, switches=("Field siren: ", said, said)),
    )
    expect(page.locator("#switch-words")).to_be_visible()  # a field is seen side by side
    expect(page.locator("#pip-before")).to_be_hidden()


def test_the_verdict_of_the_cameras_is_said_with_its_reasons_and_remedies(
    page: Page, desktop: Desktop
) -> None:
    engine, names = desktop.engine, desktop.engine.snapshot.photos.names
    expect(page.locator("#verdict")).to_contain_text("Not checked yet")
    engine.publish(opinion=Opinion(doing="checking the cameras, 40%"))
    expect(page.locator("#verdict-word")).to_have_text("Checking…")
    expect(page.locator("#verdict-checking")).to_have_text("checking the cameras, 40%")
    odd = Reason("odd-photo", "<b>It fits least.</b>", {}, (2,), "drop-photo")
    turn = Reason("mirrored", "The mirrored scene is as good.", {}, (), "flip")
    words: dict[int, Word] = {0: "trusted", 2: "wrong"}
    open_focal = Reason("open-focal", "The focal length is open.", {}, (), "freeze-focal")
    zoom = Reason("photos-zoom", "One is zoomed.", {}, (1,), "own-focal")
    others = (
        Other("features", "trusted", "Matched features are trusted."),
        Other("rival", "doubtful", "The cameras of another program are doubtful."),
    )
    told = Opinion("pixels", "doubtful", (odd, turn, open_focal, zoom), words, others)
    engine.publish(opinion=told)
    expect(page.locator("#verdict-word")).to_have_text("Doubtful")
    expect(page.locator("#verdict-found")).to_have_text("cameras from pixels alone")
    expect(page.locator("#photos .reason").nth(2)).to_have_text("wrong")

    page.locator("#verdict").click()
    reasons = page.locator("#verdict-reasons li")
    expect(reasons.first).to_contain_text(f"<b>It fits least.</b>{names[2]}")
    before = len(engine.commands)
    reasons.first.get_by_role("button", name="Find its camera anew").click()
    reasons.nth(1).get_by_role("button", name="Flip the scene").click()
    reasons.nth(2).get_by_role("button", name="Hold the focal length").click()
    reasons.nth(3).get_by_role("button", name="Give each photo its own focal length").click()
    rival = page.locator("#verdict-others li").nth(1)
    expect(rival).to_contain_text("The cameras of another program are doubtful.")
    rival.get_by_role("button", name="Keep ours").click()
    rival.get_by_role("button", name="Take them").click()
    asked = [
        Reseed((names[2],)),
        Adopt("mirrored"),
        Configure({"cameras.learn_focal": False}),
        Configure({"cameras.focal_of": "each-photo"}),
        Configure({"cameras.rival": ""}),
        Adopt("rival"),
    ]
    soon(page, lambda: len(engine.commands) == before + len(asked))
    assert sorted(map(repr, engine.commands[before:])) == sorted(map(repr, asked))
    expect(reasons.nth(2).get_by_role("button")).to_have_count(0)  # it is done
    expect(reasons.nth(3).get_by_role("button")).to_have_count(0)
    engine.commands.clear()
    engine.publish(found_by="pixels", opinion=told)
    page.get_by_role("button", name="Take the cameras from matched features").click()
    expect(page.locator("#verdict-found")).to_have_text("cameras from matched features")
    expect(page.locator("#verdict-title")).to_contain_text("refined from pixels")
    assert engine.commands == [Adopt("features")]
    undo = page.locator("#verdict-acts").get_by_role("button", name="Undo")
    undo.click()
    soon(page, lambda: engine.commands[1:] == [Undo()])
    page.get_by_role("button", name=f"Leave out {names[2]}").click()
    soon(page, lambda: engine.commands[2:] == [Configure({"data.disabled": [names[2]]})])
    expect(page.locator("#photos-summary")).to_contain_text("2 of 3 photos")
    page.keyboard.press("Escape")
    expect(page.locator("#verdict-card")).to_be_hidden()
    engine.publish(opinion=Opinion("features", "trusted", (), {0: "trusted"}))
    expect(page.locator("#verdict[data-word=trusted]")).to_contain_text("Trusted")


def test_two_tabs_and_a_reload_agree(open_page: Callable[..., Page], desktop: Desktop) -> None:
    one, two = open_page(), open_page()
    one.bring_to_front()
    one.get_by_role("tab", name="Cameras").click()
    one.locator("#option-cameras-rotation").get_by_text("quaternion").click()
    for each in (one, two):
        chosen = each.locator("#option-cameras-rotation input[value=quaternion]")
        expect(chosen).to_be_checked(timeout=1000 * PATIENCE)
    one.reload()
    expect(one.locator("#option-cameras-rotation input[value=quaternion]")).to_be_checked()
    expect(one.get_by_role("tab", name="Cameras")).to_have_attribute("aria-selected", "true")
    assert desktop.engine.commands == [Configure({"cameras.rotation": "quaternion"})]


def test_an_impossible_number_comes_back(page: Page) -> None:
    page.get_by_role("tab", name="Field").click()
    width = page.locator("#option-field-width input")
    width.fill("1000000000")
    width.press("Enter")
    expect(page.locator("#notices-items .warning").first).to_contain_text("Width cannot be")
    expect(width).to_have_value(str(Config().field.width))


def test_an_option_is_found_in_any_tab_by_any_of_its_words(page: Page, desktop: Desktop) -> None:
    width, sine = page.locator("#option-field-width"), page.locator("#option-field-first-w0")
    page.locator(".brand").click()
    page.keyboard.press("/")
    page.keyboard.type("learning rate")
    expect(page.locator("#find-count")).to_have_text(f"4 of {len(options())}")
    for path in ("cameras-rate", "cameras-focal-rate", "field-rate"):
        expect(page.locator(f"#option-{path}")).to_be_visible()
    expect(page.locator("#gallery, #jobs, #stage").first).to_be_hidden()
    page.locator("#option-field-rate input").fill("0.004")
    page.keyboard.press("Enter")
    soon(page, lambda: desktop.engine.snapshot.config.field.rate == 0.004)
    page.locator("#find").fill("field.first_w0")
    expect(sine).to_be_visible()
    assert "field is siren" in sine.evaluate("(e) => getComputedStyle(e, '::after').content")
    page.locator("#find").fill("no such thing")
    expect(page.locator("#find-count")).to_have_text("none is called so")
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_have_value("")
    page.get_by_role("tab", name="Field").click()
    expect(width).to_be_visible()
    expect(sine).to_be_hidden()
    page.locator("#option-field-kind").get_by_text("siren").click()
    expect(sine).to_be_visible()
    expect(page.locator("#option-field-position-octaves")).to_be_hidden()


def test_a_number_of_epochs_that_cannot_be_is_answered(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Training").click()
    page.locator("#run-epochs input").fill("-5")
    page.locator("#action-run-epochs").click()
    expect(page.locator("#run-complaint")).to_contain_text("Run for -5 epochs")
    assert desktop.engine.commands == []
    page.locator("#run-epochs input").fill("5")
    page.locator("#action-run-epochs").click()
    soon(page, lambda: desktop.engine.commands == [Play(epochs=5)])
    expect(page.locator("#run-complaint")).to_be_hidden()


def test_learning_rates_are_typed_as_people_write_them(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Training").click()
    rate = page.locator("#option-cameras-rate input")
    rate.fill("5e-4")
    rate.press("Tab")
    soon(page, lambda: desktop.engine.snapshot.config.cameras.rate == 5e-4)


def test_a_slider_follows_the_keyboard(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Explore").click()
    page.locator("#option-explore-share input[type=range]").press("ArrowRight")
    soon(page, lambda: desktop.engine.snapshot.config.explore.share > 0.5)


def test_an_old_run_is_asked_about_in_place(page: Page, desktop: Desktop) -> None:
    desktop.engine.publish(step=1240)
    page.get_by_role("tab", name="Field").click()
    spaces = page.locator("#option-rendering-space")
    spaces.get_by_text("camera", exact=True).click()
    expect(page.locator("#confirm")).to_contain_text("1,240 steps are put aside")
    expect(page.locator("#action-confirm")).to_have_text("Start over")
    expect(page.locator("#action-keep")).to_have_text("Keep this run")
    page.locator("#action-keep").click()
    expect(page.locator("#confirm")).to_be_hidden()
    expect(spaces.locator("input[value=ndc]")).to_be_checked()
    spaces.get_by_text("camera", exact=True).click()
    page.locator("#action-confirm").click()
    soon(page, lambda: desktop.engine.commands == [Configure({"rendering.space": "camera"})])
    expect(page.locator("#action-undo")).to_be_hidden()
    desktop.engine.publish(undo="step 1,240 with Field relu")
    expect(page.locator("#undo-words")).to_have_text("Undo brings back step 1,240 with Field relu.")
    assert boxed(page, "#undo")["y"] < boxed(page, "#tab-field")["y"], "and is not scrolled away"
    page.locator("#action-undo").click()
    soon(page, lambda: desktop.engine.commands[1:] == [Undo()])


def test_photos_are_pictures(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Photos").click()
    pictures = page.locator("#photos img")
    expect(pictures).to_have_count(3)
    page.wait_for_function(
        "[...document.querySelectorAll('#photos img')].every(i => i.naturalWidth)"
    )
    page.locator("#photos .look").nth(2).hover()
    page.locator("#photos .look").nth(2).click()
    page.locator("#photos input").nth(0).uncheck()
    soon(page, lambda: desktop.engine.snapshot.config.data.disabled == ("0.png",))
    expect(page.locator("#photos-summary")).to_contain_text("2 of 3 photos")
    asked = desktop.window.asked
    assert Highlight(2) in asked and LookThrough(2) in asked
    expect(page.locator("#option-data-disabled input")).to_have_value("0.png")


def test_a_photo_that_cannot_be_left_out_is_on_again_and_not_asked_about_twice(
    page: Page, desktop: Desktop
) -> None:
    page.get_by_role("tab", name="Photos").click()
    boxes = page.locator("#photos input")
    page.route("**/configure", lambda route: route.fulfill(status=204))  # nothing comes of it
    boxes.nth(0).uncheck()
    expect(boxes.nth(0)).to_be_checked()
    page.unroute("**/configure")
    boxes.nth(1).uncheck()
    soon(page, lambda: desktop.engine.snapshot.config.data.disabled == ("1.png",))
    expect(page.locator("#photos-summary")).to_contain_text("2 of 3 photos")


def test_photos_that_wait_are_seen_with_what_is_amiss_and_play(
    page: Page, desktop: Desktop
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 48, 64, 3), np.uint8)
    pixels[[2, 4]] = pixels[0]
    names = tuple(f"{number}.png" for number in range(5))
    poses = tuple(CAMERAS[0] for _ in names)
    learned = replace(
        desktop.engine.snapshot.learned, names=names, cameras=poses, held_out=(False,) * 5
    )
    desktop.engine.publish(
        step=0, photos=PhotoSet(names, pixels, 64, 48, None, ()), learned=learned
    )  # fmt: skip
    page.get_by_role("tab", name="Photos").click()
    title = page.locator("#cover-title")
    expect(title).to_have_text("5 photos, 2 repeated")
    expect(page.locator("#cover-photos img")).to_have_count(5)
    expect(page.locator("body")).to_have_attribute("data-next", "play")
    expect(page.locator("#channels")).to_be_hidden()
    page.wait_for_function(
        "[...document.querySelectorAll('#cover-photos img')].every(i => i.naturalWidth)"
    )
    page.locator("#cover-leave").click()
    soon(page, lambda: desktop.engine.snapshot.config.data.disabled == ("2.png", "4.png"))
    expect(title).to_have_text("5 photos")
    expect(page.locator("#cover-leave")).to_be_hidden()
    expect(page.locator("#cover-text")).to_have_text("The checks found nothing amiss.")
    page.locator("#photos input").nth(0).uncheck()
    expect(page.locator("#cover-text")).to_contain_text("Two photos cannot check each other")
    page.locator("#cover-action").click()
    soon(page, lambda: desktop.engine.commands[-1:] == [Play()])
    expect(page.locator("#cover")).to_be_hidden()


def test_what_the_checks_found_stands_beside_the_photos(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Photos").click()
    pixels = np.random.default_rng(0).integers(0, 255, (3, 48, 64, 3), np.uint8)
    pixels[2] = pixels[0]
    names = ("0.png", "1.png", "2.png")
    left_out = '"3.heic" was left out: convert it to JPEG.'
    desktop.engine.publish(photos=PhotoSet(names, pixels, 64, 48, None, (left_out,)))
    marks = page.locator("#photos .reason")
    expect(marks.nth(2)).to_have_text("repeated")
    expect(marks.nth(2)).to_be_visible()
    expect(marks.nth(0)).to_be_hidden()
    found = page.locator("#photos-findings li")
    expect(found).to_have_count(2)
    expect(found.nth(0)).to_contain_text(left_out)
    expect(found.nth(1)).to_contain_text('"2.png" is the same picture as "0.png"')
    found.nth(1).get_by_role("button").click()
    soon(page, lambda: desktop.engine.snapshot.config.data.disabled == ("2.png",))
    expect(found).to_have_count(1)
    expect(marks.nth(2)).to_be_hidden()
    pixels = np.random.default_rng(1).integers(0, 255, (3, 48, 64, 3), np.uint8)
    others = PhotoSet(names, pixels, 64, 48, None, ())
    desktop.engine.publish(photos=others, learned=all_trained(desktop), config=Config())
    expect(page.locator("#photos-checked")).to_have_text("The checks found nothing amiss.")


def test_the_name_of_a_run_is_whole(page: Page, desktop: Desktop) -> None:
    run = desktop.engine.snapshot.run.with_name("2026-11-22-215312-my-holiday-in-wales")
    desktop.engine.publish(
        run=run, step=12400, psnr=31.2, playing=True, steps_per_second=12.3, seconds_left=4000.0,
        shown="planes", unseen_psnr={"planes": 23.6},
    )  # fmt: skip
    name = page.locator("#run")
    expect(name).to_have_text("my-holiday-in-wales · 3 photos")
    expect(name).to_have_attribute("title", run.name)
    assert name.evaluate("(e) => e.scrollWidth <= e.clientWidth"), "nothing is cut off"
    bar = boxed(page, "#transport")
    figures = boxed(page, ".figures")
    assert figures["x"] + figures["width"] <= bar["x"], "figures and buttons stand apart"


def test_the_keyboard_steers(page: Page, desktop: Desktop) -> None:
    commands = desktop.engine.commands
    page.locator("[data-channel=rgb]").click()  # a pressed button leaves the space bar alone
    soon(page, lambda: commands == [Configure({"explore.channel": "rgb"})])
    commands.clear()
    page.keyboard.press("Space")
    soon(page, lambda: commands == [Play()])
    expect(page.locator("body")).to_have_attribute("data-playing", "true")
    page.keyboard.press("Space")
    soon(page, lambda: commands[1:] == [Pause()])
    page.keyboard.press("n")
    soon(page, lambda: commands[2:] == [Step()])
    page.keyboard.press("3")
    soon(page, lambda: commands[3:] == [Configure({"explore.channel": "opacity"})])
    page.keyboard.press("0")
    soon(page, lambda: ResetView() in desktop.window.asked)
    desktop.engine.publish(step=1240)
    page.keyboard.press("r")
    soon(page, lambda: commands[4:] == [Refine()])
    for key in "wasdqe":
        page.keyboard.press(key)
    page.get_by_role("tab", name="Photos").click()
    page.locator("#option-data-photos input").type("n r 1 ?")
    expect(page.locator("#help")).to_be_hidden()
    page.locator(".brand").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.locator("#action-keep").click()  # other photos would have lost 1,240 steps
    expect(page.locator("#option-data-photos input")).to_have_value("")
    assert len(commands) == 5, "typing is no shortcut"


def test_dark_and_light_are_the_persons_choice_and_the_scene_is_the_same(
    open_page: Callable[..., Page], desktop: Desktop
) -> None:
    page = open_page()
    ground = "getComputedStyle(document.body).backgroundColor"
    scene = "getComputedStyle(document.querySelector('#scene')).background"
    assert page.evaluate(ground) == "rgb(15, 18, 22)"
    dark = page.evaluate(scene)
    page.locator("#action-theme").click()
    assert page.evaluate(ground) == "rgb(244, 245, 247)"
    assert page.evaluate(scene) == dark and f"rgb{GROUND}" in dark
    page.reload()
    page.wait_for_selector("body[data-built]")
    assert page.evaluate(ground) == "rgb(244, 245, 247)"
    assert not [ask for ask in desktop.window.asked if not isinstance(ask, Highlight)], (
        "nobody is told"
    )


def test_a_page_is_dark_or_light_before_its_scripts_have_come(
    fresh: None, browser: Browser, desktop: Desktop
) -> None:
    grounds = {"dark": "rgb(15, 18, 22)", "light": "rgb(244, 245, 247)"}
    for system, chosen in (("dark", ""), ("light", ""), ("dark", "light"), ("light", "dark")):
        page = browser.new_page(color_scheme=system)  # type: ignore[arg-type]
        page.route("**/panel/page.js", lambda route: route.abort())
        page.route("**/assets/**", lambda route: route.abort())
        if chosen:
            page.add_init_script(f"localStorage.setItem('studio-shade', '{chosen}')")
        page.goto(desktop.url, wait_until="domcontentloaded")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == grounds[chosen or system], (system, chosen)
        expect(page.locator("link[rel=icon]")).to_have_count(1)  # else a missing one is asked for
        page.context.close()


def test_a_new_run_begins_when_its_first_page_shows_the_scene(
    browser: Browser, faults: list[str], tmp_path: Path
) -> None:
    with served(Desk(tmp_path, step=0), begin=Play()) as desktop:
        desktop.window.show(clients=0)
        page = opened(browser, desktop, faults)
        assert desktop.engine.commands == []
        expect(page.locator("#guide-words")).to_have_text("Opening the scene.")
        desktop.window.show(clients=1)
        soon(page, lambda: desktop.engine.commands == [Play()])
        desktop.window.show(clients=0)  # lost, or a browser that can draw none
        expect(page.locator("#guide-words")).to_have_text(re.compile(r"^Opening the scene\. \w"))
        desktop.engine.submit(Pause())
        opened(browser, desktop, faults).context.close()
        assert desktop.engine.commands == [Play(), Pause()], "a second page begins nothing"
        page.context.close()


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"phase": "loading"}, "Reading photos"),
        ({"phase": "failed", "failure": "No photos yet."}, "No photos yet"),
        ({"failure": "Stopped: a bug.", "traceback": "line 1"}, "Training stopped"),
        ({"came_back": "Back at step 410 of 712."}, "Back where it was saved"),
    ],
)
def test_there_is_always_a_next_thing_to_do(
    known: dict[str, Any], words: str, page: Page, desktop: Desktop
) -> None:
    expect(page.locator("#cover")).to_be_hidden()
    desktop.engine.publish(**known)
    expect(page.locator("#cover-title")).to_have_text(words)
    if words == "No photos yet":
        with page.expect_file_chooser():
            page.locator("#cover-action").click()
    if words == "Back where it was saved":
        expect(page.locator("#cover-text")).to_have_text("Back at step 410 of 712.")
    if "traceback" in known:
        expect(page.locator("#cover-details")).to_be_visible()
    if words in ("Training stopped", "Back where it was saved"):
        page.locator("#cover-action").click()
        soon(page, lambda: desktop.engine.commands == [Play()])


def test_an_export_shows_its_way_and_its_end(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Export").click()
    before = len(desktop.jobs.views)
    for name, value in {"frames": "4", "size": "48", "fps": "10"}.items():
        page.locator(f"#export-{name} input").fill(value)
    page.locator("#action-export-video").click()
    job = page.locator(f".job[data-number='{before + 1}']")
    expect(job).to_have_attribute("data-state", "done")
    page.wait_for_function("document.querySelector('.job video')?.readyState >= 1")
    assert page.evaluate("document.querySelector('.job video').videoWidth") == 48
    poster = page.evaluate(
        """async () => {
            const picture = new Image();
            picture.src = document.querySelector('.job video').poster;
            await picture.decode();
            return [picture.naturalWidth, picture.naturalHeight];
        }"""
    )
    assert poster == [48, 36]
    with page.expect_download() as download:
        job.locator(".download").click()
    (made,) = desktop.jobs.views[before:]  # one press, one video
    assert made.result is not None and made.result.stem.startswith("spiral-rgb-")
    assert download.value.suggested_filename == made.result.name


def test_the_slider_of_time_goes_back_plays_and_returns(page: Page, desktop: Desktop) -> None:
    asked, slider = desktop.window.asked, page.locator("#time-slider")
    expect(page.locator("#time-words")).to_have_text("now")
    expect(slider).to_have_value("1000")
    slider.fill("400")
    soon(page, lambda: GoToTime(0.4) in asked)
    desktop.window.show(time=Time(1020, 0.4, False, 12))
    desktop.engine.publish(step=2400)
    words = "cameras at step 1,020 of 2,400; the scene as it is now"
    expect(page.locator("#time-words")).to_have_text(words)
    page.locator("#action-time").click()
    soon(page, lambda: asked[-1] == PlayTime())
    desktop.window.show(time=Time(1020, 0.4, True, 12))
    expect(page.locator("#action-time")).to_have_attribute("aria-label", "Stop here")
    page.locator("#action-time").click()
    soon(page, lambda: asked[-1] == HoldTime())
    page.locator("#action-time-now").click()
    soon(page, lambda: asked[-1] == GoToTime(1.0))
    desktop.window.show(time=Time(None, 1.0, False, 12))
    expect(page.locator("#action-time-now")).to_be_hidden()


def test_a_reference_is_named_and_measured_or_says_why_not(page: Page, desktop: Desktop) -> None:
    page.get_by_role("tab", name="Cameras").click()
    page.locator("#option-explore-reference input").fill("~/fern/transforms.json")
    page.locator("#option-explore-reference input").press("Enter")
    named = Configure({"explore.reference": "~/fern/transforms.json"})
    soon(page, lambda: named in desktop.engine.commands)
    desktop.window.show(comparison=Comparison(9, failure="It does not exist."))
    expect(page.locator("#reference-words")).to_have_text("It does not exist.")
    expect(page.locator("#reference-facts")).to_be_hidden()
    errors = CameraErrors(20, 0.0138, 2.19, 0.119, 0.0207, False)
    desktop.window.show(comparison=Comparison(420, errors))
    expect(page.locator("#reference-ate")).to_have_text("1.38 %")
    expect(page.locator("#reference-rotation-best")).to_have_text("0.12°")
    expect(page.locator("#reference-words")).to_contain_text("20 cameras at step 420")
    desktop.window.show(comparison=None)
    expect(page.locator("#reference-facts")).to_be_hidden()
