"""Points of a scene that is depth maps: pixels whose depth other photos confirm."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch

from core.depthmaps.stereo.agreement import enough
from core.depthmaps.stereo.depths import DepthMaps


@dataclass(frozen=True, eq=False)
class Confirmed:
    """P points, in the world."""

    positions: np.ndarray  # (P, 3) float32
    colours: np.ndarray  # (P, 3) uint8
    sizes: np.ndarray  # (P,) float32 side, in world units, of the pixel they come from


def confirmed(maps: DepthMaps, without: Collection[int], most: int, seed: int = 0) -> Confirmed:
    """About as many of each photo, drawn among the pixels that at least two others confirm.

    Args:
        maps: of any level.
        without: photos that give none.
        most: points in all.
        seed: of what is drawn.
    """
    cameras, least = maps.cameras, enough(maps.sources.shape[1])
    shown = [photo for photo in range(len(cameras)) if photo not in without]
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for photo in shown:
        width, height = cameras.sizes[photo].tolist()
        own = (photo, slice(height), slice(width))
        pixels = (maps.support[own].flatten() >= least).nonzero().flatten()
        drawn = torch.randperm(len(pixels), generator=generator)[: most // len(shown)]
        pixels = pixels[drawn]
        depth = 1 / maps.inverse[own].flatten()[pixels]
        ahead = cameras.rays(photo)[pixels] * depth[:, None]
        colours = maps.photos[photo, :, :height, :width].flatten(1)[:, pixels].T
        colours = colours if colours.dtype == torch.uint8 else (255 * colours).round().byte()
        focal = float(cameras.intrinsics[photo, :2].prod().sqrt())
        points = ahead @ cameras.rotation[photo].T + cameras.centre[photo]
        parts.append((points, colours, depth / focal))
    joined = (torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True))
    return Confirmed(*joined)
