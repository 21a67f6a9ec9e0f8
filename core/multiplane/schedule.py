"""How planes grow: image pyramid, plane count and rates, level by level.

The numbers are options, see `core.config.sections.schedule` and `docs/bootstrap.md`.
"""

import math
from dataclasses import dataclass

from core.multiplane.field import BLOCKS
from core.multiplane.tiles import TILE

COARSER = 2.0  # texels of shared colours for each of alpha, along a side
Span = tuple[float, float]  # a rate at a level's first and last step, geometric between


@dataclass(frozen=True)
class Level:
    """One level of the pyramid.

    Attributes:
        pixels: of each photo, about; never more than the photo has.
        planes: how many there are.
        rays: pixels drawn in each step, at most, from all photos; 0 takes all of all photos.
        steps: how long it lasts.
        plane_rate: Adam's step of the texels' logits.
        pose_rate: of the preconditioned poses, longer picture sides.
        shape_rate: of the relief's depth floor.
        focal_rate: of the logarithm of the focal length.
        smoothness: weight of the total variation of the texels' logits.
        sharing: how many neighbouring planes have the same colours, if as many go into a block.
        placed: whether planes are placed by what is seen, or evenly.
    """

    pixels: int
    planes: int
    rays: int
    steps: int
    plane_rate: Span
    pose_rate: Span
    shape_rate: Span
    focal_rate: Span
    smoothness: float
    sharing: int = 1
    placed: bool = False

    @property
    def shared(self) -> int:
        """How many planes share colours: so many go into a block without a remainder."""
        return math.gcd(self.sharing, self.planes // BLOCKS)

    @property
    def full_planes(self) -> float:
        """How many planes with colours of their own would have as many numbers."""
        each = (3 / self.shared + 1 / COARSER**2) / 4 if self.shared > 1 else 1.0
        return self.planes * each

    def alpha_size(self, width: int, height: int) -> tuple[int, int]:
        """How many texels alpha has, width and height, where shared colours have so many."""
        return math.ceil(width / COARSER), math.ceil(height / COARSER)

    def in_tiles(self, width: int, height: int) -> tuple[int, int]:
        """As many texels of shared colours, or a few less, so that tiles fill a plane."""
        side = round(TILE * COARSER)
        return max(side, width // side * side), max(side, height // side * side)

    def rates(self, progress: float) -> list[float]:
        """Of texels, poses, focal lengths and the depth floor, after a part in [0, 1] of it."""
        spans = self.plane_rate, self.pose_rate, self.focal_rate, self.shape_rate
        return [rate_at(span, progress) for span in spans]

    def drawn(self, every: int) -> int:
        """How many pixels a step takes of so many that it could take."""
        return min(self.rays or every, every)


@dataclass(frozen=True)
class Recipe:
    """All levels of a run.

    Attributes:
        starting: until hypotheses from another start are compared.
        settling: of the one that leads, while it is compared with its mirror image.
        trial: of each focal length that is tried.
        registration: of photos beyond the first ones, to planes that stay as they are.
        sharpening: once the cameras are found.
        most_photos: that the leader learns from; the others join later.
    """

    starting: tuple[Level, ...]
    settling: tuple[Level, ...]
    trial: Level
    registration: tuple[Level, ...]
    sharpening: tuple[Level, ...]
    most_photos: int

    @property
    def bootstrap(self) -> tuple[Level, ...]:
        """What the leader goes through until the cameras are found."""
        return self.starting + self.settling

    @property
    def known(self) -> tuple[Level, ...]:
        """What planes go through, from nothing to the end, where the cameras are known."""
        return self.settling + self.sharpening

    @property
    def levels(self) -> tuple[Level, ...]:
        """What planes go through, from nothing to the end."""
        return self.bootstrap + self.sharpening


def rate_at(span: Span, progress: float) -> float:
    """The rate after a part in [0, 1] of a level."""
    first, last = span
    return first * (last / first) ** progress if first > 0 else 0.0


def picture_size(pixels: int, width: int, height: int) -> tuple[int, int]:
    """Width and height of about so many pixels in the shape of width x height, or all of them."""
    if pixels >= width * height:
        return width, height
    rows = max(2, round(math.sqrt(pixels * height / width)))
    return max(2, min(width, round(pixels / rows))), min(height, rows)
