"""What all learned cameras see, and where several of them agree that something is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import InputError
from core.exporting.jobs import Watch
from core.exporting.pictures import whole_picture
from core.geometry.cameras import Camera
from core.geometry.paths import average_camera
from core.rendering.picture import Pace, Picture
from core.training.learned import Learned

LONG_SIDE = 512  # pixels of a view: about 200,000 points, and a mesh as fine as fields are
SOLID = 0.5  # opacity from which a pixel has a surface
NEAR = 75  # percentile of disparity that stands for the scene: sky may fill most of the pictures
AGREEMENT = 0.015  # of that disparity: how far two views may differ about one point
DEEPEST = 10.0  # times that depth; what is farther is background without a place of its own
WITNESSES = 3  # views that have to see a point, its own among them


@dataclass(frozen=True, eq=False)
class View:
    """What one camera sees. Rows from the top."""

    camera: Camera
    rgb: np.ndarray  # (H, W, 3) uint8
    disparity: np.ndarray  # (H, W) float32, 1 / camera depth; 0 where nothing solid is, or afar

    @classmethod
    def of(cls, picture: Picture) -> "View":
        """What a picture shows of surfaces: a third of its memory."""
        solid = (picture.opacity >= SOLID) & np.isfinite(picture.depth) & (picture.depth > 0)
        disparity = np.where(solid, 1 / np.where(solid, picture.depth, 1), 0)
        rgb = np.rint(np.nan_to_num(picture.rgb) * 255).astype(np.uint8)
        return cls(picture.camera, rgb, disparity.astype(np.float32))

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """World points (P, 3) of all solid pixels, and their numbers (P,) row by row."""
        c, pixels = self.camera, np.flatnonzero(self.disparity)
        rows, columns = np.divmod(pixels, c.width)
        depth = 1 / self.disparity.ravel()[pixels].astype(np.float64)
        x, y = (columns + 0.5 - c.cx) / c.fx, (rows + 0.5 - c.cy) / c.fy
        local = np.stack([x, y, np.ones_like(x)], axis=-1) * depth[:, None]
        return local @ c.camera_to_world[:3, :3].T + c.position, pixels

    def look_up(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How world points (P, 3) look from here.

        Returns:
            The disparities (P,) of the points, those of what is seen in their pixels (P,), 0 where
            nothing is or they are out of the picture, and the numbers (P,) of these pixels.
        """
        c = self.camera
        x, y, z = ((points - c.position) @ c.camera_to_world[:3, :3]).T
        own = 1 / np.where(z > 0, z, np.inf)
        columns, rows = (
            np.floor(f * s * own + m) for f, s, m in ((c.fx, x, c.cx), (c.fy, y, c.cy))
        )
        inside = (z > 0) & (columns >= 0) & (columns < c.width) & (rows >= 0) & (rows < c.height)
        pixels = np.where(inside, rows * c.width + columns, 0).astype(np.int64)
        return own, np.where(inside, self.disparity.ravel()[pixels], 0), pixels


@dataclass(frozen=True, eq=False)
class Views:
    """All views of a scene, the middle ones first."""

    views: tuple[View, ...]
    tolerance: float  # disparity by which two views may differ about the same point
    middle: Camera  # the average camera, at the size of the views
    witnesses: int  # views that have to see a point, its own among them

    @classmethod
    def of(
        cls,
        views: Sequence[View],
        middle: Camera,
        agreement: float = AGREEMENT,
        witnesses: int = WITNESSES,
    ) -> "Views":
        """Views without what is far behind the scene.

        Args:
            views: the middle ones first.
            middle: the average camera, at their size.
            agreement: how far two may differ about one point, as a part of the scene's disparity.
            witnesses: how many have to agree; fewer where there are not as many.

        Raises:
            InputError: nothing is solid anywhere.
        """
        solid = np.concatenate([view.disparity[view.disparity > 0] for view in views])
        if len(solid) == 0:
            raise nothing_there()
        near = float(np.percentile(solid, NEAR))
        kept = (np.where(v.disparity * DEEPEST >= near, v.disparity, 0) for v in views)
        cut = tuple(replace(v, disparity=k) for v, k in zip(views, kept, strict=True))
        return cls(cut, agreement * near, middle, min(witnesses, len(cut)))


def look_around(learned: Learned, watch: Watch, steps: int) -> Views:
    """Render what all learned cameras see.

    Args:
        learned: cameras and scene.
        watch: told how many of `steps` are done: one for each camera.
        steps: of the whole work.

    Raises:
        Cancelled: the watch said so.
        InputError: nothing is solid anywhere.
    """
    middle = _sized(average_camera(learned.trained))
    cameras = sorted(learned.trained, key=lambda c: np.linalg.norm(c.position - middle.position))
    pace, views = Pace(), []
    for done, camera in enumerate(cameras, start=1):
        views.append(View.of(whole_picture(learned.scene, _sized(camera), pace, watch.after_chunk)))
        watch.progress(done, steps)
    return Views.of(views, middle)


def nothing_there() -> InputError:
    """What is said where no views agree that something is."""
    return InputError("There is no surface yet: the views do not agree on any; train for longer.")


def _sized(camera: Camera) -> Camera:
    """The same view with at most `LONG_SIDE` pixels along its longer side, and straight rays."""
    return camera.pinhole.scaled(min(1.0, LONG_SIDE / max(camera.width, camera.height)))
