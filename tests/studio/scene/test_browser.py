"""The scene as a person has it: a real browser, a mouse, a picture that answers."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import viser
from playwright.sync_api import Page

from core.geometry.cameras import Camera
from studio.scene import SceneView
from studio.scene.coordinates import SCALE, pose_in_viser
from studio.scene.theme import GROUND
from studio.scene.vantage import Vantage
from tests.browser import chromium
from tests.patience import PATIENCE
from tests.studio.scene.stand_ins import CAMERAS, Stage, soon, trails

WIDTH, HEIGHT = 640, 400
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plain() -> Iterator[viser.ViserServer]:
    """viser without the guard: a browser cannot send the studio's secret."""
    started = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def view(plain: viser.ViserServer) -> Iterator[SceneView]:
    """The scene of three cameras."""
    stage = Stage(quality=128)
    stage.publish(trails=trails())
    made = SceneView(plain, stage)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def page(plain: viser.ViserServer, view: SceneView) -> Iterator[Page]:
    """viser's page, connected."""
    with chromium() as browser:
        opened = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        opened.goto(f"http://127.0.0.1:{plain.get_port()}/")
        soon(lambda: view.state.clients == 1 and view.state.stats is not None)
        yield opened


def seen(page: Page) -> np.ndarray:
    """(H, W, 3) what is on the screen."""
    coded = np.frombuffer(page.screenshot(), np.uint8)
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]


def on_screen(camera: Camera) -> tuple[float, float]:
    """Where the picture of a frustum is, seen from the default place."""
    vantage = Vantage.of(CAMERAS)
    ahead = vantage.look_at - vantage.position
    ahead /= np.linalg.norm(ahead)
    right = np.cross((0.0, 1.0, 0.0), ahead)
    right /= np.linalg.norm(right)
    place = pose_in_viser(camera.camera_to_world).position + 0.3 * camera.camera_to_world[:3, 2]
    offset = place - vantage.position
    focal = HEIGHT / 2 / np.tan(vantage.fov / 2) / (offset @ ahead)
    down = np.cross(ahead, right)
    return WIDTH / 2 + focal * (offset @ right), HEIGHT / 2 + focal * (offset @ down)


def point_at(page: Page, place: tuple[float, float]) -> None:
    """Move the mouse there until something may be clicked: it is drawn after it was sent."""
    hand = "() => [...document.querySelectorAll('canvas')].some((c) => c.style.cursor == 'pointer')"
    for nudge in range(round(10 * PATIENCE)):
        page.mouse.move(place[0] + nudge % 2, place[1])
        if page.evaluate(hand):
            return
        page.wait_for_timeout(100)
    raise AssertionError("there is nothing to click")


def test_a_visitor_sees_the_scene_then_drags_it_then_clicks_a_camera(
    view: SceneView, page: Page
) -> None:
    soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
    ground = np.abs(seen(page).astype(int) - GROUND).max(-1) < 8
    assert 0.1 < ground.mean() < 0.95  # neither all scene nor nothing at all

    point_at(page, on_screen(CAMERAS[0]))
    page.mouse.down()
    page.mouse.up()
    client = next(iter(view._server.get_clients().values()))
    soon(lambda: np.allclose(client.camera.position, CAMERAS[0].position * SCALE, atol=1e-3))
    soon(lambda: np.isclose(client.camera.fov, CAMERAS[0].vertical_fov, atol=1e-3))
    soon(
        lambda: (
            view.state.stand is not None and view.state.stand.photo == 0 and view.state.stand.there
        )
    )

    before = view.state.stats
    page.mouse.move(300, 60)
    page.mouse.down()
    page.mouse.move(380, 90, steps=4)
    page.mouse.up()
    soon(lambda: view.state.stats != before)
    soon(lambda: not np.allclose(client.camera.position, CAMERAS[0].position * SCALE, atol=0.1))
    soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
    assert view.state.failure is None
