"""The scene as a person has it: a real browser, a mouse, a picture that answers."""

from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np
import pytest
import viser
from playwright.sync_api import Page

from core.config.paths import changed
from core.geometry.cameras import Camera
from studio.scene import SceneView
from studio.scene.cameras.frustums import Frustums
from studio.scene.cameras.trails import NAME as TRAILS
from studio.scene.cameras.vantage import Vantage
from studio.scene.coordinates import SCALE, pose_in_viser
from studio.scene.state import ResetView
from studio.scene.theme import GROUND
from studio.scene.visitor.limits import Limits
from tests.browser import chromium
from tests.cameras import camera
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
def stage() -> Stage:
    """Whose three cameras are where they were from the beginning."""
    made = Stage(quality=128)
    made.publish(trails=trails(1))
    return made


@pytest.fixture(scope="module")
def view(plain: viser.ViserServer, stage: Stage) -> Iterator[SceneView]:
    """The scene of a stage."""
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
    """(H, W, 3) what is on the screen, once all that is due is drawn."""
    page.evaluate(
        "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
    )
    coded = np.frombuffer(page.screenshot(), np.uint8)
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]


def on_screen(camera: Camera) -> tuple[float, float]:
    """Where the picture of a frustum is, seen from the default place."""
    vantage = Vantage.of(CAMERAS)
    ahead = vantage.look_at - vantage.position
    ahead /= np.linalg.norm(ahead)
    right = np.cross((0.0, 1.0, 0.0), ahead)
    right /= np.linalg.norm(right)
    position = pose_in_viser(camera.camera_to_world).position + 0.3 * camera.camera_to_world[:3, 2]
    offset = position - vantage.position
    focal = HEIGHT / 2 / np.tan(vantage.fov / 2) / (offset @ ahead)
    down = np.cross(ahead, right)
    return WIDTH / 2 + focal * (offset @ right), HEIGHT / 2 + focal * (offset @ down)


def point_at(page: Page, position: tuple[float, float]) -> None:
    """Move the mouse there until something may be clicked: it is drawn after it was sent."""
    hand = "() => [...document.querySelectorAll('canvas')].some((c) => c.style.cursor == 'pointer')"
    for nudge in range(round(10 * PATIENCE)):
        page.mouse.move(position[0] + nudge % 2, position[1])
        if page.evaluate(hand):
            return
        page.wait_for_timeout(100)
    raise AssertionError("there is nothing to click")


def eye(page: Page) -> np.ndarray:
    """(3,) where the browser itself has its camera, in viser's world."""
    place = """() => {
        const { camera, nodeRefFromName } = window.__viserMutable;
        return nodeRefFromName[''].worldToLocal(camera.position.clone()).toArray();
    }"""
    return np.array(page.evaluate(place))


def at(page: Page, position: np.ndarray) -> bool:
    """Whether the browser's camera is at a place."""
    return bool(np.allclose(eye(page), position, atol=1e-3))


def shown(page: Page, name: str) -> bool:
    """Whether the browser draws a node: neither it nor any around it is hidden."""
    return bool(
        page.evaluate(
            """(name) => {
                let node = window.__viserMutable.nodeRefFromName[name];
                if (!node) return false;
                while (node?.visible) node = node.parent;
                return !node;
            }""",
            name,
        )
    )


def differs(page: Page, before: np.ndarray) -> bool:
    """Whether a few pixels on the screen are plainly others."""
    return bool((np.abs(seen(page) - before).max(-1) > 32).mean() > 2e-4)


def test_the_first_view_holds_all_of_it_and_frustums_leave_the_scene_to_be_seen(
    view: SceneView, stage: Stage, page: Page
) -> None:
    soon(lambda: at(page, Vantage.of(CAMERAS).position))
    soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
    sharp = "window.__viserMutable.backgroundMaterial.uniforms.colorMap.value?.image.width"
    soon(lambda: page.evaluate(sharp) == WIDTH)  # as many pixels as the canvas has

    def with_frustums(wanted: bool) -> np.ndarray:
        stage.config = changed(stage.config, {"explore.frustums": wanted})
        stage.publish(trails=trails(1))
        soon(lambda: shown(page, Frustums.name(0)) is wanted)
        return seen(page).astype(int)

    def hidden_by_them() -> float:  # again where the picture was sharpened meanwhile
        apart = np.abs(with_frustums(False) - with_frustums(True)).max(-1)
        return float((apart > 16).mean())

    soon(lambda: 0.002 < hidden_by_them() < 0.1)
    assert view.state.stand is not None and not view.state.stand.moved, "nobody has touched it"
    before = seen(page).astype(int)
    for pictures in ("render", "error", "photo"):
        stage.config = changed(stage.config, {"explore.frustum_pictures": pictures})
        stage.publish(trails=trails(1))
        soon(partial(differs, page, before))
        before = seen(page).astype(int)


def test_where_a_camera_went_is_seen_for_three_seconds(stage: Stage, page: Page) -> None:
    assert not shown(page, TRAILS)
    long = 1

    def seen_on_the_way() -> bool:
        nonlocal long
        long += 1
        stage.publish(trails=trails(long))
        return shown(page, TRAILS)

    def gone() -> bool:
        stage.publish(trails=trails(long))  # training goes on, and no camera moves
        return not shown(page, TRAILS)

    soon(seen_on_the_way)
    soon(gone)


def test_the_view_follows_settling_cameras_until_the_first_touch(
    plain: viser.ViserServer, view: SceneView, stage: Stage, page: Page
) -> None:
    wide = tuple(camera((x, 0, 0), fx=40.0, size=(48, 36)) for x in (-0.5, 0, 0.5))
    stage.publish()
    view.submit(ResetView())  # whatever a try before has left
    soon(lambda: at(page, Vantage.of(CAMERAS).position))
    stage.publish(wide)
    soon(lambda: at(page, Vantage.of(wide).position))
    stage.publish()
    soon(lambda: at(page, Vantage.of(CAMERAS).position))
    page.mouse.move(WIDTH / 2, 60)
    page.mouse.down()
    page.mouse.move(WIDTH / 2 + 250, 90, steps=4)  # far too far, as viser turns
    page.mouse.up()
    limits = Limits.of(CAMERAS)

    def held() -> bool:
        stand, apart = view.state.stand, np.linalg.norm(limits.positions - eye(page), axis=1).min()
        rests = stand is not None and stand.moved and stand.there
        return rests and bool(apart < limits.reach + 0.01)

    soon(held)
    touched = eye(page)
    stage.publish(wide)
    soon(lambda: np.allclose(plain.initial_camera.position, Vantage.of(wide).position, atol=1e-3))
    assert np.allclose(eye(page), touched, atol=0.05), "a hand has it"
    stage.publish()
    view.submit(ResetView())
    soon(lambda: at(page, Vantage.of(CAMERAS).position))
    assert view.state.stand is not None and not view.state.stand.moved


def test_a_visitor_sees_the_scene_then_drags_it_then_clicks_a_camera(
    plain: viser.ViserServer, view: SceneView, page: Page
) -> None:
    soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
    ground = np.abs(seen(page).astype(int) - GROUND).max(-1) < 8
    assert 0.1 < ground.mean() < 0.95  # neither all scene nor nothing at all

    point_at(page, on_screen(CAMERAS[0]))
    page.mouse.down()
    page.mouse.up()
    client = next(iter(plain.get_clients().values()))
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
