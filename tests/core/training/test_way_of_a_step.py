"""The way of a step, from the engine to the optimizer: so short that a stranger finds it.

It is measured where it cannot lie: of every function of the core that is under way while an
optimizer moves something, the lines. `pytest -s` prints the table.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest
import torch

from core.engine.commands import Step
from core.engine.engine import Engine
from tests.conftest import small_options
from tests.core.engine.test_engine import until

ROOT = Path(__file__).parents[3]
MOST = {
    "planes": {"lines": 160, "functions": 12, "files": 6},  # texels, poses and the depth floor
    "relu": {"lines": 130, "functions": 8, "files": 6},
}


def under_way() -> Iterator[CodeType]:
    """Functions of the core that have not returned yet, the innermost first."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(str(ROOT / "core")):
            yield frame.f_code
        frame = frame.f_back


def lines(code: CodeType) -> int:
    """How many lines of its file a function takes, without those that it is described in."""
    numbers = [number for *_, number in code.co_lines() if number]
    return max(numbers) - code.co_firstlineno + 1


@pytest.mark.parametrize("kind", ["planes", "relu"])
def test_a_stranger_finds_the_step(
    kind: str, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: dict[CodeType, None] = {}
    move = torch.optim.Adam.step

    def watched(adam: torch.optim.Adam) -> None:
        met.update(dict.fromkeys(under_way()))
        move(adam)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    options = {"data.photos": str(photo_folder), "field.kind": kind}
    engine = Engine(tmp_path / "run", small_options() | options)
    engine.start()
    engine.submit(Step(1))
    until(engine, lambda snapshot: snapshot.step == 1)
    engine.stop()
    way = [
        code
        for code in reversed(met)
        if code.co_name not in ("_round", "_rounds", "goes_on", "_guarded")
    ]
    for code in way:
        place = Path(code.co_filename).relative_to(ROOT)
        print(f"{lines(code):5} {place}:{code.co_firstlineno} {code.co_qualname}")
    measured = {
        "lines": sum(map(lines, way)),
        "functions": len(way),
        "files": len({code.co_filename for code in way}),
    }
    print(kind, measured)
    assert all(measured[what] <= most for what, most in MOST[kind].items()), measured
