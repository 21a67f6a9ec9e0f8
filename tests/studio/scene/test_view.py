"""The scene with a real viser server and clients: pictures, clicks, the virtual camera, the end."""

import gc
import itertools
import threading
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import viser
from viser import _messages

from core.errors import InputError
from studio.scene import SceneView
from studio.scene.cameras.frustums import LEARNED, Frustums
from studio.scene.cameras.vantage import Vantage
from studio.scene.coordinates import SCALE, fov_that_holds
from studio.scene.in_browser.drawn import ROOT as DRAWN
from studio.scene.painting import painter
from studio.scene.state import (
    GoToTime,
    Highlight,
    HoldTime,
    LookAway,
    LookThrough,
    PlayTime,
    ResetView,
    ShowVirtual,
    Virtual,
)
from studio.scene.visitor import glide, hand
from studio.scene.visitor.limits import Limits
from tests.cameras import camera
from tests.studio.scene.stand_ins import (
    CAMERAS,
    Client,
    Stage,
    client,
    nodes,
    photo_set,
    planes_scene,
    soon,
    trails,
    waves,
)


@pytest.fixture
def stage() -> Stage:
    return Stage(samples=8)


@pytest.fixture
def view(server: viser.ViserServer, stage: Stage) -> Iterator[SceneView]:
    """The scene of a stage, started."""
    made = SceneView(server, stage)
    made.start()
    yield made
    made.stop()


def pictures(browser: Client) -> list[dict[str, Any]]:
    """Backgrounds that a client was sent."""
    return browser.of("BackgroundImageMessage")


def painters() -> set[threading.Thread]:
    """Threads that render for clients."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("view-")}


def moves(browser: Client, what: str) -> list[dict[str, Any]]:
    """What a client was told about its camera, apart from where newcomers begin."""
    return [m for m in browser.of(f"SetCamera{what}Message") if not m["initial"]]


def test_a_client_gets_pictures_with_depth(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish(trails=trails())
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
        soon(lambda: len(pictures(browser)) >= 2)
        assert pictures(browser)[-1]["depth_data"] is not None
        assert view.state.clients == 1 and view.state.failure is None


def test_without_photos_nothing_is_broken(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish_facts(phase="failed", failure="The folder is empty; drop photos into the panel.")
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: len(pictures(browser)) == 1)
        view.submit(ResetView())
        view.submit(Highlight(None))
        with pytest.raises(InputError, match="no photo 0"):
            view.submit(LookThrough(0))
    state = view.state
    assert state.failure is state.stats is state.virtual is None and view.virtual_picture() == b""


def at(browser: Client, position: np.ndarray) -> bool:
    """Whether a client was brought to a place, and got there."""
    sent = moves(browser, "Position")
    return bool(sent) and np.allclose(sent[-1]["position"], position, atol=1e-4)


def walks(browser: Client, position: tuple[float, float, float]) -> None:
    """A hand moves a client."""
    browser.look(position)


def test_looking_through_glides_into_a_camera_and_back_and_hides_the_frustums(
    server: viser.ViserServer, view: SceneView, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = itertools.count()
    late = SimpleNamespace(monotonic=lambda: 5.0 * next(moments))  # a machine that stands still
    monkeypatch.setattr(glide, "time", late)
    stage.publish()
    soon(lambda: stage.followed)
    with client(server) as browser:
        browser.look((0, 0, -3), width=100, height=40)
        soon(lambda: view.state.stats is not None)
        there = CAMERAS[2]
        view.submit(LookThrough(2))
        soon(lambda: at(browser, there.position * SCALE))
        assert len(moves(browser, "Position")) > 3, "the eye is seen to fly"
        place = np.array(moves(browser, "Position")[-1]["position"])
        ahead = np.array(moves(browser, "LookAt")[-1]["look_at"]) - place
        assert np.allclose(ahead / np.linalg.norm(ahead), there.camera_to_world[:3, 2], atol=1e-4)
        assert moves(browser, "Fov")[-1]["fov"] == pytest.approx(fov_that_holds(there, 2.5))
        hidden = [m for m in browser.of("FrameMessage") if m["name"] == LEARNED]
        assert len(hidden) == 2  # shown to all, then shadowed for this one
        assert view.state.stand is not None and view.state.stand.photo == 2
        browser.look((0, 0, -3))  # the answer to an older message
        browser.look((1.0, 0.0, 0.0), width=101)  # arrived: its camera is at 0.1, 0, 0
        seen = next(iter(server.get_clients().values()))
        soon(lambda: seen.camera.image_width == 101)
        assert not browser.of("RemoveSceneNodeMessage")
        view.submit(LookAway())
        soon(lambda: at(browser, np.array((0, 0, -3))))
        soon(lambda: [m["name"] for m in browser.of("RemoveSceneNodeMessage")] == [LEARNED])
        view.submit(LookThrough(1))
        soon(lambda: (stand := view.state.stand) is not None and stand.photo == 1 and stand.there)
        walks(browser, (0, 0.2, -2))  # once; on the way it might be passed by where it is going
        soon(lambda: view.state.stand is not None and view.state.stand.photo is None)


def test_whoever_asks_at_once_what_was_learned_is_seen_again_in_the_end(
    server: viser.ViserServer, view: SceneView, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.publish()
    soon(lambda: stage.followed)
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.clients == 1)

        def ask(photo: int) -> None:
            for _ in range(20):
                view.submit(LookThrough(photo))
                view.submit(LookAway())

        asking = [threading.Thread(target=ask, args=(photo,)) for photo in (0, 1, 2)]
        for thread in asking:
            thread.start()
        for step in range(40):
            walks(browser, (0, 0.01 * step, -3))
        for thread in asking:
            thread.join()
        seen = next(iter(server.get_clients().values()))

        def heard() -> bool:  # again and again: what was asked may still move the camera
            walks(browser, (0, 0.5, -3))
            return bool(np.isclose(seen.camera.position[1], 0.5))

        soon(heard)
        view.submit(LookAway())
        soon(lambda: (stand := view.state.stand) is not None and stand.photo is None)
        soon(lambda: LEARNED not in nodes(seen))
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_a_photo_is_compared_while_it_is_looked_through(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    soon(lambda: stage.followed)
    assert view.state.photo_error is None and view.error_picture() == b""
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.clients == 1)
        view.submit(LookThrough(1))
        soon(lambda: view.state.photo_error is not None)
        error = view.state.photo_error
        assert error is not None and error.photo == 1
        assert (error.width, error.height) == stage.photos.pixels.shape[2:0:-1]
        picture = cv2.imdecode(np.frombuffer(view.error_picture(), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape[:2] == (error.height, error.width)
        view.submit(LookAway())
        soon(lambda: view.state.photo_error is None)


def test_the_frame_follows_settling_cameras_until_a_hand_takes_it(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()

    def spread(size: float) -> Vantage:
        cameras = tuple(camera((x, 0, 0), fx=40.0, size=(48, 36)) for x in (-size, 0, size))
        stage.publish(cameras)
        return Vantage.of(cameras)

    with client(server) as browser:
        browser.look(tuple(Vantage.of(CAMERAS).position.tolist()))
        soon(
            lambda: (
                view.state.clients == 1
                and view.state.stand is not None
                and not view.state.stand.moved
            )
        )
        wide = spread(0.5)
        soon(lambda: at(browser, wide.position))
        browser.look(tuple(moves(browser, "Position")[2]["position"]))  # a slow browser's answer
        sent = len(moves(browser, "Position"))
        spread(0.7)
        soon(lambda: len(moves(browser, "Position")) > sent)
        wider = spread(1.0)  # on the way, and nothing newer comes
        soon(lambda: at(browser, wider.position))
        walks(browser, (0, 0.1, -2))
        soon(lambda: view.state.stand is not None and view.state.stand.moved)
        sent = len(moves(browser, "Position"))
        spread(2.0)
        soon(lambda: server.initial_camera.position[2] < wider.position[2] - 0.1)
        assert len(moves(browser, "Position")) == sent
        view.submit(ResetView())
        soon(lambda: view.state.stand is not None and not view.state.stand.moved)


def test_a_slow_newcomer_is_not_taken_for_a_hand_before_it_stands_where_it_begins(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    soon(lambda: stage.followed)
    with client(server) as browser:
        nowhere, beginning = (0.0, 0.0, 0.0), tuple(Vantage.of(CAMERAS).position.tolist())
        browser.look((-5.0, 0.0, 0.0), at=nowhere)  # as viser's page comes by three places
        browser.look((3.0, -3.0, 3.0), width=65, at=nowhere)
        soon(lambda: view.state.clients == 1)
        (seen,) = server.get_clients().values()
        soon(lambda: seen.camera.image_width == 65)
        wide = tuple(camera((x, 0, 0), fx=40.0, size=(48, 36)) for x in (-0.5, 0, 0.5))
        stage.publish(wide)
        soon(lambda: view.state.stand is not None and not view.state.stand.there)
        assert not moves(browser, "Position"), "it flies from where it begins, not from nowhere"
        browser.look(beginning)
        soon(lambda: at(browser, Vantage.of(wide).position))
        first = np.array(moves(browser, "Position")[0]["position"])
        assert np.linalg.norm(first - beginning) < np.linalg.norm(first - (3.0, -3.0, 3.0))
        assert view.state.stand is not None and not view.state.stand.moved
        walks(browser, (0, 0.1, -2))
        soon(lambda: view.state.stand is not None and view.state.stand.moved)


def test_who_connects_again_finds_the_view_that_a_hand_left_until_it_is_framed(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    soon(lambda: stage.followed)
    left, beginning = (0.0, 0.1, -2.0), tuple(Vantage.of(CAMERAS).position.tolist())

    def comes(browser: Client, kept: str | None) -> None:
        browser.look(beginning)
        soon(lambda: bool(browser.of("LocalStorageGetItemRequestMessage")))
        (asked,) = browser.of("LocalStorageGetItemRequestMessage")
        browser.send(
            _messages.LocalStorageGetItemResponseMessage(kept, None, asked["request_uuid"])
        )
        browser.look(beginning, width=65)
        soon(lambda: [c.camera.image_width for c in server.get_clients().values()] == [65])

    def kept(browser: Client) -> list[str]:
        return [message["value"] for message in browser.of("LocalStorageSetItemMessage")]

    def moved() -> bool:
        return view.state.stand is not None and view.state.stand.moved

    with client(server) as browser:
        comes(browser, None)
        assert not moved() and not kept(browser)
        walks(browser, left)
        soon(lambda: bool(kept(browser)))
        written = kept(browser)[-1]
    soon(lambda: view.state.clients == 0)
    with client(server) as browser:
        comes(browser, written)
        soon(lambda: at(browser, np.array(left)))
        assert moved()
        before = len(kept(browser))
        stage.publish(tuple(camera((x, 0, 0), fx=40.0, size=(48, 36)) for x in (-0.5, 0, 0.5)))
        soon(lambda: len(kept(browser)) > before)  # cameras settle on, and the view stays
        assert at(browser, np.array(left)) and kept(browser)[-1] != written
        view.submit(ResetView())
        soon(lambda: bool(browser.of("LocalStorageRemoveItemMessage")))
    soon(lambda: view.state.clients == 0)
    for other in (written, "{}", written.replace("-2.0", "1e999"), written.replace("0.1", "null")):
        with client(server) as browser:
            comes(browser, other)  # of cameras that stood elsewhere, or of nobody
            assert not moved() and not kept(browser)
        soon(lambda: view.state.clients == 0)


def test_who_goes_where_nothing_was_seen_is_brought_back(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    soon(lambda: stage.followed)
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.clients == 1)
        walks(browser, (40.0, 0.0, -10.0))
        reach = Limits.of(CAMERAS).reach

        def apart() -> float:
            place = np.array(moves(browser, "Position")[-1]["position"])
            return min(float(np.linalg.norm(place - c.position * SCALE)) for c in CAMERAS)

        soon(lambda: bool(moves(browser, "Position")))
        soon(lambda: abs(apart() - reach) < 1e-3)
        (seen,) = server.get_clients().values()
        walks(browser, (4000.0, 0.0, -10.0))
        soon(lambda: seen.camera.position[0] == 4000)
        view.submit(ResetView())  # before the hand has rested,
        soon(lambda: seen.camera.position[0] < 4000)
        walks(browser, (4001.0, 0.0, -10.0))  # and all of its way was told
        soon(lambda: at(browser, Vantage.of(CAMERAS).position))


def test_a_click_moves_only_the_client_that_clicked(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    with client(server) as one, client(server) as other:
        one.look((0, 0, -3))
        soon(lambda: view.state.clients == 1)  # else the other may come first
        other.look((0, 0, -3))
        soon(lambda: view.state.clients == 2 and Frustums.name(1) in nodes(server))
        click = _messages.SceneNodeClickMessage(
            Frustums.name(1), 0, (0.0,) * 3, (0.0, 0.0, 1.0), (0.5, 0.5), None
        )
        one.send(click)
        soon(lambda: at(one, CAMERAS[1].position * SCALE))
        hidden = [
            [m["name"] for m in browser.of("FrameMessage")].count(LEARNED) - 1  # shown to all, once
            for browser in (one, other)
        ]
        assert hidden == [1, 0] and not at(other, CAMERAS[1].position * SCALE)
        assert view.state.stand is not None and view.state.stand.photo is None, "the newest's"


def test_resetting_the_view_moves_everybody_and_newcomers(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    far_apart = tuple(camera((x, 0, 0), fx=40.0, size=(48, 36)) for x in (-1, 0, 1))
    stage.publish(far_apart)
    vantage = Vantage.of(far_apart)
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.clients == 1)
        view.submit(ResetView())
        soon(lambda: at(browser, vantage.position))
    assert np.allclose(server.initial_camera.position, vantage.position)


def test_from_the_default_place_all_cameras_are_in_sight() -> None:
    for cameras in (CAMERAS, (), tuple(camera((x, 0.3 * x, 0)) for x in (-1, 0, 1))):
        vantage = Vantage.of(cameras)
        forward = vantage.look_at - vantage.position
        forward /= np.linalg.norm(forward)
        assert forward[2] > 0.5 and vantage.position[1] < 0 and vantage.position[2] < 0
        for each in cameras:
            towards = each.position * SCALE - vantage.position
            angle = np.arccos(towards @ forward / np.linalg.norm(towards))
            assert angle < vantage.fov / 2


def test_the_virtual_camera_follows_a_hand_and_shows_what_it_sees(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    with client(server) as browser:
        browser.look((0, 0, -3))

        def virtual() -> Virtual:
            soon(lambda: view.state.virtual is not None)
            assert view.state.virtual is not None
            return view.state.virtual

        number = virtual().version
        jpeg = np.frombuffer(view.virtual_picture(), np.uint8)
        picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape[1] / picture.shape[0] == pytest.approx(4 / 3)
        drag = _messages.TransformControlsUpdateMessage(
            "/virtual", (1.0, 0.0, 0.0, 0.0), (0.5, 0.25, -1.0)
        )
        browser.send(drag)
        soon(lambda: np.allclose(virtual().camera.position, (0.05, 0.025, -0.1)))
        soon(lambda: virtual().version > number)
        assert virtual().camera.fy == pytest.approx(CAMERAS[0].fy)


def test_a_hidden_virtual_camera_is_not_rendered(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    view.submit(ShowVirtual(False))
    stage.publish()
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
        assert view.state.virtual is None and not view.state.virtual_shown
        view.submit(ShowVirtual(True))
        soon(lambda: view.state.virtual is not None)


def test_a_failure_is_kept_shown_and_forgotten_when_mended(
    server: viser.ViserServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.scene.painting.painter.RETRY_SECONDS", 0.05)
    broken = threading.Event()
    broken.set()

    def field(*points: Any) -> Any:
        if broken.is_set():
            raise RuntimeError("numbers ran out")
        return waves(*points)

    stage = Stage(field)
    view = SceneView(server, stage)
    view.start()
    stage.publish()
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.failure == "The view could not be rendered: numbers ran out.")
        soon(lambda: bool(browser.of("NotificationShowMessage")))
        broken.clear()
        soon(lambda: view.state.failure is None and view.state.stats is not None)
    view.stop()


def test_a_client_that_leaves_takes_its_thread_and_handle_along(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish()
    handles: list[weakref.ref[viser.ClientHandle]] = []
    server.on_client_connect(lambda handle: handles.append(weakref.ref(handle)))
    before = painters()
    for _ in range(3):
        with client(server) as browser:
            browser.look((0, 0, -3))
            soon(lambda: view.state.stats is not None)
    soon(lambda: painters() == before and view.state.clients == 0)
    assert view.state.stats is None

    def forgotten() -> bool:
        gc.collect()
        return not any(handle() for handle in handles)

    soon(forgotten)


def test_where_nothing_is_seen_it_is_dark(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: len(pictures(browser)) == 1)
        for theme in browser.of("ThemeConfigurationMessage"):
            assert not theme["show_logo"] and not theme["show_share_button"]
        assert browser.of("ThemeConfigurationMessage")[-1]["dark_mode"]


def test_stopping_ends_every_thread(server: viser.ViserServer, stage: Stage) -> None:
    before = set(threading.enumerate())
    view = SceneView(server, stage)
    view.start()
    stage.publish()
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.stats is not None)
        view.stop()
        left = {t.name for t in set(threading.enumerate()) - before}
        assert not [n for n in left if n.startswith(("view-", "scene", "virtual"))]
        browser.look((0, 0, -4))  # nobody answers, nothing breaks


def planes_seen(browser: Client) -> list[bool]:
    """Whether a client was told to show the planes, each time that it was told."""
    sent = browser.of("SetSceneNodeVisibilityMessage")
    return [m["visible"] for m in sent if m["name"] == DRAWN]


def test_a_quick_browser_draws_the_planes_while_it_moves(
    server: viser.ViserServer, view: SceneView, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.planes = planes_scene()
    stage.publish()
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
        soon(lambda: len(browser.of("ImageMessage")) == 8)
        soon(lambda: planes_seen(browser)[-1:] != [True])
        sent = len(planes_seen(browser))
        monkeypatch.setattr(hand, "REST", 3600.0)
        monkeypatch.setattr(hand, "QUICK", 3600.0)
        for step in range(hand.ENOUGH + 1):
            browser.look((0.001 * step, 0, -3))
        browser.look((0.1, 0, -3))
        soon(lambda: True in planes_seen(browser)[sent:])
        soon(lambda: planes_seen(browser)[-1] is False)  # still: there is a picture again
        assert view.state.failure is None


def test_points_are_drawn_by_any_browser_until_it_fails_to(
    server: viser.ViserServer, view: SceneView, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = itertools.count(2)

    def pictured() -> bool:  # while it moves on
        browser.look((0.001 * next(steps), 0, -3))
        return planes_seen(browser)[-1] is False

    stage.planes = planes_scene()
    stage.config = Stage(scene="points").config
    stage.publish()
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.stats is not None and view.state.stats.level == 1)
        soon(lambda: len(browser.of("PointCloudMessage")) > 0)
        browser.look((0.1, 0, -3))
        soon(lambda: True in planes_seen(browser))
        soon(lambda: planes_seen(browser)[-1] is False)
        monkeypatch.setattr(painter, "STILL_SECONDS", 3600.0)  # it goes on moving
        browser.look((0.2, 0, -3))
        soon(lambda: planes_seen(browser)[-1] is True)
        for _ in range(2 * hand.FEW):
            pictured()
        assert planes_seen(browser)[-1] is True
        monkeypatch.setattr(hand, "SLOW", -1.0)
        soon(pictured)  # instead, as it has drawn too slowly


def test_the_slider_of_time_moves_the_frustums_and_nothing_else(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    stage.publish(trails=trails(5), step=40)
    handles = nodes(server)
    soon(lambda: Frustums.name(2) in handles)

    def place() -> np.ndarray:
        return handles[Frustums.name(2)].position / SCALE

    view.submit(GoToTime(0.4))
    assert np.allclose(place(), CAMERAS[2].position / 2), "at once"
    assert view.state.time.step == 20
    with client(server) as browser:
        browser.look((0, 0, -3))
        soon(lambda: view.state.clients == 1)
        view.submit(LookThrough(2))
        soon(lambda: at(browser, CAMERAS[2].position * SCALE / 2))
    stage.publish(trails=trails(5), step=41)
    soon(lambda: stage.followed)
    assert view.state.time.step == 20
    assert np.allclose(place(), CAMERAS[2].position / 2), "training goes on, the moment stays"
    view.submit(PlayTime())
    assert view.state.time.playing
    view.submit(HoldTime())
    assert not view.state.time.playing
    view.submit(GoToTime(1.0))
    assert np.allclose(place(), CAMERAS[2].position) and view.state.time.step is None


def test_training_brings_no_new_names_into_the_scene(
    server: viser.ViserServer, view: SceneView, stage: Stage
) -> None:
    """Viser keeps what was sent last under each name, for who comes later."""
    handles, before = nodes(server), set[str]()

    def shown(x: float) -> bool:
        frustum = handles.get(Frustums.name(0))
        return frustum is not None and np.isclose(frustum.position[0], x * SCALE)

    with client(server) as browser:
        browser.look((0, 0, -3))
        for step in range(30):
            x = 0.01 * (step + 1)
            moved = (camera((x, 0, 0), (0, 0.05, 0), CAMERAS[0].fx, (48, 36)), *CAMERAS[1:])
            stage.publish(moved, trails=trails(3 + step), step=step)
            soon(lambda x=x: shown(x))
            if step == 9:
                soon(lambda: view.state.virtual is not None)
                before = set(handles)
    assert len(before) > len(CAMERAS) and set(handles) == before


def test_a_restart_comes_back_to_now(view: SceneView, stage: Stage) -> None:
    stage.publish(trails=trails(5), step=40)
    soon(lambda: stage.followed)
    view.submit(GoToTime(0.4))
    stage.photos = photo_set(seed=1)
    stage.publish(trails=trails(2), step=2)
    soon(lambda: view.state.time.step is None)
