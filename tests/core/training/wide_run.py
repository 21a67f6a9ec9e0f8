"""A run on rendered photos whose cameras are given."""

from dataclasses import replace

import numpy as np
import torch

from core.config import Config
from core.config.paths import changed
from core.depthmaps.cameras import Cameras
from core.geometry.cameras import CameraRig
from core.photos import PhotoSet
from core.training import build
from core.training.learners.depthmap_learner import DepthMapLearner
from core.training.trainer import Trainer
from tests.core.depthmaps.rendered import Shot, shoot

SIZE = ((84, 63),)  # of photos: larger ones take minutes


def photos_of(shot: Shot) -> PhotoSet:
    """The photos as they are read from files."""
    pixels = (shot.photos * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    names = tuple(f"{row}.png" for row in range(len(pixels)))
    return PhotoSet(names, pixels, pixels.shape[2], pixels.shape[1], None, ())


def rig_of(cameras: Cameras, config: Config) -> CameraRig:
    """A rig of these cameras, of one focal length."""
    width, height = cameras.canvas
    part, poses = config.cameras, np.stack([c.camera_to_world for c in cameras.single()])
    rig = CameraRig(len(cameras), width, height, part.rotation, part.focal, part.shared_focal, 1.0)
    rig.place(torch.arange(len(cameras)), torch.from_numpy(poses))
    rig.set_focal_lengths(cameras.intrinsics[0, :2])
    return rig


def wide_run(
    degrees: float = 40.0, cameras: Cameras | None = None, **changes: object
) -> tuple[Trainer, Shot]:
    """A trainer before its first step, with right cameras or these, and what was photographed."""
    shot = shoot(7, degrees, SIZE)
    asked = {path.replace("__", "."): value for path, value in changes.items()}
    config = changed(Config(), {"training.device": "cpu", **asked})
    rig = rig_of(cameras or shot.cameras, config)
    build.express(rig, config, "explore")
    trainer = Trainer(config, photos_of(shot), rig=rig)
    trainer.given[:] = True
    return trainer, shot


def maps_of(trainer: Trainer) -> DepthMapLearner:
    """The learner of depth maps."""
    found = trainer.find(DepthMapLearner)
    assert found is not None
    return found


def to_the_end(trainer: Trainer, most: int = 500) -> Trainer:
    """All steps that change anything."""
    for _ in range(most):
        if trainer.complete:
            return trainer
        assert trainer.train_step(1).finite
    raise AssertionError("there is an end")


def in_rig(trainer: Trainer, shot: Shot) -> Cameras:
    """The learned cameras at the photos' size."""
    return replace(Cameras.of(trainer.rig.cameras()), sizes=shot.cameras.sizes)
