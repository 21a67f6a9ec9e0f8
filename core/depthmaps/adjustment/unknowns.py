"""What joint steps may change of cameras, and how a step changes it.

Ten numbers of each camera: turn (3) in its own axes, move (3) in the world, logarithm of the focal
length, k1, and the principal point over the focal length (2). Numbers of several cameras may be one
unknown, and a number may stay as it is.
"""

from dataclasses import dataclass, replace

import roma
import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras

OF_CAMERA = 10
MOVE, FOCAL, BEND, PRINCIPAL = 3, 6, 7, 8  # where a camera's numbers begin
USUAL = (0.1, 0.03)  # standard deviations of k1, and of the principal point over the focal length


@dataclass(frozen=True, eq=False)
class Unknowns:
    """Which numbers of the cameras may change, and which of them are one.

    Attributes:
        index: (N, OF_CAMERA) int64, the unknown that each camera's number follows; `count` where it
            stays.
        count: how many unknowns there are.
    """

    index: Tensor
    count: int

    @classmethod
    def of(
        cls,
        moving: Tensor,
        focal: Tensor | None = None,
        distortion: Tensor | None = None,
        middle: Tensor | None = None,
    ) -> "Unknowns":
        """Of N cameras.

        Args:
            moving: (N,) bool, which cameras may move and turn.
            focal, distortion, middle: (N,) int64 number of the lens that each photo was taken with,
                whose focal length (k1, principal point) is to change as one; -1 for a photo that
                keeps its own. None: all keep theirs.
        """
        alone = torch.where(moving, torch.arange(len(moving)), -1)
        held = torch.full_like(alone, -1)
        lens = [held if group is None else group for group in (focal, distortion, middle, middle)]
        columns, count = [], 0
        for column in [alone] * FOCAL + lens:
            groups, order = column.unique(return_inverse=True)
            first = int(groups[0] < 0)  # of the sorted groups: those that stay
            columns.append(torch.where(column < 0, -1, order - first + count))
            count += len(groups) - first
        index = torch.stack(columns, 1)
        return cls(torch.where(index < 0, count, index), count)

    @property
    def poses(self) -> "Unknowns":
        """The same cameras may move, and all lenses stay."""
        return self._without(FOCAL)

    @property
    def centred(self) -> "Unknowns":
        """The same, and principal points stay."""
        return self._without(PRINCIPAL)

    def _without(self, column: int) -> "Unknowns":
        """All numbers of a camera from this on stay."""
        index = self.index.clone()
        index[:, column:] = self.count
        kept, order = index.unique(return_inverse=True)
        return Unknowns(order, len(kept) - 1)


@dataclass(frozen=True, eq=False)
class Prior:
    """What lenses are like before anything is seen: k1 near 0, the principal point in the centre.

    Residuals of neighbouring pixels are wrong together, so equations seem more certain than they
    are. A narrow view hardly tells k1 from the shape of the scene (it moves a pixel at the tangent
    r by k1 r^3), and would follow such errors anywhere. So `USUAL` values cost as much as
    `worth`, a small part of what all residuals may cost: where a wide view shows distortion that is
    nothing, and under a long lens it decides.

    Attributes:
        unknowns: of the cameras.
        middle: (N, 2) centres of the photos, in pixels.
        worth: (N,) cost of each photo whose k1 or principal point is off by `USUAL`, twice.
    """

    unknowns: Unknowns
    middle: Tensor
    worth: Tensor

    def cost(self, cameras: Cameras) -> float:
        """Added to that of residuals."""
        stiff, off = self._springs(cameras)
        free = self.unknowns.index[:, BEND:] < self.unknowns.count
        return float((stiff * off.square() * free).sum() / 2)

    def add(self, matrix: Tensor, vector: Tensor, cameras: Cameras) -> None:
        """Add its equations to those of unknowns, (count + 1, count + 1) and (count + 1,)."""
        stiff, off = self._springs(cameras)
        rows = self.unknowns.index[:, BEND:].flatten()
        matrix.diagonal().index_add_(0, rows, stiff.flatten())
        vector.index_add_(0, rows, (stiff * off).flatten())

    def _springs(self, cameras: Cameras) -> tuple[Tensor, Tensor]:
        """(N, 3) how stiffly k1 and principal point are held, and how far they are away."""
        usual = cameras.k1.new_tensor([USUAL[0], USUAL[1], USUAL[1]])
        middle = (cameras.intrinsics[:, 2:] - self.middle) / cameras.intrinsics[:, :2]
        off = torch.cat([cameras.k1[:, None], middle], 1)
        return self.worth[:, None] / usual.square(), off


@dataclass(frozen=True, eq=False)
class Guess:
    """Cameras in double precision, and inverse depths of each photo's pixels, (P,) each."""

    cameras: Cameras
    inverse: tuple[Tensor, ...]


def doubled(cameras: Cameras) -> Cameras:
    """The same in double precision: steps get smaller than float32 can add to positions."""
    parts = {n: getattr(cameras, n).double() for n in ("rotation", "centre", "intrinsics", "k1")}
    return replace(cameras, **parts)


def stepped(cameras: Cameras, step: Tensor) -> Cameras:
    """Cameras whose numbers have changed by a step (N, OF_CAMERA)."""
    turn, move, focal, bend, middle = step.split([3, 3, 1, 1, 2], 1)
    focals = cameras.intrinsics[:, :2] * focal.exp()
    centre = cameras.intrinsics[:, 2:] + middle * cameras.intrinsics[:, :2]
    return replace(
        cameras,
        rotation=cameras.rotation @ roma.rotvec_to_rotmat(turn),
        centre=cameras.centre + move,
        intrinsics=torch.cat([focals, centre], 1),
        k1=cameras.k1 + bend[:, 0],
    )
