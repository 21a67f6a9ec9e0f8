"""Everything that training changes, and one step of it."""

import functools
import os
import time
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from core.bootstrap.bootstrap import Bootstrap, Findings
from core.bootstrap.hypotheses import place_beside
from core.config import Config
from core.distributed.process_group import ALONE, Alone, Mapper, in_callers_mode
from core.geometry.cameras import CameraRig
from core.multiplane.field import PlanesField
from core.multiplane.schedule import RECIPE, Level, Recipe
from core.photos import PhotoSet
from core.training import build
from core.training.batch import WHOLE
from core.training.camera_optimizer import Learns
from core.training.copies import Copies, scene_of
from core.training.field_learner import Moment, NeuralLearner, rates_at
from core.training.holdout import EVERY, Contest
from core.training.learned import Learned
from core.training.losses.judges import Judges
from core.training.losses.patches import Glimpse
from core.training.multiplane_learner import PlanesLearner
from core.training.room import Room
from core.training.step import StepResult, noted

NEURAL_TURN = 3  # steps of planes for one of a network beside them: they sharpen sooner


class Trainer:
    """The learnable cameras, the planes, the field, and the one source of chance.

    With planes and a neural field side by side, planes move the cameras until they are sharp, and
    `shown` names the one that knows unseen pixels better. A trainer belongs to one thread. What
    others may see of it is `learned`, a copy.
    """

    def __init__(
        self,
        config: Config,
        photos: PhotoSet,
        recipe: Recipe = RECIPE,
        rig: CameraRig | None = None,
        team: Alone = ALONE,
    ) -> None:
        """Start from nothing but photos, or from cameras, which need no bootstrap; with a `team`.

        Raises:
            InputError: too few photos, fewer rays than processes, too little memory, or a loss
                misses its weights.
        """
        build.check_rays(config, team.world)
        self.team, self.edits = team, 0  # edits: changes from outside, unknown to the others
        self.config, self.photos, self.recipe = config, photos, recipe
        self.device = team.placed(build.choose_device(config.training.device))
        self.room = Room.of(config, self.device, photos.pixels.shape)
        self.generator = torch.Generator().manual_seed(config.training.seed)
        self.judges = Judges()
        self.judges.follow(config, self.device, *photos.pixels.shape[1:3])
        self.pixels = torch.from_numpy(photos.pixels.copy()).to(self.device)
        self.held_out = build.held_out(config.data.held_out, len(photos.names))
        self.rig = (rig or build.build_rig(config, photos)).to(self.device)
        self.stage = "bootstrap" if config.training.bootstrap and rig is None else "explore"
        build.express(self.rig, config, self.stage)
        self.step = self.epoch = 0
        self.stage_start = self.stage_start_step = 0  # when its schedules began
        self.order = torch.empty(0, dtype=torch.long)  # photos of this epoch still to visit
        self.photo_error = torch.full((len(photos.names),), torch.nan)
        self.given = torch.zeros(len(photos.names), dtype=torch.bool)  # cameras from elsewhere
        self.seconds = 0.0
        self.findings = Findings()
        self._said: list[str] = []
        self.planes: PlanesLearner | None = None
        self.neural: NeuralLearner | None = None
        self.bootstrap: Bootstrap | None = None
        self.contest: Contest | None = None
        self._copies = Copies()
        self._begin(self.trained_photos(), given=rig is not None)
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="step")

    def _begin(self, photos: Tensor, given: bool) -> None:
        with_planes, kind = self.config.training.bootstrap, self.config.field.kind
        if with_planes:
            self.contest = Contest(self.pixels, photos, self.config.training.seed)
        if with_planes and not given:
            lead = functools.partial(self.new_planes, self.recipe.bootstrap)
            self.bootstrap = Bootstrap(lead, photos, self.photos.names, self.recipe)
            self.planes = self.bootstrap.leader
        elif with_planes or kind == "planes":
            levels = self.recipe.known if given else self.recipe.levels
            self.planes = self.new_planes(levels, photos)
        if self.bootstrap is None and kind != "planes":
            self.neural = NeuralLearner(self.config, self.rig, self.now, self.generator)
        self.shown = "field" if self.planes is None else "planes"

    def new_planes(self, levels: tuple[Level, ...], trained: Tensor) -> PlanesLearner:
        """Grey planes for the cameras as they are."""
        return PlanesLearner(
            self.rig, self.pixels, trained, self.learns, levels,
            build.plane_unit(self.config), self.contest.allowed if self.contest else None,
            team=self.team, room=self.room,
        )  # fmt: skip

    @property
    def learns(self) -> Learns:
        """Which camera numbers may move at this stage."""
        return build.learns(self.config, self.stage)

    @property
    def field(self) -> nn.Module:
        """The field that was chosen; the planes where it has not begun."""
        if self.neural is not None:
            return self.neural.field
        assert self.planes is not None
        return self.planes.field

    @property
    def compared_at(self) -> int:
        """Longer side of the photos as steps compare with them: planes begin with small ones."""
        if self.shown == "planes" and self.planes is not None:
            return max(self.planes.small.width, self.planes.small.height)
        return max(self.rig.width, self.rig.height)

    @property
    def unseen_errors(self) -> dict[str, float]:
        """Squared errors of `planes` and `field` at pixels that neither has learned from."""
        return dict(self.contest.errors) if self.contest else {}

    # -- one step ----------------------------------------------------------------------------

    def train_step(self, workers: int) -> StepResult:
        """Draw pixels, render, compare, move; `workers` threads share it on a CPU."""
        began = time.monotonic()
        shared = workers > 1 and self.device.type == "cpu"
        result = self._step(in_callers_mode(self._workers.map) if shared else map)
        self.step += 1
        self.epoch += len(self.order) == 0
        self.photo_error = noted(self.photo_error, result)
        if self.contest and self.planes and not self.bootstrap and self.step % EVERY == 0:
            self._compare()
        self.seconds += time.monotonic() - began
        return result

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        phase = self.bootstrap.phase if self.bootstrap else None
        level = None if self.planes is None else len(self.planes.levels) - self.planes.level
        return phase, level, self.neural is not None

    @property
    def now(self) -> Moment:
        """Where the run is."""
        return Moment(self.epoch, self.step)

    def begin_stage(self, stage: str) -> None:
        """From now on it is another stage, whose schedules begin."""
        self.stage = stage
        self.stage_start, self.stage_start_step = self.now

    def say(self, sentence: str) -> None:
        """Leave a sentence to the person."""
        self._said.append(sentence)

    def told(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._said = self._said, []
        return said

    def _step(self, mapper: Mapper) -> StepResult:
        this = self._visited()
        if self.bootstrap is not None:
            result = self.bootstrap.step(mapper, self.generator)
            self._said += self.bootstrap.told()
            self.planes, self.rig = self.bootstrap.leader, self.bootstrap.leader.rig
            if self.bootstrap.finished:
                self.explore()
            return result
        results = {}
        if self.planes is not None and not (self.planes.finished and self.neural):
            results["planes"] = self.planes.step(mapper, self.generator, self.cameras_frozen)
            self._said += self.planes.told()
        if self.neural is not None and (not results or self.step % NEURAL_TURN == 0):
            results["field"] = self._neural_step(self.neural, this, mapper)
        return results.get(self.shown) or next(iter(results.values()))

    def _neural_step(self, neural: NeuralLearner, this: Tensor, mapper: Mapper) -> StepResult:
        training = self.config.training
        one = training.pixels_from == "one-photo" or training.rays == WHOLE
        candidates = this if one else self.trained_photos()
        allowed = self.contest.allowed if self.contest else None
        guide = self.planes and self.planes.field
        act = functools.partial(
            neural.step, self.config, self.pixels, candidates, allowed, self.neural_rates(neural),
            self.epoch, self.generator, mapper, guide, self._glimpses(candidates, allowed, guide),
        )  # fmt: skip
        return self.team.attempt(self.generator, act)

    def _glimpses(
        self, candidates: Tensor, allowed: Tensor | None, guide: PlanesField | None
    ) -> list[Glimpse]:
        """Pictures to judge in this step of the network; mostly none."""
        rarely = self.planes is not None and not self.planes.finished
        turn = self.step // NEURAL_TURN if rarely else self.step
        if not self.judges.waiting or turn % self.config.losses.every:
            return []
        return self.judges.glimpses(
            self.config, self.rig, self.pixels, candidates, self.trained_photos(), allowed,
            build.ray_settings(self.config).points(guide), self.generator,
        )  # fmt: skip

    def neural_rates(self, neural: NeuralLearner) -> dict[str, float]:
        """The rates of the next step of a field and of the cameras with it, by group."""
        slow = 1.0
        if self.planes is not None:
            slow = self.config.cameras.rate_beside_planes if self.planes.finished else 0.0
        slow *= not self.cameras_frozen
        ages = (
            self.now.since(neural.field_start, neural.field_start_step),
            self.now.since(self.stage_start, self.stage_start_step),
        )
        return rates_at(self.config, *ages, slow)

    def _visited(self) -> Tensor:
        """(1,) the photo whose turn it is; an epoch visits each photo once."""
        if len(self.order) == 0:
            trained = self.trained_photos()
            self.order = trained[torch.randperm(len(trained), generator=self.generator)]
        this, self.order = self.order[:1], self.order[1:]
        return this

    def _compare(self) -> None:
        """Ask the scenes for pixels they have not seen, and show the better one."""
        assert self.contest and self.planes
        self.contest.ask("planes", scene_of(self, self.planes.field), self.rig)
        if self.neural is not None:
            scene = scene_of(self, self.neural.field, self.planes.field)
            self.contest.ask("field", scene, self.rig)
        winner = self.contest.winner(self.shown)
        if winner != self.shown:
            better = self.config.field.kind if winner == "field" else "planes"
            self._said.append(f"Unseen pixels are now known best by {better}, which is shown.")
            self.shown = winner

    def explore(self) -> None:
        """The cameras are found: planes go on to sharpen, and the chosen field begins."""
        assert self.bootstrap is not None
        leader, photos = self.bootstrap.leader, self.trained_photos()
        place_beside(leader, self.bootstrap.others)
        if leader.finished:
            leader.extend(self.recipe.sharpening, photos)
        else:
            leader.levels = self.recipe.levels
            leader.choose(photos)
        self.planes, self.rig = leader, leader.rig
        self.findings, self.bootstrap = self.bootstrap.findings, None
        self.begin_stage("explore")
        build.express(self.rig, self.config, self.stage)
        if self.rig.zooms or self.rig.distorts:
            leader.let_learn(self.learns)
        if self.config.field.kind != "planes":
            self.neural = NeuralLearner(self.config, self.rig, self.now, self.generator)

    def trained_photos(self) -> Tensor:
        """(K,) indices of the photos that are neither held out nor left out."""
        return build.trained_photos(self.config, self.photos.names, self.held_out)

    @property
    def cameras_frozen(self) -> bool:
        """Whether cameras keep still: in the first epochs of refine, or with those given."""
        part = self.config.training
        given = part.start_from and "cameras" in part.keep
        begun = max(0, self.stage_start)  # earlier than this run where optimizers were kept
        may = bool(given) or self.stage == "refine"
        return may and self.epoch - begun < part.freeze_cameras_epochs

    @property
    def explored_enough(self) -> bool:
        """Whether explore has lasted as long as it should, so that refine begins by itself."""
        after = self.config.training.pretrain_epochs
        return self.stage == "explore" and 0 < after <= self.epoch - self.stage_start

    # -- what others may see -----------------------------------------------------------------

    def learned(self, fresh: bool = True) -> Learned:
        """A copy that training leaves alone; planes may be a little older unless `fresh`."""
        return self._copies.learned(self, fresh)

    def close(self) -> None:
        """End the worker threads."""
        self._workers.shutdown(wait=True)
