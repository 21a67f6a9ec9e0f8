"""From cameras that are nearly right to exact ones: depth maps and joint steps, by turns.

Depths come from the cameras, then cameras and depths move together, then depths come from better
cameras, at rising sizes (bundling between the levels brings back what at the last level alone does
not come back). Each round is judged on pixels that it has not learned from, and taken back where it
did not make things clearly better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.depthmaps.depths import FIRST, LAST, SECOND, DepthMaps, Depths, Stage, level
from core.depthmaps.joint import Joint, Mapper
from core.depthmaps.unknowns import Unknowns


@dataclass(frozen=True)
class Round:
    """Depths by a journey of stages, then joint steps.

    Attributes:
        journey: stages, which end in "publish"; see `core.depthmaps.depths`.
        patches, steps: of each photo, and how many steps at most.
        lens: whether lenses may change as well: while cameras are off by much they would follow.
    """

    journey: tuple[Stage, ...]
    patches: int = 800
    steps: int = 10
    lens: bool = True


LEAST_GAIN = 0.01  # of the cost: right cameras have moved for three thousandths, wrongly
AGAIN = level(252, "finish check publish")
ROUNDS = (Round(FIRST, 500), Round(SECOND), Round(AGAIN))
SHARPEST = (Round(LAST),)
ASTRAY = (Round(FIRST, 500, 8, lens=False), Round(FIRST, 500, 8, lens=False))


@dataclass(frozen=True)
class Judgement:
    """What a round has done: mean costs of unused pixels, and whether it was kept."""

    before: float
    after: float

    @property
    def kept(self) -> bool:
        """Whether the cameras are those after the round."""
        return self.after < (1 - LEAST_GAIN) * self.before


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
    ) -> None:
        """Begin.

        Args:
            photos, points, visible: as `core.depthmaps.depths.Depths` takes them.
            cameras: of the photos at their full size.
            unknowns: what may change; in rounds without lenses, the poses alone.
            rounds: one after another; `ASTRAY` before `ROUNDS` where cameras are off by a degree,
                `SHARPEST` after them for the last digit.
        """
        self.cameras, self.judgements = cameras, list[Judgement]()
        self._unknowns, self.rounds = unknowns, tuple(rounds)
        self.depths = Depths(photos, cameras, points, visible, self.rounds[0].journey)
        self._joint: Joint | None = None
        self.made = 0

    @property
    def done(self) -> bool:
        """Whether all rounds are over."""
        return len(self.judgements) == len(self.rounds)

    @property
    def maps(self) -> DepthMaps | None:
        """The newest depth maps, of the cameras that they were made with."""
        return self.depths.maps

    def step(self, mapper: Mapper = map, count: int = 1) -> bool:
        """A stage of depths for `count` photos, or a joint step; returns whether more is left."""
        if self.done:
            return False
        if not self.depths.done:
            self.depths.step(mapper, count)
            return True
        now = self.rounds[len(self.judgements)]
        if self._joint is None:
            self._joint = self._begun()
        self.made += 1
        if not self._joint.step(mapper) or self.made >= now.steps:
            self._judge(self._joint, mapper)
        return not self.done

    def _begun(self) -> Joint:
        number = len(self.judgements)
        now, maps = self.rounds[number], self.depths.maps
        assert maps is not None, "the journey of a round ends in maps"
        unknowns = self._unknowns if now.lens else self._unknowns.poses
        return Joint(maps, unknowns, seed=1000 * number, patches=now.patches)

    def _judge(self, joint: Joint, mapper: Mapper) -> None:
        found = joint.guess.cameras.resized(self.cameras.sizes)
        verdict = Judgement(*(joint.judged(c, mapper) for c in (self.cameras, found)))
        if verdict.kept:
            moved = ("rotation", "centre", "intrinsics", "k1")
            parts = {n: getattr(found, n).to(getattr(self.cameras, n)) for n in moved}
            self.cameras = replace(self.cameras, **parts)
        self.judgements.append(verdict)
        self._joint, self.made = None, 0
        if not self.done:
            self.depths.again(self.rounds[len(self.judgements)].journey, self.cameras)

    def state(self) -> dict[str, Tensor]:
        """Everything but the photos, as tensors by name; see `restore`."""
        verdicts = [[v.before, v.after] for v in self.judgements]
        out = {
            "judgements": torch.tensor(verdicts, dtype=torch.float64).reshape(-1, 2),
            "made": torch.tensor(self.made),
        }
        out |= {f"camera.{name}": value for name, value in vars(self.cameras).items()}
        out |= {f"depths.{name}": value for name, value in self.depths.state().items()}
        if self._joint is not None:
            out |= {f"joint.{name}": value for name, value in self._joint.state().items()}
        return out

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on exactly where `state` was taken, with the same photos, unknowns and rounds."""

        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

        self.judgements = [Judgement(*row) for row in state["judgements"].tolist()]
        self.cameras, self.made = Cameras(**part("camera.")), int(state["made"])
        self.depths.restore(part("depths."))
        self._joint = None
        if kept := part("joint."):
            self._joint = self._begun()
            self._joint.restore(kept)
