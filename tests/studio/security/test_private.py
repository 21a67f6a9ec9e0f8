"""The private folder of a process goes with it; that of a killed one goes at the next start."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.security.private import PREFIX
from tests.journeys.running import ROOT

OWNER = """
import sys
from studio.security.private import private_folder
folder = private_folder()
(folder / "upload").mkdir()
(folder / "upload" / "photo.png").write_bytes(b"photo")
print(folder, flush=True)
sys.stdin.read()
"""


class Owner:
    """A process that has a private folder below a place, until it is ended."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.folder = Path(self.process.stdout.readline().strip())

    def end(self) -> None:
        """Let it come to its end."""
        self.process.communicate("", timeout=60)

    def kill(self) -> None:
        """Leave it no time to remove anything."""
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Path]:
    """The folder that a killed process has left."""
    owner = Owner(tmp_path)
    owner.kill()
    assert (owner.folder / "upload" / "photo.png").exists()
    yield owner.folder


def test_it_is_closed_to_others_and_goes_with_its_process(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    assert owner.folder.parent == tmp_path
    assert stat.S_IMODE(owner.folder.stat().st_mode) == 0o700
    owner.end()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_at_the_next_start(tmp_path: Path, killed: Path) -> None:
    assert stat.S_IMODE(killed.stat().st_mode) == 0o700
    living = [Owner(tmp_path), Owner(tmp_path)]
    assert not killed.exists()
    assert all((owner.folder / "upload" / "photo.png").exists() for owner in living)
    for owner in living:
        owner.end()


def test_only_what_certainly_is_left_over_goes(tmp_path: Path, killed: Path) -> None:
    """Not a folder without a lock, nor what a link of that name leads to."""
    unmarked, elsewhere = tmp_path / f"{PREFIX}new", tmp_path / "elsewhere"
    unmarked.mkdir()
    killed.rename(elsewhere)
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    Owner(tmp_path).end()
    assert unmarked.exists()
    assert (elsewhere / "upload" / "photo.png").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_belongs_to_another_account_stays(tmp_path: Path, killed: Path) -> None:
    os.chown(killed, 65534, 65534)
    Owner(tmp_path).end()
    assert (killed / "upload" / "photo.png").exists()
