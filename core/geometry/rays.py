"""From pixels to rays."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.geometry.cameras import Camera
from core.geometry.distortion import undistorted


@dataclass(frozen=True, eq=False)
class Rays:
    """R rays in the world. A direction has camera z 1: distance along it is camera depth."""

    origins: Tensor  # (R, 3)
    directions: Tensor  # (R, 3)

    def __getitem__(self, part: slice) -> "Rays":
        return Rays(self.origins[part], self.directions[part])


def cast_rays(
    camera_to_world: Tensor,
    focal: Tensor,
    centre: Tensor,
    pixels: Tensor,
    k1: Tensor | None = None,
) -> Rays:
    """Rays through points of the image plane.

    Args:
        camera_to_world: (R, 4, 4), or (4, 4) for one camera.
        focal: (R, 2) fx, fy in pixels, or (2,) for all.
        centre: (2,) cx, cy in pixels.
        pixels: (R, 2) x, y in pixels; the middle of the top left pixel is (0.5, 0.5).
        k1: (1,) radial distortion, see `core.geometry.distortion`; None is none, and a pinhole's.
    """
    plane = (pixels - centre) / focal
    if k1 is not None:
        plane = undistorted(plane, k1)
    directions = (camera_to_world[..., :3, :3] @ ahead(plane).unsqueeze(-1)).squeeze(-1)
    return Rays(camera_to_world[..., :3, 3].expand_as(directions), directions)


def ahead(tangents: Tensor) -> Tensor:
    """(..., 3) directions of camera z 1 from X / Z and Y / Z (..., 2)."""
    return torch.cat([tangents, torch.ones_like(tangents[..., :1])], dim=-1)


def pixel_centres(width: int, height: int, device: torch.device | str = "cpu") -> Tensor:
    """(H W, 2) x, y of all pixel centres, row by row."""
    x = torch.arange(width, device=device) + 0.5
    y = torch.arange(height, device=device) + 0.5
    grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([grid_x, grid_y], dim=-1).reshape(-1, 2)


def camera_rays(camera: Camera, device: torch.device | str = "cpu") -> Rays:
    """(H W) rays through every pixel of one camera, row by row."""
    return cast_rays(
        torch.as_tensor(camera.camera_to_world, dtype=torch.float32, device=device),
        torch.tensor([camera.fx, camera.fy], dtype=torch.float32, device=device),
        torch.tensor([camera.cx, camera.cy], dtype=torch.float32, device=device),
        pixel_centres(camera.width, camera.height, device),
        distortion_of(camera, device),
    )


def distortion_of(camera: Camera, device: torch.device | str = "cpu") -> Tensor | None:
    """(1,) k1 as `cast_rays` takes it; None of a pinhole."""
    return None if camera.k1 == 0 else torch.tensor([camera.k1], device=device)
