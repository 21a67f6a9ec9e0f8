"""Cameras, lenses and depths made better together, until photos look alike through them.

Photometric bundle adjustment: Gauss-Newton steps over all cameras and the inverse depths of a few
hundred pixels of each photo. `patches`, beside this file, says what is compared, `equations` how
depths are eliminated, `unknowns` what may change. Steps are damped as Levenberg and Marquardt have
it, and one that makes things worse is not taken.

Each photo's pixels are asked by themselves and their answers are added in order, so any number of
threads gives the same bits; memory grows with the number of photos.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from core.depthmaps.adjustment.equations import Compared, Equations, equations_of
from core.depthmaps.adjustment.patches import Patches, chosen_pixels, find, tangents, with_slopes
from core.depthmaps.adjustment.unknowns import FOCAL, MOVE, Guess, Prior, Unknowns, doubled, stepped
from core.depthmaps.kept import OF_JOINT, cameras_in, require
from core.depthmaps.photos import luma
from core.depthmaps.stereo.depths import DepthMaps
from core.parallel import ParallelMap

PATCHES = 800  # pixels of a photo that steps use
PARTNERS = 6  # photos that each is compared with
LONGEST = 0.1  # change of the logarithm of a depth in a step
FIRST, LEAST, MOST = 1e-3, 1e-5, 0.1  # damping
EASE, EFFORT = 3.0, 30.0  # by which damping falls after a step, and grows after one not taken
ENOUGH = 1e-4  # relative gain of a step below which the next is not worth it at this scale
FINEST, COARSEST = 0.02, 0.6  # of scales
OF_MEDIAN = 1.0  # the scale over the median residual
FINER, SOON = 0.8, 0.5  # of a scale, below which another is worth more steps, and is taken at once
LENS_WORTH = 0.003  # of the cost at the start, what an unusual lens costs, see `Prior`


class Joint:
    """Joint steps through depth maps, one at a time.

    Attributes:
        unknowns: what may change.
        guess: what is known so far.
        done: whether another step is not worth it.
    """

    def __init__(
        self,
        maps: DepthMaps,
        unknowns: Unknowns,
        seed: int = 0,
        patches: int = PATCHES,
        partners: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Choose the pixels.

        Args:
            maps: of the level at which photos are compared.
            unknowns: of its cameras.
            seed: of the choice of pixels.
            patches: how many pixels of a photo.
            partners: with which photos each is compared; by default the maps' best sources.
        """
        grey = luma(maps.photos)
        self._grey = with_slopes(grey)
        self.unknowns = unknowns
        self._used: list[Compared] = []
        cameras = doubled(maps.cameras)
        for photo in range(len(grey)):
            pixels = chosen_pixels(maps, self._grey[photo], photo, patches, seed)
            own = maps.sources[photo, :PARTNERS].tolist() if partners is None else partners[photo]
            found = Patches.of(photo, grey[photo], maps.inverse[photo], pixels)
            self._used.append(Compared.of(found, list(own), cameras, self._grey, maps.inverse))
        self.guess = Guess(cameras, tuple(task.patches.inverse for task in self._used))
        centre = cameras.centre
        self._unit = float((centre - centre.mean(0)).square().sum(-1).mean().sqrt()) or 1.0
        self._prior = Prior(unknowns, cameras.sizes.double() / 2, torch.zeros(0).double())
        self._damping, self._scale, self.done = FIRST, COARSEST, False
        self._equations: list[Equations] | None = None  # at the guess and the scale

    def step(self, parallel_map: ParallelMap = map) -> bool:
        """One step, if it makes things better; returns whether another is worth it.

        Args: `parallel_map`: `map`, or that of a pool of threads; the result is the same.
        """
        if self.done:
            return False
        if self._equations is None:
            self._equations = self._begun(parallel_map)
        before = self._total(self.guess, self._equations)
        trial = self._moved(self._equations)
        fresh = self._asked(trial, parallel_map)
        after = self._total(trial, fresh)
        better = after < before
        if better:
            self.guess, self._equations = trial, fresh
        self._damping = max(self._damping / EASE, LEAST) if better else self._damping * EFFORT
        over = before - after < ENOUGH * before if better else not self._damping <= MOST
        if over or self._sharper(self._equations) < SOON * self._scale:
            self._sharpen(self._equations)
        return not self.done

    def _begun(self, parallel_map: ParallelMap) -> list[Equations]:
        """Equations at the guess; the first of a scale tell what an unusual lens costs."""
        equations = self._asked(self.guess, parallel_map)
        if len(self._prior.worth) == 0 and self._sharper(equations) < FINER * self._scale:
            self._scale = self._sharper(equations)
            equations = self._asked(self.guess, parallel_map)
        if len(self._prior.worth) == 0:
            worth = LENS_WORTH * torch.tensor([e.cost for e in equations], dtype=torch.float64)
            self._prior = replace(self._prior, worth=worth)
        return equations

    def _sharper(self, equations: list[Equations]) -> float:
        """The scale that suits residuals: what differs more than most is something else."""
        middle = float(torch.cat([e.sizes for e in equations] + [torch.zeros(1)]).median())
        return min(max(OF_MEDIAN * middle, FINEST), COARSEST)

    def _sharpen(self, equations: list[Equations]) -> None:
        """Heed less what still differs much now that the rest fits; or be done."""
        scale = self._sharper(equations)
        self.done = scale > FINER * self._scale
        if not self.done:
            self._scale, self._damping, self._equations = scale, FIRST, None
            self._prior = replace(self._prior, worth=torch.zeros(0, dtype=torch.float64))

    def unlike(self, photo: int, others: Sequence[int]) -> tuple[Tensor, Tensor]:
        """(K, P) how unlike a photo's pixels look in others through the guessed cameras, as root
        mean square residuals, and whether those show them. Depths are those of the maps."""
        patches, cameras = self._used[photo].patches, self.guess.cameras
        u = tangents(patches, cameras)
        found = find(patches, u, patches.inverse, cameras, others, self._grey)
        return found.residual.square().mean(-1).sqrt(), found.inside

    def state(self) -> dict[str, Tensor]:
        """All that steps have changed; pixels are chosen by maps and seed."""
        cameras = self.guess.cameras
        return {
            "rotation": cameras.rotation,
            "centre": cameras.centre,
            "intrinsics": cameras.intrinsics,
            "k1": cameras.k1,
            "inverse": torch.cat(self.guess.inverse),
            "middle": self._prior.middle,
            "worth": self._prior.worth,
            "damping": torch.tensor([self._damping, self._scale, self.done], dtype=torch.float64),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from a `state` as if nothing had been between.

        Raises:
            ValueError: it is of other cameras or pixels.
        """
        moved = {name: state[name] for name in ("rotation", "centre", "intrinsics", "k1")}
        cameras = cameras_in(moved | {"sizes": self.guess.cameras.sizes}, self.guess.cameras.sizes)
        require(state, {"N": len(cameras)}, OF_JOINT)
        if any(value.dtype is not torch.float64 for value in moved.values()):
            raise ValueError("cameras of joint steps are in double precision")
        if len(state["worth"]) not in (0, len(cameras)):
            raise ValueError(f"worth of {len(state['worth'])} photos")
        inverse = state["inverse"].split([len(g) for g in self.guess.inverse])
        self.guess = Guess(cameras, tuple(inverse))
        self._damping, self._scale, done = state["damping"].tolist()
        self.done = bool(done)
        self._prior = Prior(self.unknowns, state["middle"], state["worth"])
        self._equations = None

    def _asked(self, guess: Guess, parallel_map: ParallelMap) -> list[Equations]:
        def ask(photo: int) -> Equations:
            task, inverse = self._used[photo], guess.inverse[photo]
            return equations_of(task, inverse, guess.cameras, self._grey, self._unit, self._scale)

        return list(parallel_map(ask, range(len(self._used))))

    def _total(self, guess: Guess, equations: list[Equations]) -> float:
        return sum(e.cost for e in equations) + self._prior.cost(guess.cameras)

    def _moved(self, equations: list[Equations]) -> Guess:
        """Solve for the cameras, then for the depths, and go there."""
        size = self.unknowns.count + 1  # the last stands for all that stays
        matrix = torch.zeros(size, size, dtype=torch.float64)
        vector = torch.zeros(size, dtype=torch.float64)
        rows = [self._rows(photo) for photo in range(len(equations))]
        for row, e in zip(rows, equations, strict=True):
            flat = (row[:, None] * size + row).flatten()
            matrix.view(-1).index_add_(0, flat, e.matrix.double().flatten())
            vector.index_add_(0, row, e.vector.double())
        self._prior.add(matrix, vector, self.guess.cameras)
        diagonal = matrix.diagonal()[:-1]
        extra = self._damping * diagonal + 1e-6 * diagonal.mean().clamp_min(1e-12)
        step = -torch.linalg.solve(matrix[:-1, :-1] + extra.diag(), vector[:-1])
        step = torch.cat([step, torch.zeros(1, dtype=step.dtype)])
        inverse = tuple(
            _changed(old, e.depth_step(step[row].float()))
            for row, e, old in zip(rows, equations, self.guess.inverse, strict=True)
        )
        change = step[self.unknowns.index]
        change[:, MOVE:FOCAL] *= self._unit
        return Guess(stepped(self.guess.cameras, change), inverse)

    def _rows(self, photo: int) -> Tensor:
        """(L,) which unknown each number in a photo's equations is; the last where it stays."""
        return self.unknowns.index[[photo, *self._used[photo].partners]].flatten()


def _changed(inverse: Tensor, step: Tensor) -> Tensor:
    return inverse * step.clamp(-LONGEST, LONGEST).exp()
