"""The Export tab in a real browser: what a newcomer sees, and that everything set arrives."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from studio.exports import GEOMETRY_FILES
from tests.browser import chromium
from tests.studio.panel.stand_ins import Desk, Desktop, served

pytestmark = pytest.mark.browser
PATIENCE = 30_000.0  # ms


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with served(Desk(tmp_path_factory.mktemp("run"))) as running:
        yield running


@pytest.fixture(scope="module")
def page(desktop: Desktop) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.goto(desktop.url)
        expect(page.locator("#figure-step")).to_have_text("0")  # the page lives
        _open_tab(page)
        for name, value in {"frames": "4", "size": "48", "fps": "10"}.items():
            page.locator(f"#export-{name} input").fill(value)
        yield page


def _open_tab(page: Page) -> None:
    """Click until the tab is open: Gradio may draw the tabs anew after the page has come."""
    for _ in range(10):
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
    more = page.locator("#tab-export .disclose")
    if more.get_attribute("aria-expanded") == "false":
        more.click()


def test_a_newcomer_sees_few_things(page: Page) -> None:
    expect(page.locator("#export-path")).to_be_visible()
    for hidden in ("form", "order", "turns", "focus", "percentile", "right"):
        expect(page.locator(f"#export-{hidden}")).to_be_hidden()
    expect(page.locator("#action-export-keyframes")).to_be_hidden()
    inside = page.locator("#tab-export").evaluate("(tab) => tab.scrollHeight <= tab.clientHeight")
    assert inside, "all of it without scrolling"


def test_everything_set_under_more_reaches_the_video(page: Page, desktop: Desktop) -> None:
    open_more(page)
    page.locator("#export-form").get_by_text("gif", exact=True).click()
    page.locator("#export-turns input").fill("1")
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


def test_cameras_are_plotted(page: Page, desktop: Desktop) -> None:
    page.locator("#action-export-plot").click()
    with Image.open(file_of(finished(page, "Camera plot"), desktop)) as image:
        assert image.format == "PNG"
