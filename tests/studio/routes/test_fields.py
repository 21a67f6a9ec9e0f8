"""What the page is told of two fields, and why nothing can be chosen where there is one."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config.paths import changed
from core.engine.monitoring.contest import Contest, Unseen
from core.engine.monitoring.outlook import Outlook
from studio.routes.fields import side_by_side, unseen, why_not
from studio.routes.guide import guide
from tests.studio.panel.stand_ins import Desk


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"learners": ("planes", "field")}, ""),
        ({"learners": ("field",)}, "There are no planes here"),
        ({"learners": ("depth-maps", "field")}, ""),
        ({"learners": ("depth-maps",)}, ""),  # the network begins when it is asked for
        ({"learners": ("planes",), "stage": "bootstrap"}, "The relu network begins"),
        ({"learners": ("planes",)}, "Planes are all there is"),
        ({"learned": None}, ""),
    ],
)
def test_where_nothing_can_be_chosen_it_is_said_why(
    facts: dict[str, Any], told: str, tmp_path: Path
) -> None:
    snapshot = Desk(tmp_path, **facts).snapshot
    why, can = why_not(snapshot), side_by_side(snapshot)["show_can"]
    assert can is (not told and "learned" not in facts)
    assert told in why and bool(why) is bool(told)


def test_a_network_beside_depth_maps_that_do_not_stand_yet_is_promised_with_its_time(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, learners=("depth-maps", "field"), playing=True, shown="depth-maps")
    learned = desk.snapshot.learned
    assert learned is not None
    config = changed(desk.snapshot.config, {"explore.show": "both", "field.kind": "siren"})
    alone = dataclasses.replace(learned, shown="depth-maps")
    desk.publish(config=config, stage="explore", learned=alone, outlook=Outlook(3, part=0.128))
    promise = "Depth maps, 12 %. The siren network is seen beside them once they stand"
    assert guide(desk.snapshot) == promise
    for left, told in ((41.0, "50 s"), (89.9, "90 s"), (130.0, "3 min")):
        desk.publish(outlook=Outlook(3, part=0.128, seconds_left=(30.0, left)))
        assert guide(desk.snapshot) == f"{promise}, in at most {told}"
    desk.publish(learned=dataclasses.replace(alone, pair=(alone.scene, alone.scene)))
    assert guide(desk.snapshot) == "Sharpening, 12 %", "both are seen now"
    desk.publish(learned=alone, config=changed(config, {"explore.show": "best"}))
    assert guide(desk.snapshot) == "Sharpening, 12 %", "nobody asked for it"


def test_where_the_field_is_planes_depth_maps_are_all_there_is(tmp_path: Path) -> None:
    snapshot = Desk(tmp_path, learners=("depth-maps",)).snapshot
    config = changed(snapshot.config, {"field.kind": "planes"})
    got = side_by_side(dataclasses.replace(snapshot, config=config))
    assert got["show_waits"].startswith("Depth maps are all there is") and not got["show_can"]


def test_sides_and_contest_are_told_by_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path, learners=("planes", "field"), unseen_psnr={"planes": 25.0})
    assert side_by_side(desk.snapshot)["sides"] is None
    learned = desk.snapshot.learned
    assert learned is not None
    pair = dataclasses.replace(learned, pair=(learned.scene, learned.scene))
    desk.publish(learned=pair, contest=Contest("planes", 1.5, 60, (5.0, 4.0, 9.0)))
    got = side_by_side(desk.snapshot)
    assert got["sides"] == ["planes", "relu"] and got["names"]["field"] == "relu"
    warped = dataclasses.replace(desk.snapshot, learners=("depth-maps", "field"))
    assert side_by_side(warped)["sides"] == ["depth maps", "relu"]
    passes = {"expected": 5.0, "least": 4.0, "most": 9.0}
    assert got["contest"] == {"leader": "planes", "lead": 1.5, "taken": 60, "passes": passes}
    assert got["both_unseen_psnr"] == {"planes": 25.0, "field": None}


def test_curves_are_thinned_and_the_newest_point_stays() -> None:
    rows = [(step, 25.0, step / 100, 0.0) for step in np.arange(60.0, 60_060, 60)]
    got = unseen(Unseen.of(rows), 240)
    assert 200 < len(got["steps"]) <= 240 and got["steps"][-1] == 60_000
    assert {len(values) for values in got.values()} == {len(got["steps"])}
