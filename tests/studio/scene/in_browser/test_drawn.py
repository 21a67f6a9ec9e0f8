"""What browsers draw is sent where it is wanted, new, and watched; and leaves when it is not."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import viser

from core.depthmaps.warping.scene import WarpedScene
from core.depthmaps.warping.views import Views
from studio.scene.in_browser import drawn as module
from studio.scene.in_browser.drawn import Drawn
from studio.scene.painting.baked import Bakery
from tests.core.depthmaps.exact import exact
from tests.core.depthmaps.rendered import shoot
from tests.studio.scene.stand_ins import Stage, nodes, planes_scene, recorded, soon

KINDS = {"planes": "ImageMessage", "points": "PointCloudMessage"}


class Seen:
    """A scene of planes, with somebody who looks or does not."""

    def __init__(self, server: viser.ViserServer, kind: str) -> None:
        self.server, self.kind, self.watched = server, kind, True
        self.asked = 0  # how often there was something new to show
        self.stage = Stage(scene=kind)
        self.stage.planes = planes_scene()
        self.drawn = Drawn(server, self.stage, Bakery(), self.is_watched, lambda _: None)

    def is_watched(self) -> bool:
        """Whether somebody looks."""
        self.asked += 1
        return self.watched

    def update(self, **explore: Any) -> int:
        """Publish and update; how many nodes of the kind were made or changed."""
        if explore:
            self.stage.config = Stage(**explore).config
        self.stage.publish()
        with recorded(self.server) as sent:
            self.drawn.update()
        names = {type(message).__name__ for message in sent}
        assert not names & {name for kind, name in KINDS.items() if kind != self.kind}
        return len([m for m in sent if type(m).__name__ != "RemoveSceneNodeMessage"])

    @property
    def nodes(self) -> int:
        return len([name for name in nodes(self.server) if name.startswith(f"/drawn/{self.kind}/")])


@pytest.fixture(params=list(KINDS))
def seen(request: pytest.FixtureRequest, server: viser.ViserServer) -> Iterator[Seen]:
    made = Seen(server, request.param)
    yield made
    made.drawn.stop()


def test_it_is_sent_only_when_it_is_new_and_somebody_looks(seen: Seen) -> None:
    seen.watched = False
    assert seen.update() == 0
    seen.watched = True
    assert seen.update() > 0 and seen.nodes > 0
    assert seen.update() == 0, "the same planes"
    seen.stage.planes = planes_scene(seed=1)
    assert seen.update() > 0


def test_it_leaves_with_the_planes_and_comes_again(seen: Seen) -> None:
    seen.update()
    planes, seen.stage.planes = seen.stage.planes, None
    seen.update()
    assert seen.nodes == 0
    seen.stage.planes = planes
    seen.update()
    assert seen.nodes > 0


def test_it_leaves_with_the_option(seen: Seen) -> None:
    seen.update()
    seen.update(scene="none")
    assert seen.nodes == 0
    other = next(kind for kind in KINDS if kind != seen.kind)
    seen.update(scene=seen.kind)
    assert seen.nodes > 0
    mine, seen.kind = seen.kind, other
    seen.update(scene=other)
    assert seen.nodes > 0
    seen.kind = mine
    assert seen.nodes == 0, "one or the other"


def test_depth_maps_are_points_where_those_are_asked_for(server: viser.ViserServer) -> None:
    seen, shot = Seen(server, "points"), shoot(4, 20, ((40, 30),))
    seen.stage.scene, seen.stage.planes = WarpedScene(Views(exact(shot))), None
    assert seen.update() > 0 and seen.nodes > 0
    assert seen.update() == 0, "the same maps"
    seen.update(scene="planes")
    assert seen.nodes == 0
    seen.drawn.stop()


def test_it_is_refreshed_no_more_often_than_every_two_seconds(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here every quarter of a second, so that nobody waits for it."""
    assert module.SECONDS >= 2
    monkeypatch.setattr(module, "SECONDS", 0.25)
    monkeypatch.setattr(module, "PRICE", 0.0)
    began = time.monotonic()
    seen.drawn.start()
    for times in range(1, 5):
        seen.stage.planes = planes_scene(seed=times)
        seen.stage.publish()
        seen.drawn.wake()
        soon(lambda times=times: seen.asked == times)
    assert time.monotonic() - began >= 3 * module.SECONDS
