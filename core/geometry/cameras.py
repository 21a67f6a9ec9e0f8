"""One camera as a value, and the rig of all learned cameras."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.geometry.focals import FOCALS
from core.geometry.rotations import ROTATIONS


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera: pose in the world and intrinsics in pixels at `width` x `height`."""

    camera_to_world: np.ndarray  # (4, 4) float64, OpenCV axes
    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    @property
    def position(self) -> np.ndarray:
        """(3,) the camera's centre in the world."""
        return self.camera_to_world[:3, 3]

    @property
    def vertical_fov(self) -> float:
        """Radians from the top edge to the bottom edge."""
        return float(2 * np.arctan(self.height / 2 / self.fy))

    @property
    def aspect(self) -> float:
        """Width over height as they look: of the picture plane, not of the pixel counts."""
        return (self.width / self.fx) / (self.height / self.fy)

    def resized(self, width: int, height: int) -> "Camera":
        """The same view of the world at another resolution."""
        x, y = width / self.width, height / self.height
        return Camera(
            self.camera_to_world, self.fx * x, self.fy * y, self.cx * x, self.cy * y, width, height
        )

    def scaled(self, scale: float) -> "Camera":
        """The same view with its sides times `scale`, rounded to whole pixels and at least one."""
        return self.resized(*(max(1, round(side * scale)) for side in (self.width, self.height)))


class CameraRig(nn.Module):
    """The learned cameras: rotation (N, k), position (N, 3) and focal (1,) or (2,) numbers.

    With one focal number pixels are square and its ratio belongs to the longer side; with two,
    fx belongs to the width and fy to the height (NeRF--, section 3.1). The principal point is the
    image's centre. All cameras start at the identity.
    """

    def __init__(
        self,
        count: int,
        width: int,
        height: int,
        rotation: str,
        focal: str,
        shared_focal: bool,
        focal_ratio: float,
    ) -> None:
        """Args: `focal_ratio` is the initial focal length / longer side."""
        super().__init__()
        self.width, self.height = width, height
        self.rotation_kind, self.focal_kind, self.shared_focal = rotation, focal, shared_focal
        identity = torch.tensor(ROTATIONS[rotation].identity, dtype=torch.float32)
        self.rotation = nn.Parameter(identity.repeat(count, 1))
        self.position = nn.Parameter(torch.zeros(count, 3))
        sides = [self.long_side] if shared_focal else [width, height]
        ratios = torch.tensor([focal_ratio * self.long_side / side for side in sides])
        self.focal = nn.Parameter(FOCALS[focal].from_ratio(ratios))

    @property
    def long_side(self) -> int:
        """Pixels of the longer image side."""
        return max(self.width, self.height)

    def camera_to_world(self, index: Tensor | None = None) -> Tensor:
        """(N, 4, 4) poses of all cameras, or (..., 4, 4) of those in `index` (...)."""
        rotation = self.rotation if index is None else self.rotation[index]
        position = self.position if index is None else self.position[index]
        matrix = ROTATIONS[self.rotation_kind].to_matrix(rotation)
        top = torch.cat([matrix, position.unsqueeze(-1)], dim=-1)
        bottom = top.new_tensor([0, 0, 0, 1]).expand(*top.shape[:-2], 1, 4)
        return torch.cat([top, bottom], dim=-2)

    def focal_lengths(self) -> Tensor:
        """(2,) fx and fy in pixels at the rig's width and height."""
        ratio = FOCALS[self.focal_kind].to_ratio(self.focal)
        if self.shared_focal:
            return (ratio * self.long_side).expand(2)
        return ratio * ratio.new_tensor([self.width, self.height])

    def frame(self) -> Tensor:
        """(2,) fx / width and fy / height, which fix the axes of ndc."""
        focal = self.focal_lengths()
        return focal / focal.new_tensor([self.width, self.height])

    def principal_point(self) -> Tensor:
        """(2,) cx and cy in pixels: the image's centre."""
        return self.focal.new_tensor([self.width / 2, self.height / 2])

    @torch.no_grad()
    def convert(
        self,
        rotation: str | None = None,
        focal: str | None = None,
        shared_focal: bool | None = None,
    ) -> None:
        """Re-express the cameras with other representations without moving them.

        Only the parameters concerned are replaced. Going from two focal lengths to a shared one
        is the single change that can move a pixel: their geometric mean is taken.
        """
        if rotation is not None and rotation != self.rotation_kind:
            exact = ROTATIONS[self.rotation_kind].to_matrix(self.rotation.double())
            numbers = ROTATIONS[rotation].from_matrix(exact).to(self.rotation.dtype)
            self.rotation, self.rotation_kind = nn.Parameter(numbers), rotation
        focal = focal or self.focal_kind
        shared_focal = self.shared_focal if shared_focal is None else shared_focal
        if (focal, shared_focal) != (self.focal_kind, self.shared_focal):
            pixels = self.focal_lengths().double()
            if shared_focal:
                ratio = pixels.log().mean().exp().reshape(1) / self.long_side
            else:
                ratio = pixels / pixels.new_tensor([self.width, self.height])
            self.focal = nn.Parameter(FOCALS[focal].from_ratio(ratio).to(self.focal.dtype))
            self.focal_kind, self.shared_focal = focal, shared_focal

    @torch.no_grad()
    def place(self, index: Tensor, camera_to_world: Tensor) -> None:
        """Give the cameras in `index` (K,) these poses (K, 4, 4)."""
        numbers = ROTATIONS[self.rotation_kind].from_matrix(camera_to_world[:, :3, :3])
        self.rotation[index] = numbers.to(self.rotation)
        self.position[index] = camera_to_world[:, :3, 3].to(self.position)

    @torch.no_grad()
    def set_focal_lengths(self, pixels: Tensor) -> None:
        """Take (2,) fx and fy in pixels; their geometric mean where one number serves for both."""
        if self.shared_focal:
            ratio = pixels.log().mean().exp().reshape(1) / self.long_side
        else:
            ratio = pixels / pixels.new_tensor([self.width, self.height])
        self.focal.copy_(FOCALS[self.focal_kind].from_ratio(ratio))

    @torch.no_grad()
    def cameras(self) -> list[Camera]:
        """Every camera as a value, in the order of the photos."""
        (fx, fy), (cx, cy) = self.focal_lengths().tolist(), self.principal_point().tolist()
        poses = self.camera_to_world().double().cpu().numpy()
        return [Camera(pose, fx, fy, cx, cy, self.width, self.height) for pose in poses]
