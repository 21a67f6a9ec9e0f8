"""The turns of a step: who learns what from which photos, and what each of them is given."""

import abc
import os
import time
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from core.bootstrap.findings import Way
from core.config import Config
from core.distributed.process_group import SINGLE_PROCESS, ProcessGroup
from core.geometry.cameras import CameraRig
from core.multiplane.schedule import Recipe
from core.parallel import ParallelMap, in_callers_mode
from core.photos import PhotoSet
from core.rendering.scene import FieldScene
from core.rendering.volume import Proposal
from core.training import build, devices
from core.training.holdout import EVERY, Holdout
from core.training.learner import Course, Learner, Progress, StepContext
from core.training.learners.registry import LEARNERS
from core.training.losses.judges import Judges
from core.training.room import Room
from core.training.step import StepResult, noted

TURNS = 3  # steps of planes for one of a network beside them: they sharpen sooner
Kind = TypeVar("Kind", bound=Learner)


class Turns(abc.ABC):
    """The photos of a run, those who learn from them, and the one source of chance.

    A step gives each learner its turn. Learners that lead move the cameras until they are
    finished; `shown` names the one whose scene knows unseen pixels best, which is shown where
    nobody asks for another.
    """

    def __init__(
        self,
        config: Config,
        photos: PhotoSet,
        recipe: Recipe | None = None,
        rig: CameraRig | None = None,
        processes: ProcessGroup = SINGLE_PROCESS,
        found_by: Way = "given",
    ) -> None:
        """Start from nothing but photos, or from cameras, which need no bootstrap.

        Args: `recipe` is that of the options where it is None; `processes` share each step;
            `found_by` is how the cameras of `rig` were found.

        Raises:
            InputError: too few photos, fewer rays than processes, too little memory, or a loss
                misses its weights.
        """
        build.check_rays(config, processes.world)
        self.processes, self.edits = processes, 0  # edits: from outside, unknown to the others
        self.config, self.photos = config, photos
        self.recipe = recipe or build.recipe(config)
        self.device = processes.placed(devices.choose_device(config.training.device))
        self.room = Room.of(config, self.device, photos.pixels.shape)
        self.generator = torch.Generator().manual_seed(config.training.seed)
        self.judges = Judges()
        self.judges.follow(config, self.device, photos.shortest_side)
        self.colours = torch.from_numpy(photos.pixels.copy()).to(self.device)
        self.held_out = build.held_out(config.data.held_out, len(photos.names))
        self.trained = build.trained_photos(config, photos.names, self.held_out)  # (K,) indices
        stage = "bootstrap" if config.training.bootstrap and rig is None else "explore"
        self.course = Course(stage, found_by="pixels" if rig is None else found_by)
        self.order = torch.empty(0, dtype=torch.long)  # photos of this epoch still to visit
        self.photo_error = torch.full((len(photos.names),), torch.nan)
        self.given = torch.zeros(len(photos.names), dtype=torch.bool)  # cameras from elsewhere
        self._messages = [said] if (said := devices.passed_over(config.training.device)) else []
        cameras = (rig or build.build_rig(config, photos)).to(self.device)
        build.express(cameras, config, stage)
        seed = config.training.seed if config.training.bootstrap else None
        self.holdout = Holdout(self.colours, self.trained, seed, photos.sizes)
        self.learners: list[Learner] = []
        context = self.context(rig=cameras, known=rig is not None)
        self.learners = [kind.begin(context) for kind in LEARNERS.values() if kind.wanted(context)]
        self.shown = self.learners[0].shows
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="step")

    @property
    def rig(self) -> CameraRig:
        """The cameras."""
        return self.learners[0].rig

    @property
    def chosen(self) -> Learner:
        """Who learns the field that was chosen; whoever comes first where it has not begun."""
        return next((one for one in self.learners if one.shows == "field"), self.learners[0])

    @property
    def field(self) -> nn.Module:
        """The field that was chosen; the planes where it has not begun."""
        return self.chosen.field

    @property
    def stage(self) -> str:
        """Bootstrap, explore or refine."""
        return self.course.stage

    @property
    def step(self) -> int:
        """How many steps the run has made."""
        return self.course.progress.step

    @property
    def epoch(self) -> int:
        """How often the run has visited all photos."""
        return self.course.progress.epoch

    @property
    def seconds(self) -> float:
        """How long it has trained."""
        return self.course.seconds

    def find(self, kind: type[Kind]) -> Kind | None:
        """The learner of this kind, where there is one."""
        return next((learner for learner in self.learners if isinstance(learner, kind)), None)

    def ready(self) -> list[tuple[Learner, StepContext]]:
        """Those who have something to show, and what each is given."""
        contexts = [(learner, self.context(learner)) for learner in self.learners]
        return [(learner, context) for learner, context in contexts if learner.ready(context)]

    @abc.abstractmethod
    def explore(self) -> None:
        """The cameras are found: from bootstrap to explore."""

    # -- one step ----------------------------------------------------------------------------

    def train_step(self, workers: int) -> StepResult:
        """Give each learner that works its turn: the first always, others now and then beside it.

        Args: so many `workers` share it on a CPU.
        """
        began, working = time.monotonic(), self._working
        shared = workers > 1 and self.device.type == "cpu"
        parallel_map = in_callers_mode(self._workers.map) if shared else map
        visited, results = self._visit(), dict[str, StepResult]()
        for learner in working:
            if results and self.step % TURNS:
                continue
            context = self.context(learner, parallel_map, visited)
            if learner.ready(context):
                results[learner.shows] = learner.step(context)
                self._messages += learner.drain_messages()
        if any(learner.passing and learner.finished for learner in working):
            self.explore()
        result = results.get(self.shown) or next(iter(results.values()))
        self.photo_error = noted(self.photo_error, result)
        now = Progress(self.epoch + (len(self.order) == 0), self.step + 1)
        self.course = replace(self.course, progress=now)
        if self.compared:
            self._compare()
        self.course = replace(self.course, seconds=self.seconds + time.monotonic() - began)
        return result

    @property
    def _working(self) -> list[Learner]:
        """Those that have not finished; all, where all have."""
        return [learner for learner in self.learners if not learner.finished] or self.learners

    def _visit(self) -> Tensor:
        """(1,) the photo whose turn it is; an epoch visits each photo once."""
        if len(self.order) == 0:
            shuffled = torch.randperm(len(self.trained), generator=self.generator)
            self.order = self.trained[shuffled]
        this, self.order = self.order[:1], self.order[1:]
        return this

    def context(
        self,
        learner: Learner | None = None,
        parallel_map: ParallelMap = map,
        visited: Tensor | None = None,
        known: bool = False,
        rig: CameraRig | None = None,
    ) -> StepContext:
        """What a learner is given now, or one that is to begin; see `StepContext`."""
        config, course = self.config, self.course
        leads = [other for other in self.learners if other.leads and other is not learner]
        rests = all(other.finished for other in leads)
        beside = config.cameras.rate_beside_planes if rests else 0.0
        exact = config.cameras.exact and any(other.settled for other in self.learners)
        return StepContext(
            config=config,
            recipe=self.recipe,
            colours=self.colours,
            names=self.photos.names,
            rig=rig or self.rig,
            cameras_known=known,
            found_by=course.found_by,
            trained=self.trained,
            visited=self.order[:0] if visited is None else visited,
            allowed=self.holdout.allowed,
            stage=course.stage,
            progress=course.progress,
            stage_began=course.stage_began,
            turn=self.step if rests else self.step // TURNS,
            hold=exact or self.cameras_frozen,
            camera_share=beside if leads else 1.0,
            proposal=self._proposal(),
            judges=self.judges,
            generator=self.generator,
            parallel_map=parallel_map,
            processes=self.processes,
            room=self.room,
        )

    def _proposal(self) -> Proposal | None:
        """What says where something is, where anybody learns beside it."""
        if len(self.learners) < 2:
            return None
        return next((one.proposal for one in self.learners if one.proposal is not None), None)

    @property
    def cameras_frozen(self) -> bool:
        """Whether cameras keep still: in the first epochs of refine, or with those given."""
        training = self.config.training
        given = training.start_from and "cameras" in training.keep
        begun = max(0, self.course.stage_began.epoch)  # before this run where optimizers were kept
        may = bool(given) or self.stage == "refine"
        return may and self.epoch - begun < training.freeze_cameras_epochs

    @property
    def compared(self) -> bool:
        """Whether the last step ends with a look at pixels that nothing is learned from."""
        return self.stage != "bootstrap" and self.step % EVERY == 0

    def _compare(self) -> None:
        """Ask the scenes for pixels they have not seen: the better one is shown.

        Depth maps are not asked: photos that are shown know all their pixels. They stay what is
        shown.
        """
        for learner, context in self.ready():
            scene = learner.scene(context)
            if isinstance(scene, FieldScene):
                self.holdout.ask(learner.shows, scene, self.rig)
        if self.shown not in self.holdout.errors:
            return
        winner = self.holdout.winner(self.shown)
        if winner != self.shown:
            better = self.config.field.kind if winner == "field" else "planes"
            seen = ", which is shown" if self.config.explore.show == "best" else ""
            self.say(f"Unseen pixels are now known best by {better}{seen}.")
            self.shown = winner

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        return tuple(learner.work for learner in self.learners)

    # -- sentences ---------------------------------------------------------------------------

    def say(self, *sentences: str) -> None:
        """Leave sentences to the person."""
        self._messages += sentences

    def drain_messages(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._messages = self._messages, []
        return said
