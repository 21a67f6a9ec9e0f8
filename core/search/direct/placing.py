"""A photo beside those that stand: its depths are swept, then its camera alone moves until it fits.

What those that stand know does not change, so any number of photos can be tried, and one that is
wrong costs the others nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.depthmaps.adjustment.joint import Joint
from core.depthmaps.adjustment.unknowns import Unknowns
from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import Level, extended, level_of, resized
from core.depthmaps.stereo.depths import DepthMaps
from core.depthmaps.stereo.neighbours import best_sources, inverse_range, scores, seen
from core.depthmaps.stereo.stages import PLANES, SOURCES, Situation, check, sweep
from core.search.direct.standing import COARSE, LITTLE, Standing

SIDES, STEPS = (36, 48, COARSE), 9  # pixels of each round, and joint steps at most in it
PATCHES = 150  # of each photo
UNLIKE = 0.8  # root mean square residual of patches that do not look alike; of chance it is 1.4


@dataclass(frozen=True, eq=False)
class Placed:
    """A photo's camera beside others.

    Attributes:
        turn, centre: (3, 3) and (3,).
        inverse: (h, w) its inverse depths at `COARSE` pixels.
        fit: of what those that stand show and it shows too, the share that looks alike, over the
            share that looks alike among themselves.
    """

    turn: Tensor
    centre: Tensor
    inverse: Tensor
    fit: float


def levels_of(photos: Tensor, cameras: Cameras) -> tuple[Level, ...]:
    """Photos (N, C, H, W) at the sizes at which one is placed; of `cameras` sizes alone count."""
    return tuple(level_of(photos, cameras, side) for side in SIDES)


def placed(
    levels: Sequence[Level], standing: Standing, photo: int, turn: Tensor, centre: Tensor
) -> Placed:
    """Make the camera of a photo fit to those that stand, whose depths are known.

    First where photos are small, as there it comes back from farther away.

    Args:
        levels: see `levels_of`.
        turn, centre: (3, 3) and (3,) about where it was taken.
    """
    near, limits = _neighbours(standing.with_camera(photo, turn, centre), photo)
    rows, last = [*near, photo], len(near)
    sources = torch.arange(last).expand(len(rows), -1)
    step = torch.full((len(rows),), (limits[0] - limits[1]) / (PLANES - 1))
    for level in levels:
        registered = standing.with_camera(photo, turn, centre)
        here = _situation(level, registered, rows, limits, {"sources": sources, "step": step})
        here.now["inverse"][last] = sweep(here, last)["inverse"]
        support = torch.ones_like(here.now["inverse"], dtype=torch.uint8)
        support[last] = check(here, last)["support"]
        joint = _moved(here, support)
        cameras = joint.guess.cameras
        turn, centre = cameras.rotation[last].float(), cameras.centre[last].float()
    return Placed(turn, centre, here.inverse(last), _fit(joint, last))


def _fit(joint: Joint, last: int) -> float:
    """`Placed.fit` of the last of some cameras."""
    among, beside = [torch.zeros(0)], [torch.zeros(0)]
    for own in range(last):
        others = [one for one in range(last) if one != own]
        unlike, shown = joint.unlike(own, [*others, last])
        alike = unlike < UNLIKE
        among.append(alike[:-1][shown[:-1]].float())
        seldom = max(LITTLE * shown.shape[1] - int(shown[-1].sum()), 0)  # as if shown and not alike
        beside += [alike[-1][shown[-1]].float(), torch.zeros(round(seldom))]
    usual, here = (float(torch.cat(parts).mean()) for parts in (among, beside))
    return here / max(usual, 1e-6)


def _neighbours(registered: Standing, photo: int) -> tuple[list[int], tuple[float, float]]:
    """Whom of those that stand a photo is compared with, and between which inverse depths."""
    rows, points = registered.photos, registered.points
    cameras, last = registered.cameras[rows], len(rows) - 1
    visible = registered.visible[rows]
    visible[last] = seen(cameras[[last]], points)[0]
    near = best_sources(scores(cameras, last, points, visible), SOURCES).tolist()
    fallback = float(registered.depth[rows[near[0]]])
    limits = inverse_range(cameras, last, points[visible[last]], fallback)
    return [rows[row] for row in near], limits


def _situation(
    level: Level,
    registered: Standing,
    rows: list[int],
    limits: tuple[float, float],
    more: dict[str, Tensor],
) -> Situation:
    cameras = registered.cameras[rows].at(int(level.cameras.sizes[rows].max()))
    width, height = cameras.canvas
    grey, images = level.grey[rows, :height, :width], level.images[rows, :, :height, :width]
    now = {
        "inverse": _known(registered, rows, cameras),
        "range": torch.tensor(limits).expand(len(rows), -1),
        **more,
    }
    return Situation(Level(cameras, images, grey), now, cameras.sizes)


def _known(registered: Standing, rows: list[int], cameras: Cameras) -> Tensor:
    """(R, h, w) the inverse depths of some photos at the sizes of their `cameras`."""
    width, height = cameras.canvas
    stored, own = registered.cameras.at(COARSE).sizes[rows].tolist(), cameras.sizes.tolist()
    return torch.stack(
        [
            extended(resized(registered.inverse[row, :h, :w], tall, wide), height, width)
            for row, (w, h), (wide, tall) in zip(rows, stored, own, strict=True)
        ]
    )


def _moved(here: Situation, support: Tensor) -> Joint:
    """Steps that the last camera of some takes alone."""
    now, cameras = here.now, here.level.cameras
    last = len(cameras) - 1
    none = torch.zeros_like(support), torch.zeros(len(cameras), 1)
    maps = DepthMaps(cameras, here.level.images, now["inverse"], support, *none, now["sources"])
    moving = torch.arange(len(cameras)) == last
    partners = [[last]] * last + [list(range(last))]
    joint = Joint(maps, Unknowns.of(moving), patches=PATCHES, partners=partners)
    for _ in range(STEPS):
        if not joint.step():
            break
    return joint
