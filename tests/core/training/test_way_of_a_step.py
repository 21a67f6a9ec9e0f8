"""The way of a step, from the engine to the optimizers: so short that a stranger finds it.

It is measured where it cannot lie, while an engine makes its first step. What is *under way*
whenever an optimizer moves something are the functions a stranger goes down through. What is
*entered* by then are these and everything that they ask, properties of one line too; leaves, which
take numbers and return numbers, are not counted there. `pytest -s` prints both.
"""

import operator
import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType

import pytest
from torch.optim.optimizer import register_optimizer_step_pre_hook

from core.engine.commands import Step
from core.engine.engine import Engine
from core.engine.work import Work
from tests.conftest import small_options
from tests.core.engine.test_engine import until
from tests.test_house import LEAVES

CORE = Path(__file__).parents[3] / "core"
ROOMS = ("config", "parallel.py", *(leaf.removeprefix("core/") for leaf in LEAVES))
MOST = {  # lines, functions, files
    ("planes", "under way"): (152, 10, 5),
    ("relu", "under way"): (117, 6, 5),
    ("planes", "entered"): (403, 41, 13),
    ("relu", "entered"): (459, 44, 14),
}


class Way:
    """Functions of the core, in the order in which they were met."""

    def __init__(self) -> None:
        self.first = Work.train.__code__
        self.under_way: dict[CodeType, None] = {}
        self.entered: dict[CodeType, None] = {}
        self._new: dict[CodeType, None] = {}  # since an optimizer moved

    def enter(self, frame: FrameType, event: str, _: object) -> None:
        """A function was called."""
        if event == "call" and frame.f_code.co_filename.startswith(str(CORE)):
            self._new[frame.f_code] = None

    def moves(self, *_: object) -> None:
        """An optimizer is about to move something."""
        self.entered |= self._new
        frame: FrameType | None = sys._getframe(1)
        stack = []
        while frame is not None and frame.f_code is not self.first:
            stack.append(frame.f_code)
            frame = frame.f_back
        ours = (code for code in reversed(stack) if code.co_filename.startswith(str(CORE)))
        self.under_way |= dict.fromkeys([self.first, *ours])


def lines(code: CodeType) -> int:
    """How many lines of its file a function takes, without those that it is described in."""
    numbers = [number for *_, number in code.co_lines() if number]
    return max(numbers) - code.co_firstlineno + 1


def named(codes: Iterable[CodeType]) -> list[CodeType]:
    """Without lambdas and comprehensions, which are lines of others."""
    return [code for code in codes if not code.co_name.startswith("<")]


def room(code: CodeType) -> str:
    """The file, below the core."""
    return Path(code.co_filename).relative_to(CORE).as_posix()


@pytest.mark.parametrize("kind", ["planes", "relu"])
def test_a_stranger_finds_the_step(
    kind: str, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way, train = Way(), Work.train

    def watched(work: Work) -> None:
        sys.setprofile(way.enter)
        try:
            train(work)
        finally:
            sys.setprofile(None)

    monkeypatch.setattr(Work, "train", watched)
    hook = register_optimizer_step_pre_hook(way.moves)
    asked = {"data.photos": str(photo_folder), "field.kind": kind, "training.workers": 1}
    engine = Engine(tmp_path / "run", small_options() | asked)
    engine.start()
    engine.submit(Step(1))
    until(engine, lambda snapshot: snapshot.step == 1)
    engine.stop()
    hook.remove()
    inner = [code for code in named(way.entered) if not room(code).startswith(ROOMS)]
    measured: dict[str, tuple[int, ...]] = {}
    for which, codes in {"under way": named(way.under_way), "entered": inner}.items():
        print(f"\n{kind}, {which}")
        for code in codes:
            print(f"{lines(code):5} {room(code)}:{code.co_firstlineno} {code.co_qualname}")
        files = {code.co_filename for code in codes}
        measured[which] = sum(map(lines, codes)), len(codes), len(files)
        print("{:5} lines, {} functions, {} files".format(*measured[which]))
    for which, figures in measured.items():
        assert all(map(operator.le, figures, MOST[kind, which])), (which, figures)
