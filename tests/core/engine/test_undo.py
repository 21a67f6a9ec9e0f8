"""Going back is exact: the next step is the one that would have been made without the change."""

import shutil
from pathlib import Path

import pytest
import torch

from core.engine import Engine
from core.engine.commands import Command, Configure, Refine, Restart, Step, Undo
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.training.trainer import Trainer
from tests.conftest import small_options
from tests.core.engine.test_engine import until
from tests.core.training.layers import brief

COMPARED = 61  # steps: planes and network have been asked for unseen pixels


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras are found within a few steps."""
    others = Trainer.__init__.__defaults__[1:]
    monkeypatch.setattr(Trainer.__init__, "__defaults__", (brief(steps=2), *others))


def end_of(run: Path, photos: Path, steps: int, changes: list[Command]) -> Checkpoint:
    """The last checkpoint of a run in which each change is tried, trained with and taken back."""
    options = small_options(data__photos=str(photos), training__bootstrap=True, training__workers=1)
    engine = Engine(run, options)
    engine.start()
    engine.submit(Step(steps))
    until(engine, lambda s: s.step == steps)
    for change in changes:
        engine.submit(change)
        changed = until(engine, lambda s: s.can_undo)
        engine.submit(Step(3))
        until(engine, lambda s, to=changed.step + 3: s.step == to)  # type: ignore[misc]
        engine.submit(Undo())
        assert until(engine, lambda s: not s.can_undo).step == steps
        engine.submit(Step(1))
        steps += 1
        until(engine, lambda s, to=steps: s.step == to)  # type: ignore[misc]
    assert engine.snapshot.unseen_psnr.keys() == {"planes", "field"}
    assert engine.stop() == ""
    return checkpoint.newest_in(run)


def test_undo_is_exact_after_whatever_restarts_something(
    photo_folder: Path, tmp_path: Path
) -> None:
    others = shutil.copytree(photo_folder, tmp_path / "others")
    (others / "2.png").unlink()
    changes: list[Command] = [
        Configure({"field.kind": "siren"}),
        Configure({"field.kind": "planes"}),
        Configure({"field.width": 24}),
        Refine(),
        Restart(),
        Configure({"data.photos": str(others)}),
    ]
    back = end_of(tmp_path / "back", photo_folder, COMPARED, changes)
    plain = end_of(tmp_path / "plain", photo_folder, COMPARED + len(changes), [])
    measured = {"seconds", "found_after", "serial", "config"}
    assert {k: v for k, v in back.facts.items() if k not in measured} == {
        k: v for k, v in plain.facts.items() if k not in measured
    }
    assert back.config == plain.config
    assert back.tensors.keys() == plain.tensors.keys()
    for name, tensor in plain.tensors.items():
        assert torch.equal(back.tensors[name].nan_to_num(-1), tensor.nan_to_num(-1)), name


def test_undo_survives_a_reopen_and_what_was_undone_does_not(
    photo_folder: Path, tmp_path: Path
) -> None:
    options = small_options(data__photos=str(photo_folder))
    engine = Engine(tmp_path / "run", options)
    engine.start()
    for steps, change in ((2, Refine()), (4, Configure({"field.kind": "siren"})), (6, Refine())):
        engine.submit(Step(2))
        until(engine, lambda s, to=steps: s.step == to)  # type: ignore[misc]
        engine.submit(change)
    engine.submit(Undo())
    left = until(engine, lambda s: s.step == 6 and "relu" in s.undo)
    assert engine.stop() == ""
    again = Engine(tmp_path / "run", {})
    again.start()
    assert until(again, lambda s: s.phase == "ready").undo == left.undo
    again.submit(Undo())
    back = until(again, lambda s: s.step == 4)
    assert back.config.field.kind == "relu" and back.undo.startswith("step 2 ")
    again.submit(Undo())
    assert not until(again, lambda s: s.step == 2).can_undo
    assert again.stop() == ""
