"""The page to send, opened from the disk in a real browser."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from core.depthmaps.warping.scene import WarpedScene
from core.depthmaps.warping.views import Views
from core.errors import Cancelled, InputError
from core.exporting.jobs import Watch
from core.exporting.page.sights import looked_at, seen, spread_out
from core.exporting.page.writing import About, write_page
from core.exporting.pictures import whole_picture
from core.geometry.cameras import Camera
from core.rendering.picture import Pace
from core.rendering.scene import Scene
from core.training.learned import Learned
from tests.browser import chromium
from tests.cameras import camera
from tests.core.depthmaps.exact import exact
from tests.core.depthmaps.rendered import shoot
from tests.core.exporting.worlds import CENTRE, Surfaces, before

SIZE = (480, 360)
EVIL = '"\'></title></script><script>document.title="hurt"</script><img src=x onerror=a()>@data@'
VIEW = (240, 180)
LEARNED = before(Surfaces(), size=VIEW)
MOMENTS = 5


def about(title: str = "A ball", steps: int = MOMENTS, of: Learned = LEARNED) -> About:
    """Cameras that all come from one place."""
    now = np.stack([camera.camera_to_world[:3] for camera in of.cameras])
    poses = np.stack([now.copy() for _ in range(steps)]) if steps else np.zeros((0, *now.shape))
    for moment in range(steps):
        poses[moment, :, :, 3] *= moment / steps
    return About(title, {"photos": "7", "verdict": title}, np.arange(steps) * 10, poses)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("--enable-unsafe-swiftshader") as one:
        yield one


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page with a hostile title and hostile names, and what it asked for in `asked`."""
    names = tuple(f"{number}{EVIL}" for number in range(len(LEARNED.names)))
    write_page(replace(LEARNED, names=names), about(EVIL), tmp_path / "page.html", Watch())
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    yield page
    own = [url for url in asked if not url.startswith("data:image/webp")]
    assert own == [(tmp_path / "page.html").as_uri()]
    page.close()


def until(page: Page, true: str) -> None:
    """Look at each frame whether something is true; the page allows no other way to ask."""
    page.evaluate(f"async () => {{ while (!({true})) await new Promise(requestAnimationFrame); }}")


def drawn(page: Page) -> np.ndarray:
    """The scene alone, as large as the window; two frames later all that was asked for is there."""
    page.evaluate("""() => { document.querySelector("footer").style.display = "none";
        document.getElementById("hint").style.display = "none"; }""")
    until(page, "window.page.scene.canvas.height === innerHeight")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")) / 255


def psnr(shown: np.ndarray, at: Camera, edge: int = 0, scene: Scene = LEARNED.scene) -> float:
    """Decibels between the page and the product, save an edge of so many pixels."""
    wanted = whole_picture(scene, at.resized(*SIZE), Pace()).rgb
    errors = np.square(shown - wanted)[edge : SIZE[1] - edge, edge : SIZE[0] - edge]
    return float(-10 * np.log10(errors.mean()))


def saved_views(page: Page, learned: Learned) -> Iterator[tuple[np.ndarray, Camera]]:
    """What each of the page's saved views shows, which is not nothing, and its camera."""
    for number, place in enumerate(spread_out(learned.trained, 3)):
        page.get_by_role("button", name=f"View {number + 1}", exact=True).click()
        page.wait_for_selector(f"body[data-view='{number}']")
        shown = drawn(page)
        page.evaluate("document.querySelector('footer').style.display = ''")
        assert shown.std() > 0.05
        yield shown, learned.trained[place]


@pytest.mark.browser
def test_the_saved_views_are_what_the_product_renders(opened: Page) -> None:
    assert min(psnr(*view) for view in saved_views(opened, LEARNED)) > 33


@pytest.mark.browser
def test_between_the_cameras_it_is_what_the_product_renders(opened: Page) -> None:
    between = camera((0.03, -0.05, 0.0), (0.02, 0.03, 0), SIZE[0], SIZE)
    opened.evaluate("pose => page.look(pose, false)", between.camera_to_world[:3].ravel().tolist())
    assert psnr(drawn(opened), between, edge=40) > 28  # nobody saw what is at the edge


@pytest.mark.browser
def test_a_wide_scene_opens_from_the_disk_too(browser: Browser, tmp_path: Path) -> None:
    shot = shoot(7, 60.0, (VIEW,))
    cameras = tuple(shot.cameras.single())
    names = tuple(f"{number}.jpg" for number in range(len(cameras)))
    scene = WarpedScene(Views(exact(shot)))
    learned = Learned(names, cameras, (False,) * len(names), scene, shown="depth-maps")
    write_page(learned, about("A wall", of=learned), tmp_path / "wide.html", Watch())
    assert (tmp_path / "wide.html").stat().st_size < 10_000_000
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    page.goto((tmp_path / "wide.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    assert min(psnr(*view, scene=scene) for view in saved_views(page, learned)) > 25
    page.close()


@pytest.mark.browser
def test_names_are_text_and_nothing_of_them_runs(opened: Page) -> None:
    assert opened.title() == EVIL
    assert opened.locator("h1").inner_text() == EVIL
    assert opened.locator("dd").nth(1).inner_text() == EVIL
    assert opened.locator("script").count() == 2
    assert opened.locator("img").count() == 1
    policy = opened.locator("meta[http-equiv]").get_attribute("content")
    assert policy is not None and policy.startswith("default-src 'none'; script-src 'sha256-")


@pytest.mark.browser
def test_one_goes_around_no_farther_than_was_seen(opened: Page) -> None:
    first = opened.evaluate("[...page.pose]")
    for _ in range(3):
        opened.mouse.move(*(side / 2 for side in SIZE[:1]), 100)
        opened.mouse.down()
        opened.mouse.move(-2000, 90, steps=4)
        opened.mouse.up()
    assert opened.evaluate("page.orbit.outside(page.pose)") < 1e-6
    moved = np.array(opened.evaluate("[...page.pose]")) - first
    assert np.abs(moved).max() > 0.02
    for _ in range(40):
        opened.mouse.wheel(0, -500)
    until(opened, "!page.moving")
    away = np.reshape(opened.evaluate("[...page.pose]"), (3, 4))[:, 3]
    target = np.array(opened.evaluate("page.orbit.target"))
    assert np.linalg.norm(away - target) > 0.5 * np.linalg.norm(target)


@pytest.mark.browser
def test_the_slider_shows_how_the_cameras_were_found(opened: Page) -> None:
    opened.get_by_role("button", name="Cameras").click()
    opened.wait_for_selector(f"body[data-view='{3}']")
    overlay = "page.cameras.canvas.toDataURL()"
    assert opened.locator("#step").inner_text() == "now"
    now = opened.evaluate(overlay)
    opened.locator("#moment").fill("2")
    assert opened.locator("#step").inner_text() == "step 20"
    until(opened, f"{overlay} !== '{now}'")
    opened.get_by_role("button", name="Play").click()
    until(opened, f"!page.playing && {overlay} === '{now}'")


@pytest.mark.browser
def test_without_webgl_it_is_a_film(browser: Browser, tmp_path: Path) -> None:
    write_page(LEARNED, about(), tmp_path / "page.html", Watch())
    page = browser.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector("body[data-film='12']")
    assert "no WebGL 2" in page.locator("#hint").inner_text()
    first = page.locator("#poster").get_attribute("src")
    until(page, f"document.getElementById('poster').src !== '{first}'")
    page.close()


def test_it_is_as_small_as_asked(tmp_path: Path) -> None:
    write_page(LEARNED, about(), tmp_path / "page.html", Watch())
    whole = (tmp_path / "page.html").stat().st_size
    write_page(LEARNED, about(), tmp_path / "small.html", Watch(), whole - 1)
    assert (tmp_path / "small.html").stat().st_size < whole < 10_000_000
    with pytest.raises(InputError, match=r"allow more than 0\.01 MB"):
        write_page(LEARNED, about(), tmp_path / "tiny.html", Watch(), 10_000)
    assert not (tmp_path / "tiny.html").exists()


def test_a_run_without_moments_has_a_page(tmp_path: Path) -> None:
    write_page(LEARNED, about(steps=0), tmp_path / "page.html", Watch())


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.html"):
        write_page(LEARNED, about(), tmp_path / "page.htm", Watch())
    nothing = replace(LEARNED, scene=Surfaces(opacity=0.0))
    with pytest.raises(InputError, match="nothing to see yet"):
        write_page(nothing, about(), tmp_path / "page.html", Watch())
    nobody = replace(LEARNED, held_out=(True,) * len(LEARNED.names))
    with pytest.raises(InputError, match="no cameras yet"):
        write_page(nobody, about(), tmp_path / "page.html", Watch())
    with pytest.raises(Cancelled):
        write_page(LEARNED, about(), tmp_path / "page.html", Watch(cancelled=lambda: True))
    assert list(tmp_path.iterdir()) == []


def test_cameras_are_spread_and_look_at_one_point() -> None:
    cameras = [camera((x, 0, 0)) for x in (0, 0.1, 0.2, 3, -3)]
    assert set(spread_out(cameras, 3)) == {1, 3, 4} and spread_out(cameras, 3)[0] == 1
    ring = []
    for turn in np.linspace(0, 2 * np.pi, 8, endpoint=False):  # around the ball
        position = CENTRE.numpy() - 2 * np.array([np.sin(turn), 0, np.cos(turn)])
        ring.append(camera(position, (0, turn, 0), 64.0, (64, 48)))
    around = replace(
        LEARNED, names=("a",) * 8, cameras=tuple(ring), held_out=(False,) * 8, stored=()
    )
    assert np.linalg.norm(looked_at(seen(around, Watch())) - CENTRE.numpy()) < 0.3
