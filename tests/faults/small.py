"""The tiny run that fault programs damage."""

import hashlib
from pathlib import Path

from core.photos import PhotoSet
from core.runs import checkpoint
from core.training.trainer import Trainer
from tests.conftest import shifted_photos, small_config


def photos() -> PhotoSet:
    """Five tiny photos."""
    pixels = shifted_photos()
    return PhotoSet(tuple(f"{i}.png" for i in range(len(pixels))), pixels, 24, 18, None, ())


def opened(run: Path, seed: int = 0) -> Trainer:
    """The run as it was saved last, or a new one."""
    found, complaints = checkpoint.newest(run)
    assert not complaints, complaints[0]
    trainer = Trainer(small_config(training__seed=seed), photos())
    if found is not None:
        checkpoint.restore(trainer, found)
    return trainer


def digest(trainer: Trainer) -> str:
    """Of everything that is learned, to the bit."""
    total = hashlib.sha256()
    for parameter in (*trainer.rig.parameters(), *trainer.field.parameters()):
        total.update(parameter.detach().numpy().tobytes())
    return total.hexdigest()
