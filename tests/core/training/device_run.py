"""Runs on the device that `pretend` plays: `python -m tests.core.training.device_run planes siren`.

Each goes the whole way, from photos alone through every phase to a sharp scene that is looked at,
is saved there, continued on the CPU, and back. "depth-maps" are learned from given cameras.
"""

import functools
import sys
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from core.config import Config
from core.distributed.process_group import ProcessGroup
from core.evaluation.poses import Search
from core.evaluation.views import score_views
from core.rendering.picture import Pace
from core.rendering.progressive import render_progressively
from core.runs import checkpoint
from core.training import devices
from core.training.learned import Learned
from core.training.step import StepResult
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief, layered
from tests.core.training.pretend import CPU, DEVICE, WAITS
from tests.core.training.wide_run import to_the_end, wide_run

MOST = 1  # wait: for what a step is judged by


def budgeted(
    processes: ProcessGroup, generator: torch.Generator, act: "functools.partial[StepResult]"
) -> StepResult:
    """A learner's step, within its budget where no other level begins."""
    learner = act.func.__self__
    work, before = learner.work, WAITS.copy()
    result = act(processes)
    waited = WAITS - before
    grew = learner.work != work
    assert grew or waited.total() <= MOST, "\n".join(map(str, waited.items()))
    return result


def fresh(config: Config, device: torch.device) -> Trainer:
    """A run of few steps there."""
    with mock.patch.object(devices, "choose_device", lambda wanted: device):
        return Trainer(config, layered(7, 32, 24)[0], brief(steps=3, most_photos=4))


def whole_way(kind: str, folder: Path) -> None:
    """From nothing to a sharp scene, to the disk, to the CPU and back."""
    trainer = fresh(small_config(training__bootstrap=True, field__kind=kind), DEVICE)
    while trainer.stage == "bootstrap" or trainer.step < 60:
        assert trainer.train_step(1).finite
    trainer.shown = trainer.learners[-1].shows
    scenes = trainer.learned()
    assert scenes.planes is not None
    for scene in {scenes.scene, scenes.planes}:
        assert scene.device == DEVICE
        assert [*render_progressively(scene, scenes.cameras[0], Pace())]
    for device in (CPU, DEVICE):
        found = checkpoint.read(checkpoint.save(trainer, folder, {}))
        learned = checkpoint.learned(found)
        assert learned.scene.device == CPU
        looked_at(learned.on(DEVICE))
        trainer = fresh(found.config, device)
        checkpoint.restore(trainer, found)
        assert trainer.train_step(1).finite
        assert trainer.rig.position.device == device


def looked_at(learned: Learned) -> None:
    """What evaluate, render and export ask of a scene, on its device."""
    camera, photo = learned.cameras[0], np.zeros((24, 32, 3), np.uint8)
    assert learned.scene.device == DEVICE
    assert [*render_progressively(learned.scene, camera, Pace())]
    brief = Search(starts=1, steps=1, last_steps=1, rays=64)
    (score,) = score_views(learned.scene, learned.by_index, {6: photo}, search=brief)
    assert np.isfinite(score.psnr)


def depth_maps() -> None:
    """All stages of each photo's own depth."""
    with mock.patch.object(devices, "choose_device", lambda wanted: DEVICE):
        trainer, _ = wide_run(field__geometry="depth-maps")
    learned = to_the_end(trainer).learned()
    assert learned.shown == "depth-maps" and trainer.rig.position.device == DEVICE
    assert [*render_progressively(learned.scene, learned.cameras[0], Pace())]


if __name__ == "__main__":
    torch.set_num_threads(1)
    with (
        mock.patch.object(ProcessGroup, "attempt", budgeted),
        tempfile.TemporaryDirectory() as place,
    ):
        for kind in sys.argv[1:]:
            depth_maps() if kind == "depth-maps" else whole_way(kind, Path(place) / kind)
