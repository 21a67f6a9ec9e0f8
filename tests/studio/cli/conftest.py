"""A run for the commands that read one."""

from pathlib import Path

import pytest

from core.photos import PhotoSet
from core.runs import checkpoint
from core.training.trainer import Trainer
from tests.conftest import shifted_photos, small_config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose cameras are spread a little."""
    pixels = shifted_photos()
    names = tuple(f"{number}.png" for number in range(len(pixels)))
    trainer = Trainer(small_config(), PhotoSet(names, pixels, 24, 18, None, ()))
    trainer.rig.position.data.normal_(0, 0.1)
    trainer.given[:] = True
    run = tmp_path_factory.mktemp("run")
    checkpoint.save(trainer, run, {})
    trainer.close()
    return run
