"""The parts of finding depths, each against a slow or exact one."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.photos import level_of, on_canvas, shrunk
from core.depthmaps.stereo.aggregate import JUMP, STEP, aggregated, cheapest, parabola
from core.depthmaps.stereo.agreement import agreement
from core.depthmaps.stereo.complete import ALIKE, completed
from core.depthmaps.stereo.gains import brightness_against, gains
from core.depthmaps.stereo.reference import OUTSIDE, Reference, box
from core.depthmaps.stereo.refine import refined, smoothed, swept
from tests.core.depthmaps.rendered import shoot

SIZES = ((64, 48), (48, 64))


def chance(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(9, 11), (2, 3), (1, 5)])
def test_a_box_is_the_mean_of_what_there_is(size: tuple[int, int]) -> None:
    maps = chance(2, *size)
    wanted = F.avg_pool2d(maps, 5, 1, 2, count_include_pad=False)
    assert torch.allclose(box(maps, 2), wanted, atol=1e-6)


def test_a_parabola_knows_its_lowest_point() -> None:
    lowest = torch.linspace(-0.5, 0.5, 11)
    values = [(at - lowest) ** 2 for at in (-1.0, 0.0, 1.0)]
    assert torch.allclose(parabola(*values), lowest, atol=1e-6)


def test_the_cheapest_is_found_between_steps_and_at_the_ends() -> None:
    place = torch.arange(7.0)[:, None, None]
    goal = torch.tensor([[0.0, 2.3, 4.75, 6.0]])
    found, _ = cheapest((place - goal) ** 2)
    assert torch.allclose(found, goal, atol=1e-5)


def test_aggregation_is_the_sum_of_cheapest_ways() -> None:
    """Against dynamic programming written out, line by line and plane by plane."""
    volume, grey = chance(5, 4, 6), chance(4, 6, seed=1)

    def ways(costs: list[Tensor], light: list[float]) -> list[Tensor]:
        out = [costs[0]]
        for k in range(1, len(costs)):
            last, least = out[-1], out[-1].min()
            jump = STEP + JUMP * torch.exp(torch.tensor(-12 * abs(light[k] - light[k - 1])))
            row = []
            for d in range(len(last)):
                options = [last[d], least + jump]
                options += [last[e] + STEP for e in (d - 1, d + 1) if 0 <= e < len(last)]
                row.append(costs[k][d] + torch.stack(options).min() - least)
            out.append(torch.stack(row))
        return out

    wanted = torch.zeros_like(volume)
    for y in range(4):
        line, light = list(volume[:, y].T), grey[y].tolist()
        there, back = ways(line, light), ways(line[::-1], light[::-1])[::-1]
        wanted[:, y] += torch.stack([a + b for a, b in zip(there, back, strict=True)], 1)
    for x in range(6):
        line, light = list(volume[:, :, x].T), grey[:, x].tolist()
        there, back = ways(line, light), ways(line[::-1], light[::-1])[::-1]
        wanted[:, :, x] += torch.stack([a + b for a, b in zip(there, back, strict=True)], 1)
    assert torch.allclose(aggregated(volume, grey), wanted, atol=1e-5)


def test_completion_solves_its_equations() -> None:
    height, width = 7, 9
    image, confidence = chance(3, height, width), chance(height, width, seed=1) ** 4
    inverse = 0.2 + chance(height, width, seed=2)
    count = height * width
    matrix, number = torch.diag(confidence.flatten()), torch.arange(count).view(height, width)
    for axis, pairs in (
        (-1, zip(number[:, 1:].flatten(), number[:, :-1].flatten(), strict=True)),
        (-2, zip(number[1:].flatten(), number[:-1].flatten(), strict=True)),
    ):
        weights = (torch.exp(-image.diff(dim=axis).abs().mean(0) / ALIKE) + 1e-3).flatten()
        for weight, (a, b) in zip(weights, pairs, strict=True):
            for row, column, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
                matrix[row, column] += sign * weight
    wanted = torch.linalg.solve(matrix, (confidence * inverse).flatten()).view(height, width)
    assert torch.allclose(completed(inverse, confidence, image), wanted, atol=2e-3)


def test_smoothing_keeps_edges_and_loses_noise() -> None:
    clean = torch.full((30, 40), 0.5)
    clean[:, 20:] = 0.8
    noisy = clean + 0.004 * (chance(30, 40) - 0.5)
    smooth = smoothed(noisy, torch.full((3, 30, 40), 0.5), 0.01)
    assert (smooth - clean).abs().mean() < 0.4 * (noisy - clean).abs().mean()
    assert (smooth - clean).abs().max() < 0.02


def test_true_depths_show_the_same_colours_elsewhere() -> None:
    """Through cameras of two shapes, with a barrel's lens."""
    shot = shoot(4, 20, ((126, 94), (94, 126)), k1=-0.12)
    level = level_of(shot.photos, shot.cameras, 126)
    photo = Reference(level, 0, torch.tensor([1, 2, 3]))
    own = level.own(shot.inverse, 0)
    for source in photo.sources:
        got, inside, depth = photo.seen_in(source, own[None], level.images[source])
        unlike = (got[0] - level.image(0)).abs().mean(0)[inside[0]]
        assert unlike.median() < 0.01
        other, beyond, _ = photo.seen_in(source, 1.15 * own[None], level.images[source])
        assert (other[0] - level.image(0)).abs().mean(0)[beyond[0]].median() > 0.04
        pixels = torch.stack(
            torch.meshgrid(
                torch.arange(photo.width) + 0.5, torch.arange(photo.height) + 0.5, indexing="xy"
            ),
            -1,
        )
        points = level.cameras[[0]].lift(pixels.reshape(1, -1, 2), own.reshape(1, -1))
        seen, z = level.cameras[[source]].project(points[0])
        same = level.cameras[[source]].inside(seen, z)[0] == inside.reshape(-1)
        assert same.float().mean() > 0.999  # all but rounding on an edge
        assert torch.allclose(z[0], (depth[0] / own).reshape(-1), rtol=1e-4)


def test_true_depths_cost_least() -> None:
    shot = shoot(5, 25)
    level = level_of(shot.photos, shot.cameras, 126)
    photo = Reference(level, 2, torch.tensor([1, 3, 0, 4]))
    own = level.own(shot.inverse, 2)
    right, near, far = photo.costs(torch.stack([own, own * 1.1, own * 0.9]))
    assert right.median() < 0.05
    assert (right < torch.minimum(near, far)).float().mean() > 0.9
    alone = Reference(level, 2, torch.tensor([], dtype=torch.long))
    assert (alone.costs(own[None]) == OUTSIDE).all()


def test_a_sweep_finds_depths_and_refining_makes_them_exact() -> None:
    shot = shoot(5, 25)
    level = level_of(shot.photos, shot.cameras, 126)
    photo, own = Reference(level, 2, torch.tensor([1, 3, 0, 4])), level.own(shot.inverse, 2)
    found = swept(photo, 0.5, 0.1, 32)
    step = 0.4 / 31
    finer = refined(photo, found, step, (-0.5, -0.25, 0.0, 0.25, 0.5))
    rough, exact = ((maps / own - 1).abs().median() for maps in (found, finer))
    assert rough < 0.02
    assert exact < min(0.009, rough)


def test_agreement_counts_who_has_the_same_surface() -> None:
    shot = shoot(4, 20, SIZES)
    level = level_of(shot.photos, shot.cameras, 64)
    photo = Reference(level, 1, torch.tensor([0, 2, 3]))
    support, through = agreement(photo, shot.inverse)
    assert (support >= 2).float().mean() > 0.6
    assert (through >= 1).float().mean() < 0.1
    nearer = shot.inverse.clone()
    nearer[1] *= 1.3
    support, through = agreement(photo, nearer)
    assert (support >= 1).float().mean() < 0.05
    assert (through >= 1).float().mean() > 0.8


def test_gains_are_those_that_photos_were_taken_with() -> None:
    shot = shoot(5, 20)
    true = torch.tensor([0.2, -0.1, 0.0, 0.15, -0.25])
    true = true - true.mean()
    level = level_of((shot.photos * 0.6 * true.exp()[:, None, None, None]), shot.cameras, 126)
    sources = torch.tensor([[j for j in range(5) if j != i] for i in range(5)])
    ratios = torch.stack(
        [brightness_against(Reference(level, i, sources[i]), shot.inverse) for i in range(5)]
    )
    found = gains(ratios, sources)
    assert torch.allclose(found, true[:, None].expand(-1, 3), atol=0.01)
    unknown = gains(torch.full_like(ratios, torch.nan), sources)
    assert torch.equal(unknown, torch.zeros(5, 3))


def test_each_photo_is_shrunk_within_its_own_edges() -> None:
    wide, high = chance(48, 64, 3).numpy(), chance(64, 48, 3, seed=1).numpy()
    photos, sizes = on_canvas([wide, high]), torch.tensor(SIZES)
    small = shrunk(photos, sizes, sizes // 2)
    for row, photo in enumerate((wide, high)):
        w, h = (sizes[row] // 2).tolist()
        wanted = F.avg_pool2d(torch.tensor(photo).permute(2, 0, 1), 2)
        assert torch.allclose(small[row, :, :h, :w], wanted, atol=1e-6)
        assert torch.allclose(small[row, :, -1, : w // 2], small[row, :, h - 1, : w // 2])
    rounded = shrunk((photos * 255).round().byte(), sizes, sizes // 2)
    assert rounded.dtype == torch.uint8
    assert (rounded / 255 - small).abs().max() < 2 / 255
