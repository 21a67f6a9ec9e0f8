"""One camera as a value, and the rig of all learned cameras."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from core.geometry.canvas import Size
from core.geometry.distortion import undistorted
from core.geometry.focals import FOCALS
from core.geometry.rotations import ROTATIONS

LARGEST = 1e9  # of a camera's numbers, in pixels or in the world


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera: pose in the world and intrinsics in pixels at `width` x `height`.

    It is a pinhole where `k1`, the radial distortion (see `core.geometry.distortion`), is 0.
    """

    camera_to_world: np.ndarray  # (4, 4) float64, OpenCV axes
    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    k1: float = 0.0

    @property
    def position(self) -> np.ndarray:
        """(3,) the camera's centre in the world."""
        return self.camera_to_world[:3, 3]

    @property
    def vertical_fov(self) -> float:
        """Radians from the top edge to the bottom edge, without distortion."""
        return float(2 * np.arctan(self.height / 2 / self.fy))

    @property
    def aspect(self) -> float:
        """Width over height as they look: of the picture plane, not of the pixel counts."""
        return (self.width / self.fx) / (self.height / self.fy)

    @property
    def principal(self) -> tuple[float, float]:
        """How far the principal point is from the image's centre, as parts of width and height."""
        return self.cx / self.width - 0.5, self.cy / self.height - 0.5

    def resized(self, width: int, height: int) -> "Camera":
        """The same view of the world at another resolution."""
        x, y = width / self.width, height / self.height
        focal, centre = (self.fx * x, self.fy * y), (self.cx * x, self.cy * y)
        return Camera(self.camera_to_world, *focal, *centre, width, height, self.k1)

    def cropped(self, width: int, height: int) -> "Camera":
        """The same pixels, more or less of them around the picture's middle."""
        if (width, height) == (self.width, self.height):
            return self
        cx = self.cx + (width - self.width) / 2
        cy = self.cy + (height - self.height) / 2
        return replace(self, cx=cx, cy=cy, width=width, height=height)

    def scaled(self, scale: float) -> "Camera":
        """The same view with its sides times `scale`, rounded to whole pixels and at least one."""
        return self.resized(*(max(1, round(side * scale)) for side in (self.width, self.height)))

    @property
    def pinhole(self) -> "Camera":
        """The same without distortion: to render for the eye, or to measure by straight rays."""
        return replace(self, k1=0.0)

    def tangents(self, pixels: np.ndarray) -> np.ndarray:
        """(..., 2) X / Z and Y / Z, in camera axes, of the rays through `pixels` (..., 2)."""
        plane = (pixels - [self.cx, self.cy]) / [self.fx, self.fy]
        if self.k1 == 0:
            return plane
        return undistorted(torch.from_numpy(plane), torch.tensor(self.k1)).numpy()


class CameraRig(nn.Module):
    """The learned cameras: rotation (N, k), position (N, 3), and what their lenses are.

    `focal` (1,) or (2,) is the focal length that the photos have in common. With one number pixels
    are square and its ratio belongs to the longer side; with two, fx belongs to the width and fy to
    the height (NeRF--, section 3.1). Where each photo has a focal length of its own, `zoom` (N, 1)
    or (N, 2) is the logarithm of that over the common one; else it is (0, 1) or (0, 2). So one
    `normalized_focal` belongs to all, which a photo without a camera cannot move. `distortion` (1,)
    is the k1 of all photos, see `core.geometry.distortion`. `principal` (2,) is how far to the
    right and down of the image's centre the principal point of all photos lies, as parts of width
    and height; only joint steps through depth maps find it. All cameras start at the identity.

    Photos of several shapes lie in the middle of a canvas of `width` x `height`, see
    `core.geometry.canvas`.

    Attributes:
        sizes: own width and height of each photo; empty where all fill the canvas.
        distorts: whether rays heed `distortion`. A rig that does not has 0 there and casts the rays
            of pinholes, at no cost.
        sides: (2,) width and height, where the cameras' numbers are.
    """

    sides: Tensor

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
        sides = torch.tensor([width, height], dtype=torch.float32)
        self.register_buffer("sides", sides, persistent=False)
        self.sizes: tuple[Size, ...] = ()
        self.rotation_kind, self.focal_kind, self.shared_focal = rotation, focal, shared_focal
        identity = torch.tensor(ROTATIONS[rotation].identity, dtype=torch.float32)
        self.rotation = nn.Parameter(identity.repeat(count, 1))
        self.position = nn.Parameter(torch.zeros(count, 3))
        over = [self.long_side] if shared_focal else [width, height]
        ratios = torch.tensor([focal_ratio * self.long_side / side for side in over])
        self.focal = nn.Parameter(FOCALS[focal].from_ratio(ratios))
        self.zoom = nn.Parameter(ratios.new_zeros(0, len(over)))
        self.distortion = nn.Parameter(ratios.new_zeros(1))
        self.principal = nn.Parameter(ratios.new_zeros(2))
        self.distorts = False

    @property
    def long_side(self) -> int:
        """Pixels of the longer image side."""
        return max(self.width, self.height)

    def size(self, photo: int) -> Size:
        """Own width and height of a photo."""
        return self.sizes[photo] if self.sizes else (self.width, self.height)

    def camera_to_world(self, index: Tensor | None = None) -> Tensor:
        """(N, 4, 4) poses of all cameras, or (..., 4, 4) of those in `index` (...)."""
        rotation = self.rotation if index is None else self.rotation[index]
        position = self.position if index is None else self.position[index]
        matrix = ROTATIONS[self.rotation_kind].to_matrix(rotation)
        top = torch.cat([matrix, position.unsqueeze(-1)], dim=-1)
        bottom = torch.zeros_like(top[..., :1, :])
        bottom[..., 3] = 1
        return torch.cat([top, bottom], dim=-2)

    @property
    def zooms(self) -> bool:
        """Whether each photo has a focal length of its own."""
        return len(self.zoom) > 0

    @property
    def k1(self) -> Tensor | None:
        """(1,) the distortion of all rays; None where there is none."""
        return self.distortion if self.distorts else None

    def focal_lengths(self) -> Tensor:
        """(2,) fx and fy in pixels at the rig's width and height, common to all photos."""
        ratio = FOCALS[self.focal_kind].to_ratio(self.focal)
        if self.shared_focal:
            return (ratio * self.long_side).expand(2)
        return ratio * self.sides

    def focal_lengths_of(self, photos: Tensor) -> Tensor:
        """(..., 2) fx and fy of some photos (...), or (2,) where all have the same."""
        common = self.focal_lengths()
        return common * self.zoom[photos].exp() if self.zooms else common

    def through_lens(self, tangents: Tensor, photos: Tensor) -> Tensor:
        """What photos see where pinholes of the common focal length would see `tangents` (..., 2).

        Args: `photos` (...) are told apart only where focal lengths are.
        """
        if self.zooms:
            tangents = tangents / self.zoom[photos].exp()
        return undistorted(tangents, self.distortion) if self.distorts else tangents

    def normalized_focal(self) -> Tensor:
        """(2,) common fx / width and fy / height, which fix the axes of ndc for all photos."""
        return self.focal_lengths() / self.sides

    def principal_point(self) -> Tensor:
        """(2,) cx and cy in pixels."""
        return self.sides * (0.5 + self.principal.detach())

    @torch.no_grad()
    def convert(
        self,
        rotation: str | None = None,
        focal: str | None = None,
        shared_focal: bool | None = None,
        zooms: bool | None = None,
        distorts: bool | None = None,
    ) -> None:
        """Re-express the cameras with other representations without moving them.

        Only the parameters concerned are replaced. Two changes can move a pixel, as several numbers
        become one, their geometric mean: going from fx and fy to square pixels, and from a focal
        length for each photo to one for all. What each photo then sees is as much larger or smaller
        as its focal length differed from the mean. Distortion that is not 0 stays, whatever
        `distorts` asks for.
        """
        if rotation is not None and rotation != self.rotation_kind:
            exact = ROTATIONS[self.rotation_kind].to_matrix(self.rotation.double())
            numbers = ROTATIONS[rotation].from_matrix(exact).to(self.rotation.dtype)
            self.rotation, self.rotation_kind = nn.Parameter(numbers), rotation
        focal = focal or self.focal_kind
        shared_focal = self.shared_focal if shared_focal is None else shared_focal
        if (focal, shared_focal) != (self.focal_kind, self.shared_focal):
            pixels = self.focal_lengths().double()
            self._square_zoom(shared_focal)
            self.focal = nn.Parameter(self.focal.new_zeros(1 if shared_focal else 2))
            self.focal_kind, self.shared_focal = focal, shared_focal
            self.set_focal_lengths(pixels)
        if zooms is not None and zooms != self.zooms:
            self._split() if zooms else self._join()
        if distorts is not None:
            self.distorts = distorts or bool(self.distortion != 0)

    def _square_zoom(self, shared_focal: bool) -> None:
        """Zoom as `shared_focal` wants it; before that is changed."""
        if shared_focal != self.shared_focal:
            zoom = self.zoom.mean(-1, keepdim=True) if shared_focal else self.zoom.expand(-1, 2)
            self.zoom = nn.Parameter(zoom.clone())

    def _split(self) -> None:
        self.zoom = nn.Parameter(self.zoom.new_zeros(len(self.position), self.zoom.shape[1]))

    def _join(self) -> None:
        kind = FOCALS[self.focal_kind]
        ratio = kind.to_ratio(self.focal.double()) * self.zoom.double().mean(0).exp()
        self.focal = nn.Parameter(kind.from_ratio(ratio).to(self.focal.dtype))
        self.zoom = nn.Parameter(self.zoom.new_zeros(0, self.zoom.shape[1]))

    @torch.no_grad()
    def take(self, numbers: Mapping[str, Tensor]) -> None:
        """Have the numbers of another rig of as many photos, stored alike, by parameter.

        Runs that are older than `zoom`, `distortion` and `principal` lack them, and keep what is
        here. Whether photos have focal lengths of their own is taken over with `zoom`.
        """
        zoom = numbers.get("zoom", self.zoom)
        if zoom.shape != self.zoom.shape:
            self.zoom = nn.Parameter(torch.zeros_like(zoom, device=self.zoom.device))
        older = {name: getattr(self, name) for name in ("zoom", "distortion", "principal")}
        for name, parameter in self.named_parameters():
            given = (older | dict(numbers))[name]
            if given.shape != parameter.shape:  # copying would stretch it
                raise ValueError(f"{name} is {list(given.shape)}")
            parameter.copy_(given)
        self.convert(distorts=self.distorts)

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
    def set_zooms(self, pixels: Tensor) -> None:
        """Give each photo its own (N, 2) fx and fy in pixels, beside the common ones that stay."""
        zoom = (pixels / self.focal_lengths()).log()
        self.zoom.copy_(zoom.mean(-1, keepdim=True) if self.shared_focal else zoom)

    @torch.no_grad()
    def cameras(self) -> list[Camera]:
        """Every camera as a value, in the order of the photos."""
        poses = self.camera_to_world().double().cpu().numpy()
        everyone = torch.arange(len(poses), device=self.position.device)
        focals = self.focal_lengths_of(everyone).expand(len(poses), 2).tolist()
        last = *self.principal_point().tolist(), self.width, self.height, float(self.distortion)
        cameras = [Camera(pose, *focal, *last) for pose, focal in zip(poses, focals, strict=True)]
        return [camera.cropped(*self.size(photo)) for photo, camera in enumerate(cameras)]
