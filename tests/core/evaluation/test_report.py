"""What a report says, and that it says it in JSON."""

import json

import pytest

from core.evaluation.cameras import CameraErrors
from core.evaluation.poses import Search
from core.evaluation.report import Report, make_report
from core.evaluation.views import ViewScore
from tests.cameras import camera

ERRORS = CameraErrors(17, 0.0123456, 1.23456, 0.0004, 0.05, False)
SCORES = [
    ("a.jpg", ViewScore(camera(), 20.0, 0.5, 0.2)),
    ("b.jpg", ViewScore(camera(), 30.0, 0.7, 0.3)),
]
FIGURES = [
    "frames",
    "ate",
    "rotation",
    "rotation_best",
    "focal",
    "mirrored",
    "psnr",
    "ssim",
    "lpips",
]


def report(errors: CameraErrors | None = ERRORS, scores=tuple(SCORES)) -> Report:
    return make_report(
        errors, scores, learned=17, split="every8", sizes=[(252, 189)] * 17, search=str(Search())
    )


def test_the_line_has_every_figure_with_its_protocol():
    (line,) = report().line().splitlines()
    facts = json.loads(line)
    assert list(facts)[:9] == FIGURES
    assert facts | {"test_poses": ""} == {
        "frames": 17, "ate": 0.0123, "rotation": 1.235, "rotation_best": 0.0, "focal": 0.05,
        "mirrored": False, "psnr": 25.0, "ssim": 0.6, "lpips": 0.25,
        "photos": {"a.jpg": 20.0, "b.jpg": 30.0},
        "learned": 17, "held_out": 2, "split": "every8", "resolution": "252x189",
        "alignment": "umeyama-sim3", "test_poses": "",
    }  # fmt: skip


def test_the_numbers_of_the_search_are_those_that_were_used():
    search = Search(starts=4, steps=31, last_steps=77, rays=1234)
    words = make_report(
        None, SCORES, learned=1, split="last10", sizes=[(1, 1)], search=str(search)
    ).test_poses
    assert words is not None
    assert all(number in words for number in ("4 starts", "31 steps", "77", "1234 rays"))
    assert "field frozen" in words


@pytest.mark.parametrize(
    ("missing", "figures"),
    [
        ({"errors": None}, {*FIGURES[:6], "alignment"}),
        ({"scores": ()}, {*FIGURES[6:], "test_poses"}),
    ],
)
def test_what_was_not_measured_is_null_and_the_rest_is_there(missing, figures):
    facts = json.loads(report(**missing).line())
    assert {name for name, value in facts.items() if value is None} == figures
