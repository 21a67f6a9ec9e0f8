"""Semantic consistency: what CLIP thinks two pictures are of.

DietNeRF (Jain et al., arXiv 2104.00677, section 4): embeddings of a scene's pictures should agree
from whatever pose it is seen, as "a bulldozer is a bulldozer from any perspective".
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, interpolate

from core.errors import InputError
from core.perceptual.sources import Source, frozen, package

INSTALL = "open_clip_torch==3.3.0"
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


class ClipLoss:
    """Cosine distance of image embeddings, between 0 and 2."""

    def __init__(
        self, encoder: nn.Module, size: tuple[int, int], mean: Tensor, std: Tensor
    ) -> None:
        """Args: `encoder` (1, 3, *size) -> (1, E); mean and std (3,) of the colours it knows."""
        self.encoder, self.size = encoder, size
        self.mean, self.std = mean.view(3, 1, 1), std.view(3, 1, 1)

    def embedding(self, picture: Tensor) -> Tensor:
        """(E,) of a picture (3, H, W) in [0, 1], at the model's own size, normalised once."""
        normal = ((picture - self.mean) / self.std).unsqueeze(0)
        sized = interpolate(normal, self.size, mode="bicubic", antialias=True)
        return self.encoder(sized).squeeze(0)

    def __call__(self, picture: Tensor, photo: Tensor) -> Tensor:
        """Distance of pictures (3, H, W) in [0, 1]."""
        with torch.no_grad():
            wanted = self.embedding(photo)
        return 1 - cosine_similarity(self.embedding(picture), wanted, dim=0)


def load_clip(source: Source, device: torch.device) -> ClipLoss:
    """The image half of a model of open_clip, from a file or from the hub's cache.

    Raises:
        InputError: the package or the weights are missing, or do not fit the model.
    """
    open_clip = package("open_clip", INSTALL, source.asked_by)
    _check_model(open_clip, source.model)
    tags = open_clip.list_pretrained_tags_by_model(source.model)
    published = {tag: open_clip.get_pretrained_cfg(source.model, tag) for tag in tags}
    path, quick = source.path(), False
    if path is None:
        path, quick = _cached(published.values(), source)
    colours: Mapping[str, Any] = next(iter(published.values()), {})
    try:
        model = open_clip.create_model(
            source.model,
            pretrained=str(path.absolute()),
            force_quick_gelu=quick,
            force_preprocess_cfg={k: colours[k] for k in ("mean", "std") if colours.get(k)},
        )
    except Exception:  # what readers raise for damaged or other weights is not bounded
        raise InputError(
            f"{path} does not hold weights of {source.model}; name others with {source.named_by}, "
            "or their architecture with losses.clip_model."
        ) from None
    usual = open_clip.get_model_preprocess_cfg(model)
    size = usual["size"]
    return ClipLoss(
        frozen(model.visual, path, device),
        (size, size) if isinstance(size, int) else tuple(size),
        torch.tensor(usual["mean"], device=device),
        torch.tensor(usual["std"], device=device),
    )


def _check_model(open_clip: ModuleType, model: str) -> None:
    known = open_clip.list_models()
    if model not in known:
        near = difflib.get_close_matches(model, known, n=1, cutoff=0.3) or ["ViT-B-32"]
        raise InputError(
            f"losses.clip_model {model!r} is no model of open_clip; the nearest one is {near[0]}."
        )
    config = open_clip.get_model_config(model)
    if "hf_model_name" in config["text_cfg"] or "multimodal_cfg" in config:
        raise InputError(
            f"losses.clip_model {model} needs more than its own weights; take one with a text "
            "model of CLIP's own, such as ViT-B-32."
        )


def _cached(published: Iterable[Mapping[str, object]], source: Source) -> tuple[Path, bool]:
    """Weights that the hub's cache holds, and whether they want the quick GELU."""
    hub = package("huggingface_hub", INSTALL, source.asked_by)
    for entry in published:
        owner, name, file = (*str(entry.get("hf_hub") or "").split("/"), "", "", "")[:3]
        for wanted in ([file] if file else HUB_FILES) if name else []:
            found = hub.try_to_load_from_cache(f"{owner}/{name}", wanted)
            if isinstance(found, str):
                return Path(found), bool(entry.get("quick_gelu"))
    raise InputError(
        f"{source.asked_by} needs weights of {source.model}, and nothing is downloaded; name a "
        f"file with {source.named_by}, or fill the hub's cache by hand (docs/losses.md)."
    )
