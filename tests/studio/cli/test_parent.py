"""A parent starts what died again, passes signals on, and gives up where that is no use."""

import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio.cli import parent
from studio.cli.parent import MOST, has_parent

ROOT = Path(__file__).parents[3]
PARENT = """
import sys
from studio.cli.parent import Parent
status = Parent([sys.executable, "-c", sys.argv[1]]).run()
assert not {"torch", "numpy", "gradio"} & set(sys.modules), "the parent is to be small"
sys.exit(status)
"""
CHILD = """
import os, signal, sys, time
from studio.cli.parent import Lineage
lineage = Lineage.of(os.environ)
lives = lineage.left.get("lives", 0) + 1
print(lives, lineage.cause, flush=True)
"""


def started(then: str, before: str = "") -> subprocess.Popen[str]:
    """A parent whose child says how many there were, and does something."""
    script = before + PARENT
    return subprocess.Popen(
        [sys.executable, "-c", script, CHILD + then],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def dies_by(number: str) -> str:
    return f"os.kill(os.getpid(), signal.{number})"


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_what_dies_is_started_again_with_what_it_left(number: str) -> None:
    then = f"lineage.leave(run='there', lives=lives)\n{dies_by(number)} if lives < 3 else None"
    process = started(then)
    out, err = process.communicate(timeout=60)
    causes = [line.partition(" ")[2] for line in out.splitlines()]
    assert process.returncode == 0 and causes == ["", *[parent.DEADLY[number]] * 2]
    assert err.count("started again") == 2


def test_after_so_many_times_it_gives_up_with_a_sentence() -> None:
    process = started(f"lineage.leave(run='there', lives=lives)\n{dies_by('SIGKILL')}")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and len(out.splitlines()) == MOST + 1
    assert "--run there goes on where it was saved last" in err.splitlines()[-1]


def test_what_dies_before_it_has_begun_is_not_started_again() -> None:
    process = started(dies_by("SIGILL"))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and len(out.splitlines()) == 1 and "before it had begun" in err


@pytest.mark.parametrize("status", [0, 1, 2])
def test_what_ends_by_itself_has_ended(status: int) -> None:
    process = started(f"lineage.leave(run='there')\nsys.exit({status})")
    process.communicate(timeout=60)
    assert process.returncode == status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_come_to_the_child_once(number: signal.Signals) -> None:
    process = started(
        "got = []\n"
        f"signal.signal({int(number)}, lambda n, f: got.append(n))\n"
        "print('ready', flush=True)\n"
        "while not got: time.sleep(.01)\n"
        "time.sleep(.2)\n"  # for a second one, which must not come
        "sys.exit(len(got))"
    )
    assert process.stdout is not None
    while process.stdout.readline() != "ready\n":
        pass
    process.send_signal(number)
    assert process.wait(60) == 1
    process.communicate()


def test_after_ctrl_c_nothing_is_started_again() -> None:
    process = started(
        "lineage.leave(run='there')\n"
        f"signal.signal(signal.SIGINT, lambda n, f: {dies_by('SIGSEGV')})\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    assert process.stdout is not None
    while process.stdout.readline() != "ready\n":
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGSEGV and out == ""


def test_a_child_is_killed_with_its_parent() -> None:
    process = started("print('ready', flush=True)\ntime.sleep(60)")
    assert process.stdout is not None
    while process.stdout.readline() != "ready\n":
        pass
    process.kill()
    process.communicate(timeout=60)  # its output ends when nobody has it open any more


def test_who_has_a_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ([], ["--run", "r"], ["studio"], ["train", "--photos", "p"]):
        assert has_parent(words)
    for words in (["evaluate"], ["render", "--run", "r"], ["--help"], ["train", "--no-restart"]):
        assert not has_parent(words)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    assert not has_parent([])


def test_ctrl_c_while_it_loads_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: list[str]) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(parent, "has_parent", interrupted)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "launch.py"), run_name="__main__")
    assert ended.value.code == 130 and capsys.readouterr().err == ""
