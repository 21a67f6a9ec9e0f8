"""The audit tells right cameras from wrong ones, on worlds whose truth is known."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from core.depthmaps.cameras import Cameras
from core.depthmaps.stereo.depths import Depths
from core.depthmaps.stereo.reference import Reference
from core.search.judging.audit import JOURNEY, Audit, Figures, in_own_units, mean_of
from core.search.judging.figures import figures_of
from core.search.judging.verdict import Verdict, verdict
from tests.core.depthmaps.rendered import Shot, shoot, turned

SIZES = ((80, 60), (60, 80))  # small, so that tests are quick


def judged(figures: Figures) -> Verdict:
    return verdict(figures, [f"{index}.png" for index in range(len(figures.photos))])


@pytest.fixture(scope="module")
def shot() -> Shot:
    return shoot(6, 30, SIZES)


def keys(said: Verdict) -> set[str]:
    return {reason.key for reason in said.reasons}


def test_right_cameras_are_trusted_and_the_way_there_does_not_matter(shot: Shot) -> None:
    first = Audit(shot.photos, shot.cameras)
    assert first.progress[0] == 0 and first.preview is None
    for _ in range(40):
        first.step()
    kept = {name: value.clone() for name, value in first.state().items()}
    figures = first.run()
    assert judged(figures).word == "trusted"
    assert first.preview is not None and first.preview.photos == figures.photos
    for alternative in (figures.mirror, figures.turned, figures.held):
        assert mean_of(alternative, "support") < 0.9 * figures.mean("support")
    again = Audit(shot.photos, shot.cameras)
    again.restore(kept)
    with ThreadPoolExecutor(2) as pool:
        assert again.run(pool.map) == figures
    after = Audit(shot.photos, shot.cameras)
    after.restore(first.state())
    assert after.done and after.figures == figures


def test_of_many_photos_rivals_are_asked_of_some(
    shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.search.judging.audit.ASKED", 4)
    audit = Audit(shot.photos, shot.cameras)
    while len(audit.state().get("rows.1", ())) < 2:  # amid the first rival
        audit.step()
    kept = {name: value.clone() for name, value in audit.state().items()}
    done, total = audit.progress
    while audit.step():
        done = audit.progress[0]
    figures = audit.figures
    assert 0.9 * total < done <= total
    assert len(figures.photos) == 6
    assert {len(part) for part in (figures.mirror, figures.turned, figures.held)} == {4}
    alone = Audit(shot.photos[[0, 2, 3, 5]], shot.cameras[[0, 2, 3, 5]]).run()
    assert mean_of(figures.alone, "support") == pytest.approx(alone.mean("support"), abs=0.02)
    assert judged(figures).word == "trusted"
    mirror = tuple(replace(one, support=0.95) for one in figures.alone)
    assert "mirrored" in keys(judged(replace(figures, mirror=mirror)))
    again = Audit(shot.photos, shot.cameras)
    again.restore(kept)
    assert again.run() == figures


def test_wrong_cameras_are_not(shot: Shot) -> None:
    said = judged(Audit(shot.photos, turned(shot.cameras, 4)).run())
    assert said.word == "wrong"
    assert set(said.cameras) == {"wrong"}


def test_the_one_camera_that_is_wrong_is_named(shot: Shot) -> None:
    centre, rotation = shot.cameras.centre.clone(), shot.cameras.rotation.clone()
    centre[4], rotation[4] = centre[1], rotation[1]
    said = judged(Audit(shot.photos, replace(shot.cameras, centre=centre, rotation=rotation)).run())
    assert said.word == "doubtful"
    odd = [reason for reason in said.reasons if reason.key == "odd-photo"]
    assert [reason.photos for reason in odd] == [(4,)]
    assert "4.png" in odd[0].sentence
    assert said.cameras[4] == "wrong"
    assert said.cameras.count("trusted") >= 4


def test_a_flat_picture_is_said_to_be_flat() -> None:
    flat = shoot(6, 30, SIZES, flat=True)
    said = judged(Audit(flat.photos, flat.cameras).run())
    assert said.word == "doubtful"
    assert "flat" in keys(said)


def test_two_photos_are_never_trusted() -> None:
    pair = shoot(2, 10, SIZES)
    said = judged(Audit(pair.photos, pair.cameras).run())
    assert said.word != "trusted"
    assert "few" in keys(said)


@pytest.mark.parametrize("baseline", [0.0, 0.01, 1.0])
def test_a_camera_that_only_turned_is_never_trusted(baseline: float) -> None:
    """Whatever places its photos are said to be taken from."""
    panned = shoot(6, 20, SIZES, distance=0.0)
    step = baseline * torch.arange(6)[:, None] * torch.tensor([1.0, 0.0, 0.0])
    said = judged(Audit(panned.photos, replace(panned.cameras, centre=step)).run())
    assert said.word != "trusted"
    if baseline < 1:
        assert "turned" in keys(said)


def test_worlds_far_from_their_origin_lose_nothing(shot: Shot) -> None:
    there = torch.tensor([5e5, 4e6, 100.0], dtype=torch.float64)
    far = replace(shot.cameras, centre=20 * shot.cameras.centre.double() + there)
    near, same = in_own_units(far), in_own_units(shot.cameras)
    assert torch.allclose(near.centre, same.centre, atol=1e-4)
    assert isinstance(near, Cameras)


@pytest.mark.parametrize("rows", [slice(0, 1), slice(None)])
def test_a_plane_is_found_through_one_row_and_through_depths_next_to_infinite(
    shot: Shot, rows: slice
) -> None:
    depths = Depths(shot.photos, in_own_units(shot.cameras), journey=JOURNEY)
    while depths.step(map, len(shot.photos)):
        pass
    at, now = depths.current()
    photo = Reference(at, 0, now["sources"][0])
    inverse = at.own(now["inverse"], 0).clone()
    inverse[1:] = 1e-12
    support = torch.zeros_like(inverse)
    support[rows] = len(photo.sources)
    nothing, nearest = torch.zeros_like(inverse), float(now["range"][0, 0])
    assert math.isfinite(figures_of(photo, inverse, support, nothing, nearest).relief)
