"""States on the disk are bounded: the oldest go, never what a run goes on from."""

from pathlib import Path

import pytest

from core.runs.checkpoint import folder
from core.runs.sweeping import Kept, kept, sweep

NAMES = (
    "000001-000000010",
    "000002-000000020-cameras-found",
    "000003-000000030-before-refine-1",
    "000004-000000040-before-change-2",
    "000005-000000050",
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Five states of a hundred bytes."""
    folder(tmp_path).mkdir()
    for name in NAMES:
        (folder(tmp_path) / f"{name}.safetensors").write_bytes(bytes(100))
    return tmp_path


@pytest.mark.parametrize(
    ("most", "gone"), [(500, ()), (499, (0,)), (300, (0, 1)), (200, (0, 1, 2)), (0, (0, 1, 2))]
)
def test_the_oldest_go_and_the_newest_of_each_kind_stay(
    most: int, gone: tuple[int, ...], run: Path
) -> None:
    assert kept(run) == Kept(5, 500)
    assert sweep(run, most) == len(gone)
    left = {path.stem for path in folder(run).iterdir()}
    assert left == {name for place, name in enumerate(NAMES) if place not in gone}


def test_a_run_that_keeps_nothing_takes_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path) == Kept(0, 0) and sweep(tmp_path, 0) == 0
