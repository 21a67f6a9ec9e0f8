"""The archive of arrays: whole, and safe to open."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.formats.npz import read_npz, write_npz
from tests.cameras import camera
from tests.core.formats.comparing import all_same


def test_what_is_written_is_read_back(cameras, tmp_path):
    write_npz(cameras, tmp_path / "cameras.npz")
    assert all_same(read_npz(tmp_path / "cameras.npz"), cameras)
    assert [file.name for file in tmp_path.iterdir()] == ["cameras.npz"]


def test_numpy_alone_reads_it(cameras, tmp_path):
    write_npz(cameras, tmp_path / "cameras.npz")
    with np.load(tmp_path / "cameras.npz") as read:  # without pickles, as it does by itself
        assert read["names"].tolist() == list(cameras)
        assert read["camera_to_world"].shape == (5, 4, 4)
        assert read["width"].tolist() == [c.width for c in cameras.values()]
        assert read["width"].dtype.kind == "i"


def test_names_keep_their_letters(tmp_path):
    names = ["Foto 1 Größe 図.jpg", "b\nc.png"]
    write_npz({name: camera() for name in names}, tmp_path / "c.npz")
    assert list(read_npz(tmp_path / "c.npz")) == names


def arrays() -> dict[str, np.ndarray]:
    pose = np.eye(4)[None]
    numbers = {key: np.array([40.0]) for key in ("fx", "fy", "cx", "cy", "width", "height")}
    return {"names": np.array(["a.jpg"]), "camera_to_world": pose, **numbers}


def saved(file: Path, **changes: object) -> Path:
    np.savez(file, **(arrays() | changes))
    return file


@pytest.mark.parametrize(
    "change",
    [
        {"names": np.array(["a.jpg", "b.jpg"])},
        {"names": np.array([b"a.jpg"])},
        {"names": np.array([], dtype="<U4")},
        {"names": np.array(["a.jpg"], dtype=object)},
        {"names": np.array("a.jpg")},
        {"camera_to_world": np.eye(4)},
        {"camera_to_world": np.full((1, 4, 4), np.nan)},
        {"camera_to_world": 2 * np.eye(4)[None]},
        {"fx": np.array([np.nan])},
        {"fx": np.array([0.0])},
        {"fx": np.array(["wide"])},
        {"cx": np.array([np.inf])},
        {"width": np.array([10**18])},
        {"height": np.array([1, 2])},
    ],
)
def test_impossible_arrays_are_refused_by_name(change, tmp_path):
    with pytest.raises(InputError, match=r"c\.npz"):
        read_npz(saved(tmp_path / "c.npz", **change))


def test_a_name_that_stands_twice_is_refused(tmp_path):
    twice = {key: np.repeat(array, 2, axis=0) for key, array in arrays().items()}
    with pytest.raises(InputError, match="name of its own"):
        read_npz(saved(tmp_path / "c.npz", **twice))


def test_a_missing_array_is_named(tmp_path):
    stated = arrays()
    del stated["fy"]
    np.savez(tmp_path / "c.npz", **stated)
    with pytest.raises(InputError, match="no fy"):
        read_npz(tmp_path / "c.npz")


def test_an_archive_packed_otherwise_is_refused(tmp_path):
    saved(tmp_path / "good.npz")
    with (
        zipfile.ZipFile(tmp_path / "good.npz") as good,
        zipfile.ZipFile(tmp_path / "c.npz", "w", zipfile.ZIP_LZMA) as archive,
    ):
        for name in good.namelist():
            archive.writestr(name, good.read(name))
    with pytest.raises(InputError, match="unusual"):
        read_npz(tmp_path / "c.npz")


def test_a_small_archive_of_much_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("names.npy", bytes(50_000_000))
    assert (tmp_path / "c.npz").stat().st_size < 1_000_000
    with pytest.raises(InputError, match="larger than 4 MB"):
        read_npz(tmp_path / "c.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_anywhere_is_a_sentence_or_changes_no_camera(save, tmp_path):
    """Every seventh byte of the file is turned over in turn; so is the end cut off there."""
    save(tmp_path / "c.npz", **arrays())
    file = tmp_path / "c.npz"
    whole, expected, refused = file.read_bytes(), read_npz(file), 0
    for at in range(0, len(whole), 7):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            file.write_bytes(damaged)
            try:
                assert all_same(read_npz(file), expected)
            except InputError as error:
                assert "c.npz" in str(error)
                refused += 1
    assert refused > len(whole) / 7, "the cut ones at least"
