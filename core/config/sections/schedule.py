"""Options of how planes grow: image pyramid, plane count and rates, level by level.

Each option but the last has a number for each level, in the order of `LEVELS`. They were found by
measurement on forward-facing scenes; see `docs/bootstrap.md`.
"""

import functools
from typing import Self

from pydantic import model_validator

from core.config.declare import RESTART, Section, option

LEVELS = ("start", "start", "settle", "focal", "join", "join", "sharpen", "sharpen", "sharpen")
RATES = ("texel_rate", "pose_rate", "floor_rate", "focal_rate")
BLOCKS = 4  # parts of the planes that workers take side by side

per_level = functools.partial(option, effect=RESTART, expert=True)


class Schedule(Section):
    """How planes grow: a number for each of nine levels, in the order they are gone through."""

    pixels: tuple[int, ...] = per_level(
        (192, 768, 2961, 2961, 768, 2961, 11844, 47376, 190512), "Pixels",
        "Pixels of each photo at a level: two to start, one to settle, one for focal trials, two "
        "for photos that join, three to sharpen.",
    )  # fmt: skip
    planes: tuple[int, ...] = per_level(
        (8, 8, 16, 16, 8, 16, 32, 32, 64), "Planes", "How many planes a level has; a multiple of 4."
    )
    sharing: tuple[int, ...] = per_level(
        (1, 1, 1, 1, 1, 1, 1, 4, 4), "Planes of the same colours",
        "How many neighbouring planes have colours in common; 1 gives each its own.",
    )  # fmt: skip
    rays: tuple[int, ...] = per_level(
        (17408, 17408, 17408, 17408, 17408, 17408, 8704, 8704, 17408), "Rays of a level",
        "Pixels drawn in each step, at most and from all photos alike; 0 takes all of all photos.",
    )  # fmt: skip
    steps: tuple[int, ...] = per_level(
        (120, 160, 100, 30, 60, 60, 250, 300, 600), "Steps of a level", "How long a level lasts."
    )
    texel_rate: tuple[float, ...] = per_level(
        (0.2, 0.2, 0.2, 0.1, 0.0, 0.0, 0.1, 0.1, 0.2), "Texel rate",
        "Adam's step of the texels' logits when a level begins; 0 leaves planes as they are.",
    )  # fmt: skip
    texel_rate_end: tuple[float, ...] = per_level(
        (0.2, 0.2, 0.1, 0.05, 0.0, 0.0, 0.1, 0.1, 0.01),
        "Texel rate at the end",
        "The same when it ends.",
    )
    pose_rate: tuple[float, ...] = per_level(
        (4e-3, 2e-3, 8e-4, 4e-4, 4e-3, 4e-3, 2e-4, 1e-4, 1e-4), "Pose rate",
        "Adam's step of camera poses when a level begins, in longer sides of the picture.",
    )  # fmt: skip
    pose_rate_end: tuple[float, ...] = per_level(
        (2e-3, 8e-4, 2e-4, 1e-4, 4e-4, 4e-4, 2e-4, 1e-4, 2e-5), "Pose rate at the end",
        "The same when it ends.",
    )  # fmt: skip
    floor_rate: tuple[float, ...] = per_level(
        (8e-3, 8e-3, 4e-3, 4e-3, 0.0, 0.0, 2e-3, 1e-3, 0.0), "Far disparity rate",
        "Adam's step of the farthest disparity over the nearest when a level begins.",
    )  # fmt: skip
    floor_rate_end: tuple[float, ...] = per_level(
        (8e-3, 4e-3, 1e-3, 1e-3, 0.0, 0.0, 1e-3, 3e-4, 0.0), "Far disparity rate at the end",
        "The same when it ends.",
    )  # fmt: skip
    focal_rate: tuple[float, ...] = per_level(
        (0.0, 0.0, 4e-3, 0.0, 0.0, 0.0, 1e-3, 5e-4, 0.0), "Focal rate",
        "Adam's step of the focal length's logarithm when a level begins.",
    )  # fmt: skip
    focal_rate_end: tuple[float, ...] = per_level(
        (0.0, 0.0, 2e-3, 0.0, 0.0, 0.0, 5e-4, 2e-4, 0.0),
        "Focal rate at the end",
        "The same when it ends.",
    )
    smoothness: tuple[float, ...] = per_level(
        (0.003, 0.003, 0.003, 0.003, 0.0, 0.0, 0.003, 0.006, 0.006), "Smoothness",
        "Weight of the total variation of the texels' logits.",
    )  # fmt: skip
    most_photos: int = option(
        200, "Photos found together",
        "As many find their cameras together; the others join, as many at a time.", RESTART,
        at_least=2, at_most=500, expert=True,
    )  # fmt: skip

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        least = {"pixels": 4, "planes": BLOCKS, "sharing": 1, "steps": 1}
        for name, numbers in self:
            if name == "most_photos":
                continue
            if len(numbers) != len(LEVELS):
                raise ValueError(f"schedule.{name} has a number for each of {len(LEVELS)} levels")
            if min(numbers) < least.get(name, 0):
                raise ValueError(f"schedule.{name} is at least {least.get(name, 0)} everywhere")
        if any(planes % BLOCKS for planes in self.planes):
            raise ValueError(f"schedule.planes are multiples of {BLOCKS}")
        for name in RATES:
            pairs = zip(getattr(self, name), getattr(self, f"{name}_end"), strict=True)
            if any((first > 0) != (last > 0) for first, last in pairs):
                raise ValueError(
                    f"schedule.{name} and schedule.{name}_end are 0 at the same levels or at none; "
                    "change both at once"
                )
        return self
