"""An option is declared once: its default, its help, its bounds or choices, and its effect.

`option` makes one field of a frozen `Section`. YAML files, the command line and the panel are three
readers of the declarations; none of them names an option by itself.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.fields import FieldInfo


class Effect(enum.IntEnum):
    """What changing an option does to a run, weakest first; several changes take the strongest."""

    VIEW = 0
    LIVE = 1
    CONVERT = 2
    REBUILD_FIELD = 3
    RESTART = 4

    @property
    def sentence(self) -> str:
        """The effect in the person's words."""
        return _SENTENCES[self]


MOST = 10**9  # of whatever is counted: a year has 3e7 seconds
RESTART, CONVERT, REBUILD_FIELD = Effect.RESTART, Effect.CONVERT, Effect.REBUILD_FIELD

_SENTENCES = {
    Effect.VIEW: "At once; training is not touched.",
    Effect.LIVE: "From the next step.",
    Effect.CONVERT: "Cameras stay where they are.",
    Effect.REBUILD_FIELD: "The scene restarts, cameras stay.",
    Effect.RESTART: "Everything restarts.",
}


def option(
    default: Any,
    title: str,
    help: str,
    effect: Effect = Effect.LIVE,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: Iterable[str] = (),
    expert: bool = False,
) -> Any:
    """Declare one option of a `Section`.

    Args:
        default: the value of the default preset; its type is the option's annotation.
        title: a few words of the field, shown as the label.
        help: one sentence.
        effect: what a change does to a run.
        at_least, at_most: inclusive bounds of a number.
        choices: the words allowed, usually a registry.
        expert: shown one click deeper.
    """
    return Field(
        default,
        title=title,
        description=help,
        ge=at_least,
        le=at_most,
        json_schema_extra={"effect": int(effect), "choices": list(choices), "expert": expert},
    )


class Frozen(BaseModel):
    """A value: unknown names and infinities are refused, nothing can be assigned."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Section(Frozen):
    """A group of options; words outside an option's choices are refused, and yes for a number."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: Any) -> Any:
        kind = cls.model_fields[info.field_name].annotation
        if isinstance(value, bool) and kind in (int, float):
            raise ValueError("a number")
        return value

    @field_validator("*")
    @classmethod
    def _no_more_than_is_counted(cls, value: Any) -> Any:
        if isinstance(value, int) and abs(value) > MOST:
            raise ValueError(f"a number up to {MOST:,}")
        return value

    @field_validator("*")
    @classmethod
    def _one_of_the_choices(cls, value: Any, info: Any) -> Any:
        choices = extras(cls.model_fields[info.field_name])["choices"]
        if choices and value not in choices:
            raise ValueError(f"it is one of {', '.join(choices)}")
        return value


def extras(field: FieldInfo) -> Mapping[str, Any]:
    """The effect, choices and rank that `option` stored with a field."""
    stored = field.json_schema_extra
    assert isinstance(stored, dict), "declare options with option()"
    return stored
