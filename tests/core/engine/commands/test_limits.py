"""How long to train: whatever was typed is a limit, or refused by its name."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.config import Config
from core.engine.commands import Play
from core.engine.commands.limits import Limits
from core.errors import InputError
from core.training.trainer import Trainer

TRAINER = cast(Trainer, SimpleNamespace(config=Config(), step=10, epoch=2))


@pytest.mark.parametrize("unit", ["epochs", "steps", "seconds"])
@pytest.mark.parametrize("number", [-5, int(1e308), 1e308, float("nan"), float("inf"), -0.1])
def test_what_is_no_number_of_steps_is_refused(unit: str, number: Any) -> None:
    with pytest.raises(InputError, match=f" {unit} cannot be trained; give 1 or more"):
        Limits.of(Play(**{unit: number}), TRAINER)


def test_a_limit_counts_from_now() -> None:
    assert Limits.of(Play(steps=5), TRAINER).step == 15
    assert Limits.of(Play(epochs=3), TRAINER).epoch == 5
