"""A run on a shelf, small and whole."""

from pathlib import Path

from core.config.paths import changed
from core.photos import PhotoSet
from core.runs import checkpoint, judged
from core.search.judging.witnesses import Opinion
from core.training.trainer import Trainer
from tests.conftest import shifted_photos, small_config


def made_run(run: Path, picture: bytes = b"picture") -> Path:
    """A run of two states, of which the first is kept by a word, with a verdict and pictures."""
    pixels = shifted_photos()
    names = tuple(f"{number}.png" for number in range(len(pixels)))
    config = changed(small_config(), {"cameras.rotation": "quaternion"})
    trainer = Trainer(config, PhotoSet(names, pixels, 24, 18, None, ()))
    trainer.photo_error[:] = 0.1
    checkpoint.save(trainer, run, {}, "cameras-found")
    for _ in range(3):
        trainer.train_step(1)
    checkpoint.save(trainer, run, {})
    judged.keep(run, Opinion("pixels", "doubtful"), Opinion(), names)
    trainer.close()
    (run / "validation").mkdir()
    for name in ("000000001.png", "000000002.png", "000000002-depth.png"):
        (run / "validation" / name).write_bytes(picture)
    (run / "run.lock").write_text("mine")
    return run
