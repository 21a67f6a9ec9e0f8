"""Where a field lives: plain camera space, or normalised device coordinates.

In both a ray stays a straight line ``origin + t direction``; a space says how a world ray is
carried over, and which camera depth a parameter ``t`` stands for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.geometry.rays import Rays

NEAR_PLANE = 1.0  # ndc: z of the plane where rays begin, the world's unit of length
SMALLEST_DISPARITY = 1e-4  # depth 10,000 near-plane distances stands for infinity


@dataclass(frozen=True)
class Space:
    """A way to carry world rays into the space of the field."""

    warp: Callable[
        [Rays, Tensor], Rays
    ]  # world rays, normalized focal -> rays of the field's space
    depth: Callable[[Rays, Tensor], Tensor]  # world rays, t (R, ...) -> camera depth (R, ...)
    parameter: Callable[[Rays, Tensor], Tensor]  # world rays, world z (D,) -> t (R, D)


def _warp_camera(rays: Rays, normalized_focal: Tensor) -> Rays:
    return rays


def _depth_camera(rays: Rays, parameter: Tensor) -> Tensor:
    return parameter


def _parameter_camera(rays: Rays, z: Tensor) -> Tensor:
    return (z - rays.origins[..., 2:]) / rays.directions[..., 2:]


def _parameter_ndc(rays: Rays, z: Tensor) -> Tensor:
    """World z is n / (1 - t), whatever the ray."""
    return (1 - NEAR_PLANE / z).expand(len(rays.origins), -1)


def _warp_ndc(rays: Rays, normalized_focal: Tensor) -> Rays:
    """NeRF (arXiv 2003.08934, appendix C) in OpenCV axes; t in [0, 1] is near plane to infinity.

    The far plane is at infinity: x' = 2 (fx/W) X/Z, y' likewise, z' = 1 - 2 n/Z.
    """
    step = (NEAR_PLANE - rays.origins[..., 2:]) / rays.directions[..., 2:]
    origin = rays.origins + step * rays.directions  # on the near plane, so Z = n
    scale = 2 * normalized_focal
    start = scale * origin[..., :2] / NEAR_PLANE
    slope = scale * rays.directions[..., :2] / rays.directions[..., 2:]
    depth = torch.full_like(start[..., :1], -1.0)
    return Rays(
        torch.cat([start, depth], dim=-1),
        torch.cat([slope - start, torch.full_like(depth, 2.0)], dim=-1),
    )


def _depth_ndc(rays: Rays, parameter: Tensor) -> Tensor:
    """World z is n / (1 - t); the camera depth is how far along the ray that z is reached."""
    z = NEAR_PLANE / (1 - parameter).clamp_min(SMALLEST_DISPARITY)
    extra = (1,) * (parameter.dim() - 1)
    origin = rays.origins[..., 2].reshape(-1, *extra)
    return (z - origin) / rays.directions[..., 2].reshape(-1, *extra)


SPACES: dict[str, Space] = {
    "ndc": Space(_warp_ndc, _depth_ndc, _parameter_ndc),
    "camera": Space(_warp_camera, _depth_camera, _parameter_camera),
}
