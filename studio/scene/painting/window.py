"""The part of the world that photos have seen: outside of it a field was never trained.

A novel view from behind the cameras mostly looks past that part. Rendering it all would cost time
and show fog, so views render only the pixels whose rays meet it, and of these rays only the
points inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from core.fields import SceneField
from core.geometry.cameras import Camera
from core.rendering.scene import FieldScene
from core.rendering.spaces import NEAR_PLANE

# Where the pyramid is made wide enough for all cameras. Closer by, its corners are seen by one
# camera alone and look torn from everywhere else.
NEAREST_IN_NDC = 1.5 * NEAR_PLANE
NEAREST_IN_CAMERA_SPACE = 0.2  # of the far distance
MARGIN = 1.02  # photos do not end at a knife's edge
STEEPEST = 3.0  # slope; one camera that ran away must not open the window to the sides
FAR_AWAY = 1e6


@dataclass(frozen=True)
class Window:
    """A pyramid along +z with its tip in the world's origin, cut off at a near plane.

    Attributes:
        low: smallest X/Z and Y/Z that a photo saw.
        high: largest X/Z and Y/Z.
        near: smallest Z.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    near: float

    @classmethod
    def of(cls, cameras: Sequence[Camera], scene: FieldScene) -> "Window":
        """The smallest such pyramid that holds what all cameras see, but for the nearest edges."""
        ndc = scene.settings.space == "ndc"
        close = NEAREST_IN_NDC if ndc else scene.settings.far * NEAREST_IN_CAMERA_SPACE
        slopes = np.concatenate([_slopes(c, z) for c in cameras for z in (close, FAR_AWAY)])
        middle, half = (slopes.max(0) + slopes.min(0)) / 2, np.ptp(slopes, axis=0) / 2 * MARGIN
        low, high = (middle - half).tolist(), (middle + half).tolist()
        return cls((low[0], low[1]), (high[0], high[1]), NEAR_PLANE if ndc else 0.0)

    def meets(self, camera: Camera) -> np.ndarray:
        """(H, W) bool: pixels of a camera whose rays pass through the window forwards."""
        if self is EVERYWHERE:
            return np.ones((camera.height, camera.width), bool)
        x = (np.arange(camera.width, dtype=np.float32) + 0.5 - camera.cx) / camera.fx
        y = (np.arange(camera.height, dtype=np.float32) + 0.5 - camera.cy) / camera.fy
        turn, origin = camera.camera_to_world[:3, :3], camera.camera_to_world[:3, 3]
        forward = _plane(turn[2], x, y)
        enters = np.zeros((camera.height, camera.width), np.float32)
        leaves = np.full_like(enters, FAR_AWAY)
        for axis, sign, slope in self._sides():
            # Inside is where sign * (X - slope Z) >= 0, linear in the distance along the ray.
            here = sign * (origin[axis] - slope * origin[2])
            grows = sign * (_plane(turn[axis], x, y) - slope * forward)
            _clip(enters, leaves, here, grows)
        _clip(enters, leaves, origin[2] - self.near, forward)
        return (enters < leaves) & (forward > 1e-3)

    def _sides(self) -> list[tuple[int, float, float]]:
        low = [(axis, 1.0, self.low[axis]) for axis in (0, 1)]
        return low + [(axis, -1.0, self.high[axis]) for axis in (0, 1)]


EVERYWHERE = Window((-np.inf, -np.inf), (np.inf, np.inf), -np.inf)


def _plane(row: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(H, W) one world component of the directions through all pixels."""
    return (row[0] * x + row[2]).astype(np.float32) + (row[1] * y).astype(np.float32)[:, None]


def _clip(enters: np.ndarray, leaves: np.ndarray, here: float, grows: np.ndarray) -> None:
    """Keep of each ray's stretch, in place, where ``here + grows * t`` is not negative."""
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.float32(-here) / grows
    np.maximum(enters, crossing, out=enters, where=grows > 0)
    np.minimum(leaves, crossing, out=leaves, where=grows < 0)
    leaves[(grows == 0) & (here < 0)] = -1


def _slopes(camera: Camera, z: float) -> np.ndarray:
    """(4, 2) X/Z and Y/Z where the rays through a picture's corners reach world depth `z`."""
    corners = np.array([(x, y) for x in (0, camera.width) for y in (0, camera.height)])
    plane = np.concatenate([camera.tangents(corners), np.ones((4, 1))], axis=1)
    rays = plane @ camera.camera_to_world[:3, :3].T
    distance = (z - camera.position[2]) / np.maximum(rays[:, 2], 1e-3)
    points = camera.position + distance[:, None] * rays
    return np.clip(points[:, :2] / z, -STEEPEST, STEEPEST)


@dataclass(frozen=True, eq=False)
class SeenField:
    """A field that is empty outside a window."""

    field: SceneField
    window: Window
    space: str
    normalized_focal: Tensor  # (2,) of the scene

    def __call__(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Colour and density of points; see `core.fields.SceneField`."""
        rgb, density = self.field(positions, directions, noise)
        low, high = (
            self.normalized_focal.new_tensor(side) for side in (self.window.low, self.window.high)
        )
        plane = positions[..., :2]
        # In ndc x is 2 fx/W X/Z.
        scale = 2 * self.normalized_focal if self.space == "ndc" else positions[..., 2:]
        inside = ((plane >= low * scale) & (plane <= high * scale)).all(-1)
        return rgb, density * inside


def seen_from(scene: FieldScene, window: Window, camera: Camera, samples: int) -> FieldScene:
    """`scene` as a view of `camera` renders it: what was seen, from the eye on, before black.

    A field in a contracted world is asked where its proposal says that something was seen.
    """
    settings, z = replace(scene.settings, white_background=False), float(camera.position[2])
    if settings.ball is not None:
        return replace(scene, settings=replace(settings, only_met=True))
    if settings.space == "ndc":
        behind = 1 - NEAR_PLANE / z if z > NEAR_PLANE else 0.0
        settings = replace(settings, samples=samples, near=max(settings.near, behind))
    else:
        settings = replace(settings, samples=samples, far=settings.far + max(0.0, -z))
    field = SeenField(scene.field, window, settings.space, scene.normalized_focal)
    return FieldScene(field, scene.normalized_focal, settings, scene.proposal)
