"""LPIPS is the package's, with VGG's weights from a file."""

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.errors import InputError
from core.perceptual.lpips import WEIGHTS, LpipsLoss, load_lpips
from core.perceptual.sources import Source, package

CPU = torch.device("cpu")


def source(file: Path | str = "") -> Source:
    return Source("losses.lpips", "losses.lpips_weights", str(file))


@pytest.fixture(scope="module")
def loss(vgg_file: Path) -> LpipsLoss:
    return load_lpips(source(vgg_file), CPU)


def test_it_looks_with_the_layers_of_the_file(loss: LpipsLoss, vgg_file: Path) -> None:
    vgg = package("torchvision.models.vgg", "", "")
    features = vgg.make_layers(vgg.cfgs["D"])
    weights = torch.load(vgg_file)
    features.load_state_dict({n.removeprefix("features."): t for n, t in weights.items()})
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    shift = loss.network.scaling_layer.shift.flatten()
    assert shift.tolist() == pytest.approx([-0.030, -0.088, -0.188])
    with torch.no_grad():
        seen = loss.network.net(picture)
        for found, last in zip(seen, (3, 8, 15, 22, 29), strict=True):
            assert torch.allclose(found, features[: last + 1](picture), atol=1e-5)


def test_the_gradient_reaches_the_picture_and_nothing_else(
    loss: LpipsLoss, pair: tuple[Tensor, Tensor]
) -> None:
    picture, photo = pair[0].clone().requires_grad_(), pair[1]
    far = loss(picture, photo)
    far.backward()
    assert far.shape == () and far > 0 and float(loss(photo, photo)) == 0
    assert picture.grad is not None and torch.isfinite(picture.grad).all()
    assert all(p.grad is None and not p.requires_grad for p in loss.network.parameters())
    nearer = loss(picture.detach() - 0.5 * picture.grad / picture.grad.norm(), photo)
    assert float(nearer) < float(far.detach())


def test_torchs_cache_is_looked_into_and_never_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vgg_file: Path, pair: tuple[Tensor, Tensor],
    loss: LpipsLoss,
) -> None:  # fmt: skip
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(InputError, match=WEIGHTS) as refused:
        load_lpips(source(), CPU)
    assert "losses.lpips_weights" in str(refused.value) and not list(tmp_path.rglob("*.pth"))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / WEIGHTS).symlink_to(vgg_file)
    assert float(load_lpips(source(), CPU)(*pair)) == float(loss(*pair))


def test_other_files_are_refused(tmp_path: Path) -> None:
    for content in ({"features.0.weight": torch.zeros(3)}, [torch.zeros(3)]):
        torch.save(content, tmp_path / "other.pth")
        with pytest.raises(InputError, match=r"other\.pth"):
            load_lpips(source(tmp_path / "other.pth"), CPU)


def test_without_the_package_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, vgg_file: Path
) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(InputError, match=r"pip install lpips==0\.1\.4"):
        load_lpips(source(vgg_file), CPU)
