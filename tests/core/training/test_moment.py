"""What is handed to be written is one moment's copy, whatever happens before it is on the disk."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine.monitoring.history import Recorder
from core.photos import PhotoSet
from core.runs import checkpoint
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief

OURS = ("core.", "torch.optim")


def changeable(*roots: Any) -> list[Any]:
    """Every tensor, dictionary, list and source of chance that can be reached from something."""
    found, seen, waiting = [], set(), list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, torch.Tensor | dict | list | torch.Generator):
            found.append(thing)
        match thing:
            case dict():
                waiting += thing.values()
            case list() | tuple():
                waiting += thing
            case _ if type(thing).__module__.startswith(OURS):
                waiting += vars(thing).values()
    return found


def spoil(*roots: Any) -> int:
    """Change all of it; returns how many things that were."""
    things = changeable(*roots)
    for thing in things:
        match thing:
            case torch.Tensor():
                thing.data.fill_(1)
            case torch.Generator():
                thing.manual_seed(987)
            case _:
                thing.clear()
    return len(things)


def trained(photos: PhotoSet, bootstrap: bool, steps: int) -> tuple[Trainer, Recorder]:
    """A trainer of few steps a level, and its curves."""
    config = small_config(training__bootstrap=bootstrap, cameras__learn_distortion=True)
    trainer, recorder = Trainer(config, photos, brief(steps=2)), Recorder(len(photos.names))
    for _ in range(steps):
        result = trainer.train_step(1)
        recorder.add(trainer.step, result.loss, trainer.rig)
    recorder.mark(trainer.step, "here")
    return trainer, recorder


@pytest.mark.parametrize(
    ("bootstrap", "steps", "asked"),
    [(False, 7, set()), (True, 3, set()), (True, 61, {"planes", "field"})],
    ids=["network", "finding cameras", "planes and network"],
)
def test_nothing_that_changes_before_it_is_written_changes_it(
    photos: PhotoSet, tmp_path: Path, bootstrap: bool, steps: int, asked: set[str]
) -> None:
    trainer, recorder = trained(photos, bootstrap, steps)
    path = checkpoint.next_path(tmp_path, trainer.step)
    made = checkpoint.taken(trainer, path, recorder.tensors())
    assert set(made.facts["unseen"]) == asked
    before = copy.deepcopy(made)
    assert spoil(trainer, recorder) > 50
    checkpoint.write(made)
    found = checkpoint.read(path)
    assert found.facts == before.facts | {"serial": 1}
    assert found.tensors.keys() == before.tensors.keys()
    for name, tensor in before.tensors.items():
        assert torch.equal(found.tensors[name].nan_to_num(-1), tensor.nan_to_num(-1)), name
    again = Trainer(found.config, photos, brief(steps=2))
    checkpoint.restore(again, found)
    never_saved, _ = trained(photos, bootstrap, steps)
    for one in (again, never_saved):
        one.train_step(1)
        # These alone may differ: they are measured.
        one.course = replace(one.course, seconds=0.0, found_after=None)
    ends = [checkpoint.taken(one, path, {}) for one in (again, never_saved)]
    assert ends[0].facts == ends[1].facts
    for name, tensor in ends[0].tensors.items():
        assert torch.equal(tensor.nan_to_num(-1), ends[1].tensors[name].nan_to_num(-1)), name
