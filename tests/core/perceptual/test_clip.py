"""CLIP is open_clip's, its weights are files, and whatever is missing is said in a sentence."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cosine_similarity

from core.errors import InputError
from core.perceptual.clip import ClipLoss, load_clip
from core.perceptual.sources import Source, package
from tests.perceptual import MODEL

CPU = torch.device("cpu")


def source(file: Path | str = "", model: str = MODEL) -> Source:
    return Source("losses.clip", "losses.clip_weights", str(file), model)


@pytest.fixture
def loss(clip_file: Path) -> ClipLoss:
    return load_clip(source(clip_file), CPU)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub."""
    monkeypatch.setattr(package("huggingface_hub.constants", "", ""), "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def refusal(what: Source) -> str:
    with pytest.raises(InputError) as refused:
        load_clip(what, CPU)
    sentence = str(refused.value)
    assert "\n" not in sentence and sentence.rstrip(".").count(". ") == 0
    return sentence


def test_embeddings_are_those_of_open_clip_with_its_own_preparation(
    loss: ClipLoss, clip_file: Path
) -> None:
    open_clip = package("open_clip", "", "")
    model, _, prepare = open_clip.create_model_and_transforms(MODEL, pretrained=str(clip_file))
    model.eval()
    for side in (32, 48, 20):
        pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
        with torch.no_grad():
            wanted = model.encode_image(prepare(Image.fromarray(pixels)).unsqueeze(0))[0]
            found = loss.embedding(torch.from_numpy(pixels).permute(2, 0, 1) / 255)
        if side == 32:  # nothing is resized
            assert torch.allclose(found, wanted, atol=1e-5)
        assert cosine_similarity(found, wanted, dim=0) > 0.99


def test_the_gradient_reaches_the_picture_and_nothing_else(
    loss: ClipLoss, pair: tuple[Tensor, Tensor]
) -> None:
    picture, photo = pair[0].clone().requires_grad_(), pair[1].clone().requires_grad_()
    before = [p.clone() for p in loss.encoder.parameters()]
    far = loss(picture, photo)
    far.backward()
    assert picture.grad is not None and picture.grad.abs().max() > 0
    assert photo.grad is None and not loss.encoder.training
    assert all(p.grad is None and not p.requires_grad for p in loss.encoder.parameters())
    photo = photo.detach()
    assert float(loss(photo, photo)) == pytest.approx(0, abs=1e-6)
    nearer = loss(picture.detach() - 0.5 * picture.grad / picture.grad.norm(), photo)
    assert float(nearer) < float(far.detach())
    after = loss.encoder.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_weights_in_the_hubs_cache_are_found_with_what_belongs_to_them(
    hub: Path, clip_file: Path, monkeypatch: pytest.MonkeyPatch, pair: tuple[Tensor, Tensor]
) -> None:
    entries = {
        "away": {"hf_hub": "someone/else/"},
        "here": {"hf_hub": "someone/tiny/", "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}
        | {"quick_gelu": True},
    }
    monkeypatch.setitem(package("open_clip.pretrained", "", "")._PRETRAINED, MODEL, entries)
    assert "losses.clip_weights" in refusal(source())
    place = hub / "models--someone--tiny"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("abc")
    (place / "snapshots" / "abc").mkdir(parents=True)
    save_file(torch.load(clip_file), place / "snapshots" / "abc" / "open_clip_model.safetensors")
    found, named = load_clip(source(), CPU), load_clip(source(clip_file), CPU)
    assert not torch.equal(found.embedding(pair[0]), named.embedding(pair[0]))  # another GELU
    names = [type(module).__name__ for module in found.encoder.modules()]
    assert "QuickGELU" in names


def test_colours_are_normalised_as_the_model_was_taught(
    clip_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"hf_hub": "", "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}
    monkeypatch.setitem(package("open_clip.pretrained", "", "")._PRETRAINED, MODEL, {"own": entry})
    loss = load_clip(source(clip_file), CPU)
    assert loss.mean.flatten().tolist() == pytest.approx(entry["mean"])
    assert loss.std.flatten().tolist() == pytest.approx(entry["std"])


def test_without_weights_the_sentence_says_where_to_put_them(hub: Path) -> None:
    for model in ("ViT-B-32", MODEL):
        sentence = refusal(source(model=model))
        assert all(w in sentence for w in ("losses.clip", "losses.clip_weights", model))
        assert "docs/losses.md" in sentence


def test_without_the_package_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, clip_file: Path
) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    assert "pip install open_clip_torch" in refusal(source(clip_file))


def spoilt(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {"visual.proj": weights["visual.proj"] * torch.nan}


def narrower(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {"visual.proj": weights["visual.proj"][:, :8]}


def fewer(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in weights.items() if "visual.proj" not in name}


@pytest.mark.parametrize("damage", [spoilt, narrower, fewer])
def test_weights_that_do_not_fit_are_refused(
    damage: Callable[[dict[str, Tensor]], dict[str, Tensor]], clip_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.pt"
    torch.save(damage(torch.load(clip_file)), other)
    assert str(other) in refusal(source(other))


class Hostile:
    """Would write a file when unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.witness,)


def test_files_of_strangers_run_nothing(tmp_path: Path) -> None:
    bad, witness = tmp_path / "bad.pt", tmp_path / "witness"
    torch.save({"visual.proj": Hostile(witness)}, bad)
    assert str(bad) in refusal(source(bad))
    bad.write_bytes(b"not weights at all")
    assert str(bad) in refusal(source(bad))
    assert not witness.exists()
    assert "nowhere.pt" in refusal(source(tmp_path / "nowhere.pt"))


def test_models_that_are_not_there_are_refused_by_name() -> None:
    assert "ViT-B-32" in refusal(source(model="ViT-B-33"))
    assert "text model" in refusal(source(model="roberta-ViT-B-32"))
    assert "text model" in refusal(source(model="coca_ViT-B-32"))
