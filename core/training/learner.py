"""The one interface of whatever learns a scene from photos, its cameras with it or not.

A run has a list of learners; `core.training.learners.registry` names the kinds. The trainer hands
each a `StepContext` at its turn, shows the scene of one of them, and writes down what all of them
say. A new kind of learner is one file beside the others and one line in that registry.

What a step computes with is drawn and looked up before anything is computed, and nothing moves
before the last sum over processes: so a step can be tried again, and captured.
"""

import abc
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from core.bootstrap.findings import Findings, Way
from core.config import Config
from core.distributed.process_group import ProcessGroup
from core.geometry.cameras import Camera, CameraRig
from core.geometry.windows import Windows
from core.multiplane.schedule import Recipe
from core.parallel import ParallelMap
from core.rendering.scene import Scene
from core.rendering.volume import Proposal
from core.training import build
from core.training.camera_optimizer import Learns
from core.training.captured import Captured
from core.training.losses.judges import Judges
from core.training.room import Room
from core.training.step import StepResult
from core.training.wide import by_depth_maps


class Progress(NamedTuple):
    """A point of a run, or how far it is from another one: epochs and steps together."""

    epoch: int = 0
    step: int = 0

    def since(self, start: "Progress") -> "Progress":
        """How far this is from there."""
        return Progress(self.epoch - start.epoch, self.step - start.step)


@dataclass(frozen=True)
class Course:
    """Where a run is, and what it has found on its way.

    Attributes:
        stage: bootstrap, explore or refine.
        stage_began: when the stage did, and its schedules with it.
        progress: how often all photos were visited, and how many steps were made.
        seconds: of training.
        found_by: how the cameras were found.
        found_after: seconds, until there were cameras.
        findings: what was found besides.
    """

    stage: str
    stage_began: Progress = field(default_factory=Progress)
    progress: Progress = field(default_factory=Progress)
    seconds: float = 0.0
    found_by: Way = "given"
    found_after: float | None = None
    findings: Findings = field(default_factory=Findings)


@dataclass(frozen=True, eq=False)
class StepContext:
    """All that a learner is given. Of it, steps change the rig's numbers and draw from `generator`.

    Attributes:
        config: every option.
        recipe: the levels that planes go through.
        colours: (N, H, W, 3) uint8, of all photos, on the device that computes.
        names: of all photos.
        rig: the cameras.
        cameras_known: whether they were found or given, so that nothing is to be found.
        found_by: the way to them; from matched features the lens came with them.
        trained: (K,) photos to learn from.
        visited: (1,) the photo whose turn it is; (0,) between steps.
        allowed: (Q,) pixels of a photo that may be learned from, row by row; None is all. Where
            photos differ in shape, those of each.
        stage: bootstrap, explore or refine.
        progress: where the run is, and where its stage began.
        turn: how many steps this learner has had, if it had all its turns from the run's first.
        hold: whether cameras keep still.
        camera_share: part of the rates of cameras that this learner has, beside others.
        proposal: what says where along rays of the scene something is: planes, or occupancy.
        judges: losses of whole pictures.
        generator: the only source of chance, on the CPU.
        parallel_map: `map`, or one that shares work among workers and keeps its order.
        processes: those that share each step.
        room: what planes and the rays of a step may take.
    """

    config: Config
    recipe: Recipe
    colours: Tensor
    names: tuple[str, ...]
    rig: CameraRig
    cameras_known: bool
    found_by: Way
    trained: Tensor
    visited: Tensor
    allowed: Tensor | Windows | None
    stage: str
    progress: Progress
    stage_began: Progress
    turn: int
    hold: bool
    camera_share: float
    proposal: Proposal | None
    judges: Judges
    generator: torch.Generator
    parallel_map: ParallelMap
    processes: ProcessGroup
    room: Room

    @property
    def trained_cameras(self) -> list[Camera]:
        """Those of the photos to learn from, as they are now."""
        cameras = self.rig.cameras()
        return [cameras[photo] for photo in self.trained.tolist()]

    @property
    def by_depth_maps(self) -> bool:
        """Whether depth maps hold the scene, and no planes."""
        if self.stage == "bootstrap" or self.config.field.geometry == "planes":
            return False
        return by_depth_maps(self.config, self.trained_cameras)

    @property
    def learns(self) -> Learns:
        """Which camera numbers may move at this stage."""
        return build.learns(self.config, self.stage)


class Learner(abc.ABC):
    """Belongs to one thread. Messages and findings wait here until the trainer takes them."""

    shows: ClassVar[str]  # the word for its scene in status and files
    leads: ClassVar[bool] = False  # cameras are its business until it is finished
    finished = False  # whether it need not go on, if others do
    complete = False  # whether another step would change nothing
    passing = False  # whether others take its place once it is finished
    settled = False  # whether the cameras are exact, and keep still while options ask for that

    rig: CameraRig
    field: nn.Module

    def __init__(self) -> None:
        """With nothing to say yet."""
        self._messages: list[str] = []

    @classmethod
    @abc.abstractmethod
    def wanted(cls, context: StepContext) -> bool:
        """Whether a run has one at this stage, by its options."""

    @classmethod
    @abc.abstractmethod
    def begin(cls, context: StepContext) -> Self:
        """One that knows nothing yet but the cameras."""

    def ready(self, context: StepContext) -> bool:
        """Whether what its steps and its scene need is there."""
        return True

    @abc.abstractmethod
    def step(self, context: StepContext) -> StepResult:
        """Explain some pixels of the photos better. Nothing moves where this is not finite."""

    @abc.abstractmethod
    def scene(self, context: StepContext) -> Scene:
        """What it shows, as it is now."""

    @abc.abstractmethod
    def rates(self, context: StepContext) -> dict[str, float]:
        """The rate of each group of numbers that may move in the step to come."""

    @property
    def proposal(self) -> Proposal | None:
        """What tells others where along rays something is."""
        return None

    @property
    def compared_at(self) -> int:
        """Longer side of the photos as its steps compare with them."""
        return max(self.rig.width, self.rig.height)

    @property
    def gone(self) -> float | None:
        """What part of its way is gone; None where that has no end, or is over."""
        return None

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        return self.shows

    @property
    def findings(self) -> Findings:
        """What it found besides cameras."""
        return Findings()

    def drain_messages(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._messages = [*Captured.drain_messages(), *self._messages], []
        return said

    # -- what a person changes ---------------------------------------------------------------

    def choose(self, photos: Tensor, fresh: Tensor) -> None:  # noqa: B027  most draw anew
        """Learn from these photos (K,) from now on; `fresh` ones were never drawn from."""

    @property
    def rigs(self) -> list[CameraRig]:
        """All cameras that it holds, its own first."""
        return [self.rig]

    @abc.abstractmethod
    def reconfigure(self, old: StepContext, new: StepContext, converted: tuple[str, ...]) -> None:
        """Take over other options, short of those that restart everything.

        Args:
            old, new: before and after.
            converted: numbers of the rig that are stored in another way now.
        """

    def restarted(self, context: StepContext) -> "Learner":
        """One whose scene and schedules begin anew, for the cameras as they are."""
        return self.begin(context)

    def successors(self, context: StepContext) -> list["Learner"]:
        """Who goes on in its place."""
        return [self]

    # -- to be continued -----------------------------------------------------------------------

    @classmethod
    @abc.abstractmethod
    def saved_in(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
        """Whether a run had one, of which this was saved."""

    @abc.abstractmethod
    def facts(self) -> dict[str, Any]:
        """Where it stands, as plain JSON, under names of its own."""

    @abc.abstractmethod
    def state(self) -> dict[str, Tensor]:
        """All else that its next step depends on, under names of its own."""

    @abc.abstractmethod
    def restore(
        self, context: StepContext, facts: Mapping[str, Any], tensors: dict[str, Tensor]
    ) -> None:
        """Be where facts and state were taken; this is new, of the same photos and options."""
