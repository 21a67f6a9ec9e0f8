"""Everything that training changes, and the few ways it is changed."""

import copy
import os
import time
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.photos import PhotoSet
from core.rendering.scene import Scene
from core.training.bootstrap import Bootstrap, Findings
from core.training.build import (
    build_rig,
    choose_device,
    held_out,
    learns,
    plane_unit,
    ray_settings,
    without_camera,
)
from core.training.config import Config
from core.training.contest import EVERY, Contest
from core.training.learned import Learned
from core.training.levels import BOOTSTRAP, LEVELS, SHARPENING, STARTING, Level
from core.training.neural import NeuralLearner, rates_at
from core.training.options import Effect
from core.training.planes import PlanesLearner
from core.training.settings import strongest
from core.training.step import Mapper, StepResult

SMOOTHING = 0.95  # of the errors shown for each photo
COPY_SHARE = 20  # planes are copied for others at most after this many times what a copy takes


class Trainer:
    """The learnable cameras, the planes, the field, and the one source of chance.

    With planes and a neural field side by side, planes move the cameras until they are sharp, and
    `shown` names the one that knows unseen pixels better. A trainer belongs to one thread. What
    others may see of it is `learned`, a copy.
    """

    def __init__(self, config: Config, photos: PhotoSet) -> None:
        """Start from nothing but photos.

        Raises:
            InputError: fewer than two photos are left to train on.
        """
        self.config, self.photos = config, photos
        self.device = choose_device(config.training.device)
        self.generator = torch.Generator().manual_seed(config.training.seed)
        self.pixels = torch.from_numpy(photos.pixels.copy()).to(self.device)
        self.held_out = held_out(config.data.held_out, len(photos.names))
        self.rig = build_rig(config, photos).to(self.device)
        self.stage = "explore"
        self.step = self.epoch = 0
        self.stage_start = 0  # epoch at which its schedules began
        self.order = torch.empty(0, dtype=torch.long)  # photos of this epoch still to visit
        self.photo_error = torch.full((len(photos.names),), torch.nan)
        self.seconds = 0.0
        self.findings = Findings()
        self._said: list[str] = []
        self.planes: PlanesLearner | None = None
        self.neural: NeuralLearner | None = None
        self.bootstrap: Bootstrap | None = None
        self.contest: Contest | None = None
        self._copied: tuple[PlanesLearner, Scene, float, float] | None = None
        self._check_photos_left()
        self._begin()
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="step")

    def _begin(self) -> None:
        if self.config.training.bootstrap:
            self.stage = "bootstrap"
            self.contest = Contest(self.pixels, self.trained_photos(), self.config.training.seed)
            photos = self.trained_photos()
            self.bootstrap = Bootstrap(lambda some: self.new_planes(BOOTSTRAP, some), photos)
            self.planes = self.bootstrap.leader
        elif self.config.field.kind == "planes":
            self.planes = self.new_planes(LEVELS, self.trained_photos())
        else:
            self.neural = NeuralLearner(self.config, self.rig, self.epoch, self.generator)
        self.shown = "field" if self.planes is None else "planes"

    def new_planes(self, levels: tuple[Level, ...], trained: Tensor) -> PlanesLearner:
        """Grey planes for the cameras as they are."""
        return PlanesLearner(
            self.rig,
            self.pixels,
            trained,
            learns(self.config),
            levels,
            plane_unit(self.config),
            self.contest.allowed if self.contest else None,
        )

    @property
    def field(self) -> nn.Module:
        """The field that was chosen; the planes where it has not begun."""
        if self.neural is not None:
            return self.neural.field
        assert self.planes is not None
        return self.planes.field

    @property
    def unseen_errors(self) -> dict[str, float]:
        """Squared errors of `planes` and `field` at pixels that neither has learned from."""
        return dict(self.contest.errors) if self.contest else {}

    # -- one step ----------------------------------------------------------------------------

    def train_step(self, workers: int) -> StepResult:
        """Draw pixels, render, compare, move; `workers` threads share it on a CPU."""
        began = time.monotonic()
        shared = workers > 1 and self.device.type == "cpu"
        result = self._step(self._workers.map if shared else map)
        self._note(result)
        if self.contest and self.neural and self.planes and self.step % EVERY == 0:
            self._compare()
        self.seconds += time.monotonic() - began
        return result

    @property
    def work(self) -> Hashable:
        """Equal for steps that take about as long as one another."""
        phase = self.bootstrap.phase if self.bootstrap else None
        level = None if self.planes is None else len(self.planes.levels) - self.planes.level
        return phase, level, self.neural is not None

    def told(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        said, self._said = self._said, []
        return said

    def _step(self, mapper: Mapper) -> StepResult:
        this = self._visited()
        if self.bootstrap is not None:
            result = self.bootstrap.step(mapper, self.generator)
            self._said += self.bootstrap.told()
            self.planes = self.bootstrap.leader
            self.rig = self.planes.rig
            if self.bootstrap.finished:
                self._explore()
            return result
        results = {}
        if self.planes is not None and not (self.planes.finished and self.neural):
            hold = self.cameras_frozen
            results["planes"] = self.planes.step(mapper, self.generator, hold)
        if self.neural is not None:
            results["field"] = self._neural_step(self.neural, this, mapper)
        return results.get(self.shown) or next(iter(results.values()))

    def _neural_step(self, neural: NeuralLearner, this: Tensor, mapper: Mapper) -> StepResult:
        slow = 1.0
        if self.planes is not None:
            slow = self.config.cameras.rate_beside_planes if self.planes.finished else 0.0
        rates = rates_at(
            self.config,
            self.epoch - neural.field_start,
            self.epoch - self.stage_start,
            0.0 if self.cameras_frozen else slow,
        )
        one = self.config.training.pixels_from == "one-photo"
        return neural.step(
            self.config,
            self.pixels,
            this if one else self.trained_photos(),
            self.contest.allowed if self.contest else None,
            rates,
            self.epoch,
            self.generator,
            mapper,
        )

    def _visited(self) -> Tensor:
        """(1,) the photo whose turn it is; an epoch visits each photo once."""
        if len(self.order) == 0:
            trained = self.trained_photos()
            self.order = trained[torch.randperm(len(trained), generator=self.generator)]
        this, self.order = self.order[:1], self.order[1:]
        return this

    def _note(self, result: StepResult) -> None:
        self.step += 1
        if len(self.order) == 0:
            self.epoch += 1
        photo, errors = result.photo.cpu(), result.errors.cpu()
        count = torch.bincount(photo, minlength=len(self.photo_error))
        mean = torch.bincount(photo, errors, minlength=len(self.photo_error)) / count
        seen = count > 0
        old = torch.where(self.photo_error.isnan(), mean, self.photo_error)
        self.photo_error[seen] = (SMOOTHING * old + (1 - SMOOTHING) * mean)[seen].float()

    def _compare(self) -> None:
        """Ask both scenes for pixels they have not seen, and show the better one."""
        assert self.contest and self.planes and self.neural
        for name, field in (("planes", self.planes.field), ("field", self.neural.field)):
            self.contest.ask(name, self._scene(field), self.rig)
        winner = self.contest.winner(self.shown)
        if winner != self.shown:
            better = self.config.field.kind if winner == "field" else "planes"
            self._said.append(f"Unseen pixels are now known best by {better}, which is shown.")
            self.shown = winner

    def _explore(self) -> None:
        """The cameras are found: planes go on to sharpen, and the chosen field begins."""
        assert self.bootstrap is not None
        if self.bootstrap.finished:
            self.bootstrap.leader.extend(SHARPENING, self.trained_photos())
        else:
            self.bootstrap.leader.levels = LEVELS
        self.planes, self.rig = self.bootstrap.leader, self.bootstrap.leader.rig
        self.findings, self.bootstrap = self.bootstrap.findings, None
        self.stage, self.stage_start = "explore", self.epoch
        if self.config.field.kind != "planes":
            self.neural = NeuralLearner(self.config, self.rig, self.epoch, self.generator)

    def trained_photos(self) -> Tensor:
        """(K,) indices of the photos that are neither held out nor left out."""
        left_out = set(self.config.data.disabled)
        names = self.photos.names
        return torch.tensor(
            [i for i, name in enumerate(names) if not self.held_out[i] and name not in left_out]
        )

    def _check_photos_left(self) -> None:
        if len(self.trained_photos()) < 2:
            raise InputError(
                "Fewer than two photos are left to train on; add photos, or take some out of "
                "data.disabled or data.held_out."
            )

    @property
    def cameras_frozen(self) -> bool:
        """Whether this is one of the first epochs of refine, in which cameras keep still."""
        frozen = self.config.training.freeze_cameras_epochs
        return self.stage == "refine" and self.epoch - self.stage_start < frozen

    @property
    def explored_enough(self) -> bool:
        """Whether explore has lasted as long as it should, so that refine begins by itself."""
        after = self.config.training.refine_after_epochs
        return self.stage == "explore" and 0 < after <= self.epoch - self.stage_start

    # -- changes -----------------------------------------------------------------------------

    def configure(self, config: Config) -> Effect:
        """Take over a config with any changes short of `RESTART`, and say what they did.

        Raises:
            InputError: the change leaves fewer than two photos. Nothing is changed then.
        """
        effect, old = strongest(self.config, config), self.config
        assert effect < Effect.RESTART, "a restart takes a new trainer"
        self.config = config
        if config.data.disabled != old.data.disabled:
            try:
                self._check_photos_left()
            except InputError:
                self.config = old
                raise
            self.order = self.order[:0]
            self._choose_photos()
        self._convert(learns(old) != learns(config))
        if effect is Effect.REBUILD_FIELD:
            self._new_field()
        return effect

    def _choose_photos(self) -> None:
        if self.bootstrap is not None:
            self.bootstrap.choose(self.trained_photos())
        elif self.planes is not None:
            self.planes.choose(self.trained_photos())

    def _convert(self, learning_changed: bool) -> None:
        part, before = self.config.cameras, dict(self.rig.named_parameters())
        learners = [] if self.planes is None else [self.planes]
        learners += self.bootstrap.rivals if self.bootstrap else []
        for rig in {id(rig): rig for rig in [self.rig, *(one.rig for one in learners)]}.values():
            rig.convert(part.rotation, part.focal, part.shared_focal)
        after = dict(self.rig.named_parameters())
        converted = tuple(name for name in after if after[name] is not before[name])
        if converted and self.neural is not None:
            self.neural.renew_cameras(converted)
        if converted or learning_changed:
            for learner in learners:
                learner.let_learn(learns(self.config))

    def refine(self) -> None:
        """Keep the cameras, restart the field and every schedule (NeRF--, section 4.3)."""
        if self.bootstrap is not None:
            self._explore()
        self.stage, self.stage_start = "refine", self.epoch
        if self.neural is None:
            self.planes = self.new_planes(LEVELS[len(STARTING) :], self.trained_photos())
        else:
            self._new_field()
            self.neural.renew_cameras()

    def _new_field(self) -> None:
        """A fresh field of the chosen kind. While the cameras are being found it is yet to come."""
        if self.bootstrap is not None:
            return
        if self.contest is not None:
            self.contest.errors.pop("field", None)
        if self.config.field.kind == "planes":
            self.neural = None
            if self.planes is None:
                self.planes = self.new_planes(LEVELS, self.trained_photos())
        elif self.neural is not None:
            self.neural.renew_field(self.config, self.epoch, self.generator)
        else:
            self.neural = NeuralLearner(self.config, self.rig, self.epoch, self.generator)
            if self.contest is None:  # without unseen pixels the field that was asked for is shown
                self.planes = None
        self.shown = "field" if self.planes is None else "planes"

    # -- what others may see -----------------------------------------------------------------

    def learned(self) -> Learned:
        """A copy of cameras and scenes that further training leaves alone."""
        names = self.photos.names
        unlearned = without_camera(self.config, names, self.photo_error, self.held_out)
        planes = None if self.planes is None else self._planes_scene(self.planes)
        if self.shown == "planes" and planes is not None:
            scene = planes
        else:
            assert self.neural is not None
            scene = self._scene(copy.deepcopy(self.neural.field).requires_grad_(False))
        return Learned(names, tuple(self.rig.cameras()), unlearned, scene, planes)

    def _scene(self, field: nn.Module) -> Scene:
        return Scene(field, self.rig.frame().detach(), ray_settings(self.config))

    def _planes_scene(self, learner: PlanesLearner) -> Scene:
        """Planes are large: their newest copy serves until it is old compared with its price."""
        now = time.monotonic()
        if self._copied is not None:
            of, scene, moment, price = self._copied
            if of is learner and now - moment < COPY_SHARE * price:
                return scene
        scene = self._scene(copy.deepcopy(learner.field).requires_grad_(False))
        self._copied = (learner, scene, time.monotonic(), time.monotonic() - now)
        return scene

    def close(self) -> None:
        """End the worker threads."""
        self._workers.shutdown(wait=True)
