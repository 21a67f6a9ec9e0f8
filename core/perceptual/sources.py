"""Packages and weights that are not among the requirements: found here, or asked for by name."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from core.errors import InputError

PictureLoss = Callable[[Tensor, Tensor], Tensor]  # a rendering, a photo -> a scalar

BOX_OPERATORS = ("nms", "qnms")  # of torchvision; no loss needs them
VISION = "torchvision==0.28.0"  # the one for torch 2.13


@dataclass(frozen=True)
class Source:
    """Where a loss comes from: a file, or the cache of whoever publishes its weights."""

    asked_by: str  # the option that wants the loss
    named_by: str  # the option that names the file
    file: str = ""  # empty: the cache
    model: str = ""  # architecture, where there are several

    def path(self) -> Path | None:
        """The file, if one is named.

        Raises:
            InputError: it is not there.
        """
        if not self.file:
            return None
        path = Path(self.file).expanduser()
        if not path.is_file():
            raise InputError(f"{self.named_by} names {path}, which is no file; name the weights.")
        return path


def package(name: str, install: str, asked_by: str) -> ModuleType:
    """Import a package that few need.

    Raises:
        InputError: it is not installed, or does not fit this torch.
    """
    try:
        _import_torchvision()
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"{asked_by} needs packages that are not installed ({error.name}); install them with: "
            f"pip install {install} {VISION}"
        ) from None
    except RuntimeError:
        raise InputError(
            f"{asked_by} needs a torchvision that fits torch {torch.__version__}; install the one "
            f"of its version and kind, such as {VISION}."
        ) from None


def _import_torchvision() -> None:
    """Import it even where its operators were built for another kind of torch.

    PyPI's torchvision is built for CUDA. Beside a torch for the CPU its operators cannot be
    loaded, and importing it fails at describing two of them; declaring these lets it go on.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in BOX_OPERATORS:
            torch.library.define(
                f"torchvision::{name}",
                "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
            )
        importlib.import_module("torchvision")


def frozen(network: nn.Module, path: Path, device: torch.device) -> nn.Module:
    """A network that judges and never learns.

    Raises:
        InputError: its weights are not finite.
    """
    if not all(bool(torch.isfinite(tensor).all()) for tensor in network.parameters()):
        raise InputError(f"The weights in {path} are not finite numbers; get them anew.")
    return network.to(device).eval().requires_grad_(False)
