"""The newest state goes on bit for bit; older ones are light, and can be gone on from."""

from pathlib import Path

import pytest
import torch

from core.runs import checkpoint
from core.runs.container import content_of
from core.runs.light import MOMENTS, TEXELS
from core.training.learners.multiplane_learner import MultiplaneLearner
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief, layered

PHOTOS = layered(5, 32, 24)[0]


def sharpening(folder: Path) -> tuple[Trainer, list[Path], list[torch.Tensor]]:
    """A trainer whose planes sharpen, its state at each level, and the first texels in these."""
    trainer = Trainer(small_config(training__bootstrap=True), PHOTOS, brief(most_photos=5))
    paths, texels = [], []
    while len(paths) < 3:
        trainer.train_step(1)
        planes = trainer.find(MultiplaneLearner)
        if planes is not None and planes.level_step == 1:
            word = "" if paths else "before-refine-1"
            paths.append(checkpoint.save(trainer, folder, {}, word))
            texels.append(planes.field.blocks[0].detach().clone())
    trainer.close()
    return trainer, paths, texels


def test_older_states_are_light_and_can_be_gone_on_from(tmp_path: Path) -> None:
    trainer, (undone, older, newest), texels = sharpening(tmp_path)
    size = {path: path.stat().st_size for path in (undone, older, newest)}
    read = {path: checkpoint.read(path).tensors for path in size}
    moments = {path: [name for name in read[path] if MOMENTS.fullmatch(name)] for path in read}
    assert moments[newest] and moments[undone], "Undo goes back to the very bits"
    assert not moments[older]
    first = "planes.field.blocks.0"
    assert torch.equal(read[undone][first], texels[0])
    assert read[older][first] == pytest.approx(texels[1], abs=5e-3)
    assert torch.equal(read[newest][first], texels[2])
    found = checkpoint.read(older)
    again = Trainer(found.config, PHOTOS, trainer.recipe)
    checkpoint.restore(again, found)
    assert again.train_step(1).finite
    again.close()


def test_planes_that_rest_save_no_moments(tmp_path: Path) -> None:
    trainer, (*_, newest), _ = sharpening(tmp_path)
    again = Trainer(trainer.config, PHOTOS, trainer.recipe)
    checkpoint.restore(again, checkpoint.read(newest))
    planes = again.find(MultiplaneLearner)
    assert planes is not None
    while not planes.finished:
        again.train_step(1)
    assert not [name for name in planes.state() if MOMENTS.fullmatch(name)]
    assert len(planes.state()["planes.field.blocks.0"]) == int(
        planes.field.held()["blocks.0"].sum()
    )
    saved = checkpoint.save(again, tmp_path, {})
    kinds = {t.dtype for n, t in content_of(saved)[1].items() if TEXELS.fullmatch(n)}
    assert kinds == {torch.float16}
    held = checkpoint.read(saved).tensors
    for name, tensor in planes.state().items():
        assert torch.equal(held[name], tensor), "and nothing is lost by that"
    again.close()
