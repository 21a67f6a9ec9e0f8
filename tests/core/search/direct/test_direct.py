"""Cameras around rendered worlds come from nothing but their brightness, with the focal length."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import roma
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import level_of
from core.evaluation.cameras import compare_cameras
from core.search.direct import process
from core.search.direct.growing import FITTING, Ground, Growth
from core.search.direct.guessing import begun_beside
from core.search.direct.likeness import Likeness, likeness
from core.search.direct.placing import levels_of, placed
from core.search.direct.poses import NUMBERS, SHIFTS, beside
from core.search.direct.search import moved_on
from core.search.direct.standing import COARSE, Standing, joined
from core.search.direct.sweeping import Sweeper
from core.search.features.process import cameras_of
from tests.core.depthmaps.rendered import shoot


def test_cameras_beside_one_look_at_the_same() -> None:
    numbers = torch.zeros(4, NUMBERS)
    numbers[1, :2] = torch.tensor([0.3, -0.5])  # around
    numbers[2, 2] = 0.4  # in the picture
    numbers[3, SHIFTS] = torch.tensor([0.1, 0.0])  # aside
    turn, centre = beside(numbers)
    seen = (turn.mT @ (torch.tensor([0.0, 0.0, 1.0]) - centre)[..., None])[..., 0]
    expected = torch.tensor([[0.0, 0.0, 1.0]] * 3)
    torch.testing.assert_close(seen[:3], expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(turn[0], torch.eye(3))
    torch.testing.assert_close(seen[3, 0] / seen[3, 2], torch.tensor(-0.1), atol=1e-3, rtol=0)


def test_a_move_of_the_picture_is_found() -> None:
    shot = shoot(count=2, sizes=((160, 120),))
    wide = shot.photos[0]
    photos = torch.stack([wide[:, :90, :120], wide[:, :90, 40:]])  # the second looks to the right
    sizes = torch.tensor([[120, 90]] * 2)
    cameras = Cameras(
        torch.eye(3).repeat(2, 1, 1),
        torch.zeros(2, 3),
        torch.tensor([[100.0, 100.0, 60.0, 45.0]] * 2),
        torch.zeros(2),
        sizes,
    )
    alike = likeness(Sweeper.of(photos, cameras).level)
    assert alike.value[0, 1] > 0.95
    np.testing.assert_allclose(alike.shift[0, 1], [1 / 3, 0], atol=0.05)


def test_what_one_photo_shows_larger_is_found() -> None:
    shot = shoot(count=2, sizes=((160, 120),))
    photo = shot.photos[:1]
    middle = interpolate(photo[..., 18:101, 24:135], (120, 160), mode="bilinear")
    photos = torch.cat([photo, middle])
    alike = likeness(level_of(photos, shot.cameras, 28))
    assert alike.value[0, 1] > 0.9
    assert 1.4 < alike.size[0, 1] < 1.5 and 1.4 < 1 / alike.size[1, 0] < 1.5
    np.testing.assert_allclose(alike.shift[0, 1], [0, 0], atol=0.05)


@pytest.mark.parametrize("k1", [0.0, -0.15])
def test_a_photo_finds_its_place_beside_those_that_stand(k1: float) -> None:
    shot = shoot(count=6, degrees=30, k1=k1)
    standing = joined(shot.photos, Standing.unseen([0, 1, 2, 4, 5], shot.cameras), COARSE)
    levels, centre = levels_of(shot.photos, shot.cameras), standing.cameras.centre[3]
    off = torch.tensor([[0.05, -0.07, 0.02, 0.02, 0.03, 0.04]])  # 6 degrees, and aside
    turn, shift = beside(off)
    right, depth = shot.cameras.rotation[3], 1 / shot.inverse[3].median()
    guess = right @ turn[0], centre + depth * (right @ shift[0])
    found = placed(levels, standing, 3, *guess)
    apart = roma.rotmat_geodesic_distance(found.turn, right).rad2deg()
    assert apart < 0.5 and (found.centre - centre).norm() < 0.02 * depth
    assert found.fit > 0.9
    wrong = placed(levels, standing, 3, right.T @ turn[0], centre)
    assert wrong.fit < 0.7 * FITTING


def test_a_photo_is_guessed_by_and_by_beside_all_that_look_elsewhere() -> None:
    shot = shoot(count=5, degrees=40)
    axes = shot.cameras.rotation.clone()
    axes[1] = axes[0]  # looks where 0 does
    cameras = replace(shot.cameras, rotation=axes)
    value = np.tile(np.array([0.9, 0.8, 0.7, 0.6, 1.0]), (5, 1))
    alike = Likeness(value, np.zeros((5, 5, 2)), np.ones((5, 5)))
    standing = Standing.unseen([0, 1, 2, 3], cameras)
    tries = [begun_beside(alike, standing, 4, tried) for tried in range(3)]
    assert tries == [[0, 2], [3, 0], [2, 3]]
    assert begun_beside(alike, Standing.unseen([0], cameras), 4, 1) == [0, 0]


def test_a_refused_photo_has_its_chances_again_when_one_joins_that_looks_like_it() -> None:
    shot = shoot(count=5, degrees=40)
    ground = Ground.of(shot.photos, shot.cameras, torch.Generator().manual_seed(0))
    alike = np.tile(np.array([0.2, 0.3, 0.4, 0.9, 1.0]), (5, 1))
    ground = replace(ground, alike=Likeness(alike, np.zeros((5, 5, 2)), np.ones((5, 5))))
    growth = Growth(ground, Standing.unseen([0, 1, 2, 3], shot.cameras), COARSE, tried={4: 2})
    growth.reconsider([0])  # there are two that look more like 4
    assert growth.tried == {4: 2}
    growth.reconsider([3])
    assert growth.tried == {}
    growth.tried[4] = 1
    growth.reconsider([3])
    assert growth.tried == {4: 1}, "once for each, or two that turn each other out go on for ever"


def test_what_others_do_not_show_says_nothing_of_a_photo() -> None:
    shot = shoot(count=4, degrees=12)
    sizes = shot.cameras.sizes.clone()
    sizes[:3, 0] //= 2  # the others show the left half alone
    cameras = replace(shot.cameras, sizes=sizes)
    standing = joined(shot.photos, Standing.unseen([0, 1, 2, 3], cameras), COARSE)
    assert float(standing.support[3]) < 0.7 * float(standing.support[:3].mean())
    assert float(standing.overlap[3]) < 0.7
    assert float(standing.confirmed[3]) > 0.8 * standing.usual


def test_a_longer_lens_from_farther_shows_middles_as_large() -> None:
    shot = shoot(count=3, degrees=16)
    standing = joined(shot.photos, Standing.unseen([0, 1, 2], shot.cameras), COARSE)
    longer = standing.zoomed(1.2)
    assert longer.focal == pytest.approx(1.2 * standing.focal)
    axes, depth = standing.cameras.rotation, standing.depth[:, None]
    sides = axes[:, :, 0] * 0.2 * depth + axes[:, :, 1] * 0.1 * depth
    points = (standing.cameras.centre + axes[:, :, 2] * depth + sides)[:, None]
    before, after = (one.cameras.project(points) for one in (standing, longer))
    torch.testing.assert_close(before[0], after[0], atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(1.2 * before[1], after[1])
    torch.testing.assert_close(1.2 * standing.depth, longer.depth)
    assert standing.aside == pytest.approx(longer.aside, rel=0.05)
    assert standing.aside == pytest.approx(np.radians(16), rel=0.2)  # around the scene


def test_a_world_of_which_less_is_confirmed_is_not_taken() -> None:
    shot = shoot(count=3, degrees=16)
    before = joined(shot.photos, Standing.unseen([0, 1, 2], shot.cameras), 48)
    ground = Ground.of(shot.photos, shot.cameras, torch.Generator().manual_seed(0))
    assert moved_on(ground, before, 48).mean > 0.9 * before.mean
    other = replace(ground, photos=shot.photos.flip(-1).roll(1, 0))
    assert moved_on(other, before, 48) is before


def test_threads_change_no_bit_of_a_joint_step() -> None:
    shot = shoot(count=3, degrees=16)
    start = Standing.unseen([0, 1, 2], shot.cameras)
    with ThreadPoolExecutor(2) as pool:
        ways = [
            joined(shot.photos, start, 48, True, parallel_map) for parallel_map in (map, pool.map)
        ]
    assert ways[0].usual > 0.3
    for one, other in zip(*(vars(way.cameras).values() for way in ways), strict=True):
        assert torch.equal(one, other)


def test_descents_end_where_cameras_are_right() -> None:
    shot = shoot(count=3, degrees=16)
    sweeper, others = Sweeper.of(shot.photos, shot.cameras), torch.tensor([0, 2])
    turn, centre = shot.cameras.rotation[1], shot.cameras.centre[1]
    depth = float(1 / shot.inverse[1].median())

    def relate(numbers: Tensor) -> tuple[Tensor, Tensor]:
        """The middle camera, elsewhere."""
        aside, shift = beside(0.15 * numbers[0])
        back = shot.cameras.rotation[others].mT
        place = centre + depth * (turn @ shift[..., None])[..., 0]
        away = (place[:, None] - shot.cameras.centre[others])[..., None]
        return (back @ (turn @ aside)[:, None])[None], (back @ away)[None, ..., 0] / depth

    generator = torch.Generator().manual_seed(0)
    off = torch.randn(6, NUMBERS, generator=generator) * torch.tensor(
        [0.5, 0.5, 0.1, 0.1, 0.1, 0.1]
    )
    right = sweeper.costs([1], others[None], relate(torch.zeros(1, 1, NUMBERS)))
    assert (sweeper.costs([1], others[None], relate(off[None])) > 1.15 * right).all()
    (found,), (costs,) = sweeper.descended([1], others[None], off[None], relate)
    best = found[costs.argmin()]
    assert float(costs.min()) < 1.1 * float(right)
    assert float((0.15 * best[:2]).norm().rad2deg()) < 1.5


def test_a_process_finds_three_cameras_and_their_focal_length_from_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soon = replace(process.ERRAND.bounds, niceness=0)  # whatever else this machine is doing
    monkeypatch.setattr(process, "ERRAND", replace(process.ERRAND, bounds=soon))
    shot = shoot(count=3, degrees=20, sizes=((126, 94), (94, 126)))
    sizes = [(int(w), int(h)) for w, h in shot.cameras.sizes]
    pixels = (255 * shot.photos).byte().permute(0, 2, 3, 1).numpy()
    searching = process.start([p[:h, :w] for p, (w, h) in zip(pixels, sizes, strict=True)])
    state = searching.wait(200)
    assert state.ended and not state.failure and state.features is not None
    (model,) = state.features.models
    found = {str(photo): camera for photo, camera in cameras_of(model, sizes).items()}
    errors = compare_cameras(found, {str(n): c for n, c in enumerate(shot.cameras.single())})
    assert errors.frames == 3 and errors.rotation_best < 1 and errors.ate < 0.05
    assert errors.focal < 0.05  # begun 23 % too short
