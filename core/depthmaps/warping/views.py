"""Views from anywhere, made of photos that are warped through their own depths; nothing is trained.

Buehler et al., Unstructured Lumigraph Rendering (SIGGRAPH 2001): a few photos that look at the same
from nearly the same angle, each pixel weighted by how near. First the view's own depths are agreed
on by those photos, then they are asked for colours. What none of them saw is told by trust 0.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from core.depthmaps.stereo.depths import DepthMaps
from core.depthmaps.warping.choosing import POINTS_OF_A_PHOTO, Chooser
from core.depthmaps.warping.looking import (
    Rays,
    Sight,
    Source,
    as_list,
    continued,
    filled,
    look_up,
    look_up_inside,
    seen_from,
    splat,
)
from core.geometry.cameras import Camera
from core.rendering.picture import Picture

AT_REST, IN_MOTION = 5, 4  # photos of a view
KEPT = 24  # photos that are kept ready
TOLERANCE = 0.02  # relative difference of depths that are the same
LOOSE = 3 * TOLERANCE  # the same, for colours
NEARLY = 0.02**2  # radians^2 below which angles are all alike
DOUBTED, HIDDEN = 0.01, 0.0005  # weight of colours whose depth disagrees, and of what lies behind
SHARP = 3  # photos that give colours wherever they see something: of more, detail is a mean
FILLING = 0.1  # weight of the others beside them
DETAIL = 0.3  # radians^2 of angle that a distance twice as great, or none, counts for
BAND = 24_000  # pixels coloured before somebody may say that the picture is no longer wanted


class PhotoLook(NamedTuple):
    """Part of a view, (h, w) pixels, as one photo has it."""

    source: Source
    sight: Sight
    known: np.ndarray  # (h, w) how far the photo's depths are to be believed
    seen: np.ndarray  # (h, w, 4) its colours and inverse depth, bilinear
    off: np.ndarray  # (h, w) depth over what the photo has there, less 1
    agree: np.ndarray  # (h, w) in [0, 1], how nearly these are the same


@dataclass(frozen=True, eq=False)
class Prepared:
    """A view whose photos are chosen and whose depths are known; its colours are not.

    Attributes:
        camera: the view's.
        rays: of its pixels.
        inverse: (H, W) inverse depths, above 0 wherever any chosen photo sees something.
        sources: the chosen photos.
        gains: (sources, 3) factors that bring each photo's colours to the view's exposure.
    """

    camera: Camera
    rays: Rays
    inverse: np.ndarray
    sources: tuple[Source, ...]
    gains: np.ndarray

    def rows(self, part: slice, cubic: bool) -> tuple[np.ndarray, np.ndarray]:
        """Colours (h, W, 3) and trust (h, W) in [0, 1] of some rows.

        With d_s the depth of a point over what photo s has there, its weight is angle^-3 times
        trust_s exp(-((d_s - 1) / .06)^2), and next to nothing where it disagrees. To the angle
        counts how much nearer or farther the photo was taken, which changes detail as well.
        """
        size = self.inverse[part].shape
        colours = np.zeros((*size, 3), np.float32)
        total, trust = np.full(size, 1e-12, np.float32), np.zeros(size, np.float32)
        for rank, (look, gain) in enumerate(zip(self.looks(part), self.gains, strict=True)):
            source, sight, known, seen, off, agree = look
            trust = np.maximum(trust, known * agree)
            agree += np.where(off < -2 * TOLERANCE, np.float32(HIDDEN), np.float32(DOUBTED))
            weight = known * agree * _nearness(sight, DETAIL)
            if rank >= SHARP:
                weight *= np.float32(FILLING)
            total += weight
            rgb = look_up_inside(source.image, sight, cv2.INTER_CUBIC) if cubic else seen
            colours += rgb[..., :3] * (weight[..., None] * gain)
        colours /= total[..., None]
        return colours.clip(0, 1), trust

    def looks(self, part: slice) -> Iterator[PhotoLook]:
        """Some rows of the view as each of the chosen photos has them."""
        inverse, rays = self.inverse[part], self.rays.rows(part)
        safe = np.maximum(inverse, 1e-9)
        for source in self.sources:
            sight = seen_from(self.camera, rays, inverse, source.camera, angles=True)
            known = look_up(source.trust, sight, cv2.INTER_LINEAR)
            seen = look_up_inside(source.image, sight, cv2.INTER_LINEAR)
            off = sight.depth / safe * seen[..., 3] - 1
            agree = np.exp(-np.square(off / np.float32(LOOSE)))
            yield PhotoLook(source, sight, known, seen, off, agree)


class Views:
    """Depth maps as a scene to look at. Photos may be left out of any view.

    Attributes:
        maps: which these are.
    """

    def __init__(self, maps: DepthMaps) -> None:
        """Args: `maps`: of any level; views of more pixels have their photos' detail."""
        self.maps, self._cameras = maps, maps.cameras.single()
        self._arrays = [
            a.cpu().numpy() for a in (maps.photos, maps.inverse, maps.support, maps.through)
        ]
        self._log_gains = maps.gains.double().cpu().numpy()
        self._kept: OrderedDict[tuple[int, int], Source] = OrderedDict()
        self._lock = threading.Lock()  # viewers, exports and scores look at the same time
        self._chooser = Chooser(_spread_points(maps), self._cameras)

    def seen_by(
        self,
        camera: Camera,
        photos: int = AT_REST,
        cubic: bool = True,
        without: Collection[int] = (),
    ) -> Iterator[Picture | None]:
        """What a camera sees: None between parts of the work, then the picture.

        The picture's opacity is trust: 0 where no chosen photo saw what is there. Colours go on
        there from what is around, so that nothing glares, and are not meant to be believed.

        Args:
            camera: any; lens distortion is shown as it has it.
            photos: how many to make it of: `AT_REST`, or `IN_MOTION` while it has to be quick.
            cubic: whether colours are sampled bicubically.
            without: photos that are left out.
        """
        preparing = self._preparing(camera, photos, without)
        while (prepared := next(preparing)) is None:
            yield None
        size, step = (camera.height, camera.width), max(1, BAND // camera.width)
        rgb, trust = np.empty((*size, 3), np.float32), np.empty(size, np.float32)
        for top in range(0, camera.height, step):
            part = slice(top, top + step)
            rgb[part], trust[part] = prepared.rows(part, cubic)
            yield None
        depth = 1 / np.maximum(prepared.inverse, 1e-9)
        rgb = continued(rgb, (trust > 0).astype(np.float32))
        yield Picture(rgb, depth, trust, 1.0, camera)

    def prepared(
        self, camera: Camera, photos: int = AT_REST, without: Collection[int] = ()
    ) -> Prepared:
        """A view's photos and depths at once; colours can then be had row by row."""
        *_, last = self._preparing(camera, photos, without)
        assert last is not None, "preparing ends with what is prepared"
        return last

    def _preparing(
        self, camera: Camera, photos: int, without: Collection[int]
    ) -> Iterator[Prepared | None]:
        choice = self._chooser.choose(camera, photos, without)
        own = max(max(c.width, c.height) for c in self._cameras)
        shrink = max(1, round(own / max(camera.width, camera.height)))
        small = camera.scaled(min(1.0, own / shrink / max(camera.width, camera.height)))
        sources, depths = [], []
        for photo in choice.photos:
            sources.append(self._source(photo, shrink))
            depths.append(splat(sources[-1], small))
            yield None
        inverse = _agreed(small, depths, sources)
        if small.width != camera.width:
            inverse = _enlarged(inverse, camera.width, camera.height)
        logs = self._log_gains[list(choice.photos)]
        gains = np.exp(choice.shares @ logs - logs).astype(np.float32)
        yield Prepared(camera, Rays.of(camera), inverse, tuple(sources), gains)

    def _source(self, photo: int, shrink: int) -> Source:
        """A photo at a level; those that were asked for last are kept."""
        key = (photo, shrink)
        with self._lock:
            if key not in self._kept:
                camera = self._cameras[photo]
                photos, *maps = self._arrays
                size = (slice(camera.height), slice(camera.width))
                picture = np.ascontiguousarray(np.moveaxis(photos[photo][:, *size], 0, -1))
                inverse, support, through = (np.ascontiguousarray(a[photo][size]) for a in maps)
                self._kept[key] = Source.of(camera, picture, inverse, support, through, shrink)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def render(
    views: Views,
    camera: Camera,
    photos: int = AT_REST,
    cubic: bool = True,
    without: Collection[int] = (),
) -> Picture:
    """What a camera sees, all at once; see `Views.seen_by`."""
    *_, picture = views.seen_by(camera, photos, cubic, without)
    assert picture is not None, "the last thing is the picture"
    return picture


def _agreed(view: Camera, depths: list[np.ndarray], sources: list[Source]) -> np.ndarray:
    """(H, W) of the photos' splatted inverse depths the ones most agree with.

    Where they are all the same it is their mean. Elsewhere each is tried: photos that have it too
    speak for it, those that see through it against it, by angle^-3 and trust.
    """
    if not depths:
        return np.zeros((view.height, view.width), np.float32)
    stack = np.stack(depths)
    there = stack > 0
    count = there.sum(0).astype(np.float32)
    mean = stack.sum(0) / np.maximum(count, 1)
    apart = np.where(there, np.abs(stack - mean), 0).max(0) > TOLERANCE / 2 * mean
    if apart.any():
        mean[apart] = _voted(view, stack[:, apart], sources, apart)
    return cv2.medianBlur(filled(mean), 5)


def _voted(
    view: Camera, candidates: np.ndarray, sources: list[Source], where: np.ndarray
) -> np.ndarray:
    """(M,) the best of candidates (K, M) at the pixels of a mask."""
    rays, many = Rays.of(view).at(where), candidates.shape[1]
    lists = [as_list(c) for c in candidates]
    middle = sum(lists) / np.maximum(sum(c > 0 for c in lists), 1)
    near = [_nearness(seen_from(view, rays, middle, s.camera, angles=True)) for s in sources]
    best, score = np.zeros_like(lists[0]), np.full_like(lists[0], -1e9)
    for candidate in lists:
        votes = np.where(candidate > 0, np.float32(0), np.float32(-1e8))
        for source, weight in zip(sources, near, strict=True):
            sight = seen_from(view, rays, candidate, source.camera)
            depth = look_up(source.inverse, sight, cv2.INTER_NEAREST)
            trust = look_up(source.trust, sight, cv2.INTER_NEAREST)
            off = sight.depth / np.maximum(candidate, 1e-9) * depth - 1
            same = np.exp(-np.square(off / np.float32(TOLERANCE)))
            votes += weight * trust * (same - (off < -2 * TOLERANCE))
        better = votes > score
        best, score = np.where(better, candidate, best), np.maximum(votes, score)
    return best.ravel()[:many]


def _nearness(sight: Sight, detail: float = 0.0) -> np.ndarray:
    """Angle^-3, from 2 - 2 cos; `detail`: radians^2 that twice the distance counts for."""
    assert sight.away is not None, "angles were asked for"
    square = sight.away + np.float32(NEARLY)
    if detail:
        square += np.float32(detail) * np.square(sight.depth - 1)
    return 1 / (square * np.sqrt(square))


def _enlarged(inverse: np.ndarray, width: int, height: int) -> np.ndarray:
    """Inverse depths at a larger size: smooth within a surface, sharp at its edges."""
    smooth = cv2.resize(inverse, (width, height), interpolation=cv2.INTER_LINEAR)
    sharp = cv2.resize(inverse, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.where(np.abs(smooth - sharp) > TOLERANCE * sharp, sharp, smooth)


def _spread_points(maps: DepthMaps) -> np.ndarray:
    """(P, 3) points of surfaces that others confirm, evenly over the pixels of each photo."""
    parts = []
    for number, (width, height) in enumerate(maps.cameras.sizes.tolist()):
        step = max(1, math.isqrt(width * height // POINTS_OF_A_PHOTO))
        row, column = np.mgrid[step // 2 : height : step, step // 2 : width : step]
        confirmed = maps.support[number].cpu().numpy()[row, column] > 0
        if confirmed.sum() < POINTS_OF_A_PHOTO // 4:
            confirmed[:] = True
        row, column = row[confirmed], column[confirmed]
        camera = maps.cameras[[number]].single()[0]
        tangents = camera.tangents(np.stack([column + 0.5, row + 0.5], -1))
        depth = 1 / np.maximum(maps.inverse[number].cpu().numpy()[row, column], 1e-9)
        local = np.concatenate([tangents, np.ones((len(tangents), 1))], -1) * depth[:, None]
        parts.append(local @ camera.camera_to_world[:3, :3].T + camera.position)
    return np.concatenate(parts)
