"""The Export tab in a real browser: what a newcomer sees, and that everything set arrives."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from studio.jobs.exports import GEOMETRY_FILES
from tests.browser import chromium
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk, Desktop, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with served(Desk(tmp_path_factory.mktemp("run"))) as running:
        yield running


@pytest.fixture(scope="module")
def page(desktop: Desktop) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(desktop.url)
        expect(page.locator("#figure-step")).to_have_text("1")  # the page lives
        _open_tab(page)
        usual = {"frames": "180", "size": "0", "fps": "30", "turns": "1"}  # six seconds, one turn
        for name, value in usual.items():
            expect(page.locator(f"#export-{name} input")).to_have_value(value)
        for name, value in {"frames": "4", "size": "48", "fps": "10"}.items():
            page.locator(f"#export-{name} input").fill(value)
        yield page


def _open_tab(page: Page) -> None:
    """Click until the tab is open: Gradio may draw the tabs anew after the page has come."""
    for _ in range(40):
        page.get_by_role("tab", name="Export").click()
        try:
            expect(page.locator("#export-frames input")).to_be_visible(timeout=3000)
            return
        except AssertionError:
            continue
    raise AssertionError("the tab does not open")


def finished(page: Page, title: str) -> Locator:
    """The newest export, once it is done."""
    job = page.locator(".job").first
    expect(job.locator("b")).to_have_text(title)
    expect(job).to_have_attribute("data-state", "done")
    return job


def file_of(job: Locator, desktop: Desktop) -> Path:
    """The file that an export offers to download."""
    return desktop.engine.snapshot.run / "exports" / job.locator(".download").inner_text()


def open_more(page: Page) -> None:
    for more in page.locator("#tab-export .disclose").all():
        if more.get_attribute("aria-expanded") == "false":
            more.click()


def test_a_newcomer_sees_few_things(page: Page) -> None:
    expect(page.locator("#export-path")).to_be_visible()
    more = ("form", "order", "turns", "focus", "percentile", "right", "width", "height")
    for hidden in (*more, "scale", "up", "origin", "reference"):
        expect(page.locator(f"#export-{hidden}")).to_be_hidden()
    expect(page.locator("#action-export-keyframes")).to_be_hidden()
    inside = page.locator("#tab-export").evaluate("(tab) => tab.scrollHeight <= tab.clientHeight")
    assert inside, "all of it without scrolling"


def test_everything_set_under_more_reaches_the_video(page: Page, desktop: Desktop) -> None:
    open_more(page)
    page.locator("#export-form").get_by_text("gif", exact=True).click()
    page.locator("#export-depth-turns input").fill("0.5")
    page.locator("#action-export-video").click()
    job = page.locator(".job").first
    expect(job).to_have_attribute("data-state", "failed")
    expect(job.locator(".message")).to_contain_text("1 turns with 0.5 depth turns does not close")
    page.locator("#export-depth-turns input").fill("1")
    page.locator("#export-channel").get_by_text("disparity", exact=True).click()
    page.locator("#action-export-video").click()
    with Image.open(file_of(finished(page, "Video, spiral, disparity"), desktop)) as image:
        assert image.format == "GIF" and image.n_frames == 4 and image.size == (48, 36)


def test_a_file_of_keyframes_is_followed_at_once(
    page: Page, desktop: Desktop, tmp_path: Path
) -> None:
    keys = [
        {"transform_matrix": [[1, 0, 0, x], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}
        for x in (0.0, 0.1)
    ]
    (tmp_path / "keys.json").write_text(json.dumps({"frames": keys}))
    open_more(page)
    with page.expect_file_chooser() as chooser:
        page.locator("#action-export-keyframes").click()
    chooser.value.set_files(tmp_path / "keys.json")
    assert file_of(finished(page, "Video, keyframes, disparity"), desktop).suffix == ".gif"


@pytest.mark.parametrize("file", ["mesh.glb", "splats.ply"])
def test_the_scene_is_made_into_a_file(file: str, page: Page, desktop: Desktop) -> None:
    assert file in GEOMETRY_FILES
    page.locator("#export-shape").get_by_text(file, exact=True).click()
    page.locator("#action-export-geometry").click()
    assert file_of(finished(page, file), desktop).stat().st_size > 10_000


def test_cameras_are_plotted_and_the_picture_is_shown(page: Page, desktop: Desktop) -> None:
    page.locator("#action-export-plot").click()
    job = finished(page, "Camera plot")
    with Image.open(file_of(job, desktop)) as image:
        assert image.format == "PNG"
    page.wait_for_function("document.querySelector('.job .picture img')?.naturalWidth > 0")
    expect(job.locator(".picture img")).to_be_in_viewport(ratio=0.9)


def test_a_gif_moves_in_the_panel(page: Page, desktop: Desktop) -> None:
    open_more(page)
    page.locator("#export-form").get_by_text("gif", exact=True).click()
    page.locator("#export-width input").fill("40")
    page.locator("#export-height input").fill("24")
    page.locator("#export-turns input").fill("2")
    page.locator("#action-export-video").click()
    channel = page.locator("#export-channel input:checked").input_value()
    expect(finished(page, f"Video, spiral, {channel}").locator(".picture img")).to_be_visible()
    page.wait_for_function("document.querySelector('.job .picture img')?.naturalWidth === 40")


def test_cameras_are_written_in_the_world_of_choice(page: Page, desktop: Desktop) -> None:
    open_more(page)
    page.locator("#export-format").get_by_text("tum", exact=True).click()
    page.locator("#export-scale input").fill("5")
    page.locator("#export-origin").get_by_text("mean", exact=True).click()
    page.locator("#action-export-cameras").click()
    lines = file_of(finished(page, "Cameras, tum"), desktop).read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    centres = np.array([row[1:4] for row in rows], float)
    assert np.allclose(centres.mean(axis=0), 0, atol=1e-5)
    assert np.isclose(np.sqrt(np.square(centres).sum(axis=1).mean()), 5)


def test_what_to_measure_with_is_asked_for(page: Page) -> None:
    page.locator("#action-export-measure").click()
    job = page.locator(".job").first
    expect(job).to_have_attribute("data-state", "failed")
    expect(job.locator(".message")).to_contain_text("name reference cameras")
    expect(page.locator("#export-reference")).to_contain_text("now there are none")
    page.get_by_role("tab", name="Cameras").click()
    reference = page.locator("#option-explore-reference input")
    reference.fill("/no/such/place")
    reference.press("Enter")
    page.get_by_role("tab", name="Export").click()
    expect(page.locator("#export-reference")).to_contain_text("compare with /no/such/place")
    page.locator("#action-export-measure").click()
    expect(page.locator(".job .message").first).to_contain_text("/no/such/place")
