"""How long a `Play` lasts."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from core.config.declare import MOST
from core.engine.commands import Play
from core.errors import InputError
from core.training.trainer import Trainer

NOTHING_LEFT = (
    "Nothing is left to learn, so training pauses; rebuild (refine), or change photos or options."
)


def check_limit(what: str, number: float) -> None:
    """Refuse a number of epochs, steps or seconds that is none; NaN compares with nothing."""
    if not 0 <= number <= MOST:
        raise InputError(f"{number:g} {what} cannot be trained; give 1 or more, up to {MOST:,.0f}.")


@dataclass(frozen=True)
class Limits:
    """The step, epoch and moment at which training pauses by itself."""

    step: float
    epoch: float
    moment: float  # time.monotonic()

    @classmethod
    def of(cls, play: Play, trainer: Trainer) -> Self:
        """The limits of a command given now.

        Raises:
            InputError: the run has made all its epochs, or a limit is no such number.
        """
        for what, number in vars(play).items():
            check_limit(what, number)
        if 0 < (last := trainer.config.training.epochs) <= trainer.epoch:
            raise InputError(f"The run has made its {last} epochs; raise training.epochs to go on.")
        return cls(
            trainer.step + play.steps if play.steps else math.inf,
            trainer.epoch + play.epochs if play.epochs else math.inf,
            time.monotonic() + play.seconds if play.seconds else math.inf,
        )

    @property
    def left(self) -> list[float | None]:
        """What `resumed` makes the same limits of, in another process too: None is no limit."""
        numbers = (self.step, self.epoch, self.moment - time.monotonic())
        return [number if math.isfinite(number) else None for number in numbers]

    @classmethod
    def resumed(cls, left: Sequence[float | None]) -> Self:
        """The limits of which so much is `left`."""
        step, epoch, seconds = (math.inf if number is None else number for number in left)
        return cls(step, epoch, time.monotonic() + seconds)

    def reached(self, trainer: Trainer) -> bool:
        """Whether it is time to pause."""
        last = min(self.epoch, trainer.config.training.epochs or math.inf)
        moment = time.monotonic()
        return trainer.step >= self.step or trainer.epoch >= last or moment >= self.moment

    def seconds_left(self, trainer: Trainer, steps_per_second: float) -> float | None:
        """A guess at how long it will be, None where no limit was given."""
        in_an_epoch = len(trainer.trained)
        last = trainer.config.training.epochs or math.inf
        steps = min(self.step - trainer.step, (min(self.epoch, last) - trainer.epoch) * in_an_epoch)
        left = min(self.moment - time.monotonic(), steps / max(steps_per_second, 1e-6))
        return max(0.0, left) if math.isfinite(left) else None
