"""What many tests start from."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from core.config import Config
from core.config.paths import changed
from core.photos import PhotoSet

torch.set_num_threads(1)  # as launch.py has it: workers share a step, operators do not


def hear_hangups() -> None:
    """Under nohup, let them be here without a word to what is started, which would inherit it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


SMALL = {
    "field.width": 16,
    "field.depth": 3,
    "field.skip": 1,
    "field.position_octaves": 3,
    "field.direction_octaves": 1,
    "rendering.samples": 8,
    "training.rays": 64,
    "training.bootstrap": False,
    "cameras.search": "pixels",
    "field.precision": "float32",
}


def small_config(**changes: Any) -> Config:
    """A config whose steps take milliseconds; options as ``section__name``."""
    return changed(Config(), small_options(**changes))


def small_options(**changes: Any) -> dict[str, Any]:
    """The options of `small_config`, by path."""
    return SMALL | {name.replace("__", "."): value for name, value in changes.items()}


def shifted_photos(count: int = 5, width: int = 24, height: int = 18) -> np.ndarray:
    """(N, H, W, 3) views of one smooth picture, each from a little further to the right."""
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 255, (6, 12, 3), dtype=np.uint8)
    wide = cv2.resize(wide, (width + 2 * count, height), interpolation=cv2.INTER_CUBIC)
    return np.stack([wide[:, 2 * i : 2 * i + width] for i in range(count)])


def pytest_configure() -> None:
    """Before anything is begun."""
    hear_hangups()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for a browser, a server or a thread has a second try; the report counts it.

    A shared machine may stop for longer than any patience of theirs. What fails twice fails.
    """
    for item in items:
        waits = {"journeys", "engine", "scene"} & set(item.path.parts)
        if waits or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture
def photos() -> PhotoSet:
    """Five tiny photos."""
    pixels = shifted_photos()
    names = tuple(f"{i}.png" for i in range(len(pixels)))
    return PhotoSet(names, pixels, 24, 18, None, ())


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """The same five photos as files."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index, pixels in enumerate(shifted_photos()):
        cv2.imwrite(str(folder / f"{index}.png"), pixels[..., ::-1])
    return folder


@pytest.fixture
def own_signals() -> Iterator[None]:
    """The command's signal handlers end with the test."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
