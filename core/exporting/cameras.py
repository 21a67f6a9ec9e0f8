"""Learned cameras in the forms other tools read."""

from collections.abc import Callable
from pathlib import Path

from core.exporting.transforms import write_transforms
from core.training.learned import Learned

EXPORTS: dict[str, Callable[[Learned, Path], None]] = {"transforms": write_transforms}
