"""Several processes that share each step learn what one learns."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.distributed.launching import joined
from core.distributed.process_group import SINGLE_PROCESS, DistributedGroup, Lost, ProcessGroup
from core.errors import InputError
from core.photos import PhotoSet
from core.runs import state
from core.training.batch import Batch
from core.training.trainer import Trainer
from tests.conftest import small_config
from tests.core.training.layers import brief

WORKER = Path(__file__).with_name("sharing_worker.py")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[dict]]:
    """What each of two processes has learned in a case of `sharing_worker`."""
    folder = tmp_path_factory.mktemp("learned")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc_per_node=2", str(WORKER), str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return lambda case: [dict(np.load(folder / f"{case}-{rank}.npz")) for rank in (0, 1)]


@pytest.mark.parametrize("case", ["neural", "judged", "begun", "phases"])
def test_all_processes_hold_the_same_bits(learned: Callable[[str], list[dict]], case: str) -> None:
    first, second = learned(case)
    for name in ("together", "together errors"):
        assert np.array_equal(first[name], second[name])


@pytest.mark.parametrize(
    ("case", "tolerance"), [("neural", 1e-5), ("judged", 1e-4), ("begun", 1e-6)]
)
def test_two_processes_find_the_cameras_of_one(
    learned: Callable[[str], list[dict]], case: str, tolerance: float
) -> None:
    first, _ = learned(case)
    assert np.abs(first["together"] - first["alone"]).max() < tolerance
    assert np.allclose(first["together errors"], first["alone errors"], rtol=1e-5)


def test_two_processes_explain_photos_as_well_as_one(learned: Callable[[str], list[dict]]) -> None:
    first, _ = learned("phases")
    assert np.allclose(first["together errors"], first["alone errors"], rtol=0.05)


class Leaving(DistributedGroup):
    """A leader whose one follower has no rays, and is gone from some sum on."""

    def __init__(self, sums: int) -> None:
        self.rank, self.world, self.sums_left = 0, 2, sums

    def shard(self, total: int) -> slice:
        return slice(0, total)

    def all_reduce(self, tensors) -> None:
        self.sums_left -= 1
        if self.sums_left < 0:
            for tensor in tensors:
                tensor.fill_(torch.nan)  # a sum that failed may have left anything
            raise Lost("Another process has gone")


def everything(
    photos: PhotoSet, processes: ProcessGroup, steps: int, **changes
) -> dict[str, torch.Tensor]:
    """All that the next step depends on, after some steps and on from a loss."""
    trainer = Trainer(
        small_config(**changes), photos, brief(steps=2, most_photos=4), processes=processes
    )
    for _ in range(steps):
        assert trainer.train_step(1).finite
    tensors = {name: tensor.clone() for name, tensor in state.tensors_of(trainer).items()}
    trainer.close()
    return tensors


@pytest.mark.parametrize("bootstrap", [True, False])
def test_a_step_that_loses_a_process_is_finished_as_if_it_had_never_been(
    photos: PhotoSet, bootstrap: bool
) -> None:
    """Wherever in the bootstrap, beside a network, or in a network's own steps."""
    steps = 24 if bootstrap else 3
    alone = everything(photos, SINGLE_PROCESS, steps, training__bootstrap=bootstrap)
    for sums in (0, 3, 14, 27, 39) if bootstrap else (0, 2):
        processes = Leaving(sums)
        left = everything(photos, processes, steps, training__bootstrap=bootstrap)
        assert processes.lost
        assert left.keys() == alone.keys()
        assert all(torch.equal(left[name], alone[name]) for name in alone)


def test_a_follower_does_not_go_on_alone(photos: PhotoSet) -> None:
    processes = Leaving(1)
    processes.rank = 1
    trainer = Trainer(small_config(), photos, processes=processes)
    trainer.train_step(1)
    before = trainer.rig.position.detach().clone()
    with pytest.raises(Lost):
        trainer.train_step(1)
    assert torch.equal(trainer.rig.position, before)
    trainer.close()


@pytest.mark.parametrize(("total", "world"), [(251, 2), (8, 3), (5, 5), (17408, 7)])
def test_parts_are_all_rays_once(total: int, world: int) -> None:
    batch = Batch(torch.arange(total), torch.zeros(total, 2), torch.zeros(total, 3), None, None)
    parts = []
    for rank in range(world):
        processes = Leaving(0)
        processes.rank, processes.world = rank, world
        parts.append(batch.part(DistributedGroup.shard(processes, total)).photo)
    assert torch.equal(torch.cat(parts), batch.photo)
    sizes = [len(part) for part in parts]
    assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1


def test_more_processes_than_rays_are_refused(photos: PhotoSet) -> None:
    processes = Leaving(0)
    processes.world = 65
    with pytest.raises(InputError, match=r"training\.rays is 64"):
        Trainer(small_config(), photos, processes=processes)


def test_without_torchrun_a_process_is_alone() -> None:
    assert joined({}) is SINGLE_PROCESS
    assert joined({"WORLD_SIZE": "1", "RANK": "0"}) is SINGLE_PROCESS


@pytest.mark.parametrize(
    ("cards", "others", "taken"),
    [
        (4, ["a", "b", "d"], [2]),  # torchrun: each sees all
        (1, ["a", "b", "d"], [0]),  # SLURM: each sees its own
        (1, ["c", "c", "c"], []),  # one card for all of them
        (2, ["a", "b", None], []),
    ],
)
def test_each_process_sets_its_own_card(
    monkeypatch: pytest.MonkeyPatch, cards: int, others: list[str | None], taken: list[int]
) -> None:
    """Where all have one; torch is played, as there are no cards here."""
    reports: list[int] = []

    def gathered(into: list[str | None], own: str | None) -> None:
        into[:] = [*others[:2], own, others[2]]

    for name in ("init_process_group", "new_group"):
        monkeypatch.setattr(torch.distributed, name, lambda *_, **__: None)
    monkeypatch.setattr(torch.distributed, "all_gather_object", gathered)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda card: SimpleNamespace(uuid="c"))
    monkeypatch.setattr(torch.cuda, "set_device", reports.append)
    monkeypatch.setenv("TORCH_NCCL_BLOCKING_WAIT", "1")  # and nothing stays behind
    place = {"WORLD_SIZE": "4", "RANK": "2", "LOCAL_RANK": "2", "LOCAL_WORLD_SIZE": "4"}
    processes = joined(place)
    assert reports == taken
    if taken:
        assert processes.placed(torch.device("cuda")) == torch.device("cuda", taken[0])
        return
    with pytest.raises(InputError, match="Not every process has a GPU of its own"):
        processes.placed(torch.device("cuda"))
