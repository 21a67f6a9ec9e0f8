"""The whole way to depth maps: right, in steps, and the same however it is made."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from core.depthmaps.stereo.depths import DepthMaps, Depths, level
from core.depthmaps.stereo.neighbours import best_sources, guessed_depths, scores, seen, thinned
from core.errors import InputError
from tests.core.depthmaps.rendered import Shot, shoot, turned

SHAPES = ((126, 94), (94, 126))
SHORT = level(64, "sweep check complete check sharpen check publish") + level(
    94, "finer check finish check fill check publish"
)
TINY = level(48, "sweep check complete check publish") + level(64, "finer check publish")


def errors(maps: DepthMaps, shot: Shot) -> Tensor:
    """Relative, of all pixels that at least one other photo confirms."""
    out = []
    for index, (w, h) in enumerate(maps.cameras.sizes.tolist()):
        true = torch.nn.functional.interpolate(
            shot.inverse[index : index + 1, None][
                ..., : SHAPES[index % 2][1], : SHAPES[index % 2][0]
            ],
            (h, w),
            mode="nearest-exact",
        )[0, 0]
        known = maps.support[index, :h, :w] >= 1
        out.append((maps.inverse[index, :h, :w] / true - 1).abs()[known])
    return torch.cat(out)


def supported(maps: DepthMaps) -> float:
    parts = [
        (maps.support[index, :h, :w] >= 2).float().mean()
        for index, (w, h) in enumerate(maps.cameras.sizes.tolist())
    ]
    return float(torch.stack(parts).min())


@pytest.fixture(scope="module")
def shot() -> Shot:
    return shoot(6, 30, SHAPES, k1=-0.05)


@pytest.fixture(scope="module")
def maps(shot: Shot) -> DepthMaps:
    found = Depths(shot.photos, shot.cameras, journey=SHORT).run()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tiny(shot: Shot) -> DepthMaps:
    found = Depths(shot.photos, shot.cameras, journey=TINY).run()
    assert found is not None
    return found


def test_depths_of_photos_of_two_shapes_are_right(shot: Shot, maps: DepthMaps) -> None:
    assert maps.cameras.sizes.tolist()[:2] == [[94, 70], [70, 94]]
    assert supported(maps) > 0.6
    wrong = errors(maps, shot)
    assert wrong.median() < 0.005
    assert (wrong < 0.02).float().mean() > 0.9
    assert maps.gains.abs().max() < 0.02


def test_there_is_something_to_show_long_before_depths_are_done(shot: Shot) -> None:
    work = Depths(shot.photos, shot.cameras)
    while work.maps is None:
        work.step(count=6)
    assert work.maps.cameras.canvas == (72, 72)
    assert supported(work.maps) > 0.4
    assert errors(work.maps, shot).median() < 0.02
    assert 10 * work.progress[0] < 1.5 * work.progress[1]  # of the pieces, which get larger


def test_depths_of_wrong_cameras_agree_little(shot: Shot, maps: DepthMaps) -> None:
    other = Depths(shot.photos, turned(shot.cameras, 5), journey=TINY[:5]).run()
    assert other is not None
    assert supported(other) < 0.5 * supported(maps)


def test_any_number_of_threads_and_any_steps_give_the_same_bits(
    shot: Shot, tiny: DepthMaps
) -> None:
    work = Depths(shot.photos, shot.cameras, journey=TINY)
    with ThreadPoolExecutor(3) as pool:
        while work.step(pool.map, 4):
            assert work.progress[0] < work.progress[1]
    assert work.maps is not None
    for name in ("inverse", "support", "through", "gains", "sources"):
        assert torch.equal(getattr(work.maps, name), getattr(tiny, name)), name


@pytest.mark.parametrize("steps", [3, 39, 74])
def test_what_was_kept_goes_on_with_the_same_bits(shot: Shot, tiny: DepthMaps, steps: int) -> None:
    work = Depths(shot.photos, shot.cameras, journey=TINY)
    for _ in range(steps):
        work.step()
    kept = {name: value.clone() for name, value in work.state().items()}
    other = Depths(shot.photos, shot.cameras, journey=())
    other.restore(kept)
    assert other.progress == work.progress
    assert (other.maps is None) == (work.maps is None) == (steps < 18)
    if work.maps is not None and other.maps is not None:
        assert torch.equal(other.maps.photos, work.maps.photos)
        assert torch.equal(other.maps.support, work.maps.support)
    found = other.run()
    assert found is not None
    assert torch.equal(found.inverse, tiny.inverse)
    assert torch.equal(found.support, tiny.support)


def test_given_points_take_the_place_of_looking(shot: Shot) -> None:
    pixels = torch.rand(6, 200, 2, generator=torch.Generator().manual_seed(0)) * 90
    whole = pixels.long()
    inverse = torch.stack(
        [row[y, x] for row, (x, y) in zip(shot.inverse, whole.permute(0, 2, 1), strict=True)]
    )
    points = shot.cameras.lift(whole + 0.5, inverse).reshape(-1, 3)
    work = Depths(shot.photos, shot.cameras, points, seen(shot.cameras, points), TINY[:5])
    assert work.journey[0][0] == "relate"
    found = work.run()
    assert found is not None
    assert errors(found, shot).median() < 0.01


def test_it_goes_on_with_cameras_that_have_moved(shot: Shot) -> None:
    work = Depths(shot.photos, turned(shot.cameras, 2), journey=TINY[:5])
    before = work.run()
    work.again(TINY[:5], shot.cameras)
    after = work.run()
    assert before is not None and after is not None
    assert supported(after) > supported(before)


def test_the_size_of_the_world_does_not_matter(shot: Shot, tiny: DepthMaps) -> None:
    large = replace(shot.cameras, centre=1000 * shot.cameras.centre)
    found = Depths(shot.photos, large, journey=TINY).run()
    assert found is not None
    same = (1000 * found.inverse / tiny.inverse - 1).abs() < 0.01
    assert same.float().mean() > 0.95


def test_bytes_serve_as_photos(shot: Shot) -> None:
    work = Depths((shot.photos * 255).round().byte(), shot.cameras, journey=TINY[:5])
    found = work.run()
    assert found is not None
    assert found.photos.dtype == torch.uint8
    assert errors(found, shot).median() < 0.01


def test_two_photos_are_the_fewest() -> None:
    pair = shoot(2, 12)
    found = Depths(pair.photos, pair.cameras, journey=TINY[:5]).run()
    assert found is not None
    assert (found.support[:, :36] >= 1).float().mean() > 0.5
    with pytest.raises(InputError, match="at least 2"):
        Depths(pair.photos[:1], pair.cameras[[0]])


def test_neighbours_at_useful_angles_come_first() -> None:
    shot = shoot(13, 60)
    points = shot.cameras.lift(torch.full((13, 1, 2), 50.0), torch.full((13, 1), 0.25))[:, 0]
    cloud = points.mean(0) + 0.3 * torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    visible = seen(shot.cameras, cloud)
    chosen = best_sources(scores(shot.cameras, 6, cloud, visible), 4)
    away = torch.nn.functional.normalize(shot.cameras.centre - cloud.mean(0), dim=-1)
    angles = torch.rad2deg(torch.acos((away @ away[6]).clamp(-1, 1)))
    assert ((angles[chosen] > 5) & (angles[chosen] < 22)).all()
    assert torch.allclose(guessed_depths(shot.cameras), torch.tensor(4.0), rtol=0.1)


def test_thinning_keeps_what_only_one_photo_has() -> None:
    points = torch.randn(30_000, 3, generator=torch.Generator().manual_seed(0))
    visible = torch.zeros(3, 30_000, dtype=torch.bool)
    visible[:2], visible[2, 29_000:] = True, True
    fewer, who = thinned(points, visible)
    assert len(fewer) <= 6000 + 2 and who.shape == (3, len(fewer))
    assert who[2].sum() >= 1000


def test_a_step_is_bounded() -> None:
    """One photo of one stage: whoever calls can do other things in between."""
    shot = shoot(4, 20)
    asked: list[int] = []

    def counting(work: Callable, rows: range) -> list:
        asked.append(len(rows))
        return [work(row) for row in rows]

    work = Depths(shot.photos, shot.cameras, journey=())
    while work.step(counting):
        pass
    assert asked == [1] * work.progress[1]
