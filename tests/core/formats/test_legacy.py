"""Checkpoints of other programs are files of strangers."""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import InputError
from core.formats.legacy import read_published
from tests.core.formats import published


def content(**changes: Any) -> dict[str, Any]:
    """A small checkpoint of improved-nerfmm; `phi=...` and the like change its cameras."""
    net = published.Net(8, 2, 9, 1, 0)
    cameras = OrderedDict(
        phi=torch.zeros(3, 3), t=torch.zeros(3, 3), f=torch.ones(2),
        so3_repr="axis-angle", intr_repr="square", H0=18, W0=24,
    )  # fmt: skip
    cameras |= {name: value for name, value in changes.items() if name in cameras}
    named = {f"fg_net.coarse_model.{name}": value for name, value in net.state_dict().items()}
    whole = {"model": named, "cam_param": cameras, "global_step": 41, "epoch_idx": 8}
    return whole | {name: value for name, value in changes.items() if name not in cameras}


def saved(folder: Path, **changes: Any) -> Path:
    """The same as a file."""
    torch.save(content(**changes), folder / "latest.pt")
    return folder / "latest.pt"


def refusal(path: Path, focal: str = "square") -> str:
    """The one sentence about a file."""
    with pytest.raises(InputError) as error:
        read_published(path, focal)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    found = read_published(saved(tmp_path), "square")
    assert (found.program, found.step, found.epoch, found.size) == (
        "improved-nerfmm", 42, 8, (24, 18),
    )  # fmt: skip
    assert found.options["field.position_octaves"] == 1
    assert found.options["field.skip"] == 1  # none: the last layer has nothing after it


class Evil:
    """What a pickle runs when it is loaded without care."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.trace,)


def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    path = saved(tmp_path, extra=Evil(trace))
    assert "latest.pt" in refusal(path)
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Evil(trace)))
    assert "bare.pt" in refusal(tmp_path / "bare.pt")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"model": [1, 2]}, "model"),
        ({"model": {}}, "network"),
        ({"cam_param": None}, "cam_param"),
        ({"phi": torch.zeros(3, 4)}, "phi"),
        ({"phi": "0"}, "phi"),
        ({"phi": torch.zeros(3, 3, dtype=torch.long)}, "phi"),
        ({"phi": torch.zeros(3, 3).to_sparse()}, "phi"),
        ({"t": torch.zeros(0, 3)}, "t"),
        ({"t": torch.full((3, 3), torch.nan)}, "t"),
        ({"t": torch.zeros(1).expand(2_000_000_000, 3)}, "t"),  # few bytes that claim many
        ({"f": torch.tensor([0.0, 1.0])}, "focal length"),
        ({"f": torch.ones(3)}, "f"),
        ({"so3_repr": "euler"}, "so3_repr"),
        ({"intr_repr": ["square"]}, "intr_repr"),
        ({"H0": 0}, "H0"),
        ({"H0": "18"}, "H0"),
        ({"global_step": 2**70}, "global_step"),
        ({"epoch_idx": -4}, "epoch_idx"),
    ],
)
def test_wrong_parts_are_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], word: str
) -> None:
    sentence = refusal(saved(tmp_path, **changes))
    assert "latest.pt" in sentence and word in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fg_net.coarse_model.sigma_layers.0.weight", None),
        ("fg_net.coarse_model.base_layers.1.0.bias", torch.zeros(9)),
        ("fg_net.coarse_model.base_layers.0.0.weight", torch.zeros(8, 10)),
        ("fg_net.coarse_model.base_layers.7.0.weight", torch.zeros(8, 8)),
        ("fg_net.coarse_model.surprise", torch.zeros(1)),
    ],
)
def test_networks_of_another_make_are_refused(tmp_path: Path, name: str, value: Any) -> None:
    whole = content()
    whole["model"][name] = value
    torch.save(whole, tmp_path / "a.pt")
    assert "a.pt" in refusal(tmp_path / "a.pt")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", b"\x80\x02."])
def test_damaged_files_are_refused(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(damage)
    assert "a.pt" in refusal(tmp_path / "a.pt")
    whole = saved(tmp_path).read_bytes()
    (tmp_path / "a.pt").write_bytes(whole[: len(whole) // 2])
    assert "a.pt" in refusal(tmp_path / "a.pt")


def test_an_archive_that_unpacks_to_very_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(80_000_000))
    assert (tmp_path / "a.pt").stat().st_size < 1_000_000
    assert "64 MB" in refusal(tmp_path / "a.pt")
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # an object for each byte of words
        with zipfile.ZipFile(tmp_path / "a.pt", "w", packing) as archive:
            archive.writestr("a/data.pkl", b"\x80\x02(" + b"]" * 2_000_000 + b"l.")
        assert "as torch packs none" in refusal(tmp_path / "a.pt")


def test_of_a_folder_the_checkpoint_with_the_most_steps_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "ckpts"
    folder.mkdir()
    torch.save(content(global_step=100), folder / "final_00000100.pt")
    torch.save(content(global_step=150), folder / "latest.pt")  # the run was extended
    assert read_published(tmp_path, "square").path.name == "latest.pt"
    assert "no .pt" in refusal(folder.parent / "nothing_here")


def test_nerfmm_needs_all_of_its_files(tmp_path: Path) -> None:
    focal, poses = {"fx": torch.tensor(1.0)}, {n: torch.zeros(3, 3) for n in ("r", "t")}
    published.save_other(published.OtherNet(8, 1, 0), focal, poses, tmp_path)
    assert read_published(tmp_path / "latest_nerf.pth", "square").program == "nerfmm"
    assert "exp" in refusal(tmp_path, "exp")
    (tmp_path / "latest_pose.pth").unlink()
    assert "latest_pose.pth" in refusal(tmp_path)
    published.save_other(published.OtherNet(8, 1, 0), {}, poses, tmp_path)
    assert "latest_focal.pth" in refusal(tmp_path)
