"""The Runs tab in a real browser: what lies beside the open run, and what is done with it."""

import io
import shutil
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.engine.commands import Configure, Open
from core.photos import PhotoSet
from core.runs import checkpoint
from studio.scene.replay import Time
from studio.scene.state import LookThrough
from tests.browser import chromium
from tests.conftest import shifted_photos
from tests.core.runs.shelved import made_run
from tests.patience import PATIENCE
from tests.studio.panel.stand_ins import Desk, Desktop, served

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=document.title='hurt'>"


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    folder = tmp_path_factory.mktemp("runs")
    picture = io.BytesIO()
    Image.fromarray(shifted_photos()[0]).save(picture, "PNG")
    first = made_run(folder / "first", picture.getvalue())
    (first / "run.lock").unlink()
    for name in ("second", EVIL):
        shutil.copytree(first, folder / name)
    learned = checkpoint.learned_in(first)
    photos = PhotoSet(learned.names, shifted_photos(), 24, 18, None, ())
    with served(Desk(first, learned=learned, photos=photos)) as running:
        yield running


@pytest.fixture(scope="module")
def page(desktop: Desktop) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(desktop.url)
        expect(page.locator("#figure-step")).to_have_text("1")  # the page lives
        page.get_by_role("tab", name="Runs").click()
        expect(page.locator(".run")).to_have_count(3)
        yield page


def run(page: Page, name: str) -> Locator:
    return page.locator(f'.run[data-name="{name}"]')


def test_each_run_shows_what_it_is(page: Page) -> None:
    expect(run(page, "first")).to_have_attribute("data-open", "true")
    second = run(page, "second")
    expect(second).to_contain_text("3 steps")
    expect(second.locator(".word")).to_have_text("doubtful")
    expect(second.locator(".options")).to_contain_text("Rotation quaternion")
    shot = ".run[data-name=second] img.shot"
    page.wait_for_function(f"document.querySelector('{shot}').naturalWidth > 0")
    expect(page.locator(".run .name").filter(has_text="onerror")).to_have_text(EVIL)
    assert page.title() != "hurt"


def test_two_runs_stand_beside_each_other(page: Page, desktop: Desktop) -> None:
    run(page, "second").get_by_role("button", name="Compare").click()
    expect(page.locator("#runs-beside-title")).to_have_text("Beside second")
    second = str(desktop.engine.snapshot.run.parent / "second")
    assert desktop.engine.commands[-1] == Configure({"explore.reference": second})
    row = page.locator("#runs-rows tr").filter(has_text="Rotation").last
    expect(row.locator("td")).to_have_text(["Rotation", "axis-angle", "quaternion"])
    page.locator("#runs-apart").click()
    expect(page.locator("#runs-beside")).to_be_hidden()


def test_runs_are_copied_named_deleted_and_brought_back(page: Page) -> None:
    run(page, "second").get_by_role("button", name="Duplicate").click()
    copy = run(page, "second-copy")
    copy.get_by_role("button", name="Rename").click()
    copy.locator("input").fill("../SIREN")
    copy.locator("input").press("Enter")
    expect(page.locator("#runs-complaint")).to_contain_text("cannot be called")
    expect(copy.locator("input")).to_have_count(0)
    copy.get_by_role("button", name="Rename").click()
    copy.locator("input").fill("SIREN")
    copy.locator("input").press("Enter")
    expect(run(page, "SIREN")).to_be_visible()
    expect(page.locator("#runs-complaint")).to_have_text("")
    run(page, "SIREN").get_by_role("button", name="Delete").click()
    expect(run(page, "SIREN")).to_have_count(0)
    expect(page.locator("#runs-deleted-words")).to_contain_text("SIREN is deleted")
    page.locator("#runs-restore").click()
    expect(run(page, "SIREN")).to_be_visible()
    expect(page.locator("#runs-deleted")).to_be_hidden()


def test_a_branch_is_opened(page: Page, desktop: Desktop) -> None:
    first = run(page, "first")
    first.get_by_role("button", name="Branch").click()
    first.locator("select").select_option(label="step 0, cameras found")
    first.get_by_role("button", name="Branch").click()
    expect(run(page, "first-from-0")).to_have_attribute("data-open", "true")
    assert isinstance(desktop.engine.commands[-1], Open)
    run(page, "second").get_by_role("button", name="Open").click()
    expect(run(page, "second")).to_have_attribute("data-open", "true")


def test_the_slider_says_whose_scene_it_shows_and_branches(page: Page, desktop: Desktop) -> None:
    desktop.window.show(time=Time(20, 0.4, False, 5, scene_step=11))
    expect(page.locator("#time-words")).to_contain_text("cameras at step 20")
    expect(page.locator("#time-words")).to_contain_text("the scene of step 11")
    page.locator("#action-branch").click()
    expect(run(page, "second-from-3")).to_have_attribute("data-open", "true")
    desktop.window.show(time=Time(None, 1.0, False, 5))
    expect(page.locator("#action-branch")).to_be_hidden()


def test_photos_are_ordered_by_quality_and_turned_in_that_order(
    page: Page, desktop: Desktop
) -> None:
    desktop.engine.publish(photo_psnr=(30.0, 20.0, 25.0, None, 28.0))
    page.get_by_role("tab", name="Photos").click()
    page.get_by_role("button", name="Worst first").click()
    boxes = "[...document.querySelectorAll('.photo')]"
    shown = f"{boxes}.map((box) => box.dataset.index).join()"
    page.wait_for_function(f"{shown} === '1,2,4,0,3'")
    bars = f"{boxes}.map((box) => box.style.getPropertyValue('--quality'))"
    best, worst = page.evaluate(f"[{bars}[3], {bars}[0]].map(Number)")
    assert best == 1 and worst < 0.2
    page.locator('.photo[data-index="1"] .look').click()
    expect(page.locator("#through")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('#through-name').textContent.startsWith('Photo 03')"
    )
    assert desktop.window.asked[-1] == LookThrough(2)
    page.get_by_role("button", name="In order").click()
    page.mouse.move(5, 5)
    page.keyboard.press("Escape")
    desktop.engine.publish(photo_psnr=(30.0, 20.0, 25.0, None, 28.5))
    page.wait_for_function(f"{shown} === '0,1,2,3,4'")
