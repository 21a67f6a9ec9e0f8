"""A field, and what it leaves of its photos: residuals, warped into views and added there.

A field holds what all photos agree on, as far as it has room. What only near ones show (a gleam, a
leaf's edge, the finest texture) stays behind in each photo's residual, the photo less what the
field shows from its place. Residuals are warped through the photos' own depths, as the photos
themselves are in `core.depthmaps.warping.views`; only, they are smaller and less alike, so that
more photos are taken, nearly all alike. How much of them is added is told by pixels that nothing
was learned from.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from core.depthmaps.stereo.depths import DepthMaps, kept_maps
from core.depthmaps.warping.looking import look_up_inside
from core.depthmaps.warping.views import BAND, DETAIL, NEARLY, Prepared, Views
from core.geometry.cameras import Camera
from core.rendering.picture import Pace, Picture
from core.rendering.scene import FieldScene
from core.states import part_of

PHOTOS = 8  # of a view


def encoded(residual: np.ndarray) -> Tensor:
    """(3, H, W) uint8 of a residual (H, W, 3) in [-1, 1]: 0 is 127.5."""
    bytes_ = np.round((residual.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(bytes_, -1, 0)))


def decoded(residual: Tensor) -> np.ndarray:
    """(H, W, 3) in [-1, 1] of what is `encoded`."""
    return np.moveaxis(residual.numpy(), 0, -1) / 127.5 - 1


@dataclass(frozen=True, eq=False)
class Correction:
    """What a field leaves of its photos, as it is added to views.

    Attributes:
        views: depth maps whose photos are residuals, as `encoded` gives them.
        share: of the residuals that is added, in [0, 1].
        left: part of the field's squared error that is left at pixels it has not learned from.
    """

    views: Views
    share: float
    left: float

    def added_to(self, picture: Picture) -> Iterator[Picture | None]:
        """A picture of the field with its residuals: None between parts, then the picture."""
        camera, rgb = picture.camera, picture.rgb.copy()
        prepared, step = self.views.prepared(camera, PHOTOS), max(1, BAND // camera.width)
        for top in range(0, camera.height, step):
            yield None
            part = slice(top, top + step)
            rgb[part] += np.float32(self.share) * residuals(prepared, part)
        seen = rgb.clip(0, 1)
        yield Picture(seen, picture.depth, picture.opacity, picture.scale, camera)

    def state(self) -> dict[str, Tensor]:
        """All of it, as tensors by name."""
        maps = self.views.maps
        out = {f"maps.{name}": value for name, value in maps.state().items()}
        return out | {"seen": maps.photos, "share": torch.tensor([self.share, self.left])}

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> "Correction":
        """The one that gave this state.

        Raises:
            ValueError: none did.
        """
        maps = part_of(dict(state), "maps.")
        share, left = state["share"].tolist()
        if not (0 <= share <= 1 and 0 <= left <= 1):
            raise ValueError(f"a share of {share}, which leaves {left}")
        return cls(Views(kept_maps(maps, state["seen"], maps["camera.sizes"])), share, left)


def residuals(prepared: Prepared, part: slice) -> np.ndarray:
    """(h, W, 3) what is missing in some rows of a view, by photos that hold residuals.

    A photo's weight is trust exp(-((d - 1) / .06)^2) / angle, with d its depth over that of the
    view; where none is to be believed nothing is missing.
    """
    size = prepared.inverse[part].shape
    out = np.zeros((*size, 3), np.float32)
    total, trust = np.full(size, 1e-12, np.float32), np.zeros(size, np.float32)
    for source, sight, known, _, _, agree in prepared.looks(part):
        assert sight.away is not None, "angles were asked for"
        believed = known * agree
        square = sight.away + np.float32(NEARLY) + np.float32(DETAIL) * np.square(sight.depth - 1)
        weight = believed / np.sqrt(square)
        there = look_up_inside(source.image, sight, cv2.INTER_CUBIC)[..., :3]
        out += (2 * there - 1) * weight[..., None]
        total += weight
        trust = np.maximum(trust, believed)
    out *= (trust / total)[..., None]
    return out


def missing(
    views: Views, camera: Camera, without: Collection[int], where: np.ndarray
) -> np.ndarray:
    """(M, 3) the same at the pixels of a mask (H, W), by all photos but some."""
    prepared = views.prepared(camera, PHOTOS, without)
    return residuals(prepared, slice(None))[where]


@dataclass(frozen=True, eq=False)
class CorrectedScene(FieldScene):
    """A field whose pictures have what it leaves of its photos added; rays alone do not.

    Attributes:
        correction: what is added.
    """

    correction: Correction = field(kw_only=True)

    def seen_by(self, camera: Camera, pace: Pace) -> Iterator[Picture | None]:
        """See `Scene`."""
        for picture in super().seen_by(camera, pace):
            if picture is None:
                yield None
            else:
                yield from self.correction.added_to(picture)

    @classmethod
    def of(cls, scene: FieldScene, correction: Correction) -> "CorrectedScene":
        """A scene with a correction of its pictures."""
        return cls(**_parts(scene), correction=correction)

    @property
    def by_itself(self) -> FieldScene:
        """See `Scene`."""
        return FieldScene(**_parts(self))

    @property
    def error_left(self) -> float:
        """See `FieldScene`."""
        return self.correction.left


def _parts(scene: FieldScene) -> dict[str, Any]:
    return {part.name: getattr(scene, part.name) for part in fields(FieldScene)}


def with_residuals(maps: DepthMaps, residual: Tensor) -> Views:
    """Views of depth maps whose photos are residuals (N, 3, H, W), as `encoded` gives them."""
    return Views(replace(maps, photos=residual, gains=torch.zeros_like(maps.gains)))
