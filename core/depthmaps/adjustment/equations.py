"""What the pixels of one photo say about cameras: normal equations, with depths eliminated.

Each pixel has a depth of its own and meets no other pixel's, so the Schur complement (Triggs et
al., Bundle Adjustment - A Modern Synthesis, 2000, section 6.1) is taken one photo at a time. What
is left of a photo is a small matrix over its own camera and its partners'.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.depthmaps.adjustment.patches import Patches, find, shown, tangents
from core.depthmaps.adjustment.unknowns import FOCAL, MOVE, OF_CAMERA
from core.depthmaps.cameras import Cameras

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
        u = tangents(patches, cameras)
        found = find(patches, u, patches.inverse, cameras, partners, grey)
        return cls(patches, partners, shown(found, patches.inverse, inverse[partners]))

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
    u = tangents(task.patches, cameras)
    found = find(task.patches, u, inverse, cameras, task.partners, grey, slopes=True)
    along, moves = found.along, found.moves
    assert along is not None and moves is not None, "slopes were asked for"
    size, counts = _size(found.residual), task.shown
    cost = float((_rho(size, found.inside, scale) * counts).sum())
    heeded = counts & found.inside & (size < OUTLIER * scale)
    weight = heeded * (scale / size.clamp_min(scale)) / found.residual.shape[-1]
    for begin in (0, OF_CAMERA):
        moves[:, begin + MOVE : begin + FOCAL] *= unit
    weighted = weight[..., None, None] * along
    square = (along.mT @ weighted)[:, None]  # (K, 1, P, 2, 2)
    force = (weighted * found.residual[..., None]).sum(-2)[:, None]
    mine = (moves[..., None, :] @ square)[..., 0, :]
    matrix = mine[:, :-1].flatten(2) @ moves[:, :-1].flatten(2).mT
    pulled = (moves * force).sum(-1)
    matrix, vector = _together(matrix, pulled[:, :-1].sum(-1, keepdim=True))
    crossed = (mine[:, :-1] * moves[:, -1:]).sum(-1)
    cross = torch.cat([crossed[:, :OF_CAMERA].sum(0), crossed[:, OF_CAMERA:].flatten(0, 1)]).T
    own = STIFF + (mine[:, -1] * moves[:, -1]).sum((0, -1))
    pull = pulled[:, -1].sum(0)
    scaled = cross / own[:, None]
    matrix, vector = matrix - cross.T @ scaled, vector - scaled.T @ pull
    return Equations(cost, size[counts], matrix, vector, cross, own, pull)


def _together(matrices: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """(L, L) and (L,) of K pairs (K, 2 OF_CAMERA, 2 OF_CAMERA) and (K, 2 OF_CAMERA, 1)."""
    mine, theirs = slice(None, OF_CAMERA), slice(OF_CAMERA, None)
    across = matrices[:, mine, theirs].transpose(0, 1).flatten(1)
    first = torch.cat([matrices[:, mine, mine].sum(0), across], 1)
    rest = torch.cat([across.T, torch.block_diag(*matrices[:, theirs, theirs])], 1)
    vector = torch.cat([vectors[:, mine].sum(0).flatten(), vectors[:, theirs].flatten()])
    return torch.cat([first, rest]), vector


def _size(residual: Tensor) -> Tensor:
    """(P,) root mean square over the pixels of a patch."""
    return residual.square().mean(-1).sqrt()


def _rho(size: Tensor, inside: Tensor, scale: float) -> Tensor:
    """(P,) Huber's cost, at most that of an outlier, which what is not inside costs as well."""
    worst = scale**2 * (OUTLIER - 0.5)
    rho = torch.where(size < scale, size.square() / 2, scale * (size - scale / 2))
    return torch.where(inside, rho.clamp_max(worst), worst)
