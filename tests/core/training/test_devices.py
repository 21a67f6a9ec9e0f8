"""A card that is seen is probed before it is taken; here torch.cuda tells of one that is not."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core.errors import InputError
from core.fields.precision import fastest_precision
from core.photos import PhotoSet
from core.runs import checkpoint
from core.training import devices
from core.training.trainer import Trainer
from tests.conftest import small_config

ARCHES = ["sm_75", "sm_80", "sm_90a", "compute_120"]


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    devices.probed.cache_clear()
    fastest_precision.cache_clear()
    yield
    devices.probed.cache_clear()
    fastest_precision.cache_clear()
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


def card(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], total: float = 1.0) -> None:
    """A card of this capability, whose tensors of ones hold `total`."""
    ones = torch.ones
    for name, answer in {
        "is_available": True,
        "get_device_name": "Tesla",
        "get_device_capability": capability,
        "get_arch_list": ARCHES,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(torch, "ones", lambda *size, device: total * ones(*size))


def test_a_card_that_multiplies_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    card(monkeypatch, (7, 5))
    torch.backends.cudnn.allow_tf32 = True
    assert devices.choose_device("auto").type == devices.choose_device("cuda").type == "cuda"
    assert devices.passed_over("auto") == ""
    assert devices.name_of(torch.device("cuda")) == "Tesla"
    assert not torch.backends.cudnn.allow_tf32, "TF32 is left out on purpose"
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_card_older_than_torch_is_passed_over_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    card(monkeypatch, (6, 1))
    assert devices.choose_device("auto").type == "cpu"
    said = devices.passed_over("auto")
    assert said.startswith(
        "The CPU is used, as the Tesla is too old: it has compute capability 6.1"
    )
    assert "7.5 and newer" in said
    with pytest.raises(InputError, match=r"the Tesla is too old.*; take auto\."):
        devices.choose_device("cuda")


def test_a_card_that_fails_its_first_product_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card(monkeypatch, (9, 0), total=2.0)
    assert devices.passed_over("auto") == "The CPU is used, as the Tesla multiplies wrongly."

    def failing(*_: int, device: str) -> torch.Tensor:
        raise RuntimeError("CUDA error: no kernel image\nmore")

    monkeypatch.setattr(torch, "ones", failing)
    devices.probed.cache_clear()
    assert "does not compute (CUDA error: no kernel image)." in devices.passed_over("auto")


def test_an_old_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def available() -> bool:
        warnings.warn(
            "CUDA initialization: The NVIDIA driver on your system is too old", stacklevel=1
        )
        return False

    monkeypatch.setattr(torch.cuda, "is_available", available)
    assert devices.choose_device("auto").type == "cpu"
    assert "the NVIDIA driver is too old" in devices.passed_over("auto")
    assert devices.passed_over("cpu") == ""


def test_without_a_card_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device("auto").type == "cpu"
    assert devices.passed_over("auto") == ""
    assert devices.name_of(torch.device("cpu")) == "CPU"
    with pytest.raises(InputError, match="no CUDA GPU is usable here; take auto"):
        devices.choose_device("cuda")


@pytest.mark.parametrize(
    ("capability", "precision"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((12, 0), "bfloat16")]
)
def test_precision_goes_by_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    card(monkeypatch, capability)
    assert fastest_precision("cuda") == precision


def test_a_run_of_a_card_is_opened_without_one(
    monkeypatch: pytest.MonkeyPatch, photos: PhotoSet, tmp_path: Path
) -> None:
    """Evaluate, render and export take what it learned; whoever trains on says another device."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    trainer = Trainer(small_config(training__device="cpu", field__precision="auto"), photos)
    made = checkpoint.taken(trainer, checkpoint.next_path(tmp_path, 0), {})
    trainer.close()
    made.facts["config"]["training"]["device"] = made.facts["device"] = "cuda"
    checkpoint.write(made)
    assert checkpoint.learned_in(tmp_path).scene.device.type == "cpu"
