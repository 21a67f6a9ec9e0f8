"""Two curves at the same unseen pixels: who leads, since when, and when the other passes."""

from pathlib import Path

import numpy as np
import pytest

from core.engine import Engine
from core.engine.commands import Configure, Play
from core.engine.monitoring.contest import Contest, Unseen, contest
from core.engine.monitoring.history import Recorder
from core.photos import PhotoSet
from core.training.holdout import LEAD
from core.training.trainer import Trainer
from tests.conftest import small_config, small_options
from tests.core.engine.test_engine import until
from tests.core.training.layers import brief

STEPS = np.arange(60, 1260, 60)


def curves(network: np.ndarray, planes: float = 25.0, began: float = 0.0) -> Unseen:
    """Planes that stand still."""
    rows = [(step, planes, value, began) for step, value in zip(STEPS, network, strict=True)]
    return Unseen.of(rows)


def rising(per_factor: float, noise: float = 0.0) -> np.ndarray:
    """A network that gains so many dB for each factor e of its steps, and ends 1 dB below."""
    rng = np.random.default_rng(0).normal(0, noise, len(STEPS)) if noise else 0.0
    return 24.0 + per_factor * np.log(STEPS / STEPS[-1]) + rng


def test_when_a_network_passes_is_where_its_curve_does() -> None:
    found = contest(curves(rising(2.0)))
    assert found is not None and (found.leader, found.taken) == ("planes", None)
    assert found.lead == pytest.approx(1.0)
    assert found.passes is not None
    expected, earliest, latest = found.passes
    true = STEPS[-1] * (np.exp(1 / 2.0) - 1)
    assert expected == pytest.approx(true, rel=1e-3)
    assert earliest == pytest.approx(true, rel=1e-3) and latest == pytest.approx(true, rel=1e-3)


def test_noise_makes_it_less_sure_and_the_truth_lies_between() -> None:
    found = contest(curves(rising(2.0, noise=0.02)))
    assert found is not None and found.passes is not None
    expected, earliest, latest = found.passes
    true = STEPS[-1] * (np.exp(1 / 2.0) - 1)
    assert 0 < earliest < expected < latest and earliest < true < latest
    assert latest - earliest > 0.05 * true


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(np.full(len(STEPS), 24.0), id="it stands still"),
        pytest.param(rising(-1.0), id="it falls"),
        pytest.param(rising(0.2), id="too far away"),
        pytest.param(rising(0.5, noise=1.0), id="nobody can tell"),
    ],
)
def test_what_cannot_be_foreseen_is_not_in_sight(network: np.ndarray) -> None:
    found = contest(curves(network))
    assert found is not None and found.leader == "planes" and found.passes is None


def test_who_leads_has_to_lead_clearly_and_since_when_is_told() -> None:
    network = np.full(len(STEPS), 24.0)
    network[8:] = 25 + 0.9 * LEAD
    assert contest(curves(network)).leader == "planes"  # type: ignore[union-attr]
    network[12:] = 25 + 2 * LEAD
    found = contest(curves(network))
    assert found == Contest("field", pytest.approx(2 * LEAD), int(STEPS[12]), None)
    network[-1] = 25.0
    assert contest(curves(network)).leader == "field"  # type: ignore[union-attr]


def test_only_the_present_network_counts() -> None:
    rows = [(step, 25.0, 30.0, 0.0) for step in STEPS]
    assert contest(Unseen.of([*rows, (1260, 25.0, np.nan, 1210)])) is None
    found = contest(Unseen.of([*rows, (1260, 25.0, 20.0, 1210)]))
    assert found == Contest("planes", 5.0, None, None)
    assert contest(Unseen.of([])) is None


def test_both_are_recorded_at_the_same_steps_and_a_passing_is_marked(
    photos: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.turns.EVERY", 2)
    monkeypatch.setattr("core.engine.monitoring.history.LONGEST_CURVE", 8)
    recorder = Recorder(len(photos.names))
    trainer = Trainer(small_config(training__bootstrap=True), photos, brief(steps=2))
    while trainer.stage == "bootstrap":
        trainer.train_step(1)
    began = trainer.step - 1  # it begins within the step
    for _ in range(40):
        best = trainer.shown
        trainer.train_step(1)
        if trainer.compared:
            recorder.compare(trainer, best)
    unseen = recorder.history().unseen
    assert 3 < len(unseen.steps) <= 8 and (np.diff(unseen.steps) > 0).all()
    assert np.isfinite(unseen.planes).all() and np.isfinite(unseen.network).all()
    assert set(unseen.began) == {began}
    trainer.shown = "field"
    recorder.compare(trainer, "planes")
    assert recorder.history().marks[-1] == (trainer.step, "relu passes planes")
    again = Recorder(len(photos.names))
    again.restore(recorder.tensors())
    assert again.unseen == recorder.unseen


def test_the_snapshot_tells_it(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.turns.EVERY", 2)
    others = Trainer.__init__.__defaults__[1:]
    monkeypatch.setattr(Trainer.__init__, "__defaults__", (brief(steps=2), *others))
    engine = Engine(
        tmp_path / "run", small_options(data__photos=str(photo_folder), training__bootstrap=True)
    )
    engine.start()
    engine.submit(Play())
    met = until(engine, lambda s: s.contest is not None)
    assert met.learners == ("planes", "field") and met.history is not None
    assert met.unseen_psnr.keys() == {"planes", "field"}
    engine.submit(Configure({"field.rate": 0.002}))
    marked = until(engine, lambda s: s.config.field.rate == 0.002)
    assert marked.history is not None
    assert "Field learning rate 0.002" in [word for _, word in marked.history.marks]
    said = "from the next step; planes, the network and cameras stay."
    assert f"Field learning rate 0.002: {said}" in [notice.text for notice in marked.notices]
    engine.submit(Configure({"field.kind": "siren"}))
    forming = until(engine, lambda s: s.config.explore.show == "both")
    assert forming.learned is not None and len(forming.learned.pair) == 2
    assert [notice.text for notice in forming.notices[-2:]] == [
        "Field siren: the network begins anew; planes and cameras stay.",
        "siren is seen forming beside the planes; what is shown can be set back at any time.",
    ]
    engine.submit(Configure({"explore.show": "best"}))
    back = until(engine, lambda s: s.config.explore.show == "best")
    assert back.learned is not None and back.learned.pair == ()
    assert back.notices[-1] == forming.notices[-1], "what is looked at is no news"
    engine.submit(Configure({"field.kind": "planes"}))
    ended = until(engine, lambda s: s.contest is None and s.learners == ("planes",))
    assert ended.config.explore.show == "best"
    assert ended.notices[-1].text == "Field planes: the network ends; planes and cameras stay."
    engine.stop()
