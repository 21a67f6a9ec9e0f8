"""Options that a new run takes for the device it finds, where nobody asked for others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from core.config.paths import read_yaml
from core.training.devices import name_of

GPU = Path(__file__).parents[3] / "configs" / "gpu.yaml"


def for_device(asked: Mapping[str, Any], device: torch.device) -> tuple[dict[str, Any], list[str]]:
    """All options of a new run by path, and a sentence where the device brought some of them."""
    if device.type != "cuda":
        return dict(asked), []
    brought = {path: value for path, value in read_yaml(GPU).items() if path not in asked}
    said = f"On the {name_of(device)} {' and '.join(brought)} are those of configs/gpu.yaml."
    return brought | dict(asked), [said] if brought else []
