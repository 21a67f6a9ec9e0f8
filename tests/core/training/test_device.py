"""A run stays on its device, and does not wait for it more often than it has to."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def in_its_own_process(module: str, *kinds: str) -> None:
    """The device is registered for good."""
    command = [sys.executable, "-m", f"tests.core.training.{module}", *kinds]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr


def test_runs_stay_on_their_device() -> None:
    """No two devices mix, no chance of the CPU is asked there, and waits are within the budget."""
    in_its_own_process("device_run", "planes", "siren", "triplane", "depth-maps")


def test_steps_that_are_recorded_do_what_steps_do() -> None:
    """To the bit, in every phase; nothing is waited for within, nor is more asked for than was."""
    in_its_own_process("graph_run", "planes", "relu", "siren", "triplane")
