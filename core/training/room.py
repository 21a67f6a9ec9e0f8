"""How large photos, planes and steps may become: they stay within `training.memory`.

What wide cameras see of a plane has no end: it grows with the tangent of the widest ray. So the
sizes of planes are bounded before they are allocated, and whoever is told to hold more says so.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from core.config import Config
from core.errors import InputError
from core.memory import machine_memory
from core.multiplane.field import Extent

SHARE = 6  # of all memory, one part is taken unless a person says otherwise
PHOTO = 3  # copies of a photo: as read, on the device, and at the size of the level
PHOTOS = 0.75  # most that photos may take of what there is
STEP = 0.125  # of what photos leave, for the rays of a step; the rest is the planes'
NUMBER = 48  # bytes for a number of a texel: itself, gradient, moments, what viewers and files hold
MEETING = 64  # bytes for a ray that meets a plane
TEXELS = ("planes.field.blocks.", "planes.field.colours.")  # names of planes' tensors in files
LIVE = "planes.field.live"  # name of the tiles that are saved of them
UNTOLD = 1e12  # bytes: beyond them a size says nothing more


Size = tuple[int, int]  # width and height


@dataclass(frozen=True)
class Room:
    """What planes and the rays of one step may take.

    Attributes:
        numbers: of all texels of all planes, four each.
        meetings: of rays with planes.
        halvings: how often the pieces of steps were halved, as memory ran out all the same.
    """

    numbers: int
    meetings: int
    halvings: int = 0

    @classmethod
    def of(cls, config: Config, device: torch.device, photos: tuple[int, ...]) -> "Room":
        """What photos of this shape (N, H, W, 3) leave.

        Raises:
            InputError: they leave too little.
        """
        total, taken = allowed(config, device), PHOTO * math.prod(photos)
        if taken > PHOTOS * total:
            raise InputError(
                f"Learning from {photos[0]} photos of {photos[2]} x {photos[1]} pixels takes "
                f"{in_gb(taken / PHOTOS)} and training.memory allows {in_gb(total)}; raise it, "
                "lower data.long_side, or take fewer photos."
            )
        left = total - taken
        return cls(int(left * (1 - STEP) / NUMBER), int(left * STEP / MEETING))

    def require(self, saved: Mapping[str, tuple[int, ...]], path: Path) -> None:
        """See that the planes among a checkpoint's tensors, of these shapes, fit.

        Raises:
            InputError: they do not.
        """
        if (numbers := texels_in(saved)) > self.numbers:
            raise InputError(
                f"The planes of {path} need {in_gb(numbers * NUMBER)} and training.memory allows "
                f"{in_gb(self.numbers * NUMBER)} for them; raise it."
            )

    def eased(self, piece: int) -> int:
        """The size of a piece that would be so large."""
        return max(1, piece >> self.halvings)

    def rays(self, planes: int) -> int:
        """How many rays may meet so many planes in a step."""
        return max(1, self.meetings // planes)

    def sheets(
        self,
        planes: float,
        picture: tuple[float, float],
        extent: Extent,
        whole: Callable[[float], int] = math.ceil,
    ) -> tuple[Size, Extent, str]:
        """Texels (width, height) of planes and how far they reach, cut to what fits.

        What lies far aside is left out first; planes that do not even hold the reference picture
        become coarser.

        Args:
            planes: of four numbers a texel; those that share colours count for less.
            picture: what the reference picture takes of a plane, in texels (width, height).
            whole: makes a number of texels of a product.

        Returns: also a sentence to the person where something was cut.
        """
        x, y = extent.largest
        area = self.numbers / (4 * planes * math.prod(picture))  # in reference pictures
        size = whole(picture[0] * x), whole(picture[1] * y)
        if 4 * planes * math.prod(size) <= self.numbers:
            return size, extent, ""
        wanted = min(4 * planes * math.prod(size) * NUMBER, UNTOLD)
        coarser = min(1.0, math.sqrt(area))
        short = min(x, y, max(1.0, math.sqrt(area)))
        extent = extent.within(max(1.0, area / short))
        width, height = (
            max(2, int(side * reach * coarser))
            for side, reach in zip(picture, extent.largest, strict=True)
        )
        how = "are coarser than the photos" if coarser < 1 else "leave out what lies far aside"
        said = (
            f"Planes of all that the cameras see would take {in_gb(wanted)} and training.memory "
            f"allows {in_gb(self.numbers * NUMBER)} for them, so they {how}; raise it, or take "
            "fewer neighbouring photos."
        )
        return (width, height), extent, said


UNBOUNDED = Room(2**40, 2**40)  # for whoever knows that little is asked for


def allowed(config: Config, device: torch.device) -> int:
    """Bytes that photos, planes and steps may take."""
    if asked := config.training.memory:
        return int(asked * 1e9)
    total = machine_memory()
    if device.type == "cuda":
        total = min(total, torch.cuda.get_device_properties(device).total_memory)
    return total // SHARE


def photo_bytes(config: Config) -> int:
    """Bytes of pixels that may be read, before anything is known of them."""
    return int(PHOTOS * allowed(config, torch.device("cpu")) / PHOTO)


def texels_in(saved: Mapping[str, tuple[int, ...]]) -> int:
    """Numbers of all planes among a checkpoint's tensors, once what is saved in tiles is whole."""
    planes = {name: shape for name, shape in saved.items() if name.startswith(TEXELS)}
    numbers = sum(math.prod(shape) for shape in planes.values())
    live = saved.get(LIVE, ())
    if len(live) != 4 or 0 in live:
        return numbers
    pictures = {False: math.prod(live), True: math.prod(live) // live[1]}
    tiles = {".colours." in n: s for n, s in sorted(planes.items(), key=_tile)}
    return sum(pictures[kind] * math.prod(shape[1:]) for kind, shape in tiles.items())


def _tile(planes: tuple[str, tuple[int, ...]]) -> int:
    """Numbers of a tile."""
    return math.prod(planes[1][1:])


def in_gb(size: float) -> str:
    """Bytes as people read them."""
    return f"{size / 1e9:.1f} GB"
