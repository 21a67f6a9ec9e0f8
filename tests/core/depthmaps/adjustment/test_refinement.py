"""Depths and joint steps by turns: cameras come back, and nothing is made worse."""

from dataclasses import replace

import pytest
import torch

from core.depthmaps.adjustment.joint import Joint
from core.depthmaps.adjustment.refinement import Refinement, Round
from core.depthmaps.adjustment.unknowns import Unknowns
from core.depthmaps.cameras import Cameras
from core.depthmaps.stereo.depths import level
from tests.core.depthmaps.adjustment.test_joint import drift
from tests.core.depthmaps.rendered import Shot, shoot, turned

COUNT = 4
SHORT = (
    Round(level(64, "sweep check complete check publish"), 100, 5, lens=False),
    Round(level(96, "finer check publish"), 120, 4),
)


@pytest.fixture(scope="module")
def shot() -> Shot:
    return shoot(COUNT, 24, ((96, 72),))


def refinement(shot: Shot, cameras: Cameras) -> Refinement:
    lens = torch.zeros(COUNT, dtype=torch.int64)
    unknowns = Unknowns.of(torch.ones(COUNT, dtype=torch.bool), lens)
    return Refinement(shot.photos, cameras, unknowns, SHORT)


def test_cameras_that_are_off_come_back(shot: Shot) -> None:
    start = turned(shot.cameras, 0.5)
    work = refinement(shot, start)
    while work.step(count=COUNT):
        pass
    before, after = drift(start, shot.cameras), drift(work.cameras, shot.cameras)
    assert after[0] < before[0] / 2 and after[1] < before[1] / 2
    assert work.done and work.judgements[0].kept
    assert work.cameras.rotation.dtype == start.rotation.dtype
    assert torch.equal(work.cameras.sizes, start.sizes)


def test_a_round_that_makes_things_worse_is_taken_back(shot: Shot, monkeypatch) -> None:
    astray = turned(shot.cameras, 1.0, seed=4)

    def misled(joint: Joint, parallel_map: object = map) -> bool:
        joint.guess = replace(joint.guess, cameras=astray.resized(joint.guess.cameras.sizes))
        return False

    monkeypatch.setattr(Joint, "step", misled)
    work = refinement(shot, shot.cameras)
    while work.step(count=COUNT):
        pass
    assert [j.kept for j in work.judgements] == [False, False]
    assert torch.equal(work.cameras.rotation, shot.cameras.rotation)


def test_what_was_kept_goes_on_with_the_same_bits(shot: Shot) -> None:
    start = turned(shot.cameras, 0.5)
    straight, broken = refinement(shot, start), refinement(shot, start)
    while straight.depths.step(count=COUNT):
        pass
    straight.step(count=COUNT), straight.step(count=COUNT)
    broken.restore({name: value.clone() for name, value in straight.state().items()})
    for _ in range(6):
        assert straight.step(count=COUNT) == broken.step(count=COUNT)
    for name, value in straight.state().items():
        exact = {"rtol": 0, "atol": 0, "equal_nan": True}  # photos may have nothing in common
        torch.testing.assert_close(broken.state()[name], value, **exact)
