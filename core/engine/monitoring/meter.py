"""How training goes: smoothed loss and speed, and steps that came to nothing."""

from core.engine.monitoring.pace import Pace
from core.training.step import StepResult

LOSS_SMOOTHING = 0.95
SPEED_SMOOTHING = 0.9
PATIENCE = 10  # steps that may fail to be finite in a row
DIVERGED = (
    f"Training diverged: {PATIENCE} steps in a row were not finite. Nothing was damaged; lower "
    "field.rate, or cameras.rate where a network moves cameras, and play on."
)


class Meter:
    """Learns from each step."""

    def __init__(self, loss: float | None = None) -> None:
        """Begin with the loss of a continued run, if there is one."""
        self.loss, self.speed, self.bad_steps = loss, 0.0, 0  # mean, steps per second, in a row
        self.pace = Pace()

    @property
    def diverged(self) -> bool:
        """Whether steps have come to nothing for too long."""
        return self.bad_steps >= PATIENCE

    def learn(self, result: StepResult, seconds: float) -> None:
        """Take in one step and how long it took."""
        speed = 1 / max(seconds, 1e-6)
        self.speed = _mixed(self.speed or speed, speed, SPEED_SMOOTHING)
        self.bad_steps = 0 if result.finite else self.bad_steps + 1
        if result.finite:
            old = result.loss if self.loss is None else self.loss
            self.loss = _mixed(old, result.loss, LOSS_SMOOTHING)


def _mixed(old: float, new: float, keep: float) -> float:
    return keep * old + (1 - keep) * new
