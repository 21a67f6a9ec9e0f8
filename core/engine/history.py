"""Curves and trails of a run, kept at a bounded length by halving their density."""

import numpy as np
import torch
from torch import Tensor

from core.engine.snapshot import History, Trails
from core.geometry.cameras import CameraRig
from core.training.step import decibels

LONGEST_CURVE = 600
LONGEST_TRAIL = 120


class Recorder:
    """Collects points of the curves and positions of the cameras while training goes on."""

    def __init__(self, photos: int) -> None:
        self.curve: list[tuple[float, float, float, float]] = []  # step, loss, psnr, focal
        self.trail = np.zeros((0, photos, 3), np.float32)
        self.marks: list[tuple[int, str]] = []
        self._every = self._trail_every = 1

    def add(self, step: int, loss: float, rig: CameraRig) -> None:
        """Record one step."""
        if step % self._every == 0:
            focal = float(rig.focal_lengths()[0].detach()) / rig.long_side
            self.curve.append((step, loss, decibels(loss), focal))
            if len(self.curve) > LONGEST_CURVE:
                self.curve, self._every = self.curve[::2], self._every * 2
        if step % self._trail_every == 0:
            place = rig.position.detach().float().cpu().numpy()[None]
            self.trail = np.concatenate([self.trail, place])
            if len(self.trail) > LONGEST_TRAIL:
                self.trail, self._trail_every = self.trail[::2], self._trail_every * 2

    def mark(self, step: int, word: str) -> None:
        """Note that something changed here."""
        self.marks.append((step, word))

    def last_loss(self) -> float | None:
        """The newest loss of the curve, None before the first."""
        return self.curve[-1][1] if self.curve else None

    def history(self) -> History:
        """The curves as read-only arrays."""
        columns = np.array(self.curve, np.float64).reshape(-1, 4).T.copy()
        columns.setflags(write=False)
        return History(columns[0], columns[1], columns[2], columns[3], tuple(self.marks))

    def trails(self) -> Trails:
        """Where the cameras have been, read-only."""
        positions = self.trail.copy()
        positions.setflags(write=False)
        return Trails(positions)

    def tensors(self) -> dict[str, Tensor]:
        """Everything recorded, for a checkpoint."""
        words = "\n".join(f"{step} {word}" for step, word in self.marks).encode()
        return {
            "curve": torch.tensor(self.curve, dtype=torch.float64).reshape(-1, 4),
            "trail": torch.from_numpy(self.trail.copy()),
            "marks": torch.tensor(list(words), dtype=torch.uint8),
            "every": torch.tensor([self._every, self._trail_every]),
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Continue the curves of a checkpoint."""
        self.curve = [tuple(row) for row in tensors["curve"].tolist()]
        self.trail = tensors["trail"].numpy().copy()
        lines = bytes(tensors["marks"].tolist()).decode().splitlines()
        self.marks = [(int(s), w) for s, _, w in (line.partition(" ") for line in lines)]
        self._every, self._trail_every = tensors["every"].tolist()
