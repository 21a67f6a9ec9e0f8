"""What is done with one photo at each stage of the way to depth maps.

A stage reads what the stages before have left of all photos, and returns this photo's part of what
it leaves. By name, with the axis of the photos in front once all are done:

    inverse, support, through   (N, H, W) maps on the canvas, see `DepthMaps`
    sources (N, K), range (N, 2), step (N,)   whom to compare with, nearest and farthest inverse
                                              depth, and the step between planes of the sweep
    picked (N, 300, 3), nan where there are fewer   points that others confirm
    points (P, 3), visible (N, P)             points of the scene, and which photos show them
    ratios (N, K, C)                          brightness against each source
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.photos import Level, extended, resized
from core.depthmaps.stereo.agreement import agreement, enough
from core.depthmaps.stereo.complete import best_of, filled
from core.depthmaps.stereo.gains import brightness_against
from core.depthmaps.stereo.neighbours import (
    POINTS,
    best_sources,
    guessed_depths,
    guessed_range,
    inverse_range,
    scores,
    seen,
    supposed_points,
)
from core.depthmaps.stereo.reference import Reference
from core.depthmaps.stereo.refine import median, refined, smoothed, swept

Rows = dict[str, Tensor]

SOURCES = 6
SWEPT = 4  # of the sources, those that a sweep asks
LOOKING_PLANES, PLANES = 72, 64
PICKED = 300
SAME = 0.05  # of a depth, within which a photo shows a point
WHOLE = (-2.0, -1.0, 0.0, 1.0, 2.0)
HALVES = (-0.5, 0.0, 0.5)
QUARTERS = (-0.5, -0.25, 0.0, 0.25, 0.5)


@dataclass(frozen=True, eq=False)
class Situation:
    """What a stage is given."""

    level: Level
    now: Rows  # what the stages before have left
    before: Tensor  # (N, 2) the photos' sizes at the level that maps are still of

    def photo(self, index: int, sources: int = SOURCES) -> Reference:
        """A photo and its best sources."""
        return Reference(self.level, index, self.now["sources"][index, :sources])

    def inverse(self, index: int) -> Tensor:
        """(h, w) its inverse depths."""
        return self.level.own(self.now["inverse"], index)

    def kept(self, index: int, inverse: Tensor) -> Rows:
        """A map (h, w) within the photo's range, on the canvas."""
        nearest, farthest = self.now["range"][index].tolist()
        width, height = self.level.cameras.canvas
        return {"inverse": extended(inverse.clamp(farthest, 1.1 * nearest), height, width)}


def look(here: Situation, index: int) -> Rows:
    """Depths from a sweep through all depths there may be, with neighbours by their frustums."""
    cameras = here.level.cameras
    depth = float(guessed_depths(cameras)[index])
    points = supposed_points(cameras, index, depth)
    visible = seen(cameras, points)
    visible[index] = True
    sources = best_sources(scores(cameras, index, points, visible), SOURCES)
    nearest, farthest = guessed_range(depth)
    photo = Reference(here.level, index, sources[:SWEPT])
    step = (nearest - farthest) / (LOOKING_PLANES - 1)
    inverse = median(swept(photo, nearest, farthest, LOOKING_PLANES), 3)
    inverse = smoothed(inverse, here.level.image(index), step).clamp_min(farthest)
    width, height = cameras.canvas
    return {"inverse": extended(inverse, height, width), "sources": sources}


def check(here: Situation, index: int) -> Rows:
    """Who confirms a depth, and who sees through it."""
    width, height = here.level.cameras.canvas
    support, through = agreement(here.photo(index), here.now["inverse"])
    return {
        "support": extended(support, height, width),
        "through": extended(through, height, width),
    }


def pick(here: Situation, index: int) -> Rows:
    """Points of the world that enough others confirm."""
    cameras, inverse = here.level.cameras, here.inverse(index)
    support = here.level.own(here.now["support"], index)
    indices = (support >= enough(here.now["sources"].shape[1])).nonzero()
    generator = torch.Generator().manual_seed(index)
    indices = indices[torch.randperm(len(indices), generator=generator)[:PICKED]]
    pixels = indices.flip(-1).to(inverse) + 0.5
    points = cameras[[index]].lift(pixels[None], inverse[indices[:, 0], indices[:, 1]][None])[0]
    return {"picked": F.pad(points, (0, 0, 0, PICKED - len(points)), value=torch.nan)}


def gathered(picked: Tensor) -> Tensor:
    """(P, 3) all photos' points (N, 300, 3), the same part of each so that there are not many."""
    each = max(1, min(PICKED, POINTS // len(picked)))
    points = picked[:, :each].reshape(-1, 3)
    return points[~points.isnan().any(-1)]


def see(here: Situation, index: int) -> Rows:
    """Which points a photo shows: those where its own depth is theirs."""
    one = here.level.cameras[[index]]
    pixels, depth = one.project(here.now["points"])
    inverse = here.now["inverse"][index]
    size = pixels.new_tensor(inverse.shape[::-1])
    own = F.grid_sample(
        inverse[None, None], (pixels / size * 2 - 1)[None], "nearest", "border", align_corners=False
    )
    shown = one.inside(pixels, depth) & ((own[0, 0] * depth - 1).abs() < SAME)
    return {"visible": shown[0]}


def relate(here: Situation, index: int) -> Rows:
    """Whom to compare a photo with, and between which depths, from the points that it shows."""
    cameras, points, visible = here.level.cameras, here.now["points"], here.now["visible"]
    guess = float(guessed_depths(cameras)[index])
    nearest, farthest = inverse_range(cameras, index, points[visible[index]], guess)
    sources = best_sources(scores(cameras, index, points, visible), SOURCES)
    return {
        "sources": sources,
        "range": torch.tensor([nearest, farthest], device=points.device),
        "step": torch.tensor((nearest - farthest) / (PLANES - 1), device=points.device),
    }


def sweep(here: Situation, index: int) -> Rows:
    """Depths from nothing, between the photo's nearest and farthest."""
    photo, step = here.photo(index, SWEPT), float(here.now["step"][index])
    nearest, farthest = here.now["range"][index].tolist()
    inverse = median(swept(photo, nearest, farthest, PLANES), 3)
    inverse = refined(photo, inverse, step, QUARTERS)
    return here.kept(index, smoothed(inverse, here.level.image(index), step))


def complete(here: Situation, index: int) -> Rows:
    """Depths that nobody confirms, from those that others do."""
    return here.kept(index, _completed(here, index, 0.015))


def sharpen(here: Situation, index: int) -> Rows:
    """Completed, and refined by half steps."""
    inverse = _completed(here, index, 0.015)
    step = float(here.now["step"][index])
    return here.kept(index, refined(here.photo(index), inverse, step, HALVES))


def finish(here: Situation, index: int) -> Rows:
    """Completed, refined by half steps and smoothed: the end of a finer level."""
    photo, step = here.photo(index), float(here.now["step"][index])
    inverse = refined(photo, _completed(here, index, 0.015), step, HALVES)
    return here.kept(index, smoothed(inverse, here.level.image(index), step, radius=2))


def finer(here: Situation, index: int) -> Rows:
    """The map of the level before, refined by up to two steps of half the size."""
    return _finer(here, index, WHOLE)


def finest(here: Situation, index: int) -> Rows:
    """The map of the level before, refined by up to one step of half the size."""
    return _finer(here, index, (-1.0, 0.0, 1.0))


def fill(here: Situation, index: int) -> Rows:
    """What nobody confirms takes the completion of the rest, however unlike it looks."""
    maps = (here.level.own(here.now[name], index) for name in ("inverse", "support", "through"))
    return here.kept(index, filled(here.photo(index), *maps))


def publish(here: Situation, index: int) -> Rows:
    """How bright a photo is against its sources, which is the last thing that is found."""
    return {"ratios": brightness_against(here.photo(index), here.now["inverse"])}


def _completed(here: Situation, index: int, bias: float) -> Tensor:
    through = here.level.own(here.now["through"], index)
    return best_of(here.photo(index), here.now["inverse"], here.now["support"], through, bias)


def _finer(here: Situation, index: int, shifts: tuple[float, ...]) -> Rows:
    photo = here.photo(index)
    width, height = here.before[index].tolist()
    inverse = resized(here.now["inverse"][index, :height, :width], photo.height, photo.width)
    step = here.now["step"][index] / 2
    new = median(refined(photo, inverse, float(step), shifts), 5)
    return here.kept(index, new) | {"step": step}


STAGES: dict[str, Callable[[Situation, int], Rows]] = {
    "look": look,
    "check": check,
    "pick": pick,
    "see": see,
    "relate": relate,
    "sweep": sweep,
    "complete": complete,
    "sharpen": sharpen,
    "finer": finer,
    "finest": finest,
    "finish": finish,
    "fill": fill,
    "publish": publish,
}
