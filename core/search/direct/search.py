"""Cameras of all photos from nothing but brightness: seeds grow, and the best of them wins."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.parallel import ParallelMap
from core.search.direct.growing import FEWEST, Ground, Growth
from core.search.direct.seeding import seeded
from core.search.direct.standing import COARSE, Standing, joined, with_focal

FOCALS = (0.85, 1.7)  # over the longer side, before anything is known: a phone's, a long lens's
SEEDS, SURE = 3, 0.5  # that are compared before the best grows, unless one has so much support
UNSURE = 0.25  # support of the best of the first, below which they are tried with a long lens too
HOPELESS = 0.12  # support of a seed below which it does not grow
FINE = 126  # pixels of joint steps at the end
FINISHED = 2  # times that all cameras move with the lens before what was left out is tried again
AGAIN = 1  # try of what was left out, each time that cameras are better
WORSE = 0.85  # of the support that a world had, with which cameras that moved on are not taken
LAST, SETTLED = 4, 0.01  # rounds at the end, and change of the focal length that ends them sooner
LEFT_OUT = 0.3  # of the usual support, below which a photo leaves before the others are finished
ENOUGH, NEARLY_ALL = 0.42, 0.9  # support over all photos, and part of them, that end the search


@dataclass(frozen=True)
class News:
    """What a search tells.

    Attributes:
        world: number of the world that is growing.
        placed: photos in it.
        best: the best world so far, where there is a new one.
    """

    world: int
    placed: int
    best: Standing | None = None


def searched(
    photos: Tensor, sizes: Tensor, seed: int = 0, parallel_map: ParallelMap = map
) -> Iterator[News]:
    """Look for the cameras of photos, and yield now and then.

    Args:
        photos: (N, C, H, W) uint8, or float in [0, 1], at the top left of one canvas; N >= 3.
        sizes: (N, 2) width and height of each.
        seed: of all that is drawn.
        parallel_map: `map`, or that of a pool of threads; the result is the same.
    """
    generator = torch.Generator().manual_seed(seed)
    ground = Ground.of(photos, _unknown(sizes, FOCALS[0]), generator, parallel_map)

    def seed_of(photo: int, focal: float) -> Standing:
        lenses = _unknown(sizes, focal)
        through = ground.sweeper.through(lenses)
        return seeded(photos, through, ground.alike, photo, lenses, generator, parallel_map)

    first, seeds, worth, tried = _spread(ground.alike.value), list[Standing](), 0.0, 0
    while first or seeds:
        fresh = list[int]()
        while first and len(seeds) < SEEDS and not any(one.mean > SURE for one in seeds):
            yield News(tried + 1, 0)
            fresh.append(first.pop(0))
            seeds.append(seed_of(fresh[-1], FOCALS[0]))
        if worth == 0 and max(one.mean for one in seeds) < UNSURE:
            for photo in fresh:
                yield News(tried + 1, 0)
                seeds.append(seed_of(photo, FOCALS[1]))
        seeds.sort(key=lambda one: -one.mean)
        growth, tried = Growth(ground, seeds.pop(0), COARSE), tried + 1
        if growth.standing.mean < HOPELESS:
            continue
        yield from _grown(growth, tried)
        if len(growth.standing.photos) < min(FEWEST, len(photos)):
            continue
        leads = False  # what makes the best world more exact is better, whatever is confirmed
        for standing in _finished(growth):
            value = float(standing.support.sum()) / len(photos)
            leads, worth = leads or value > worth, max(worth, value)
            yield News(tried, len(standing.photos), standing if leads else None)
        if worth > ENOUGH and len(growth.standing.photos) >= NEARLY_ALL * len(photos):
            return


def _finished(growth: Growth) -> Iterator[Standing]:
    """Cameras as they get more exact, with another chance now and then for what is left out."""
    ground = growth.ground
    for _ in range(FINISHED):
        standing = moved_on(ground, growth.standing, COARSE)
        if len(standing.photos) > FEWEST:
            standing = standing.without(standing.below(LEFT_OUT * standing.usual))
        yield standing
        growth.again(standing, AGAIN)
        while growth.step():
            pass
    yield from _settling(ground, growth.standing)


def moved_on(ground: Ground, before: Standing, side: int, zoom: float = 1.0) -> Standing:
    """Cameras after further joint steps with their lens, or as they were where far less of them is
    confirmed then: a world that is wrong in part follows its errors anywhere.

    Args: `zoom`: with which the lens begins.
    """
    start = before if zoom == 1 else before.zoomed(zoom)
    after = joined(ground.photos, start, side, True, ground.parallel_map)
    return after if after.mean > WORSE * before.mean else before


def _settling(ground: Ground, standing: Standing) -> Iterator[Standing]:
    """Exact cameras until their focal length stays, and finer ones at last.

    It goes the longer way in ever smaller steps, so each of them is taken twice.
    """
    zoom = 1.0
    for _ in range(LAST):
        begin = zoom * standing.focal
        after = moved_on(ground, standing, COARSE, zoom)
        yield after
        zoom = after.focal / begin
        if after is standing or abs(zoom - 1) < SETTLED:
            break
        standing = after
    yield moved_on(ground, standing, FINE)


def _grown(growth: Growth, tried: int) -> Iterator[News]:
    while growth.step():
        yield News(tried, len(growth.standing.photos))


def _unknown(sizes: Tensor, focal: float) -> Cameras:
    """Cameras in one place, whose lenses are guessed."""
    count, half = len(sizes), sizes.float() / 2
    turn, zero = torch.eye(3).repeat(count, 1, 1), torch.zeros(count)
    cameras = Cameras(turn, torch.zeros(count, 3), torch.cat([half, half], 1), zero, sizes)
    return with_focal(cameras, focal)


def _spread(alike: np.ndarray) -> list[int]:
    """All photos: first one that has others like it, then always the least like those before."""
    order = [int(np.sort(alike, 1)[:, -4:-1].mean(1).argmax())]
    while len(order) < len(alike):
        rest = [photo for photo in range(len(alike)) if photo not in order]
        order.append(min(rest, key=lambda photo: alike[photo, order].max()))
    return order
