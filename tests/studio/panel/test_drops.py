"""What is dropped into the page ends in the run's folder, under names that do no harm."""

import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.formats.recognised import is_cameras
from studio.panel import zips
from studio.panel.drops import changes_of, keep_dropped, keep_reference, passed_over
from studio.panel.names import safe_name
from studio.panel.zips import unpacked


def photos_of(files: Sequence[Path], run: Path) -> Path:
    """Where the photos of a drop are kept that holds no cameras."""
    kept = keep_dropped(files, run)
    assert kept.photos is not None and kept.cameras is None
    return kept.photos


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "browser"
    for name in ("a/1.jpg", "b/1.jpg", "2.png", "notes.txt", "film.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return [folder / name for name in ("a/1.jpg", "b/1.jpg", "2.png", "notes.txt", "film.mp4")]


def test_photos_go_to_a_folder_of_their_own(files: list[Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = photos_of(files[:4], run)
    assert first.parent == run / "photos"
    kept = {file.name: file.read_bytes() for file in first.iterdir()}
    assert kept == {"1.jpg": b"a/1.jpg", "1-2.jpg": b"b/1.jpg", "2.png": b"2.png"}
    (files[0]).write_bytes(b"another")
    assert photos_of(files[:1], run) != first, "an older drop stays for Undo"


def test_nothing_dropped_vanishes_without_a_word(files: list[Path], tmp_path: Path) -> None:
    raw, mac = tmp_path / "photo.dng", tmp_path / "._1.jpg"
    raw.write_bytes(b"II*\0" + bytes(20))
    mac.write_bytes(b"of a file manager")
    dropped = [*files[:4], raw, mac]
    assert passed_over(dropped) == '"notes.txt" passed over: no photo, video, cameras or zip.'
    assert passed_over([files[3], files[3]]).startswith('"notes.txt" and 1 more ')
    folder = photos_of(dropped, tmp_path / "run")
    names = {file.name for file in folder.iterdir()}
    assert names == {"1.jpg", "1-2.jpg", "2.png", "photo.dng"}, "who reads the folder names it"
    assert passed_over([files[0], files[4]]) == ""


def test_a_video_is_the_file_itself(files: list[Path], tmp_path: Path) -> None:
    kept = photos_of(files[3:], tmp_path / "run")
    assert kept.name == "film.mp4" and kept.read_bytes() == b"film.mp4"


def zipped(file: Path, entries: dict[str, bytes]) -> Path:
    """An archive of these files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def test_a_zip_is_opened_and_only_its_photos_are_taken(files: list[Path], tmp_path: Path) -> None:
    entries = {
        "holiday/1.jpg": b"one", "other/1.jpg": b"two", "/etc/3.PNG": b"three", "notes.txt": b"no",
        "../../up.jpg": b"no", "__MACOSX/holiday/1.jpg": b"no", "holiday/.hidden.jpg": b"no",
    }  # fmt: skip
    run, archive = tmp_path / "run", zipped(tmp_path / "holiday.zip", entries)
    said = '"notes.txt" and 1 more passed over: no photo, video, cameras or zip.'
    assert passed_over([archive, files[2]]) == said, "the other is ../../up.jpg"
    folder = photos_of([archive, files[2]], run)
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert kept == {"1.jpg": b"one", "1-2.jpg": b"two", "3.PNG": b"three", "2.png": b"2.png"}
    assert [file.name for file in run.iterdir()] == ["photos"], "nothing is left over"
    film = photos_of([zipped(tmp_path / "film.zip", {"a/film.mp4": b"film"})], run)
    assert film.name == "film.mp4"


@pytest.mark.parametrize(
    "packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_damaged_zip_is_opened_or_refused_and_nothing_else(packing: int, tmp_path: Path) -> None:
    """Each packing has errors of its own, and so have names that are no text."""
    rng, archive = random.Random(packing), tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", packing) as made:
        for number in range(3):
            made.writestr(f"ä{number}.jpg", rng.randbytes(300) + b"a" * 500)
    whole = archive.read_bytes()
    for case in range(200):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 8)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        archive.write_bytes(damaged)
        assert isinstance(passed_over([archive]), str)
        try:
            unpacked(archive, tmp_path / str(case), 10_000)
        except InputError as error:
            assert str(error).startswith("The zip ") and "\n" not in str(error)


def test_a_zip_that_is_none_or_too_much_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK no more")
    with pytest.raises(InputError, match="cannot be read"):
        keep_dropped([broken], tmp_path / "run")
    with pytest.raises(InputError, match="None of these"):
        keep_dropped([zipped(tmp_path / "empty.zip", {"a.txt": b""})], tmp_path / "run")
    bomb = zipped(tmp_path / "bomb.zip", {"a.jpg": bytes(1 << 22), "b.jpg": bytes(1 << 22)})
    with pytest.raises(InputError, match="more than a browser may send"):
        unpacked(bomb, tmp_path / "out", most_bytes=6 << 20)
    many = zipped(tmp_path / "many.zip", {f"{i}.jpg": b"" for i in range(2001)})
    with pytest.raises(InputError, match="too many"):
        unpacked(many, tmp_path / "out")


def test_what_cannot_be_used_is_refused(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not both"):
        keep_dropped(files, tmp_path / "run")
    with pytest.raises(InputError, match="None of these files"):
        keep_dropped(files[3:4], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_reference_cameras_are_kept_alone_or_as_a_model(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for name in ("cameras.bin", "images.bin", "a/transforms.json", "poses_bounds.npy"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    alone = keep_reference([tmp_path / "a/transforms.json"], run)
    assert alone.name == "transforms.json" and alone.is_relative_to(run / "references")
    model = keep_reference([tmp_path / "cameras.bin", tmp_path / "images.bin"], run)
    assert {file.name for file in model.iterdir()} == {"cameras.bin", "images.bin"}
    assert model != alone.parent
    with pytest.raises(InputError, match="type its path"):
        keep_reference([tmp_path / "poses_bounds.npy"], run)


def test_cameras_of_another_program_are_known_by_name_beside_photos_and_without(
    files: list[Path], tmp_path: Path
) -> None:
    run, stated = tmp_path / "run", tmp_path / "transforms.json"
    stated.write_text("{}")
    both = keep_dropped([files[0], stated], run)
    assert both.photos is not None and both.cameras is not None
    assert [file.name for file in both.photos.iterdir()] == ["1.jpg"]
    assert both.cameras.is_relative_to(run / "references")
    changes = changes_of(both, True)
    assert changes["cameras.rival"] == str(both.cameras)
    assert changes["data.photos"] == str(both.photos) and changes["data.disabled"] == ()
    entries = {f"sparse/0/{part}.bin": part.encode() for part in ("cameras", "images", "points3D")}
    alone = keep_dropped([zipped(tmp_path / "model.zip", entries | {"project.ini": b""})], run)
    assert alone.photos is None and alone.cameras is not None
    names = sorted(file.name for file in alone.cameras.iterdir())
    assert names == ["cameras.bin", "images.bin", "points3D.bin"]
    assert changes_of(alone, True) == {"cameras.rival": str(alone.cameras)}
    photos = keep_dropped(files[1:2], run)
    left = changes_of(photos, True)["cameras.rival"]
    assert left == "", "cameras of other photos are no rivals of these"
    assert "cameras.rival" not in changes_of(photos, False), "cameras may come before their photos"
    for name in ("poses_bounds.npy", "CameraTrajectory.txt", "colmap.npz", "a.tum"):
        assert is_cameras(Path(name))
    assert not any(is_cameras(Path(name)) for name in ("notes.txt", "a.json", "weights.npy"))


@given(st.text(max_size=300))
def test_a_safe_name_is_one_plain_name(name: str) -> None:
    safe = safe_name(name)
    assert safe and len(safe) < 100
    assert not set(safe) & set('/\\\0\n:*?"<>|') and not safe.startswith(".")
    assert Path("x", safe).name == safe and safe not in (".", "..")


@pytest.mark.parametrize("name", ["aux.jpg", "CON", "nul.tar.png", "com1.jpg", "dir\\LPT9.jpg"])
def test_a_safe_name_is_no_device_of_windows(name: str) -> None:
    assert safe_name(name).startswith("_") and Path(safe_name(name)).suffix == Path(name).suffix


def test_a_safe_name_keeps_harmless_ones() -> None:
    assert safe_name("IMG_0042.JPG") == "IMG_0042.JPG"
    assert safe_name("../../été 1.jpeg") == "été 1.jpeg"


def test_an_archive_of_nothing_but_names_is_refused_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "names.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for number in range(30):
            opened.writestr(f"{number}.txt", b"")
        opened.writestr("a.jpg", b"photo")
    monkeypatch.setattr(zips, "CHUNK", 50)  # an entry begins in one and ends in another
    monkeypatch.setattr(zips, "MOST_ENTRIES", 31)
    assert len(unpacked(archive, tmp_path / "all")) == 1 and len(zips.unused(archive)) == 30
    monkeypatch.setattr(zips, "MOST_ENTRIES", 30)
    with pytest.raises(InputError, match="more than 30 files"):
        unpacked(archive, tmp_path / "none")
    assert zips.unused(archive) == [] and not (tmp_path / "none").exists()
