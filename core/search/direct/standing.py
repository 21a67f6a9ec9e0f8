"""The cameras that stand so far, and what joint steps through depth maps make of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.depthmaps.adjustment.joint import Joint
from core.depthmaps.adjustment.unknowns import Unknowns
from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import extended, resized
from core.depthmaps.stereo.agreement import enough
from core.depthmaps.stereo.depths import Depths, level
from core.depthmaps.stereo.neighbours import seen
from core.depthmaps.stereo.reference import Reference
from core.parallel import ParallelMap

LOOKING = level(48, "look check pick see relate")
COARSE = 72  # pixels of depths from nothing; finer ones begin with them
FEW = 6  # photos, up to which cameras still move much and depths are looked for anew each time
PATCHES, STEPS = 300, 9  # of each photo, and joint steps at most
LITTLE = 0.25  # of a photo: it is confirmed as little as if so much at least were shown by others
FOCALS = (0.5, 3.0)  # over the longer side: others are not believed


@dataclass(frozen=True, eq=False)
class Standing:
    """Some of N photos with cameras in a world of their own.

    Attributes:
        photos: their numbers, in the order in which they came.
        cameras: of all N; those of the others mean nothing but lenses, which all share.
        depth: (N,) about how far away what each of them shows is, 1 for the others.
        support: (P,) of `photos`, the share of each that enough others confirm.
        overlap: (P,) likewise, the share that enough others show.
        points, visible: (Q, 3) points of the world, and (N, Q) which photos show them.
        inverse: (N, H, W) inverse depths at `COARSE` pixels, 0 where they are not known.
    """

    photos: list[int]
    cameras: Cameras
    depth: Tensor
    support: Tensor
    overlap: Tensor
    points: Tensor
    visible: Tensor
    inverse: Tensor

    @classmethod
    def unseen(cls, photos: list[int], cameras: Cameras) -> "Standing":
        """Photos of which nothing but cameras is supposed."""
        count, none = len(cameras), torch.zeros(len(photos))
        width, height = cameras.at(COARSE).canvas
        nothing = torch.zeros(0, 3), torch.zeros(count, 0, dtype=torch.bool)
        unknown = torch.zeros(count, height, width)
        return cls(photos, cameras, torch.ones(count), none, none, *nothing, unknown)

    @property
    def confirmed(self) -> Tensor:
        """(P,) of what enough others show, the share that they confirm."""
        return self.support / self.overlap.clamp_min(LITTLE)

    @property
    def mean(self) -> float:
        """Of `support`."""
        return float(self.support.mean())

    @property
    def usual(self) -> float:
        """The median of `confirmed`."""
        return float(self.confirmed.median())

    @property
    def aside(self) -> float:
        """The largest distance between two of the cameras, over the median depth."""
        centre = self.cameras.centre[self.photos]
        return float(torch.cdist(centre, centre).max() / self.depth[self.photos].median())

    @property
    def focal(self) -> float:
        """The focal length that all share, over the longer side."""
        return float(self.cameras.intrinsics[0, 0] / self.cameras.sizes[0].max())

    def below(self, share: float) -> list[int]:
        """Photos that are confirmed less."""
        rows = zip(self.photos, self.confirmed.tolist(), strict=True)
        return [photo for photo, own in rows if own < share]

    def with_camera(
        self, photo: int, turn: Tensor, centre: Tensor, inverse: Tensor | None = None
    ) -> "Standing":
        """A photo more, whose support is not known; inverse depths (h, w) at `COARSE` may be."""
        rotation, centres = self.cameras.rotation.clone(), self.cameras.centre.clone()
        rotation[photo], centres[photo] = turn, centre
        cameras, known = replace(self.cameras, rotation=rotation, centre=centres), self.inverse
        known = known.clone()
        known[photo] = 0 if inverse is None else extended(inverse, *known.shape[1:])
        return replace(self, photos=[*self.photos, photo], cameras=cameras, inverse=known)

    def zoomed(self, times: float) -> "Standing":
        """Through lenses so many times as long, from so much farther that middles stay as large.

        What a longer lens alone would change most; what is left, perspective, joint steps see.
        """
        cameras, depth = self.cameras, self.depth.clone()
        back = (times - 1) * depth[self.photos]
        centre = cameras.centre.clone()
        centre[self.photos] -= back[:, None] * cameras.rotation[self.photos, :, 2]
        depth[self.photos] += back
        inverse = self.inverse.clone()
        known = inverse[self.photos]
        farther = known / (1 + known * back[:, None, None])
        inverse[self.photos] = torch.where(known > 0, farther, known)
        cameras = with_focal(replace(cameras, centre=centre), times * self.focal)
        return replace(self, cameras=cameras, depth=depth, inverse=inverse)

    def without(self, photos: list[int]) -> "Standing":
        """All but these."""
        rows = [row for row, photo in enumerate(self.photos) if photo not in photos]
        kept = [self.photos[row] for row in rows]
        support, overlap = self.support[rows], self.overlap[rows]
        return replace(self, photos=kept, support=support, overlap=overlap)


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
        lens: whether the focal length that all share moves as well, and where more than `FEW`
            photos stand their k1, which few cannot tell from the shape of the scene.
        parallel_map: `map`, or that of a pool of threads; the result is the same.
    """
    rows = standing.photos
    depths = _begun(photos, standing, side)
    maps = depths.run(parallel_map)
    assert maps is not None, "the journey ends in maps"
    one = torch.zeros(len(rows), dtype=torch.int64)
    moving = torch.ones(len(rows), dtype=torch.bool)
    bent = one if lens and len(rows) > FEW else None
    joint = Joint(maps, Unknowns.of(moving, one if lens else None, bent), patches=PATCHES)
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
        everybody = replace(everybody, k1=moved.k1.float().mean().expand(len(photos)))
    last = "sweep" if len(rows) <= FEW else "relate finer"
    depths.again(level(side, f"{last} check pick see"), everybody[rows])
    depths.run(parallel_map)
    return _measured(depths, replace(standing, cameras=everybody))


def _begun(photos: Tensor, standing: Standing, side: int) -> Depths:
    """A way to depths, which looks around only where points of the world are not known well."""
    rows, points = standing.photos, standing.points
    swept = level(min(side, COARSE), "sweep check")
    finer = level(side, "finer check publish")
    journey = swept + (finer if side > COARSE else level(side, "publish"))
    cameras = standing.cameras[rows]
    if len(points) == 0 or len(rows) <= FEW:
        depths = Depths(photos[rows], cameras, journey=())
        depths.again(LOOKING + journey)
        return depths
    visible = standing.visible[rows]
    fresh = ~visible.any(1)
    visible[fresh] = seen(cameras[fresh], points)
    width, height = cameras.at(COARSE).canvas
    known = standing.inverse[rows, :height, :width]
    if (known == 0).any():
        return Depths(photos[rows], cameras, points, visible, journey)
    return Depths(photos[rows], cameras, points, visible, finer, (known, COARSE))


def _measured(depths: Depths, standing: Standing) -> Standing:
    """The same cameras, with their depths and support."""
    at, now = depths.current()
    depth, inverse = standing.depth.clone(), standing.inverse.clone()
    count, sizes = len(standing.photos), standing.cameras.at(COARSE).sizes
    support, overlap = torch.zeros(count), torch.zeros(count)
    for row, photo in enumerate(standing.photos):
        one = Reference(at, row, now["sources"][row])
        support[row], overlap[row] = shares(one, now["inverse"], at.own(now["support"], row))
        own = at.own(now["inverse"], row)
        depth[photo] = 1 / own.median()
        width, height = sizes[photo].tolist()
        inverse[photo] = extended(resized(own, height, width), *inverse.shape[1:])
    visible = torch.zeros(len(depth), len(now["points"]), dtype=torch.bool)
    visible[standing.photos] = now["visible"]
    known = now["points"]
    return replace(
        standing, depth=depth, support=support, overlap=overlap, points=known, visible=visible,
        inverse=inverse,
    )  # fmt: skip


def shares(photo: Reference, inverse: Tensor, support: Tensor) -> tuple[float, float]:
    """Which share of a photo enough others confirm, and which they show.

    Args: inverse depths (N, H, W) of all, and how many confirm those of this one (h, w).
    """
    own, least = photo.level.own(inverse, photo.index)[None], enough(len(photo.sources))
    count = torch.zeros_like(support, dtype=torch.int64)
    for source in photo.sources:
        count += photo.seen_in(source, own, inverse[source][None], "nearest")[1][0]
    return float((support >= least).float().mean()), float((count >= least).float().mean())


def with_focal(cameras: Cameras, focal: float) -> Cameras:
    """The same with one focal length, over the longer side of each; the middle stays."""
    ratio = min(max(focal, FOCALS[0]), FOCALS[1])
    lengths = ratio * cameras.sizes.amax(1, keepdim=True).expand(-1, 2).to(cameras.intrinsics)
    return replace(cameras, intrinsics=torch.cat([lengths, cameras.intrinsics[:, 2:]], 1))
