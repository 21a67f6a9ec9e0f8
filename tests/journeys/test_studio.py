"""A person's whole visit: the real program, the real page, a real browser."""

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.config.paths import options
from studio.bundled import BUNDLED
from studio.panel.wiring import YOUNG
from tests.browser import chromium
from tests.conftest import SMALL
from tests.journeys.running import Running, studio
from tests.patience import PATIENCE

pytestmark = pytest.mark.browser
QUICK = {**SMALL, "data.long_side": 64, "explore.quality": 128, "explore.samples": 8}
OPTIONS = [word for path, value in QUICK.items() for word in (f"--{path}", str(value))]
# What is shown for some seconds is shown as long as a slow machine may need to look at it.
PATIENT = """const animate = Element.prototype.animate;
Element.prototype.animate = function (...how) {
  const made = animate.apply(this, how);
  made.playbackRate = 0.01;
  return made;
};"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A studio on the bundled scene, with a field so small that a step takes milliseconds."""
    run = tmp_path_factory.mktemp("runs") / "visit"
    with studio("--run", str(run), "--port", "0", *OPTIONS) as started:
        yield started


@pytest.fixture(scope="module")
def page(running: Running) -> Iterator[Page]:
    """The studio's page, open."""
    with chromium() as browser:
        opened = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        opened.set_default_timeout(PATIENCE * 1000)
        opened.add_init_script(PATIENT)
        opened.goto(running.entrance)
        expect(opened.locator("#action-play")).to_be_visible(timeout=PATIENCE * 1000)
        yield opened


def open_tab(page: Page, name: str) -> None:
    """Open a tab of the panel."""
    page.get_by_role("tab", name=name, exact=True).click()


def choose(page: Page, option: str, word: str) -> None:
    """Choose one word of an option in the open tab."""
    page.locator(f"#option-{option}").get_by_text(word, exact=True).click()


def cameras(running: Running, page: Page) -> list[Any]:
    """Poses as an export gives them."""
    open_tab(page, "Export")
    before = len(running.status()["jobs"])
    page.locator("#action-export-cameras").click()
    done = running.until(lambda s: len(s["jobs"]) > before and s["jobs"][-1]["state"] == "done")
    file = running.client.get(f"files/{done['jobs'][-1]['result']}").json()
    return [frame["transform_matrix"] for frame in file["frames"]]


def scene(page: Page) -> Locator:
    """The 3D view."""
    return page.locator("#scene iframe")


def seen(page: Page) -> np.ndarray:
    """(H, W, 3) the 3D view as it is on the screen."""
    coded = np.frombuffer(scene(page).screenshot(), np.uint8)
    return cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(int)


def settled(page: Page) -> np.ndarray:
    """The 3D view once it no longer changes: browsers show a picture later than they get it."""
    newest, end = seen(page), time.monotonic() + PATIENCE
    while True:
        older, newest = newest, seen(page)
        if np.abs(newest - older).mean() < 0.1:
            return newest
        assert time.monotonic() < end, "the view never came to rest"


def test_it_trains_at_once_and_play_pause_and_step_obey(running: Running, page: Page) -> None:
    first = running.until(lambda s: s["phase"] == "ready")
    assert first["photos"] == 20
    page.locator("#action-play").click()
    running.until(lambda s: s["playing"] and s["step"] > first["step"] + 5)
    page.locator("#action-pause").click()
    paused = running.until(lambda s: not s["playing"])
    page.locator("#action-step").click()
    running.until(lambda s: s["step"] == paused["step"] + 1 and not s["playing"])


def test_nothing_of_visers_own_stands_before_the_scene(page: Page) -> None:
    inside = page.frame_locator("#viser")
    expect(inside.locator("canvas").first).to_be_visible()
    for width, height in ((390, 844), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        expect(inside.locator(".mantine-Paper-root:visible")).to_have_count(0)
        expect(inside.get_by_text("Save Canvas").locator("visible=true")).to_have_count(0)


def inside(page: Page, what: str) -> Any:
    """What viser's page says of `v`, all it has."""
    frame = "document.getElementById('viser').contentWindow"
    return page.evaluate(f"() => {{ const v = {frame}.__viserMutable; return {what}; }}")


def until(page: Page, what: str) -> None:
    """Wait until something is true in viser's page."""
    end = time.monotonic() + PATIENCE
    while not inside(page, f"Boolean({what})"):
        assert time.monotonic() < end, what
        page.wait_for_timeout(50)


GAZE = "v.camera.getWorldDirection(v.camera.position.clone()).toArray()"


def test_a_drag_brings_a_new_picture_of_the_same_place_and_rest_all_its_pixels(
    running: Running, page: Page
) -> None:
    running.until(lambda s: s["view"]["clients"] == 1 and s["view"].get("level") == 1)
    gaze, before = inside(page, GAZE), settled(page)  # paused: nothing moves by itself
    middle = np.s_[150:-200, 200:-350]  # where nothing stands over it
    page.locator("#action-theme").click()
    assert np.abs(settled(page) - before)[middle].mean() < 1, "it is the same in both shades"
    page.locator("#action-theme").click()
    box = scene(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + box["width"] / 2 + 18 * step, box["y"] + 60 + 3 * step)
    running.until(lambda s: s["view"]["level"] < 1 or s["view"]["pictures_per_second"] > 0)
    page.mouse.up()
    running.until(lambda s: s["view"]["level"] == 1)
    assert np.abs(settled(page) - before).mean() > 3
    turned = np.degrees(np.arccos(np.clip(np.dot(gaze, inside(page, GAZE)), -1, 1)))
    assert 1 < turned < 45, "200 pixels lose nothing: viser alone turns by 100 degrees"
    until(page, "v.backgroundMaterial.uniforms.colorMap.value.image.width === v.canvas.width")


def test_a_path_of_ones_own_is_made_flown_kept_and_filmed(
    running: Running, page: Page, tmp_path: Path
) -> None:
    open_tab(page, "Export")
    more = page.locator("#tab-export .disclose[aria-expanded=false]")
    while more.count():
        more.first.click()
    words, eye = page.locator("#path-words"), "v.camera.position.toArray()"
    page.get_by_role("button", name="Add this view").click()
    expect(words).to_have_text("1 keyframe; the arrows are at number 1.")
    first = inside(page, eye)
    page.locator("#action-reset-view").click()
    running.until(lambda s: s["view"]["stand"]["there"] and not s["view"]["stand"]["moved"])
    second = inside(page, eye)
    page.get_by_role("button", name="Add this view").click()
    expect(words).to_have_text("2 keyframes; the arrows are at number 2.")
    until(page, "v.nodeRefFromName['/path/line'] && v.nodeRefFromName['/path/handle']")
    page.get_by_role("button", name="Preview").click()
    away = f"Math.hypot(...{eye}.map((x, i) => x - {second}[i]))"
    until(page, f"{away} > {np.linalg.norm(np.subtract(first, second)) / 2}")
    until(page, f"{away} < 0.05")
    with page.expect_download() as download:
        page.locator("#path-save").click()
    download.value.save_as(tmp_path / "path.json")
    page.get_by_role("button", name="Clear").click()
    expect(words).to_have_text("No keyframe yet.")
    page.locator("#path-file").set_input_files(tmp_path / "path.json")
    expect(words).to_have_text("2 keyframes.")
    for name, value in {"frames": "4", "size": "64"}.items():
        page.locator(f"#export-{name} input").fill(value)
        page.locator(f"#export-{name} input").press("Tab")
    before = len(running.status()["jobs"])
    page.locator("#action-export-own-path").click()
    done = running.until(
        lambda s: len(s["jobs"]) > before and s["jobs"][-1]["state"] in ("done", "failed")
    )
    assert done["jobs"][-1]["state"] == "done", done["jobs"][-1]
    page.get_by_role("button", name="Clear").click()


@pytest.mark.parametrize(
    ("tab", "option", "path", "word"),
    [
        ("Cameras", "cameras-rotation", ("cameras", "rotation"), "quaternion"),
        ("Cameras", "cameras-rotation", ("cameras", "rotation"), "rotation6D"),
        ("Cameras", "cameras-focal", ("cameras", "focal"), "exp"),
        ("Field", "field-kind", ("field", "kind"), "siren"),
    ],
)
def test_toggles_mid_run_leave_the_cameras_where_they_are(
    running: Running, page: Page, tab: str, option: str, path: tuple[str, str], word: str
) -> None:
    step = running.status()["step"]
    before = cameras(running, page)
    open_tab(page, tab)
    choose(page, option, word)
    after = running.until(lambda s: s["config"][path[0]][path[1]] == word)
    assert after["step"] == step
    told = f"{options()['.'.join(path)].title} {word}: "
    expect(page.locator("#switch-words")).to_contain_text(told)
    expect(page.locator("#pip-before canvas")).to_be_visible()
    assert np.abs(np.array(cameras(running, page)) - np.array(before)).max() <= 1e-6
    assert after["can_undo"] is (word == "siren")
    newest = page.locator("#notices-items li").first
    expect(newest).to_contain_text(told)
    expect(newest).to_contain_text("cameras stay")
    expect(page.locator("#chart-psnr-mark")).to_contain_text(told.removesuffix(": "))
    page.locator("#action-step").click()
    running.until(lambda s: s["step"] == step + 1)


def test_each_switch_leaves_a_mark_a_sentence_and_the_picture_before_it(
    running: Running, page: Page
) -> None:
    for path, value in (("cameras.rate", "0.0015"), ("losses.ssim", "0.01")):
        page.locator("#find").fill(path)
        entry = page.locator(f"#option-{path.replace('.', '-')} input[type=number]")
        entry.fill(value)
        entry.press("Tab")
        wanted = (*path.split("."), float(value))
        running.until(lambda s, w=wanted: s["config"][w[0]][w[1]] == w[2])
        told = f"{options()[path].title} {value}"
        expect(page.locator("#switch-words")).to_contain_text(f"{told}: from the next step; ")
        expect(page.locator("#pip-before canvas")).to_be_visible()
        expect(page.locator("#chart-psnr-mark")).to_contain_text(told)
    page.locator("#find").fill("field.precision")
    choose(page, "field-precision", "bfloat16")
    expect(page.locator("#switch-words")).to_contain_text("Precision bfloat16: ")
    expect(page.locator("#switch-words")).to_contain_text("cameras stay")
    page.locator("#find").fill("")


def test_refine_restarts_the_scene_and_keeps_the_cameras(running: Running, page: Page) -> None:
    before = cameras(running, page)
    page.locator("#action-refine").click()
    running.until(lambda s: s["stage"] == "refine")
    assert cameras(running, page) == before


def another_field(running: Running, page: Page) -> None:
    """Switch from SIREN to ReLU."""
    open_tab(page, "Field")
    choose(page, "field-kind", "relu")


def rebuild(running: Running, page: Page) -> None:
    """Keep the cameras, restart the scene."""
    page.locator("#action-refine").click()


def restart(running: Running, page: Page) -> None:
    """Press Restart, and say yes where the run is old enough to be asked about."""
    open_tab(page, "Training")
    page.locator("#action-restart").click()
    if running.status()["step"] >= YOUNG:
        expect(page.locator("#confirm-text")).to_contain_text("Undo brings them back")
        page.locator("#action-confirm").click()


def drop_photos(running: Running, page: Page) -> None:
    """Three photos of one's own; the bundled ones are given up unasked."""
    open_tab(page, "Photos")
    page.locator("#drop input[type=file]").set_input_files(sorted(BUNDLED.iterdir())[:3])


@pytest.mark.parametrize(
    ("change", "changed", "words", "said"),
    [
        (another_field, {"kind": "relu"}, "Field siren", "Field relu: "),
        (
            rebuild,
            {"stage": "refine"},
            "its scene",
            "Rebuilding: the scene restarts",
        ),
        (restart, {"step": 0}, "its 20 photos", "Started again with 20 photos."),
        (drop_photos, {"photos": 3}, "its 20 photos", "3 photos loaded."),
    ],
)
def test_undo_says_what_it_brings_back_and_brings_it_back(
    running: Running,
    page: Page,
    change: Callable[[Running, Page], None],
    changed: dict[str, Any],
    words: str,
    said: str,
) -> None:
    step = running.status()["step"]
    page.locator("#action-step").click()
    before = running.until(lambda s: s["step"] == step + 1 and not s["playing"])
    poses = cameras(running, page)
    change(running, page)
    undo = page.locator("#undo")
    expect(undo).to_contain_text(f"Undo brings back step {before['step']:,} with {words}.")
    expect(page.locator("#notices-items")).to_contain_text(said)
    facts = running.until(lambda s: s["undo"] != before["undo"])
    assert (facts | facts["config"]["field"]).items() >= changed.items()
    page.locator("#action-step").click()
    running.until(lambda s: s["step"] == facts["step"] + 1)
    page.locator("#action-undo").click()
    back = running.until(lambda s: s["undo"] == before["undo"])
    expect(undo).to_be_visible(visible=before["can_undo"])
    same = ("step", "epoch", "stage", "photos", "shown", "playing", "config")
    assert {name: back[name] for name in same} == {name: before[name] for name in same}
    assert cameras(running, page) == poses


def test_old_states_go_with_a_word(running: Running, page: Page) -> None:
    open_tab(page, "Training")
    page.locator("#action-save").click()
    expect(page.locator("#notices-items")).to_contain_text("Checkpoint saved.")
    expect(page.locator("#fact-kept")).to_have_text(re.compile(r"^\d+ states?, \d+ MB$"))
    page.locator("#action-sweep").click()
    expect(page.locator("#notices-items li").first).to_contain_text(
        re.compile("states? (are|were|was) ")
    )


def test_a_video_is_rendered_and_plays_on_the_page(running: Running, page: Page) -> None:
    open_tab(page, "Export")
    for name, value in {"frames": "8", "size": "64"}.items():
        page.locator(f"#export-{name} input").fill(value)
        page.locator(f"#export-{name} input").press("Tab")
    before = len(running.status()["jobs"])
    page.locator("#action-export-video").click()
    done = running.until(
        lambda s: len(s["jobs"]) > before and s["jobs"][-1]["state"] in ("done", "failed")
    )
    assert done["jobs"][-1]["state"] == "done", done["jobs"][-1]
    video = page.locator(f'.job[data-number="{done["jobs"][-1]["number"]}"] video')
    expect(video).to_be_visible(timeout=PATIENCE * 1000)
    played = video.evaluate(
        """async (video) => {
            video.muted = true;
            video.loop = false;
            const ended = new Promise((resolve) => (video.onended = resolve));
            await video.play();
            await ended;
            return [video.videoWidth, video.videoHeight, video.currentTime];
        }"""
    )
    assert played[:2] == [64, 48]
    assert played[2] > 0.2
    poster = video.evaluate(
        """async ({ poster }) => {
            const picture = new Image();
            picture.src = poster;
            await picture.decode();
            return [picture.naturalWidth, picture.naturalHeight];
        }"""
    )
    assert poster == [64, 48]


def test_reloading_loses_nothing_and_two_tabs_agree(running: Running, page: Page) -> None:
    facts = running.status()
    page.reload()
    open_tab(page, "Field")
    chosen = page.locator("#option-field-kind input:checked")
    expect(chosen).to_have_value("siren", timeout=PATIENCE * 1000)
    assert running.status()["step"] == facts["step"]
    other = page.context.new_page()
    other.goto(running.url)
    open_tab(other, "Cameras")
    expect(other.locator("#option-cameras-focal input:checked")).to_have_value("exp")
    choose(other, "cameras-focal", "ratio")
    open_tab(page, "Cameras")
    expect(page.locator("#option-cameras-focal input:checked")).to_have_value(
        "ratio", timeout=PATIENCE * 1000
    )
    other.close()


def test_nothing_is_asked_of_any_other_computer(running: Running, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    running.until(lambda s: s["view"]["clients"] == 1)
    own = (running.url, running.url.replace("http", "ws", 1), "data:", "blob:")
    assert asked
    assert [url for url in asked if not url.startswith(own)] == []


def test_ctrl_c_saves_ends_soon_and_frees_the_port(tmp_path: Path) -> None:
    with studio("--run", str(tmp_path / "run"), "--port", "0", *OPTIONS) as running:
        port = httpx.URL(running.url).port
        assert port is not None
        running.until(lambda s: s["step"] > 3)
        assert running.end(signal.SIGINT) < PATIENCE / 4
    with socket.create_server(("127.0.0.1", port)):
        pass
    with studio("--run", str(tmp_path / "run"), "--port", str(port)) as again:
        assert httpx.URL(again.url).port == port
        facts = again.until(lambda s: s["phase"] == "ready")
        assert facts["step"] > 3 and not facts["playing"]
        with studio("--run", str(tmp_path / "other"), "--port", str(port), *OPTIONS) as next_door:
            assert httpx.URL(next_door.url).port != port
            assert any("taken" in line for line in next_door.said)
