"""A run belongs to one process at a time, and to nobody once that is gone."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.engine import Engine
from core.engine.commands import Save, Step
from core.engine.run_folder.claim import NAME, Claim
from core.errors import InputError
from core.files import finished_file
from studio.cli import main
from tests.conftest import small_options
from tests.core.engine.test_engine import said, until
from tests.journeys.running import ROOT

HOLD = (
    "import sys, pathlib, core.engine.run_folder.claim as c; c.Claim(pathlib.Path(sys.argv[1])); "
    "print('held', flush=True); sys.stdin.read()"
)


def test_the_second_is_told_of_the_first(photo_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = Engine(run, small_options(data__photos=str(photo_folder)))
    first.start()
    first.submit(Step(2))
    until(first, lambda s: s.step == 2)
    first.submit(Save())
    until(first, lambda s: said(s) == "Checkpoint saved.")
    with pytest.raises(InputError) as refused:
        Engine(run, {}).start()
    for word in (str(run), str(os.getpid()), socket.gethostname(), "since 20", "--run"):
        assert word in str(refused.value)
    out = tmp_path / "cameras.json"  # who only reads is not held up
    words = ["export", "--run", str(run), "--format", "transforms", "--out", str(out)]
    assert main.run(words) == 0 and out.exists()
    first.stop()
    assert not (run / NAME).exists()
    second = Engine(run, {})
    second.start()
    assert until(second, lambda s: s.phase == "ready").step == 2
    second.stop()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_run_is_a_folder(photo_folder: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    engine = Engine(tmp_path / place, small_options(data__photos=str(photo_folder)))
    with pytest.raises(InputError, match="--run"):
        engine.start()


@pytest.mark.parametrize("command", ["train", "studio"])
def test_commands_that_write_are_refused_in_a_sentence(
    command: str,
    photo_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"studio.cli.{command}.end_on_signals", threading.Event)
    words = [command, "--photos", str(photo_folder), "--run", str(tmp_path / "run")]
    with Claim(tmp_path / "run"):
        assert main.run(words) == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert f"is in use by process {os.getpid()} on " in sentence
        assert [file.name for file in (tmp_path / "run").iterdir()] == [NAME]


def test_a_killed_owner_leaves_no_claim(tmp_path: Path) -> None:
    run = tmp_path / "run"
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert owner.stdout is not None and owner.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {owner.pid} on "):
            Claim(run)
    finally:
        owner.kill()
        owner.wait()
    assert json.loads((run / NAME).read_text())["pid"] == owner.pid  # it could not tidy up
    with Claim(run):
        assert json.loads((run / NAME).read_text())["pid"] == os.getpid()


WRITE = """
import sys, time
from pathlib import Path
from core.files import finished_file, finished_folder
run = Path(sys.argv[1])
with finished_file(run / "config.yaml"), finished_file(run / "exports" / "video.mp4") as video:
    video.write_bytes(b"half")
    with finished_folder(run / "exports" / "model") as model:
        (model / "images.txt").write_text("half")
        print("writes", flush=True)
        time.sleep(600)
"""


def test_what_a_killed_writer_has_left_is_swept_by_the_next_owner(tmp_path: Path) -> None:
    run = tmp_path / "run"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(run)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None and writer.stdout.readline() == "writes\n"
        with Claim(run):
            assert len(list(run.rglob(".*-*"))) == 3, "another process writes"
    finally:
        writer.kill()
        writer.wait()
    (run / "exports" / ".mine.jpg").touch()
    with finished_file(run / "exports" / "table.csv") as mine, Claim(run):
        left = {path.name for path in run.rglob("*")}
        assert left == {"exports", ".mine.jpg", mine.name, NAME}


def test_a_released_claim_leaves_nothing(tmp_path: Path) -> None:
    with Claim(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").mkdir()
    with Claim(tmp_path / "old"):
        pass
    assert not list((tmp_path / "old").iterdir())


def test_a_file_that_its_owner_removes_meanwhile_is_not_mistaken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, really = Claim(tmp_path), fcntl.flock
    ends = [first.release]

    def flock(handle: int, how: int) -> None:
        if ends:
            ends.pop()()
        really(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with Claim(tmp_path):
        assert (tmp_path / NAME).exists()
        with pytest.raises(InputError, match="in use"):
            Claim(tmp_path)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drive that has no locks."""

    def flock(handle: int, how: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.usefixtures("without_locks")
@pytest.mark.parametrize(
    ("pid", "host", "free"),
    [(os.getpid(), "", False), (2**22 + 1, "", True), (2**22 + 1, "elsewhere", False)],
    ids=["alive", "gone", "of another machine"],
)
def test_where_a_drive_has_no_locks_the_file_speaks(
    tmp_path: Path, pid: int, host: str, free: bool
) -> None:
    owner = {"pid": pid, "host": host or socket.gethostname(), "since": "2026-01-01"}
    (tmp_path / NAME).write_text(json.dumps(owner))
    if free:
        with Claim(tmp_path):
            assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
    else:
        with pytest.raises(InputError, match=f"process {pid} on .*delete .*{NAME}"):
            Claim(tmp_path)
