"""The photos of a scene at one size, on one canvas."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.cameras import Cameras

LUMA = (0.3, 0.59, 0.11)


@dataclass(frozen=True, eq=False)
class Level:
    """Photos and their cameras at one size; beyond a photo's edge its last pixels go on."""

    cameras: Cameras
    images: Tensor  # (N, C, H, W) as they were given: uint8, or float in [0, 1]
    grey: Tensor  # (N, H, W) float32 in [0, 1]

    def image(self, index: int) -> Tensor:
        """(C, h, w) float32 in [0, 1]: one photo alone."""
        return in_units(self.own(self.images, index))

    def own(self, maps: Tensor, index: int) -> Tensor:
        """(..., h, w) what belongs to one photo of maps (N, ..., H, W) on the canvas."""
        width, height = self.cameras.sizes[index].tolist()
        return maps[index, ..., :height, :width]


def level_of(photos: Tensor, cameras: Cameras, long_side: int) -> Level:
    """Photos (N, C, H, W), whose sizes `cameras` states, with longer sides of `long_side`."""
    smaller = cameras.at(long_side)
    images = shrunk(photos, cameras.sizes, smaller.sizes)
    return Level(smaller, images, luma(images))


def luma(images: Tensor) -> Tensor:
    """(..., H, W) float32 brightness of images (..., C, H, W); any three channels are RGB."""
    channels = images.shape[-3]
    parts = LUMA if channels == len(LUMA) else (1 / channels,) * channels
    weights = torch.tensor(parts, device=images.device)
    out = torch.zeros_like(images[..., 0, :, :], dtype=torch.float32)
    for channel, weight in enumerate(weights):
        out += weight * images[..., channel, :, :]
    return out / 255 if images.dtype == torch.uint8 else out


def in_units(images: Tensor) -> Tensor:
    """Images (...), uint8 or in [0, 1], as float32 in [0, 1]."""
    return images.float() / 255 if images.dtype == torch.uint8 else images.float()


def shrunk(photos: Tensor, sizes: Tensor, goal: Tensor) -> Tensor:
    """(N, C, H', W') photos (N, C, H, W) of `sizes` (N, 2) averaged over areas to `goal` (N, 2)."""
    if torch.equal(sizes, goal):
        return photos
    width, height = goal.amax(0).tolist()
    out = photos.new_empty(*photos.shape[:2], height, width)
    for row, ((w, h), size) in enumerate(zip(sizes.tolist(), goal.tolist(), strict=True)):
        stored = photos[row, :, :h, :w].permute(1, 2, 0).contiguous().cpu().numpy()
        small = cv2.resize(stored, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
        out[row] = extended(torch.from_numpy(small).permute(2, 0, 1), height, width)
    return out


def on_canvas(photos: Sequence[np.ndarray]) -> Tensor:
    """(N, C, H, W) photos (h, w, C) of any shapes at the top left of one canvas."""
    height, width = (max(photo.shape[axis] for photo in photos) for axis in (0, 1))
    channels_first = (torch.tensor(photo).permute(2, 0, 1) for photo in photos)
    return torch.stack([extended(photo, height, width) for photo in channels_first])


def extended(photo: Tensor, height: int, width: int) -> Tensor:
    """(..., H, W): (..., h, w) with its last row and column repeated."""
    rows = torch.arange(height, device=photo.device).clamp_max(photo.shape[-2] - 1)
    columns = torch.arange(width, device=photo.device).clamp_max(photo.shape[-1] - 1)
    return photo[..., rows, :][..., columns]


def resized(inverse: Tensor, height: int, width: int) -> Tensor:
    """(H, W): a map (h, w) at another size, bilinear."""
    sized = F.interpolate(inverse[None, None], (height, width), mode="bilinear")
    return sized[0, 0]
