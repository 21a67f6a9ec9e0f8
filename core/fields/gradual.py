"""Fields that show themselves bit by bit, so that cameras settle on coarse structure first."""

import math

from torch import nn


class Gradual(nn.Module):
    """How much of a field takes part. Both numbers are set from outside, before each step.

    They belong to the schedule, not to what is learned: whoever restores a field sets them again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.precision = "float32"  # of the hidden layers
        self.progress = 1.0
        self.view_weight = 1.0

    def set_progress(self, progress: float) -> None:
        """How far annealing has come: 0 leaves the bare position, 1 shows every octave."""
        self.progress = progress

    def set_view_weight(self, weight: float) -> None:
        """How much of the view direction reaches the colour, from 0 to 1.

        While it is small, colour cannot explain what is really parallax.
        """
        self.view_weight = weight


def octave_weights(octaves: int, progress: float) -> list[float]:
    """How much of each octave passes: a cosine ramp, one octave after the other.

    BARF (arXiv 2104.06405, equation 14) with alpha = progress times the number of octaves.
    """
    ramps = (min(max(progress * octaves - octave, 0.0), 1.0) for octave in range(octaves))
    return [(1 - math.cos(math.pi * ramp)) / 2 for ramp in ramps]
