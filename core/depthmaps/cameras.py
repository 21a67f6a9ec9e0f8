"""Many cameras as one value, for arithmetic that asks all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.geometry.cameras import Camera
from core.geometry.distortion import undistorted
from core.geometry.rays import ahead, pixel_centres

BEHIND = 1e-6  # of a depth over its distance: what is nearer to the camera's plane is not seen


@dataclass(frozen=True, eq=False)
class Cameras:
    """N cameras with one radial coefficient, OpenCV axes (+x right, +y down, +z forward).

    Photos may differ in shape: each lies at the top left of a canvas that is as wide as the widest
    and as high as the highest of them, and ends at its own size.
    """

    rotation: Tensor  # (N, 3, 3) camera to world
    centre: Tensor  # (N, 3) in the world
    intrinsics: Tensor  # (N, 4) fx, fy, cx, cy in pixels; the first pixel's middle is (.5, .5)
    k1: Tensor  # (N,) see `core.geometry.distortion`
    sizes: Tensor  # (N, 2) int64 width and height of each photo in pixels

    @staticmethod
    def of(cameras: Sequence[Camera], dtype: torch.dtype = torch.float32) -> "Cameras":
        """Single cameras side by side."""
        poses = torch.from_numpy(np.stack([c.camera_to_world for c in cameras])).to(dtype)
        numbers = torch.tensor([[c.fx, c.fy, c.cx, c.cy] for c in cameras], dtype=dtype)
        k1 = torch.tensor([c.k1 for c in cameras], dtype=dtype)
        sizes = torch.tensor([[c.width, c.height] for c in cameras])
        return Cameras(poses[:, :3, :3].contiguous(), poses[:, :3, 3].clone(), numbers, k1, sizes)

    def single(self) -> list[Camera]:
        """Each camera as a value of its own."""
        poses = np.tile(np.eye(4), (len(self), 1, 1))
        poses[:, :3, :3] = self.rotation.double().cpu().numpy()
        poses[:, :3, 3] = self.centre.double().cpu().numpy()
        lenses = zip(self.intrinsics.tolist(), self.sizes.tolist(), self.k1.tolist(), strict=True)
        return [
            Camera(pose, fx, fy, cx, cy, width, height, k1)
            for pose, ((fx, fy, cx, cy), (width, height), k1) in zip(poses, lenses, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.centre)

    def __getitem__(self, index: Tensor | Sequence[int] | slice) -> "Cameras":
        """Those in `index`, in that order."""
        return Cameras(
            self.rotation[index],
            self.centre[index],
            self.intrinsics[index],
            self.k1[index],
            self.sizes[index],
        )

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height that hold every photo."""
        width, height = self.sizes.amax(0).tolist()
        return width, height

    def at(self, long_side: int) -> "Cameras":
        """The same views with each photo's longer side `long_side` pixels; none is enlarged."""
        scale = (long_side / self.sizes.amax(1, keepdim=True)).clamp_max(1.0)
        return self.resized((self.sizes * scale).round().long().clamp_min(1))

    def scaled(self, scale: float) -> "Cameras":
        """The same views with all sides times `scale`, rounded to whole pixels, at least one."""
        return self.resized((self.sizes * scale).round().long().clamp_min(1))

    def resized(self, sizes: Tensor) -> "Cameras":
        """The same views of the world at other sizes (N, 2) in pixels."""
        scale = (sizes / self.sizes).to(self.intrinsics)
        return replace(self, intrinsics=self.intrinsics * scale.repeat(1, 2), sizes=sizes)

    def project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where each camera shows points of the world (N, P, 3), or (P, 3) for all alike.

        Returns:
            (N, P, 2) pixels and (N, P) depths; pixels mean something where the depth is above 0.
        """
        seen = (points - self.centre[:, None]) @ self.rotation
        depth = seen[..., 2]
        least = BEHIND * seen.detach().norm(dim=-1).clamp_min(1e-30)
        plane = seen[..., :2] / torch.maximum(depth, least).unsqueeze(-1)
        return self.pixels(plane), depth

    def pixels(self, plane: Tensor) -> Tensor:
        """(N, P, 2) pixels of what pinholes see at tangents X / Z, Y / Z (N, P, 2)."""
        numbers = self.intrinsics[:, None]
        return through_lens(plane, self.k1[:, None, None]) * numbers[..., :2] + numbers[..., 2:]

    def inside(self, pixels: Tensor, depth: Tensor) -> Tensor:
        """(N, P) whether what is at these pixels (N, P, 2) and depths (N, P) is in the photo."""
        within = (pixels > 0) & (pixels < self.sizes[:, None])
        return within.all(-1) & (depth > 0)

    def directions(self, pixels: Tensor) -> Tensor:
        """(N, P, 3) directions, in camera axes with z 1, of rays through pixels (N, P, 2)."""
        numbers = self.intrinsics[:, None]
        plane = (pixels - numbers[..., 2:]) / numbers[..., :2]
        return ahead(undistorted(plane, self.k1[:, None, None]))

    def rays(self, index: int) -> Tensor:
        """(h w, 3) directions, in camera axes with z 1, of all pixels of one photo, by rows."""
        width, height = self.sizes[index].tolist()
        pixels = pixel_centres(width, height, self.centre.device).to(self.centre)
        return self[index : index + 1].directions(pixels[None])[0]

    def lift(self, pixels: Tensor, inverse_depth: Tensor) -> Tensor:
        """(N, P, 3) points of the world at pixels (N, P, 2) with inverse depths (N, P) above 0."""
        points = self.directions(pixels) / inverse_depth.unsqueeze(-1)
        return points @ self.rotation.mT + self.centre[:, None]


def through_lens(plane: Tensor, k1: Tensor) -> Tensor:
    """Where a lens shows what a pinhole shows at `plane` (..., 2), both on the plane at depth 1.

    As `core.geometry.distortion.distorted`, but beyond the circle where a barrel folds back
    (3 k1 |u|^2 = -1) it goes on outwards, so that nothing from there comes into a picture.

    Args: `k1` as broadcasts against (..., 1).
    """
    fold = 1 / (3 * (-k1).clamp_min(1e-9))
    return plane * (1 + k1 * torch.minimum(plane.square().sum(-1, keepdim=True), fold))
