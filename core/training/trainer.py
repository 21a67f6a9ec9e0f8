"""Everything that training changes, and the few ways it is changed."""

import copy
import os
import time
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.photos import PhotoSet
from core.training.batch import Batch, draw_batch
from core.training.build import (
    build_field,
    build_rig,
    choose_device,
    held_out,
    make_learned,
    ray_settings,
    without_camera,
)
from core.training.config import Config
from core.training.learned import Learned
from core.training.optimizers import GROUPS, learning_rate, make_optimizer
from core.training.options import Effect
from core.training.settings import strongest
from core.training.step import StepResult, training_step

SMOOTHING = 0.95  # of the errors shown for each photo


class Trainer:
    """The learnable cameras, the field, their optimizers and the one source of chance.

    A trainer belongs to one thread. What others may see of it is `learned`, a copy.
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
        self.stage_start = self.field_start = 0  # epochs at which their schedules began
        self.order = torch.empty(0, dtype=torch.long)  # photos of this epoch still to visit
        self.photo_error = torch.full((len(photos.names),), torch.nan)
        self.seconds = 0.0
        self.optimizers: dict[str, torch.optim.Adam] = {}
        self._check_photos_left()
        self._new_field()
        self._new_camera_optimizers()
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="step")

    # -- one step ----------------------------------------------------------------------------

    def train_step(self, workers: int) -> StepResult:
        """Draw pixels, render, compare, move; `workers` threads share it on a CPU."""
        began = time.monotonic()
        batch = self._draw()
        for group, optimizer in self.optimizers.items():
            start = self.field_start if group == "field" else self.stage_start
            optimizer.param_groups[0]["lr"] = learning_rate(self.config, group, self.epoch - start)
        learned = self._learned_parameters()
        result = training_step(
            self.rig,
            self.field,
            batch,
            ray_settings(self.config),
            learned,
            self.optimizers.values(),
            self._workers.map if workers > 1 and self.device.type == "cpu" else map,
        )
        self._advance(result)
        self.seconds += time.monotonic() - began
        return result

    def _draw(self) -> Batch:
        """An epoch visits each photo once; a step takes its pixels from one photo or from all."""
        trained = self.trained_photos()
        if len(self.order) == 0:
            self.order = trained[torch.randperm(len(trained), generator=self.generator)]
        this, self.order = self.order[:1], self.order[1:]
        part = self.config
        return draw_batch(
            self.pixels,
            this if part.training.pixels_from == "one-photo" else trained,
            part.training.rays,
            part.rendering.samples,
            part.rendering.perturb,
            part.field.density_noise,
            self.generator,
        )

    def _advance(self, result: StepResult) -> None:
        self.step += 1
        if len(self.order) == 0:
            self.epoch += 1
        photo, errors = result.photo.cpu(), result.errors.cpu()
        count = torch.bincount(photo, minlength=len(self.photo_error))
        mean = torch.bincount(photo, errors, minlength=len(self.photo_error)) / count
        seen = count > 0
        old = torch.where(self.photo_error.isnan(), mean, self.photo_error)
        self.photo_error[seen] = (SMOOTHING * old + (1 - SMOOTHING) * mean)[seen].float()

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

    def _learned_parameters(self) -> list[nn.Parameter]:
        learned = list(self.field.parameters())
        if not self.cameras_frozen:
            part = self.config.cameras
            learned += [self.rig.rotation] * part.learn_rotation
            learned += [self.rig.position] * part.learn_position
            learned += [self.rig.focal] * part.learn_focal
        return learned

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
        self._convert()
        if effect is Effect.REBUILD_FIELD:
            self._new_field()
        return effect

    def _convert(self) -> None:
        part, before = self.config.cameras, dict(self.rig.named_parameters())
        self.rig.convert(part.rotation, part.focal, part.shared_focal)
        for name, parameter in self.rig.named_parameters():
            if parameter is not before[name]:
                self.optimizers[name] = make_optimizer([parameter])

    def refine(self) -> None:
        """Keep the cameras, restart the field and every schedule (NeRF--, section 4.3)."""
        self.stage, self.stage_start = "refine", self.epoch
        self._new_field()
        self._new_camera_optimizers()

    def _new_field(self) -> None:
        self.field = build_field(self.config, self.generator).to(self.device)
        self.field_start = self.epoch
        self.optimizers["field"] = make_optimizer(list(self.field.parameters()))

    def _new_camera_optimizers(self) -> None:
        for group in GROUPS[1:]:
            self.optimizers[group] = make_optimizer([self.rig.get_parameter(group)])

    # -- what others may see -----------------------------------------------------------------

    def learned(self) -> Learned:
        """A copy of cameras and field that further training leaves alone."""
        names, field = self.photos.names, copy.deepcopy(self.field)
        unlearned = without_camera(self.config, names, self.photo_error, self.held_out)
        return make_learned(self.config, names, self.rig, field, unlearned)

    def close(self) -> None:
        """End the worker threads."""
        self._workers.shutdown(wait=True)
