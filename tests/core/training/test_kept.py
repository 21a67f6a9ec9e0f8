"""What the code of an earlier day learned is learned today, and its runs go on.

The counters, every draw of chance and the layout of what is saved are compared exactly: they hold
on any processor. Numbers are compared as far as processors round alike. A network's agree to some
parts in a hundred thousand. Adam turns the rounding of a gradient that is nearly zero, as that of a
texel which hardly anyone sees, into a whole step, so planes agree as a whole and not texel by
texel; a run that is opened from a file begins at the same bits and is as sharp a test of its next
step as there can be. That bits are the same is what other tests say of one machine: of a resumed
run, of many workers, of many processes.
"""

import json
from typing import Any

import pytest

from tests.core.training.kept import CASES, FILES, FOLDER, GOES_ON, NUMBERS, facts, opened, trained

KEPT = json.loads(NUMBERS.read_text())
PLANES = "planes.", "bootstrap."
CLOSE = {"rel": 3e-4, "abs": 3e-5}  # four times what two instruction sets were seen to differ
NEAR = {"rel": 0.02, "abs": 3e-3}  # the same beside planes,
ROUGH = {"rel": 0.1, "abs": 0.03}  # and of their texels


def compare(now: dict[str, Any], kept: dict[str, Any]) -> None:
    """Exactly what is exact, and the rest as far as processors round alike."""
    assert now["exact"] == kept["exact"]
    assert now["rounded"].keys() == kept["rounded"].keys()
    planes = any(name.startswith(PLANES) for name in kept["rounded"])
    for name, numbers in kept["rounded"].items():
        tolerance = (ROUGH if ".blocks." in name else NEAR) if planes else CLOSE
        assert now["rounded"][name] == pytest.approx(numbers, **tolerance), name


@pytest.mark.parametrize("name", CASES)
def test_a_run_learns_what_it_learned(name: str) -> None:
    for moment, kept in zip(CASES[name](), KEPT[name], strict=True):
        compare(facts(moment), kept)


@pytest.mark.parametrize("name", FILES)
def test_an_old_run_goes_on(name: str) -> None:
    trainer = opened(FOLDER / f"{name}.safetensors")
    before, later = KEPT[f"{name}.safetensors"]
    now = facts(trainer)
    assert now["exact"] == before["exact"]
    for tensor, numbers in before["rounded"].items():
        assert now["rounded"][tensor] == pytest.approx(numbers, rel=1e-6, abs=1e-9), tensor
    compare(facts(trained(trainer, GOES_ON)), later)
