"""One sentence says what a switch changed, and what it left."""

import pytest

from core.config.declare import Effect
from core.engine.commands.switches import label, sentence

BOTH = ("planes", "field")


def test_options_are_called_by_their_titles_and_what_steers_nothing_is_no_mark() -> None:
    changes = {"cameras.rotation": "quaternion", "cameras.learn_focal": False, "field.rate": 1e-3}
    assert label(changes) == (
        "Rotation quaternion · Learn focal length off · Field learning rate 0.001"
    )
    assert label({"explore.channel": "depth", "training.autosave_seconds": 5.0}) == ""
    assert label({"losses.clip": 0.5, "data.long_side": 99}) != ""


@pytest.mark.parametrize(
    ("effect", "before", "after", "waits", "told"),
    [
        (Effect.LIVE, BOTH, BOTH, False, "from the next step; planes, the network and cameras"),
        (Effect.CONVERT, BOTH, BOTH, False, "stored otherwise from here on; planes, the network"),
        (Effect.CONVERT, ["field"], ["field"], False, "here on; the network and cameras stay."),
        (Effect.REBUILD_FIELD, ["field"], ["field"], False, "the network begins anew; cameras"),
        (Effect.REBUILD_FIELD, ["planes"], ["planes"], True, "once the cameras are found; planes"),
        (Effect.REBUILD_FIELD, BOTH, ["depth-maps"], False, "planes end, the network ends, depth"),
        (Effect.REBUILD_FIELD, ["depth-maps"], ["depth-maps"], False, "nothing here heeds it; dep"),
        (Effect.REBUILD_FIELD, ["planes"], BOTH, False, "the network begins anew; planes and cam"),
    ],
)
def test_what_changed_and_what_stays(
    effect: Effect, before: tuple[str, ...], after: tuple[str, ...], waits: bool, told: str
) -> None:
    said = sentence("Field siren", effect, before, after, waits)
    assert said.startswith("Field siren: ") and told in said and said.endswith("stay.")
