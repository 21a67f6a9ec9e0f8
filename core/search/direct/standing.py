"""The cameras that stand so far, and what joint steps through depth maps make of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.depthmaps.agreement import enough
from core.depthmaps.cameras import Cameras
from core.depthmaps.depths import Depths, level
from core.depthmaps.joint import Joint
from core.depthmaps.unknowns import Unknowns

LOOKING = level(48, "look check pick see relate")
PATCHES, STEPS = 400, 9  # of each photo, and joint steps at most
FOCALS = (0.5, 3.0)  # over the longer side: others are not believed


@dataclass(frozen=True, eq=False)
class Standing:
    """Some of N photos with cameras in a world of their own.

    Attributes:
        photos: their numbers, in the order in which they came.
        cameras: of all N; those of the others mean nothing but lenses, which all share.
        depth: (N,) about how far away what each of them shows is, 1 for the others.
        support: (P,) of `photos`, the share of each that enough others confirm.
    """

    photos: list[int]
    cameras: Cameras
    depth: Tensor
    support: Tensor

    @property
    def usual(self) -> float:
        """The median support."""
        return float(self.support.median())

    @property
    def focal(self) -> float:
        """The focal length that all share, over the longer side."""
        return float(self.cameras.intrinsics[0, 0] / self.cameras.sizes[0].max())

    def below(self, support: float) -> list[int]:
        """Photos with less support."""
        rows = zip(self.photos, self.support.tolist(), strict=True)
        return [photo for photo, own in rows if own < support]

    def with_camera(self, photo: int, turn: Tensor, centre: Tensor) -> "Standing":
        """A photo more, whose depth and support are not known."""
        rotation, centres = self.cameras.rotation.clone(), self.cameras.centre.clone()
        rotation[photo], centres[photo] = turn, centre
        cameras = replace(self.cameras, rotation=rotation, centre=centres)
        return replace(self, photos=[*self.photos, photo], cameras=cameras)

    def without(self, photos: list[int]) -> "Standing":
        """All but these."""
        rows = [row for row, photo in enumerate(self.photos) if photo not in photos]
        kept = [self.photos[row] for row in rows]
        return replace(self, photos=kept, support=self.support[rows])


def joined(photos: Tensor, standing: Standing, side: int, lens: bool = False) -> Standing:
    """Depths swept at `side` pixels, cameras moved jointly at these depths, and swept once more.

    Args:
        photos: (N, C, H, W) of all.
        lens: whether the focal length that all share moves as well.
    """
    rows = standing.photos
    depths = Depths(photos[rows], standing.cameras[rows], journey=())
    depths.again(LOOKING + level(side, "sweep check publish"))
    maps = depths.run()
    assert maps is not None, "the journey ends in maps"
    one = torch.zeros(len(rows), dtype=torch.int64)
    moving = torch.ones(len(rows), dtype=torch.bool)
    joint = Joint(maps, Unknowns.of(moving, one if lens else None), patches=PATCHES)
    for _ in range(STEPS):
        if not joint.step():
            break
    moved = joint.guess.cameras
    rotation, centre = standing.cameras.rotation.clone(), standing.cameras.centre.clone()
    rotation[rows], centre[rows] = moved.rotation.float(), moved.centre.float()
    everybody = replace(standing.cameras, rotation=rotation, centre=centre)
    if lens:
        ratios = moved.intrinsics[:, :2] / moved.sizes.amax(1, keepdim=True)
        everybody = with_focal(everybody, float(ratios.log().mean().exp()))
    depths.again(level(side, "sweep check"), everybody[rows])
    depths.run()
    return _measured(depths, replace(standing, cameras=everybody))


def _measured(depths: Depths, standing: Standing) -> Standing:
    """The same cameras, with their depths and support."""
    at, now = depths.current()
    depth, support = standing.depth.clone(), torch.zeros(len(standing.photos))
    for row, photo in enumerate(standing.photos):
        least = enough(now["sources"].shape[1])
        support[row] = (at.own(now["support"], row) >= least).float().mean()
        depth[photo] = 1 / at.own(now["inverse"], row).median()
    return replace(standing, depth=depth, support=support)


def with_focal(cameras: Cameras, focal: float) -> Cameras:
    """The same with one focal length, over the longer side of each; the middle stays."""
    ratio = min(max(focal, FOCALS[0]), FOCALS[1])
    lengths = ratio * cameras.sizes.amax(1, keepdim=True).expand(-1, 2).to(cameras.intrinsics)
    return replace(cameras, intrinsics=torch.cat([lengths, cameras.intrinsics[:, 2:]], 1))
