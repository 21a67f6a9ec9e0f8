"""Whole poses at a bounded number of moments, close together where cameras moved."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from core.engine.monitoring.outlook import Settling, settled
from core.engine.monitoring.trails import LONGEST, Trails
from core.geometry.cameras import Camera
from core.training.trainer import Trainer
from tests.cameras import camera, same


def cameras_at(part: float) -> list[Camera]:
    return [
        camera((part * side, 0, 0), (0, part, 0), 40.0 + part, (48, 36)) for side in (1.0, -2.0)
    ]


def walked(parts: list[float]) -> Trails:
    trails = Trails.of(2)
    for step, part in enumerate(parts, start=1):
        trails = trails.continued(step, cameras_at(part))
    return trails


def test_cameras_are_given_back_as_they_were() -> None:
    trails = walked([0.0, 0.25, 0.5])
    assert trails.steps.tolist() == [1, 2, 3]
    for moment, part in enumerate((0.0, 0.25, 0.5)):
        for was, given in zip(cameras_at(part), trails.cameras(moment, cameras_at(1)), strict=True):
            assert same(was, given, tolerance=1e-5)


def test_nothing_is_left_out_while_there_is_room_and_the_ends_never() -> None:
    assert len(walked([0.0] * LONGEST).steps) == LONGEST
    still = walked([0.0] * (3 * LONGEST))
    assert len(still.steps) == LONGEST
    assert (still.steps[0], still.steps[-1]) == (1, 3 * LONGEST)
    assert (np.diff(still.steps) > 0).all()


def test_moments_are_kept_where_cameras_moved() -> None:
    """All of the way is gone in the first 100 of 2000 steps; the rest is a tremble."""
    rng = np.random.default_rng(0)
    parts = [min(1.0, step / 100) + 1e-5 * rng.normal() for step in range(2000)]
    trails = walked([float(part) for part in parts])
    assert (trails.steps <= 100).sum() > 80
    moved = np.abs(np.diff(trails.positions[:, 0, 0]))
    assert moved.max() < 0.03, "no leap"


def test_what_was_published_never_changes() -> None:
    first = walked([0.0, 0.5])
    kept = first.poses.copy()
    first.continued(3, cameras_at(1.0))
    assert (first.poses == kept).all()
    for array in vars(first).values():
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_camera_has_settled_when_it_moves_no_more() -> None:
    """One of three goes on moving by a tenth of their spread in ten steps."""
    trails = Trails.of(3)
    assert not settled(trails).any()
    for step in range(1, 60):
        places = [(1.0, 0, 0), (-2.0, 0, 0), (0, 0.02 * step, 0)]
        rotated = (0, 0.0, 0)
        trails = trails.continued(step, [camera(p, rotated, 40.0, (48, 36)) for p in places])
        assert settled(trails).tolist() == [step > 15] * 2 + [False]


def test_who_has_settled_stays_so_until_pictures_are_larger() -> None:
    """A camera that rests for twenty steps and moves again; pictures grow after fifty steps."""
    trails, settling, counts = Trails.of(2), Settling(2), []
    for step in range(1, 90):
        places = [(1.0, 0, 0), (0, 0.3 * max(0, step - 20), 0)]
        trails = trails.continued(step, [camera(p, (0, 0.0, 0), 40.0, (48, 36)) for p in places])
        showing = SimpleNamespace(compared_at=24 if step <= 50 else 48)
        errors = torch.tensor([0.1, 0.1])
        trainer = SimpleNamespace(step=step, showing=showing, photo_error=errors)
        settling.watch(cast(Trainer, trainer), trails)
        counts.append(int(settling.settled.sum()))
        assert settling.closer == (step > 50)
    assert counts == [0] * 15 + [2] * 35 + [0] * 15 + [1] * 24


def test_a_part_ends_at_its_moment() -> None:
    assert walked([0.0, 0.1, 0.2, 0.3]).until(1).steps.tolist() == [1, 2]
