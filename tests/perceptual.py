"""Small networks of the real architectures with random weights, and no network to fetch others."""

import json
import socket
from pathlib import Path

import pytest
import torch

from core.perceptual.sources import package

MODEL = "tiny-clip"
CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {
        "image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8,
    },
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}  # fmt: skip


def refuse_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail wherever somebody is called from here on."""

    def refuse(*given: object) -> None:
        raise AssertionError(f"the network was asked: {given[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def tiny_clip(folder: Path) -> Path:
    """Weights of a small CLIP, which open_clip then knows as `MODEL`."""
    open_clip = package("open_clip", "", "")
    (folder / f"{MODEL}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{MODEL}.json")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = open_clip.create_model(MODEL)
        for parameter in model.visual.parameters():  # at its start CLIP hardly tells pictures apart
            parameter.data.add_(0.2 * torch.randn_like(parameter))
    torch.save(model.state_dict(), folder / "clip.pt")
    return folder / "clip.pt"


def random_vgg(folder: Path) -> Path:
    """The half of VGG-16 that LPIPS looks with, as torchvision saves it."""
    vgg = package("torchvision.models.vgg", "", "")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        features = vgg.make_layers(vgg.cfgs["D"])
    weights = {f"features.{name}": tensor for name, tensor in features.state_dict().items()}
    torch.save(weights, folder / "vgg16.pth")
    return folder / "vgg16.pth"
