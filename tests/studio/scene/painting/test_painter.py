"""The painter: newest view first, nothing twice, and no failure is its last."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from core.config.paths import changed
from core.engine.snapshot import Snapshot
from core.rendering.picture import Pace
from studio.scene.coordinates import View
from studio.scene.painting import painter as painter_module
from studio.scene.painting.baked import Bakery
from studio.scene.painting.painter import Painter
from studio.scene.painting.shot import Look, Shot
from tests.cameras import camera
from tests.core.depthmaps.glaring import glaring
from tests.patience import PATIENCE
from tests.studio.scene.stand_ins import HEIGHT, WIDTH, Stage, planes_scene, soon, waves

AHEAD = View.of_camera(camera((0, 0, 0), size=(WIDTH, HEIGHT)))
ASIDE = View.of_camera(camera((0.02, 0, 0), size=(WIDTH, HEIGHT)))
PACE = 1e-3  # seconds a ray is made to take: a chunk is some 20 rays, the sharp level 1728


class Bench:
    """A painter at work, and what came of it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.wanted: int | None = 48
        self.resting: int | None = None  # for a view that is still; as `wanted` where None
        self.channel, self.follows = "rgb", True
        self.wipe: float | None = None
        self.shots: list[Shot] = []
        self.failures: list[str | None] = []
        self.asked = threading.Event()
        self.view: View | None = None  # of which a picture was wanted last
        shown, failed = self.shots.append, self.failures.append
        self.painter = Painter("painter", stage, self, shown, failed, Bakery())

    @property
    def alive(self) -> bool:
        """Whether the painter's thread is running."""
        return any(thread.name == "painter" for thread in threading.enumerate())

    def quality(self, snapshot: Snapshot, view: View, still: bool) -> int | None:
        """As the test wants."""
        self.view = view
        return self.wanted if not still or self.resting is None else self.resting

    def look(self, snapshot: Snapshot) -> Look:
        """As the test wants; notes that the painter has looked around."""
        self.asked.set()
        return Look(self.channel, "turbo", (0, 0, 0), depth=False, wipe=self.wipe)

    def while_moving(self, snapshot: Snapshot) -> bool:
        """As the test wants."""
        return self.follows

    @property
    def level(self) -> float:
        """Of the newest picture."""
        return self.painter.tally.stats.level if self.painter.tally.stats else 0.0

    def until_sharp(self) -> None:
        """Wait for the last level."""
        soon(lambda: self.level == 1)


class Known(Pace):
    """Rays take `PACE` each, whatever is measured, so that chunks are few rays."""

    def __init__(self) -> None:
        super().__init__(PACE)

    def learn(self, rays: int, seconds: float) -> None:
        """Nothing."""


class Slow:
    """A field that counts chunks, and lets a test act between them."""

    def __init__(self) -> None:
        self.chunks = 0
        self.each: Callable[[], None] = lambda: None

    def __call__(self, positions: Tensor, directions: Tensor, noise: Tensor | None = None) -> Any:
        self.chunks += 1
        self.each()
        return waves(positions, directions)


@pytest.fixture
def field() -> Slow:
    return Slow()


@pytest.fixture
def bench(field: Slow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(painter_module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(painter_module, "Pace", Known)
    made = Bench(Stage(field))
    yield made
    made.painter.stop()
    assert not made.alive


def test_a_view_is_shown_coarse_then_sharp(bench: Bench) -> None:
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    stats = bench.painter.tally.stats
    assert stats is not None and stats.first_picture_ms > 0 and stats.pictures_per_second > 0
    assert len(bench.shots) >= 3
    sizes = {shot.image.shape for shot in bench.shots if not shot.blank}
    assert sizes == {(HEIGHT, WIDTH, 3), (HEIGHT // 2, WIDTH // 2, 3)}  # coarse ones are sent small


def test_a_view_that_rests_is_shown_all_its_canvas_has(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.resting = 96
    bench.stage.planes = planes_scene()
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 3600.0)
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: bench.level > 0)
    assert max(shot.image.shape[1] for shot in bench.shots) <= 48
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 0.0)
    bench.painter.wake()
    soon(lambda: bench.shots[-1].sharp and bench.shots[-1].image.shape == (72, 96, 3))
    bench.painter.look_from(ASIDE)
    soon(lambda: bench.shots[-1].sharp and bench.shots[-1].image.shape == (72, 96, 3))


def test_before_there_is_anything_the_ground_is_shown_once(bench: Bench) -> None:
    bench.painter.look_from(AHEAD)
    soon(lambda: bool(bench.shots))
    for _ in range(3):
        bench.asked.clear()
        bench.painter.wake()
        assert bench.asked.wait(PATIENCE)
    assert len(bench.shots) == 1 and bench.shots[0].blank


def test_a_sharpening_picture_is_abandoned_within_a_chunk(bench: Bench, field: Slow) -> None:
    bench.stage.publish()
    moved_at: list[int] = []
    began: list[int] = []

    def move_on() -> None:
        if bench.level >= 0.5 and not moved_at:  # the sharp level has begun
            bench.painter.look_from(ASIDE)
            moved_at.append(field.chunks)
        elif moved_at and not began and bench.view is ASIDE:
            began.append(field.chunks)

    field.each = move_on
    bench.painter.look_from(AHEAD)
    soon(lambda: bool(began))
    assert began[0] - moved_at[0] <= 1


def test_the_newest_of_many_views_is_the_one_that_is_sharpened(bench: Bench, field: Slow) -> None:
    bench.stage.publish()
    places = [camera((0.0005 * i, 0, 0), size=(WIDTH, HEIGHT)) for i in range(50)]
    for place in places:
        bench.painter.look_from(View.of_camera(place))
    bench.until_sharp()
    newest = bench.shots[-1].image

    def shows_it() -> bool:
        return bench.shots[-1].sharp and np.array_equal(bench.shots[-1].image, newest)

    bench.painter.look_from(View.of_camera(places[-2]))
    soon(lambda: bench.shots[-1].sharp and not shows_it())  # no other looks the same
    bench.painter.look_from(View.of_camera(places[-1]))
    soon(shows_it)


def test_a_drag_that_never_rests_shows_pictures(bench: Bench, field: Slow) -> None:
    bench.stage.publish()
    moves = iter(range(10**9))

    def move() -> None:  # with every chunk, so every picture is outdated before it is finished
        position = camera((1e-5 * next(moves), 0, 0), size=(WIDTH, HEIGHT))
        bench.painter.look_from(View.of_camera(position))

    field.each = move
    bench.painter.look_from(ASIDE)
    soon(lambda: len(bench.shots) > 5)
    assert bench.level < 0.5


def test_a_drag_leaves_training_the_time_between_two_pictures(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 3600.0)
    monkeypatch.setattr(painter_module, "BETWEEN_SECONDS", 3600.0)
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: bench.painter.tally.stats is not None)
    shots = len(bench.shots)
    for view in (ASIDE, AHEAD, ASIDE):
        bench.asked.clear()
        bench.painter.look_from(view)
        assert bench.asked.wait(PATIENCE)
    assert len(bench.shots) == shots
    monkeypatch.setattr(painter_module, "BETWEEN_SECONDS", 0.0)
    bench.painter.wake()
    soon(lambda: len(bench.shots) > shots)


def test_a_view_that_did_not_change_is_not_rendered_again(bench: Bench, field: Slow) -> None:
    bench.stage.publish(step=3)
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    chunks = field.chunks
    for _ in range(3):
        bench.stage.publish(step=3)  # a newer version of the same moment, as while paused
        bench.painter.look_from(View.of_camera(camera((0, 0, 0), size=(WIDTH, HEIGHT))))
        bench.asked.clear()
        bench.painter.wake()
        assert bench.asked.wait(PATIENCE)
    bench.painter.stop()
    assert field.chunks == chunks


def test_a_newer_scene_is_shown_to_a_still_view(bench: Bench, field: Slow) -> None:
    bench.stage.publish(step=3)
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    shots = len(bench.shots)
    bench.stage.publish(step=4)
    bench.painter.wake()
    soon(lambda: len(bench.shots) > shots)


def test_while_training_goes_on_no_picture_is_sharper_than_can_be_kept_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter_module, "LIVE_SECONDS", (0.2, 0.2))
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 0.0)
    bench.stage.publish(playing=True)
    bench.painter.look_from(AHEAD)
    soon(lambda: bench.level == 0.25)  # 108 rays of 1 ms; the next has 432
    for _ in range(3):
        bench.asked.clear()
        bench.painter.wake()
        assert bench.asked.wait(PATIENCE)
    assert bench.level == 0.25
    bench.stage.publish(playing=False)
    bench.painter.wake()
    bench.until_sharp()


def test_another_channel_needs_no_rendering(bench: Bench, field: Slow) -> None:
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    chunks, shots = field.chunks, len(bench.shots)
    bench.channel = "depth"
    bench.painter.wake()
    soon(lambda: len(bench.shots) > shots)
    assert field.chunks == chunks
    assert not np.array_equal(bench.shots[-1].image, bench.shots[-2].image)


def test_no_picture_where_none_is_wanted(bench: Bench, field: Slow) -> None:
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    bench.wanted = None
    bench.painter.wake()
    soon(lambda: bench.shots[-1].blank)


@pytest.mark.parametrize(
    "kind",
    [
        RuntimeError,
        ValueError,
        TypeError,
        OSError,
        RecursionError,
        AssertionError,
        LookupError,
        IndexError,
        ZeroDivisionError,
        EOFError,
    ],
)
def test_a_failure_is_told_once_and_work_goes_on(
    bench: Bench, field: Slow, kind: type[Exception]
) -> None:
    def fail() -> None:
        raise kind("no memory is left")

    field.each = fail
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: field.chunks > 3)
    assert bench.failures == ["The view could not be rendered: no memory is left."]
    assert bench.alive
    field.each = lambda: None
    bench.until_sharp()
    assert bench.failures[1:] == [None]


def test_stopping_takes_no_longer_than_a_chunk(bench: Bench, field: Slow) -> None:
    stopped_at: list[int] = []

    def stop() -> None:
        if bench.level >= 0.5 and not stopped_at:
            stopped_at.append(field.chunks)
            bench.painter.stop(wait=False)

    field.each = stop
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: not bench.alive)
    assert field.chunks == stopped_at[0] and bench.level < 1


def test_what_moves_is_shown_the_planes_and_what_is_still_the_field(
    bench: Bench, field: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 3600.0)
    bench.stage.planes = planes_scene()
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: bench.level > 0)
    stats = bench.painter.tally.stats
    assert stats is not None and stats.planes and field.chunks == 0
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 0.0)
    bench.painter.wake()
    bench.until_sharp()
    soon(lambda: bench.painter.tally.stats is not None and not bench.painter.tally.stats.planes)
    assert field.chunks > 0


def test_nothing_is_rendered_for_a_browser_that_draws_by_itself_until_it_is_still(
    bench: Bench, field: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    bench.follows, chunks = False, field.chunks
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 3600.0)
    bench.painter.look_from(ASIDE)
    soon(lambda: bench.shots[-1].blank)
    assert field.chunks == chunks
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 0.0)
    bench.painter.wake()
    soon(lambda: not bench.shots[-1].blank)


def test_two_scenes_stand_side_by_side_under_one_camera_and_the_line_costs_nothing(
    bench: Bench, field: Slow
) -> None:
    bench.stage.pair = (planes_scene(), bench.stage.scene)
    bench.wipe = 0.25
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    chunks, seen = field.chunks, {}
    for part in (0.0, 1.0, 0.25):
        before, bench.wipe = len(bench.shots), part
        bench.painter.wake()
        soon(lambda before=before: len(bench.shots) > before)
        seen[part] = bench.shots[-1].image
    assert field.chunks == chunks, "nothing is rendered"
    line = WIDTH // 4
    assert not np.array_equal(seen[0.0], seen[1.0])
    assert np.array_equal(seen[0.25][:, :line], seen[1.0][:, :line]), "planes are left of it"
    assert np.array_equal(seen[0.25][:, line:], seen[0.0][:, line:]), "and the network right"


@pytest.mark.parametrize("both", [False, True])
def test_another_scene_that_is_asked_for_is_the_next_picture(
    bench: Bench, field: Slow, monkeypatch: pytest.MonkeyPatch, both: bool
) -> None:
    monkeypatch.setattr(painter_module, "REFRESH_SECONDS", 3600.0)
    planes, network = planes_scene(), bench.stage.scene
    bench.stage.scene, bench.stage.shown = planes, "planes"
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    bench.until_sharp()
    soon(lambda: bench.shots[-1].sharp)
    assert field.chunks == 0
    if both:
        bench.stage.pair, bench.wipe = (planes, network), 0.5
    else:
        bench.stage.scene, bench.stage.shown = network, "field"
    bench.stage.publish()
    bench.painter.wake()
    soon(lambda: field.chunks > 0 and bench.level == 1 and bench.shots[-1].sharp)
    assert bench.painter.tally.stats is not None and not bench.painter.tally.stats.planes


def test_what_planes_leave_of_photos_is_added_to_sharp_pictures_of_still_views(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def glares() -> bool:
        return bool((bench.shots[-1].image == 255).all(-1).any())

    bench.stage.scene = bench.stage.planes = glaring(planes_scene())
    bench.stage.shown = "planes"
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 3600.0)
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: bench.level > 0)
    assert not glares()
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 0.0)
    bench.painter.wake()
    soon(glares)
    assert bench.level == 1 and all((shot.image < 255).any() for shot in bench.shots[:-1])
    shots: list[Shot] = []
    plain = Painter("plain", bench.stage, bench, shots.append, print, Bakery(), corrected=False)
    plain.look_from(AHEAD)
    soon(lambda: bool(shots) and shots[-1].sharp)
    plain.stop()
    assert not any((shot.image == 255).all(-1).any() for shot in shots)


def test_a_network_that_was_asked_for_is_not_replaced_by_planes_while_it_moves(
    bench: Bench, field: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter_module, "STILL_SECONDS", 3600.0)
    bench.stage.config = changed(bench.stage.config, {"explore.show": "network"})
    bench.stage.planes = planes_scene()
    bench.stage.publish()
    bench.painter.look_from(AHEAD)
    soon(lambda: bench.level > 0)
    assert field.chunks > 0
