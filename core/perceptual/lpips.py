"""Learned perceptual distance (Zhang et al., arXiv 1801.03924) through the package `lpips`."""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.perceptual.sources import Source, frozen, package

INSTALL = "lpips==0.1.4"
WEIGHTS = "vgg16-397923af.pth"  # torchvision's VGG-16, as nerfmm's evaluation has it
CONVOLUTIONS = {  # channels of each, by its place among VGG's features
    0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256,
    17: 512, 19: 512, 21: 512, 24: 512, 26: 512, 28: 512,
}  # fmt: skip
SMALLEST = 16  # pixels: VGG halves them four times


class LpipsLoss:
    """LPIPS of VGG-16, version 0.1."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def __call__(self, picture: Tensor, photo: Tensor) -> Tensor:
        """Distance of pictures (3, H, W) in [0, 1]."""
        return self.network(picture.unsqueeze(0), photo.unsqueeze(0), normalize=True).squeeze()


def load_lpips(source: Source, device: torch.device) -> LpipsLoss:
    """The loss, with VGG's weights from a file or from torch's own cache.

    The weights of LPIPS itself come with the package.

    Raises:
        InputError: the package or the weights are missing, or the file has others.
    """
    lpips = package("lpips", INSTALL, source.asked_by)
    path = source.path() or Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if not path.is_file():
        raise InputError(
            f"{source.asked_by} needs {WEIGHTS} of torchvision, and nothing is downloaded; put it "
            f"into {path.parent}, or name it with {source.named_by} (docs/losses.md)."
        )
    weights = _read(path)
    # It calls torchvision by old names, and would fill VGG with random numbers for seconds.
    with warnings.catch_warnings(action="ignore"), torch.device("meta"):
        network = lpips.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False)
    assert lpips.__file__ is not None, "a package has a file"
    own = Path(lpips.__file__).parent / "weights" / "v0.1" / "vgg.pth"
    network.load_state_dict(_loaded(own), strict=False, assign=True)
    for part in network.net.children():  # slices of torchvision's ``features``
        for number, layer in part.named_children():
            layer.load_state_dict(weights.get(int(number), {}), assign=True)
    return LpipsLoss(frozen(network, path, device))


def _read(path: Path) -> dict[int, dict[str, Tensor]]:
    """Weight and bias of each of VGG's convolutions, by place."""
    try:
        found = _loaded(path)
        before, layers = 3, {}
        for number, channels in CONVOLUTIONS.items():
            weight, bias = found[f"features.{number}.weight"], found[f"features.{number}.bias"]
            layers[number] = {
                "weight": weight.float().view(channels, before, 3, 3),
                "bias": bias.float().view(channels),
            }
            before = channels
    except Exception:  # what the unpickler raises for damaged bytes is not bounded
        raise InputError(
            f"{path} does not hold torchvision's VGG-16; get {WEIGHTS} (docs/losses.md)."
        ) from None
    return layers


def _loaded(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)
