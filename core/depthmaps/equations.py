"""What the pixels of one photo say about cameras: normal equations, with depths eliminated.

Each pixel has a depth of its own and meets no other pixel's, so the Schur complement (Triggs et
al., Bundle Adjustment - A Modern Synthesis, 2000, section 6.1) is taken one photo at a time. What
is left of a photo is a small matrix over its own camera and its partners'.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.patches import Patches, find, shown, tangents
from core.depthmaps.unknowns import FOCAL, MOVE, OF_CAMERA

OUTLIER = 2.0  # times the scale: residuals that count no more
STIFF = 1e-3  # added to each depth's own equation: what looks alike at any depth stays


@dataclass(frozen=True, eq=False)
class Compared:
    """A photo's patches and where they are looked for.

    Attributes:
        patches: P of them.
        partners: K other photos.
        shown: (K, P) which of the patches each of them shows, decided once: a pair that leaves the
            picture later costs as much as any can.
    """

    patches: Patches
    partners: list[int]
    shown: Tensor

    @classmethod
    def of(
        cls, patches: Patches, partners: list[int], cameras: Cameras, grey: Tensor, inverse: Tensor
    ) -> "Compared":
        """Args: maps of all photos, grey with slopes (N, 3, H, W) and inverse depths (N, H, W)."""
        rows = [torch.zeros(0, len(patches.inverse), dtype=torch.bool)]
        u = tangents(patches, cameras)
        for other in partners:
            found = find(patches, u, patches.inverse, cameras, other, grey[other])
            rows.append(shown(found, patches.inverse, inverse[other])[None])
        return cls(patches, partners, torch.cat(rows))

    @property
    def pairs(self) -> int:
        """How many comparisons there are."""
        return int(self.shown.sum())


@dataclass(frozen=True, eq=False)
class Equations:
    """Normal equations of one photo, in L numbers of cameras: its own, then its partners'.

    Attributes:
        cost: Huber's, of all pairs.
        sizes: (pairs,) root mean square residuals.
        matrix: (L, L), depths eliminated.
        vector: (L,) likewise; the gradient of the cost.
        cross: (P, L) of depths and cameras.
        own, pull: (P,) of each logarithm of an inverse depth alone, and its gradient.
    """

    cost: float
    sizes: Tensor
    matrix: Tensor
    vector: Tensor
    cross: Tensor
    own: Tensor
    pull: Tensor

    def depth_step(self, cameras: Tensor) -> Tensor:
        """(P,) best change of logarithms of inverse depth, given that of the numbers (L,)."""
        return -(self.pull + self.cross @ cameras) / self.own


def costs_of(
    task: Compared, inverse: Tensor, cameras: Cameras, grey: Tensor, scale: float
) -> Tensor:
    """(P,) what each patch of one photo costs; arguments as of `equations_of`."""
    total, u = torch.zeros_like(inverse), tangents(task.patches, cameras)
    for other, counts in zip(task.partners, task.shown, strict=True):
        found = find(task.patches, u, inverse, cameras, other, grey[other])
        total += _rho(_size(found.residual), found.inside, scale) * counts
    return total


def equations_of(
    task: Compared, inverse: Tensor, cameras: Cameras, grey: Tensor, unit: float, scale: float
) -> Equations:
    """The equations of one photo at a guess.

    Args:
        inverse: (P,) inverse depths of its patches.
        cameras: all, in double precision.
        grey: (N, 3, H, W) as `with_slopes` gives it.
        unit: length in which moves are counted.
        scale: root mean square residual from which pairs count less; twice that, not at all.
    """
    local = OF_CAMERA * (len(task.partners) + 1)
    matrix, vector = torch.zeros(local, local), torch.zeros(local)
    cross, cost, sizes = torch.zeros(len(inverse), local), 0.0, []
    own, pull = torch.full_like(inverse, STIFF), torch.zeros_like(inverse)
    first, u = torch.arange(OF_CAMERA), tangents(task.patches, cameras)
    for slot, (other, counts) in enumerate(zip(task.partners, task.shown, strict=True), start=1):
        found = find(task.patches, u, inverse, cameras, other, grey[other], slopes=True)
        assert found.slopes is not None, "slopes were asked for"
        size = _size(found.residual)
        cost += float((_rho(size, found.inside, scale) * counts).sum())
        sizes.append(size[counts])
        heeded = counts & found.inside & (size < OUTLIER * scale)
        weight = heeded * (scale / size.clamp_min(scale)) / found.residual.shape[-1]
        for begin in (0, OF_CAMERA):
            found.slopes[begin + MOVE : begin + FOCAL] *= unit
        weighted = found.slopes * weight[:, None]
        numbers = torch.cat([first, OF_CAMERA * slot + first])
        rows, residual = weighted[:-1].flatten(1), found.residual.flatten()
        matrix[numbers[:, None], numbers] += rows @ found.slopes[:-1].flatten(1).T
        vector[numbers] += rows @ residual
        cross[:, numbers] += (weighted[:-1] * found.slopes[-1]).sum(-1).T
        own += (weighted[-1] * found.slopes[-1]).sum(-1)
        pull += (weighted[-1] * found.residual).sum(-1)
    scaled = cross / own[:, None]
    matrix, vector = matrix - cross.T @ scaled, vector - scaled.T @ pull
    return Equations(cost, torch.cat(sizes), matrix, vector, cross, own, pull)


def _size(residual: Tensor) -> Tensor:
    """(P,) root mean square over the pixels of a patch."""
    return residual.square().mean(-1).sqrt()


def _rho(size: Tensor, inside: Tensor, scale: float) -> Tensor:
    """(P,) Huber's cost, at most that of an outlier, which what is not inside costs as well."""
    worst = scale**2 * (OUTLIER - 0.5)
    rho = torch.where(size < scale, size.square() / 2, scale * (size - scale / 2))
    return torch.where(inside, rho.clamp_max(worst), worst)
