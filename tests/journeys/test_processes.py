"""Training that torchrun shares among processes: one is killed; two agents play two machines."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from core.runs import checkpoint
from studio.cli import main
from tests.journeys.running import ROOT
from tests.journeys.shared import TRAIN, processes, torchrun, until
from tests.patience import PATIENCE


def test_a_killed_process_ends_the_run_with_a_whole_step_to_go_on_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ("--run", run, "--training.autosave_seconds", "1")
    with torchrun("--standalone", "--nproc_per_node=2", *TRAIN, *words) as agent:
        until(lambda: any((run / "checkpoints").glob("0*.safetensors")), agent)
        os.kill(processes(agent)[1], signal.SIGKILL)
        out, errors = agent.communicate(timeout=PATIENCE)
    assert agent.returncode == 1
    assert "Another process of this run" in errors
    assert "Traceback" not in errors.partition("failed (exitcode")[0]  # torchrun's own comes later
    facts = json.loads(out.splitlines()[-1])
    found, complaints = checkpoint.newest(run)
    assert found is not None and not complaints
    assert found.facts["step"] == facts["steps"]
    assert main.run(["train", "--run", str(run), "--steps", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == facts["steps"] + 2


def test_two_agents_are_two_machines_and_the_second_needs_no_photos(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ("--nproc_per_node=1", "--master_addr=127.0.0.1", f"--master_port={port}", "--nnodes=2")
    run = tmp_path / "run"
    first_line = (*TRAIN, "--run", run, "--steps", "30", "--data.held_out", "every8")
    second_line = ("--", ROOT / "launch.py", "train")
    with (
        torchrun("--node_rank=1", *place, *second_line) as second,
        torchrun("--node_rank=0", *place, *first_line) as first,
    ):
        out, errors = first.communicate(timeout=PATIENCE)
        silent, _ = second.communicate(timeout=PATIENCE)
    assert (first.returncode, second.returncode) == (0, 0), errors
    assert json.loads(out.splitlines()[-1])["steps"] == 30
    assert silent == ""
    assert checkpoint.newest_in(run).facts["step"] == 30


def test_the_studio_is_for_one_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main.run(["studio", "--no-browser"]) == 2
    assert "studio runs in one process" in capsys.readouterr().err
