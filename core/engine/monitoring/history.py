"""Curves of a run, kept at a bounded length by halving their density, and trails of its cameras."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.engine.monitoring.contest import Unseen
from core.engine.monitoring.outlook import Settling
from core.engine.monitoring.trails import Trails
from core.geometry.cameras import CameraRig
from core.runs.soundness import Undoable
from core.states import part_of
from core.training.learned import PAIRS
from core.training.learners.field_learner import FieldLearner
from core.training.step import decibels
from core.training.trainer import Trainer

LONGEST_CURVE = 600
OFTEN = 1000  # cameras are looked at once in this part of the steps so far, at first at each
NOTHING_UNSEEN = Unseen.of([])


@dataclass(frozen=True, eq=False)
class History:
    """Curves of the run, thinned so that their length stays bounded. All (K,), read-only."""

    steps: np.ndarray
    loss: np.ndarray
    psnr: np.ndarray  # dB, of the training pixels, smoothed
    focal: np.ndarray  # fx / longer side
    marks: tuple[tuple[int, str], ...] = ()  # step and words: "Rebuild", "Field siren"
    unseen: Unseen = NOTHING_UNSEEN
    switches: tuple[str, ...] = ()  # since it was opened: what each changed, and what it left


class Recorder:
    """Collects points of the curves and positions of the cameras while training goes on."""

    def __init__(self, photos: int) -> None:
        self.curve: list[tuple[float, float, float, float]] = []  # step, loss, psnr, focal
        self.unseen: list[tuple[float, ...]] = []  # rows of `Unseen`
        self.trails, self._photos = Trails.of(photos), photos
        self.settling = Settling(photos)
        self.marks: list[tuple[int, str]] = []
        self.undo: list[Undoable] = []  # of the run as it was opened
        self._switches: tuple[str, ...] = ()
        self._every = 1

    def add(self, step: int, loss: float, rig: CameraRig) -> None:
        """Record one step."""
        if step % self._every == 0:
            focal = float(rig.focal_lengths()[0].detach()) / rig.long_side
            self.curve.append((step, loss, decibels(loss), focal))
            if len(self.curve) > LONGEST_CURVE:
                self.curve, self._every = self.curve[::2], self._every * 2
        if step % max(1, step // OFTEN) == 0:
            self.trails = self.trails.continued(step, rig.cameras())

    def compare(self, trainer: Trainer, best: str) -> None:
        """Record how well unseen pixels are known now, and by whom better than by `best` before."""
        step, errors, network = trainer.step, trainer.holdout.errors, trainer.find(FieldLearner)
        known = [decibels(errors[name]) if name in errors else np.nan for name in PAIRS[0]]
        began = network.began.step if network is not None else 0
        apart = self.unseen[1][0] - self.unseen[0][0] if len(self.unseen) > 1 else 0
        if not self.unseen or step - self.unseen[-1][0] >= apart:
            self.unseen.append((step, *known, began))
        if len(self.unseen) > LONGEST_CURVE:
            self.unseen = self.unseen[::2]
        if trainer.shown != best:
            kind = trainer.config.field.kind
            words = f"{kind} passes planes" if best == "planes" else f"planes pass {kind}"
            self.mark(step, words)

    def mark(self, step: int, word: str) -> None:
        """Note that something changed here."""
        self.marks.append((step, word))

    def switch(self, step: int, word: str, sentence: str) -> None:
        """Mark that a person changed something here, and keep what is said of it."""
        self.mark(step, word)
        self._switches = (*self._switches, sentence)

    def last_loss(self) -> float | None:
        """The newest loss of the curve, None before the first."""
        return self.curve[-1][1] if self.curve else None

    def history(self) -> History:
        """The curves as read-only arrays."""
        columns = np.array(self.curve, np.float64).reshape(-1, 4).T.copy()
        columns.setflags(write=False)
        steps, loss, psnr, focal = columns
        marks, unseen = tuple(self.marks), Unseen.of(self.unseen)
        return History(steps, loss, psnr, focal, marks, unseen, self._switches)

    def tensors(self) -> dict[str, Tensor]:
        """Everything recorded, for a checkpoint."""
        words = "\n".join(f"{step} {word}" for step, word in self.marks).encode()
        trail = {f"trail.{of}": torch.tensor(array) for of, array in _arrays(self.trails).items()}
        return trail | {
            "curve": torch.tensor(self.curve, dtype=torch.float64).reshape(-1, 4),
            "unseen": torch.tensor(self.unseen, dtype=torch.float64).reshape(-1, 4),
            "marks": torch.tensor(list(words), dtype=torch.uint8),
            "every": torch.tensor([self._every]),
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Continue the curves of a checkpoint.

        Raises:
            ValueError: they are none, or of other photos.
        """
        if tensors["curve"].shape[1:] != (4,):
            raise ValueError(f"curves of {list(tensors['curve'].shape)}")
        self.curve = [tuple(row) for row in tensors["curve"].tolist()]
        unseen = tensors.get("unseen")  # older runs kept none
        self.unseen = [] if unseen is None else [tuple(row) for row in unseen.tolist()]
        self.trails = trails_in(tensors, self._photos)
        lines = bytes(tensors["marks"].tolist()).decode().splitlines()
        self.marks = [(int(s), w) for s, _, w in (line.partition(" ") for line in lines)]
        self._every = max(1, int(tensors["every"][0]))


def trails_in(tensors: dict[str, Tensor], photos: int) -> Trails:
    """The trails among tensors of a recorder; older runs kept positions alone, and have none."""
    arrays = {name: tensor.numpy().copy() for name, tensor in part_of(tensors, "trail.").items()}
    none = Trails.of(photos)
    if not arrays:
        return none
    for name, empty in _arrays(none).items():
        if arrays[name].shape[1:] != empty.shape[1:] or len(arrays[name]) != len(arrays["steps"]):
            raise ValueError(f"trails of {arrays[name].shape} for {photos} photos")
    return Trails(arrays["steps"], arrays["poses"], arrays["frames"])


def _arrays(trails: Trails) -> dict[str, np.ndarray]:
    """By their names in files."""
    return {"steps": trails.steps, "poses": trails.poses, "frames": trails.focals}
