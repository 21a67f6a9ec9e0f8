"""Pictures, networks, and nobody to ask for weights."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.perceptual import random_vgg, refuse_network, tiny_clip


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are files."""
    refuse_network(monkeypatch)


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the small CLIP."""
    return tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of VGG-16."""
    return random_vgg(tmp_path_factory.mktemp("vgg"))


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    """Two different pictures (3, 32, 32)."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 5, 5, generator=generator)
    first, second = torch.nn.functional.interpolate(coarse, (32, 32), mode="bilinear")
    return first, second
