"""Steps that are recorded and played: `python -m tests.core.training.graph_run planes relu`.

On the device that `pretend` plays, whose recordings fail where anything is waited for.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from core.config.paths import changed
from core.multiplane.schedule import Level
from core.training import captured, devices
from core.training.captured import Captured
from core.training.learners import field_learner
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief, layered
from tests.core.training.pretend import DEVICE, Graphs, launched

RATES, RATES_AT = Level.rates, field_learner.rates_at
STEPS = 5  # of each level: enough to be recorded, and played twice
AFTER = 14  # steps of planes whose levels are over: smoothness has visited all of them
MOST = {"planes": 420, "relu": 465, "siren": 455, "triplane": 480}  # kernels of a recording


@contextlib.contextmanager
def recording(recorder: object) -> Iterator[None]:
    """Who learns there has its steps recorded; None: made one by one."""
    with (
        mock.patch.object(captured, "recorder_of", lambda device: recorder),
        mock.patch.object(devices, "choose_device", lambda wanted: DEVICE),
        mock.patch.object(Level, "rates", rounded),
        mock.patch.object(field_learner, "rates_at", rates_rounded),
    ):
        yield


def rounded(level: Level, progress: float) -> list[float]:
    """Rates as float32 holds them, and so a recording."""
    return torch.tensor(RATES(level, progress)).tolist()


def rates_rounded(*given: Any) -> dict[str, float]:
    """The same of a network's."""
    rates = RATES_AT(*given)
    return dict(zip(rates, torch.tensor(list(rates.values())).tolist(), strict=True))


def begun(kind: str, recorder: object) -> Trainer:
    """A run from photos alone; a network has no planes beside it."""
    config = small_config(training__bootstrap=kind == "planes", field__kind=kind)
    with recording(recorder):
        return Trainer(config, layered(7, 32, 24)[0], brief(steps=STEPS, most_photos=4))


def states(trainer: Trainer) -> dict[str, Tensor]:
    """All that steps depend on, on the CPU."""
    own = [learner.state() for learner in trainer.learners]
    return {name: tensor.cpu() for state in own for name, tensor in state.items()}


def the_same(one: Trainer, other: Trainer) -> None:
    """Two runs are where they are to the bit."""
    mine, yours = states(one), states(other)
    assert mine.keys() == yours.keys()
    apart = [name for name in mine if not torch.equal(mine[name], yours[name])]
    assert not apart, apart


def once_more(plain: Trainer, played: Trainer) -> None:
    """A step of each, with the same result."""
    with recording(None):
        expected = plain.train_step(1)
    with recording(Graphs()):
        result = played.train_step(1)
    assert not Captured.refused, played.drain_messages()
    assert result.loss == expected.loss
    assert torch.equal(result.errors, expected.errors)


def whole_way(kind: str) -> None:
    """Through all phases and levels, steps that are played do what steps do.

    At last rotations are stored in another way, so that what was recorded is of no use.
    """
    Graphs.recorded.clear()
    plain, played = begun(kind, None), begun(kind, Graphs())
    sharp = 0
    while sharp < (AFTER if kind == "planes" else STEPS):
        sharp += kind != "planes" or plain.sharp
        once_more(plain, played)
    for trainer in (plain, played):
        before = trainer.context()
        trainer.take(changed(trainer.config, {"cameras.rotation": "quaternion"}))
        trainer.reconfigure(before)
    for _ in range(STEPS):
        once_more(plain, played)
    the_same(plain, played)
    most = max(map(launched, Graphs.recorded))
    print(f"{kind}: {len(Graphs.recorded)} recordings, {most} kernels at most")
    assert most <= MOST[kind]


class Broken(Graphs):
    """Records nothing."""

    def record(self, act: object) -> object:  # type: ignore[override]
        """Fails as a driver may."""
        raise RuntimeError("CUDA error: operation not permitted\nmore")


def refused() -> None:
    """Where recording fails nothing is lost, and it is said once."""
    plain, other = begun("planes", None), begun("planes", Broken())
    for _ in range(STEPS):
        with recording(None):
            plain.train_step(1)
        with recording(Broken()):
            other.train_step(1)
    assert Captured.refused
    (said,) = [said for said in other.drain_messages() if "CUDA" in said]
    assert "recorded as CUDA graphs (CUDA error: operation not permitted), so each" in said
    the_same(plain, other)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind in sys.argv[1:]:
        whole_way(kind)
    refused()
