"""How fast cameras and views become right, on a scene whose cameras are known exactly."""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.config import Config
from core.config.paths import changed
from core.engine.run_folder.opening import new_trainer, read_photos
from core.evaluation.cameras import CameraErrors, compare_cameras
from core.evaluation.views import score_views
from core.formats.reference import read_reference
from core.geometry.cameras import Camera
from core.multiplane.compositing import (
    composite_and_compare,
    meeting_points,
    sample,
    sample_backward,
)
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.training import build
from core.training.trainer import Trainer

RIGHT_ROTATION, RIGHT_ATE = 0.5, 0.02  # degrees best-aligned; over the cameras' RMS radius
WANTED_PSNR = 22.0  # dB of photos kept aside
LOOK_EVERY = (0.5, 20.0)  # seconds of training between looks at cameras, at views
STEPS = 10, 60  # of planes alone: before their clock starts, and until it stops
RAYS, PLANES, SIDE = 4352, 32, 256  # of the planes' own measurement


@dataclass(frozen=True)
class LearningFigures:
    """What was measured. Seconds are of training, as `train --seconds` counts them.

    A time is None where the aim was not reached within the time given.
    """

    seconds_to_cameras: float | None
    rotation_best: float  # degrees, at the end
    rotation: float | None
    ate: float
    focal: float
    seconds_to_psnr: float | None
    psnr: float  # dB of photos kept aside, at the end
    seconds: float  # trained


def measure_learning(
    scene: Path, seconds: float, run: Path, say: Callable[[str], None], device: str = "auto"
) -> LearningFigures:
    """Train a new run on a scene, photos from the 1st every 8th kept aside, and look at it.

    Args:
        scene: a folder with `images` and the exact cameras in `transforms.json`.
        seconds: how long to train.
        run: a folder for what the run keeps.
        say: told what is being measured.
        device: as of `training.device`.
    """
    options = {
        "data.photos": str(scene / "images"),
        "data.held_out": "every8",
        "training.device": device,
    }
    trainer = new_trainer(changed(Config(), options), run)
    reference = read_reference(scene / "transforms.json")
    right = good = None
    next_cameras, next_views = LOOK_EVERY
    say("learning cameras and views")
    cores = os.cpu_count() or 1
    while trainer.seconds < seconds:
        trainer.train_step(cores)
        if right is None and trainer.seconds >= next_cameras:
            next_cameras += LOOK_EVERY[0]
            found = _errors(trainer, reference)
            if found.ate <= RIGHT_ATE and found.rotation_best <= RIGHT_ROTATION:
                right = trainer.seconds
        if good is None and trainer.stage != "bootstrap" and trainer.seconds >= next_views:
            next_views = trainer.seconds + LOOK_EVERY[1]
            if _psnr(trainer, cores) >= WANTED_PSNR:
                good = trainer.seconds
    last = _errors(trainer, reference)
    figures = LearningFigures(
        right, last.rotation_best, last.rotation, last.ate, last.focal, good,
        _psnr(trainer, cores), trainer.seconds,
    )  # fmt: skip
    trainer.close()
    return figures


def _errors(trainer: Trainer, reference: Mapping[str, Camera]) -> CameraErrors:
    return compare_cameras(trainer.learned().by_name, reference)


def _psnr(trainer: Trainer, workers: int) -> float:
    learned = trainer.learned()
    aside = {i: trainer.photos.picture(i) for i, out in enumerate(learned.held_out) if out}
    scores = score_views(learned.scene, learned.by_index, aside, workers=workers)
    return statistics.mean(score.psnr for score in scores)


def plane_steps_per_second(scene: Path, run: Path, device: str = "auto") -> float:
    """Steps that all cores make of planes alone, at the level at which they begin to sharpen.

    Nothing is beside them: no network, no joint steps, no check of cameras, nobody who looks. So it
    can be held against `LiveFigures.idle_steps_per_second`, which has all of these.

    Args: as of `measure_learning`.
    """
    options = {
        "data.photos": str(scene / "images"),
        "training.device": device,
        "training.bootstrap": False,
        "field.kind": "planes",
        "cameras.exact": False,
    }
    config = changed(Config(), options)
    recipe = build.recipe(config)
    first = replace(recipe, starting=(), settling=(), sharpening=recipe.sharpening[:1])
    trainer = Trainer(config, read_photos(config, run), first)
    cores, times = os.cpu_count() or 1, []
    for _ in range(STEPS[1]):
        began = time.monotonic()
        trainer.train_step(cores)
        times.append(time.monotonic() - began)
    trainer.close()
    return 1 / statistics.median(times[STEPS[0] :])


def plane_samples_per_second() -> float:
    """Samples that one thread explains in a second, forward and backward, without optimizers."""
    generator = torch.Generator().manual_seed(0)
    field = MultiplaneImage(even_places(PLANES), SIDE, SIDE, Extent((1, 1), (1, 1)), 0.02, 1.0)
    a = 1.6 * torch.rand(RAYS, 2, generator=generator) - 0.8
    b = 0.2 * torch.rand(RAYS, 2, generator=generator) - 0.1
    wanted = torch.rand(3, RAYS, generator=generator)
    times = []
    for _ in range(6):
        began = time.process_time()
        with torch.no_grad():
            points = meeting_points(a, b, field.disparities, field.reach)
            block = torch.cat(list(field.blocks))
            logits = sample(block, points)
            composite_and_compare(logits, wanted, 1 / RAYS)
            sample_backward(logits, block, points)
        times.append(time.process_time() - began)
    return RAYS * PLANES / statistics.median(times)
