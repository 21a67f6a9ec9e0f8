"""One sentence says what a switch changed, and what it left."""

import pytest

from core.config.declare import Effect
from core.config.paths import changed
from core.engine.commands.switches import label, sentence, show_forming
from core.training.changes import configure
from core.training.learners.depthmap_learner import DepthMapLearner
from core.training.learners.field_learner import FieldLearner
from tests.core.training.wide_run import wide_run

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


def test_a_picked_network_is_seen_beside_depth_maps_once_these_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer, _ = wide_run()
    trainer.train_step(1)
    for stand in (False, True):
        if stand:
            monkeypatch.setattr(DepthMapLearner, "proposal", object())
        configure(trainer, changed(trainer.config, {"explore.show": "best"}))
        (said,) = show_forming(trainer)
        assert trainer.find(FieldLearner) is not None and trainer.config.explore.show == "both"
        assert "relu is seen forming beside the depth maps" in said
        assert ("once these stand" in said) is not stand
