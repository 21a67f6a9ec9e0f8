"""The leader and the other members of a run that several processes share.

Only the leader has an engine: it reads photos, writes files, prints, and decides when to stop. It
sends the others everything they know and says before each step that there is one, so whatever
depends on time or on a person is decided once. Members need neither the photos nor the run.
"""

import contextlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.config.paths import changed
from core.distributed.launching import LONGEST_WAIT
from core.distributed.process_group import PATIENCE, DistributedGroup, Lost, ProcessGroup
from core.engine.governor import Governor
from core.photos import PhotoSet
from core.runs import checkpoint
from core.runs.checkpoint import Checkpoint
from core.training.trainer import Trainer

STEP, STATE, CHECK, END = range(4)  # the leader's words
CHECK_STEPS = 500  # after which cameras and field are compared over all processes
PREPARING = timedelta(minutes=10)  # at most, until members have built what they were sent
DTYPES = {str(t): t for t in (torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool)}


class Leader:
    """Has the other processes make each step too, where there are some."""

    def __init__(self, processes: ProcessGroup) -> None:
        self.processes = processes
        self._known: tuple[Any, ...] = ()  # what members have: a trainer, and at which point
        self._photos: PhotoSet | None = None
        self._waiting = True  # whether members wait for a word
        self._patience = PREPARING  # with the first word

    @property
    def lost(self) -> str:
        """One sentence where another process has gone, else nothing."""
        return self.processes.lost and (
            f"{self.processes.lost}; the step under way was finished without it and is saved, so "
            "--run continues there, with any number of processes."
        )

    @contextlib.contextmanager
    def leading(self, trainer: Trainer) -> Iterator[None]:
        """Hold this while the trainer makes a step: the other processes make it too.

        Where another process is lost, the step is done here alone.
        """
        if isinstance(self.processes, DistributedGroup) and not self.processes.lost:
            self._call(self.processes, trainer)
        yield
        self._waiting = True

    def end(self) -> None:
        """Let the members go."""
        group = self.processes
        if isinstance(group, DistributedGroup) and not group.lost and self._waiting:
            try:
                self._say(group, END)
                group.leave()
            except Lost:
                return  # there is nothing left that it could interrupt

    def _call(self, processes: DistributedGroup, trainer: Trainer) -> None:
        """Say that there is a step, after whatever members must know for it.

        They are sent all of it where something was changed from outside, and where the trainer grew
        by its own judgement, which other processors might round otherwise.
        """
        point = (trainer, trainer.edits, trainer.work)
        try:
            if point != self._known or self._drifted(processes, trainer):
                self._send(processes, trainer)
                self._known = point
            self._say(processes, STEP)
            self._waiting = False
        except Lost as lost:
            processes.lost = str(lost)

    def _drifted(self, processes: DistributedGroup, trainer: Trainer) -> bool:
        if trainer.step % CHECK_STEPS:
            return False
        self._say(processes, CHECK)
        return not processes.agreed(_digest(trainer))

    def _send(self, processes: DistributedGroup, trainer: Trainer) -> None:
        self._say(processes, STATE)
        made = checkpoint.taken(trainer, Path(), {})
        facts, tensors = {"checkpoint": made.facts, "photos": None}, dict(made.tensors)
        if trainer.photos is not self._photos:
            self._photos = trainer.photos
            facts["photos"] = asdict(replace(trainer.photos, pixels=np.empty(0))) | {"pixels": None}
            tensors["pixels"] = trainer.colours.cpu()
        layout = {name: [str(t.dtype), list(t.shape)] for name, t in tensors.items()}
        _send_text(processes, json.dumps({"facts": facts, "layout": layout}))
        for tensor in tensors.values():
            processes.broadcast(tensor)
        self._patience = PREPARING

    def _say(self, processes: DistributedGroup, word: int) -> None:
        processes.broadcast(torch.tensor([word]), self._patience)
        self._patience = PATIENCE


def follow(processes: DistributedGroup) -> int:
    """Do as the leader says until it ends; returns the exit status, 1 where it is lost."""
    governor, trainer, photos = Governor(processes.cores), None, None
    try:
        while (word := int(processes.broadcast(torch.tensor([0]), LONGEST_WAIT))) != END:
            if word == STATE:
                if trainer is not None:
                    trainer.close()
                trainer, photos = _received(processes, photos)
            assert trainer is not None, "the leader begins with all there is to know"
            if word == CHECK:
                processes.agreed(_digest(trainer))
            elif word == STEP:
                workers = governor.workers(trainer.config.training.workers, trainer.work)
                with governor.training(workers, trainer.work):
                    trainer.train_step(workers)
                trainer.drain_messages()  # by the leader's
        processes.leave()
        return 0
    except Lost:
        return 1
    finally:
        if trainer is not None:
            trainer.close()


def _received(processes: DistributedGroup, photos: PhotoSet | None) -> tuple[Trainer, PhotoSet]:
    """The trainer that the leader has sent, and its photos: `photos` where they are the same."""
    message = json.loads(_received_text(processes))
    tensors: dict[str, Tensor] = {}
    for name, (dtype, shape) in message["layout"].items():
        tensors[name] = processes.broadcast(torch.empty(shape, dtype=DTYPES[dtype]))
    if message["facts"]["photos"] is not None:
        pixels: np.ndarray = tensors.pop("pixels").numpy()
        facts = message["facts"]["photos"] | {"pixels": pixels}
        facts |= {name: tuple(facts[name]) for name in ("names", "notices")}
        facts |= {name: tuple(map(tuple, facts[name])) for name in ("sizes", "stored")}
        photos = PhotoSet(**facts)
    assert photos is not None, "photos come with the first trainer"
    found = Checkpoint(Path(), message["facts"]["checkpoint"], tensors)
    here = {"training.device": found.facts["device"]}  # the leader's, if it was left open
    trainer = Trainer(changed(found.config, here), photos, processes=processes)
    checkpoint.restore(trainer, found)
    return trainer, photos


def _send_text(processes: DistributedGroup, text: str) -> None:
    row = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
    processes.broadcast(torch.tensor([len(row)]))
    processes.broadcast(row)


def _received_text(processes: DistributedGroup) -> str:
    row = torch.empty(int(processes.broadcast(torch.tensor([0]))), dtype=torch.uint8)
    return bytes(processes.broadcast(row).numpy()).decode()


def _digest(trainer: Trainer) -> int:
    """A number that differs where cameras or field differ."""
    number = 0
    for parameter in [*trainer.rig.parameters(), *trainer.field.parameters()]:
        number = zlib.crc32(parameter.detach().cpu().contiguous().numpy().tobytes(), number)
    return number
