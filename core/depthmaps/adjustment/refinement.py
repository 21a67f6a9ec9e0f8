"""From cameras that are nearly right to exact ones: depth maps and joint steps, by turns.

Depths come from the cameras, then cameras and depths move together, then depths come from better
cameras, at rising sizes (bundling between the levels brings back what at the last level alone does
not come back). After each round all photos are swept anew, and cameras under which they agree less
than the round allows are taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.depthmaps.adjustment.joint import Joint
from core.depthmaps.adjustment.trial import Trial
from core.depthmaps.adjustment.unknowns import Unknowns
from core.depthmaps.cameras import Cameras
from core.depthmaps.kept import cameras_in
from core.depthmaps.stereo.depths import FIRST, SECOND, DepthMaps, Depths, Stage, level
from core.parallel import ParallelMap
from core.states import part_of


@dataclass(frozen=True)
class Round:
    """Depths by a journey of stages, then joint steps.

    Attributes:
        journey: stages, which end in "publish"; see `core.depthmaps.stereo.depths`.
        patches, steps: of each photo, and how many steps at most.
        lens: whether lenses may change as well: while cameras are off by much they would follow.
        gain: by how much the score must grow at least for cameras to be kept; below 0, it may fall.
        principal: whether principal points may change, which show once everything else fits.
    """

    journey: tuple[Stage, ...]
    patches: int = 800
    steps: int = 10
    lens: bool = True
    gain: float = 0.0
    principal: bool = False


AGAIN = level(252, "finish check publish")
ROUNDS = (Round(FIRST, 500), Round(SECOND), Round(AGAIN))
# Cameras three times as exact scored .010 less, by the sweep's chance; wrong ones lose more.
AS_GOOD = -0.02
CLOSE = (Round(FIRST + SECOND, gain=AS_GOOD), Round(AGAIN, gain=AS_GOOD, principal=True))
BETTER = 0.01  # of right cameras .0006 and .0014 more agreed by chance, and lenses moved 5 and 4 %
GIVEN = tuple(replace(one, gain=BETTER) for one in ROUNDS)
ASTRAY = (Round(FIRST, 500, 8, lens=False), Round(FIRST, 500, 8, lens=False))


@dataclass(frozen=True)
class Judgement:
    """What a round has done: scores of a `Trial`, and whether its cameras were kept."""

    before: float
    after: float
    gain: float = 0.0  # what was asked for at least

    @property
    def kept(self) -> bool:
        """Whether the cameras are those after the round."""
        return self.after > self.before + self.gain


UNASKED = Judgement(0.0, 1.0)  # of a round that was not put to the test


class Refinement:
    """Cameras on their way to being exact, in small steps.

    Attributes:
        cameras: as they are after the rounds so far, at the photos' full size.
        judgements: of those rounds.
        depths: of the cameras at the beginning of the round under way.
        rounds: all of them.
        made: joint steps of the round under way.
    """

    def __init__(
        self,
        photos: Tensor,
        cameras: Cameras,
        unknowns: Unknowns,
        rounds: Sequence[Round] = ROUNDS,
        points: Tensor | None = None,
        visible: Tensor | None = None,
        judged: bool = True,
    ) -> None:
        """Begin.

        Args:
            photos, points, visible: as `core.depthmaps.stereo.depths.Depths` takes them.
            cameras: of the photos at their full size.
            unknowns: what may change; in rounds without lenses, the poses alone.
            rounds: one after another; `ASTRAY` before `ROUNDS` where cameras are off by a degree,
                `CLOSE` instead of them where they are right to a pixel, `GIVEN` where they may be.
            judged: whether each round is put to the test; else all are kept.
        """
        self.cameras, self.judgements = cameras, list[Judgement]()
        self._unknowns, self.rounds, self._judged = unknowns, tuple(rounds), judged
        self.depths = Depths(photos, cameras, points, visible, self.rounds[0].journey)
        self._joint: Joint | None = None
        self._score: float | None = None  # of the cameras
        self._found: Cameras | None = None  # after the round, before they are kept
        self._trial: Trial | None = None  # of those found; before the first round of the cameras
        self.made = 0

    @property
    def done(self) -> bool:
        """Whether all rounds are over."""
        return len(self.judgements) == len(self.rounds)

    def tests(self, number: int) -> int:
        """How many tests a round ends in: before the first, its beginning is put to one as well."""
        return (1 + (number == 0)) * self._judged

    @property
    def tested(self) -> tuple[int, int] | None:
        """Tests of this round that are over, and pieces of the next one; None before these."""
        if self._found is None:
            return None
        over = int(not self.judgements and self._score is not None)
        return over, 0 if self._trial is None else self._trial.progress

    @property
    def maps(self) -> DepthMaps | None:
        """The newest depth maps, of the cameras that they were made with."""
        return self.depths.maps

    def step(self, parallel_map: ParallelMap = map, count: int = 1) -> bool:
        """A stage for `count` photos, or a joint step; returns whether more is left."""
        if self.done:
            return False
        if not self.depths.done:
            self.depths.step(parallel_map, count)
        elif self._found is not None:
            self._try(self._found, parallel_map, count)
        else:
            self._move(parallel_map)
        return not self.done

    def _move(self, parallel_map: ParallelMap) -> None:
        """A joint step; the last one of a round leaves what it has found to be tried."""
        now = self.rounds[len(self.judgements)]
        if self._joint is None:
            self._joint = self._begun()
        self.made += 1
        if not self._joint.step(parallel_map) or self.made >= now.steps:
            found, self._joint = self._found_by(self._joint), None
            if self._judged:
                self._found = found
            else:
                self._judge(found, UNASKED)

    def _begun(self) -> Joint:
        number = len(self.judgements)
        now, maps = self.rounds[number], self.depths.maps
        assert maps is not None, "the journey of a round ends in maps"
        unknowns = self._unknowns if now.lens else self._unknowns.poses
        if not now.principal:
            unknowns = unknowns.centred
        return Joint(maps, unknowns, seed=1000 * number, patches=now.patches)

    def _found_by(self, joint: Joint) -> Cameras:
        found = joint.guess.cameras.resized(self.cameras.sizes)
        moved = ("rotation", "centre", "intrinsics", "k1")
        parts = {name: getattr(found, name).to(getattr(self.cameras, name)) for name in moved}
        return replace(self.cameras, **parts)

    def _try(self, found: Cameras, parallel_map: ParallelMap, count: int) -> None:
        """Score what was found; the first time what it began with as well."""
        if self._trial is None:
            tried = self.cameras if self._score is None else found
            self._trial = Trial(self.depths.photos, tried)
        self._trial.step(parallel_map, count)
        score = self._trial.score
        if score is None:
            return
        self._trial = None
        if self._score is None:
            self._score = score
        else:
            gain = self.rounds[len(self.judgements)].gain
            self._judge(found, Judgement(self._score, score, gain))

    def _judge(self, found: Cameras, verdict: Judgement) -> None:
        if verdict.kept:
            self.cameras, self._score = found, verdict.after
        self.judgements.append(verdict)
        self._found, self.made = None, 0
        if not self.done:
            self.depths.again(self.rounds[len(self.judgements)].journey, self.cameras)

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `restore`."""
        verdicts = [[v.before, v.after, v.gain] for v in self.judgements]
        out = {
            "judgements": torch.tensor(verdicts, dtype=torch.float64).reshape(-1, 3),
            "made": torch.tensor(self.made),
        }
        if self._score is not None:
            out["score"] = torch.tensor(self._score, dtype=torch.float64)
        out |= {f"camera.{name}": value for name, value in vars(self.cameras).items()}
        out |= {f"depths.{name}": value for name, value in self.depths.state().items()}
        if self._joint is not None:
            out |= {f"joint.{name}": value for name, value in self._joint.state().items()}
        if self._found is not None:
            out |= {f"found.{name}": value for name, value in vars(self._found).items()}
        if self._trial is not None:
            out |= {f"trial.{name}": value for name, value in self._trial.state().items()}
        return out

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state` was taken, with the same photos, unknowns and rounds.

        Raises:
            ValueError: there can be no such state.
        """
        self.judgements = [Judgement(*row) for row in state["judgements"].tolist()]
        self.cameras = cameras_in(part_of(state, "camera."), self.cameras.sizes)
        self.made = int(state["made"])
        self.depths.restore(part_of(state, "depths."))
        if len(self.judgements) > len(self.rounds) or (self.depths.done and self.maps is None):
            raise ValueError(f"{len(self.judgements)} of {len(self.rounds)} rounds are over")
        self._score = float(state["score"]) if "score" in state else None
        self._joint = self._found = self._trial = None
        if kept := part_of(state, "joint."):
            self._joint = self._begun()
            self._joint.restore(kept)
        if kept := part_of(state, "found."):
            self._found = cameras_in(kept, self.cameras.sizes)
        if kept := part_of(state, "trial."):
            self._trial = Trial(self.depths.photos, self.cameras)
            self._trial.restore(kept)
