"""Another run's scene in this world: where it belongs, in its colour, gone with its name."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import viser

from core.config.paths import changed
from core.geometry.alignment import Similarity
from core.training.learned import Learned
from studio.scene.cameras.frustums import LEARNED
from studio.scene.coordinates import SCALE
from studio.scene.in_browser import other_run as module
from studio.scene.in_browser.other_run import OtherRun
from studio.scene.theme import OTHER_RUN
from tests.core.exporting.worlds import Surfaces, before, off
from tests.studio.scene.stand_ins import Stage, nodes

THEIRS = before(Surfaces())  # a ball before a wall
WORLD = Similarity(2.0, np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([1.0, 2, 3]))


def mine(fit: Similarity) -> Learned:
    """The same photos, whose cameras this run has in another world."""
    return dataclasses.replace(THEIRS, cameras=tuple(map(fit.camera, THEIRS.cameras)))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    (tmp_path / "other" / "checkpoints").mkdir(parents=True)
    monkeypatch.setattr(module.checkpoint, "learned_in", lambda run: THEIRS)
    stage = Stage()
    name(stage, str(tmp_path / "other"), mine(WORLD))
    return stage


def name(stage: Stage, reference: str, learned: Learned) -> None:
    stage.config = changed(stage.config, {"explore.reference": reference})
    stage.publish(learned=learned, config=stage.config)


def clouds(server: viser.ViserServer) -> list[viser.PointCloudHandle]:
    return [
        node for path, node in nodes(server).items() if path.startswith(f"{LEARNED}/other-run/")
    ]


def shown(server: viser.ViserServer, part: str) -> np.ndarray:
    return np.concatenate([getattr(node, part) for node in clouds(server)])


def test_its_surfaces_stand_where_they_belong(server: viser.ViserServer, stage: Stage) -> None:
    other_run = OtherRun(server, f"{LEARNED}/other-run", stage, lambda: True, lambda sentence: None)
    other_run.update()
    points = WORLD.inverse().points(shown(server, "points").astype(np.float64) / SCALE)
    assert len(points) > 500 and np.quantile(off(points), 0.9) < 0.05
    colours = shown(server, "colors").astype(float)
    assert (
        np.abs(colours - OTHER_RUN).mean() < 0.5 * np.abs(128.0 - np.array(OTHER_RUN)).mean() + 40
    )
    moved = Similarity(2.0, WORLD.rotation, WORLD.translation + 1)
    name(stage, stage.config.explore.reference, mine(moved))
    other_run.update()
    again = moved.inverse().points(shown(server, "points").astype(np.float64) / SCALE)
    assert np.quantile(off(again), 0.9) < 0.05, "it goes along with the cameras"
    name(stage, "", mine(moved))
    other_run.update()
    assert clouds(server) == []


def test_nothing_is_read_while_nobody_looks(server: viser.ViserServer, stage: Stage) -> None:
    OtherRun(server, f"{LEARNED}/other-run", stage, lambda: False, lambda sentence: None).update()
    assert clouds(server) == []


def test_a_file_of_cameras_has_no_scene(
    server: viser.ViserServer, stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "transforms.json").write_text("{}")
    name(stage, str(tmp_path / "transforms.json"), mine(WORLD))
    OtherRun(server, f"{LEARNED}/other-run", stage, lambda: True, lambda sentence: None).update()
    assert clouds(server) == []
