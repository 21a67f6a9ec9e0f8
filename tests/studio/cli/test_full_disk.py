"""What could not be saved is said, the command fails, and nothing earlier is lost."""

import contextlib
import errno
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.runs import checkpoint
from studio.cli import main
from tests.conftest import small_options
from tests.core.engine.run_folder.test_saving import full_disk

SIZE = "4m"  # of a disk that a few checkpoints fill


@dataclass(frozen=True)
class Disk:
    """A place for runs, what makes it full for a while, and what writers are told then."""

    place: Path
    full: Callable[[], AbstractContextManager[None]]
    told: str


@pytest.fixture(params=["files must not grow", "no space is left"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk that refuses by a limit of the process, and a small one of its own."""
    if request.param == "files must not grow":
        yield Disk(tmp_path, full_disk, "File too large")
        return
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield Disk(place, lambda: filled(place), "No space left on device")
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextlib.contextmanager
def filled(path: Path) -> Iterator[None]:
    """Not a byte is left on this disk."""
    filler = path / "filler"
    with pytest.raises(OSError) as refused, filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert refused.value.errno == errno.ENOSPC
    yield
    filler.unlink()


@pytest.fixture
def run(disk: Disk, photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of three steps on that disk. Signals are left alone; studios end at once."""
    monkeypatch.setattr("studio.cli.train.end_on_signals", threading.Event)
    ended = threading.Event()
    ended.set()
    monkeypatch.setattr("studio.cli.studio.end_on_signals", lambda: ended)
    run = disk.place / "run"
    words = ["train", "--photos", str(photo_folder), "--run", str(run), "--steps", "3"]
    words += [f"--{path}={value}" for path, value in small_options().items()]
    assert main.run(words) == 0
    return run


def newest(run: Path) -> checkpoint.Checkpoint:
    """The newest checkpoint of a run that has no damaged one."""
    found, complaints = checkpoint.newest(run)
    assert found is not None and complaints == []
    assert not list(run.rglob("*.part"))
    return found


def test_a_run_that_could_not_be_saved_is_no_success(
    disk: Disk, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with disk.full():
        assert main.run(["train", "--run", str(run), "--steps", "2"]) == 1
        assert newest(run).facts["step"] == 3
    told = capsys.readouterr()
    assert told.out == "", "figures are of runs that are kept"
    assert told.err.splitlines()[-1].startswith("nerfmm studio: The end of the run ")
    assert "step 5 was not saved" in told.err and disk.told in told.err
    assert main.run(["train", "--run", str(run), "--steps", "2"]) == 0
    assert newest(run).facts["step"] == 5


def test_a_studio_that_could_not_save_says_so_and_fails(
    disk: Disk, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["studio", "--run", str(run), "--no-browser", "--port", "0", "--field.rate", "0.002"]
    before = newest(run).config.field.rate
    with disk.full():
        assert main.run(words) == 1  # the change of an option is to be saved
        assert newest(run).config.field.rate == before
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "not saved" in line]
    assert sentence.startswith("nerfmm studio: The end of the run ")
    assert "step 3 was not saved" in sentence and disk.told in sentence
    assert main.run(words) == 0
    assert newest(run).config.field.rate == 0.002
