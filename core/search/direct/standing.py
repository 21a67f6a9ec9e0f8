"""The cameras that stand so far, and what joint steps through depth maps make of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.depthmaps.agreement import enough
from core.depthmaps.cameras import Cameras
from core.depthmaps.depths import Depths, level
from core.depthmaps.joint import Joint
from core.depthmaps.neighbours import seen
from core.depthmaps.unknowns import Unknowns
from core.parallel import ParallelMap

LOOKING = level(48, "look check pick see relate")
COARSE = 72  # pixels of depths from nothing; finer ones begin with them
FEW = 6  # photos, up to which cameras still move much and depths are looked for anew each time
PATCHES, STEPS = 300, 9  # of each photo, and joint steps at most
FOCALS = (0.5, 3.0)  # over the longer side: others are not believed


@dataclass(frozen=True, eq=False)
class Standing:
    """Some of N photos with cameras in a world of their own.

    Attributes:
        photos: their numbers, in the order in which they came.
        cameras: of all N; those of the others mean nothing but lenses, which all share.
        depth: (N,) about how far away what each of them shows is, 1 for the others.
        support: (P,) of `photos`, the share of each that enough others confirm.
        points, visible: (Q, 3) points of the world, and (N, Q) which photos show them.
    """

    photos: list[int]
    cameras: Cameras
    depth: Tensor
    support: Tensor
    points: Tensor
    visible: Tensor

    @classmethod
    def unseen(cls, photos: list[int], cameras: Cameras) -> "Standing":
        """Photos of which nothing but cameras is supposed."""
        nothing = torch.zeros(0, 3), torch.zeros(len(cameras), 0, dtype=torch.bool)
        return cls(photos, cameras, torch.ones(len(cameras)), torch.zeros(len(photos)), *nothing)

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


def joined(
    photos: Tensor,
    standing: Standing,
    side: int,
    lens: bool = False,
    parallel_map: ParallelMap = map,
) -> Standing:
    """Depths swept up to `side` pixels, cameras moved jointly through them, and depths refined.

    Args:
        photos: (N, C, H, W) of all.
        lens: whether the focal length that all share moves as well.
        parallel_map: `map`, or that of a pool of threads; the result is the same.
    """
    rows = standing.photos
    depths = _begun(photos, standing, side)
    maps = depths.run(parallel_map)
    assert maps is not None, "the journey ends in maps"
    one = torch.zeros(len(rows), dtype=torch.int64)
    moving = torch.ones(len(rows), dtype=torch.bool)
    joint = Joint(maps, Unknowns.of(moving, one if lens else None), patches=PATCHES)
    for _ in range(STEPS):
        if not joint.step(parallel_map):
            break
    moved = joint.guess.cameras
    rotation, centre = standing.cameras.rotation.clone(), standing.cameras.centre.clone()
    rotation[rows], centre[rows] = moved.rotation.float(), moved.centre.float()
    everybody = replace(standing.cameras, rotation=rotation, centre=centre)
    if lens:
        ratios = moved.intrinsics[:, :2] / moved.sizes.amax(1, keepdim=True)
        everybody = with_focal(everybody, float(ratios.log().mean().exp()))
    last = "sweep" if len(rows) <= FEW else "finer"
    depths.again(level(side, f"{last} check pick see"), everybody[rows])
    depths.run(parallel_map)
    return _measured(depths, replace(standing, cameras=everybody))


def _begun(photos: Tensor, standing: Standing, side: int) -> Depths:
    """A way to depths, which looks around only where points of the world are not known well."""
    rows, points = standing.photos, standing.points
    swept = level(min(side, COARSE), "sweep check")
    journey = swept + level(side, "finer check publish" if side > COARSE else "publish")
    cameras = standing.cameras[rows]
    if len(points) == 0 or len(rows) <= FEW:
        depths = Depths(photos[rows], cameras, journey=())
        depths.again(LOOKING + journey)
        return depths
    visible = standing.visible[rows]
    fresh = ~visible.any(1)
    visible[fresh] = seen(cameras[fresh], points)
    return Depths(photos[rows], cameras, points, visible, journey)


def _measured(depths: Depths, standing: Standing) -> Standing:
    """The same cameras, with their depths and support."""
    at, now = depths.current()
    depth, support = standing.depth.clone(), torch.zeros(len(standing.photos))
    for row, photo in enumerate(standing.photos):
        least = enough(now["sources"].shape[1])
        support[row] = (at.own(now["support"], row) >= least).float().mean()
        depth[photo] = 1 / at.own(now["inverse"], row).median()
    visible = torch.zeros(len(depth), len(now["points"]), dtype=torch.bool)
    visible[standing.photos] = now["visible"]
    known = now["points"]
    return replace(standing, depth=depth, support=support, points=known, visible=visible)


def with_focal(cameras: Cameras, focal: float) -> Cameras:
    """The same with one focal length, over the longer side of each; the middle stays."""
    ratio = min(max(focal, FOCALS[0]), FOCALS[1])
    lengths = ratio * cameras.sizes.amax(1, keepdim=True).expand(-1, 2).to(cameras.intrinsics)
    return replace(cameras, intrinsics=torch.cat([lengths, cameras.intrinsics[:, 2:]], 1))
