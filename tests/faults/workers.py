"""One of two processes that share training is killed, and who looks for cameras beside it.

The step under way is finished, and training continues with both from there, to the same bits each
time; a search that dies is said in a sentence, and the next one is as good as the first.
"""

import functools
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import torch

from core.photos import load_photos
from core.runs import checkpoint
from core.search.direct import process as direct
from core.search.features import process as features
from tests.faults.fair import fair
from tests.journeys.running import ROOT
from tests.journeys.shared import TRAIN, processes, torchrun, until
from tests.patience import PATIENCE

DEATHS = 5
BACK = 20.0  # seconds, see `fair`, from a death until training has gone on
STEPS = 50  # after the last death
SAID = 5.0  # seconds until the death of a search is told
MOMENTS = ("photos looked at", "pairs compared", "photos placed", "", "")


def run(part: int) -> str:
    """Five deaths of each kind, or one."""
    deaths = max(1, DEATHS // part)
    with tempfile.TemporaryDirectory() as folder:
        told = _processes(Path(folder), deaths)
    return f"{told}; {_searches(deaths)}"


def _processes(folder: Path, deaths: int) -> str:
    killed, again, waits, died = folder / "killed", folder / "again", list[float](), 0.0
    for _ in range(deaths):
        before = _step(killed)
        words = _words(killed, "--training.autosave_seconds", "1")
        with torchrun(*words) as agent:
            with fair(agent.pid) as beginning:
                until(functools.partial(_goes_on, killed, before), agent)
            if died:
                waits.append(died + beginning())
            with fair(agent.pid) as dying:
                os.kill(processes(agent)[1], signal.SIGKILL)
                out, errors = agent.communicate(timeout=PATIENCE)
            died = dying()
        assert "Another process of this run" in errors, errors
        assert _step(killed) == json.loads(out.splitlines()[-1])["steps"], "not all was saved"
    shutil.copytree(killed, again)
    waits.append(died + _train(killed, STEPS))
    _train(again, STEPS)
    one, other = (checkpoint.newest_in(run).tensors for run in (killed, again))
    learned = [name for name in one if not name.startswith("extra.")]
    unlike = [name for name in learned if not torch.equal(one[name], other[name])]
    assert not unlike, f"continued twice, {unlike[0]} differs"
    assert max(waits) <= BACK, f"it takes {max(waits):.0f} s until training goes on"
    return f"{deaths} of two processes: trained on within {max(waits):.1f} s, to the same bits"


def _train(run: Path, steps: int) -> float:
    """Make so many steps; the seconds that they and the beginning take."""
    with torchrun(*_words(run, "--steps", str(steps))) as agent, fair(agent.pid) as taken:
        _, errors = agent.communicate(timeout=PATIENCE)
    assert agent.returncode == 0, errors
    return taken()


def _goes_on(run: Path, before: int) -> bool:
    return _step(run) > before


def _step(run: Path) -> int:
    found, _ = checkpoint.newest(run)
    return int(found.facts["step"]) if found is not None else 0


def _words(run: Path, *more: str) -> tuple[str | Path, ...]:
    return "--standalone", "--nproc_per_node=2", *TRAIN, "--run", run, *more


def _searches(deaths: int) -> str:
    """Features are killed as they are looked at, compared and placed; depths at their beginning."""
    photos = load_photos(ROOT / "assets" / "scene" / "images", 320, "white").pixels[::3][:5]
    first, waits = features.start(photos).wait(PATIENCE), list[float]()
    assert first.features is not None and not first.failure, first.failure
    for moment in MOMENTS[:deaths]:
        matching = features.start(photos) if moment else direct.start(photos)
        end = time.monotonic() + PATIENCE
        while not matching.state.progress.endswith(moment):
            assert time.monotonic() < end and not matching.state.ended, matching.state
            time.sleep(0.01)
        died = time.monotonic()
        os.kill(matching.process_id, signal.SIGKILL)
        state = matching.wait(PATIENCE)
        waits.append(time.monotonic() - died)
        assert state.ended and "its process ended with SIGKILL" in state.failure, state
    again = features.start(photos).wait(PATIENCE)
    assert again.features is not None and not again.failure, again.failure
    same = first.features.pairs.inliers == again.features.pairs.inliers
    assert same.all(), "features are others after a death"
    assert max(waits) <= SAID, f"a death is told after {max(waits):.1f} s"
    return f"{deaths} searches: told within {max(waits):.2f} s, the next as good"
