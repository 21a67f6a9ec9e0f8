"""Real sets with reference cameras: features are right, and photos are told what is so, no more."""

from pathlib import Path

import pytest

from core.evaluation.cameras import compare_cameras
from core.formats.reference import read_reference
from core.photos.listing import list_pictures
from core.photos.picture import decode, read_header
from core.photos.sizes import scaled_down
from core.search.features.graph import facts_of_pairs
from core.search.features.process import Bounds, State, cameras_of, start

DATA = Path(__file__).parents[4] / "shared" / "data"
SETS = DATA / "sets"
NARROW = ("fern", "great_wall")  # beside the sets
FEATURELESS = "flower"  # its plant stirs
LONG_SIDE = 1008
TRUTH = {
    "x_mixed": [("apart", 14)],
    "x_apart": [("apart", 7), ("stranger", 1)],
    "x_repeated": [("repeated", 12)],
    "x_panned": [("turned", 14)],
    "x_poster": [("flat", 12)],
    "x_mirrored": [("mirrored", 1)],
    "x_wrong": [("stranger", 1)],
    "x_blurred": [],
    "x_exposure": [],
}  # what pairs tell, and of how many photos
NAMED = {"x_mirrored": (6,), "x_wrong": (6,)}

pytestmark = [pytest.mark.real_photos, pytest.mark.slow, pytest.mark.timeout(900)]
if not SETS.is_dir():
    pytest.skip("these photos are not here", allow_module_level=True)
GOOD = sorted(place.name for place in SETS.iterdir() if place.is_dir() and place.name[:2] != "x_")


def folder(name: str) -> Path:
    beside = DATA / name
    return beside if beside.is_dir() else SETS / name


def matched(name: str) -> tuple[list[str], list[tuple[int, int]], State]:
    """Names and sizes of a set's photos, each at its own shape, and what was found in them."""
    files, _ = list_pictures(folder(name) / "images")
    headers = [read_header(file) for file in files]
    sizes = [scaled_down(header.size, LONG_SIDE) for header in headers]
    pixels = [decode(each, size, "white") for each, size in zip(headers, sizes, strict=True)]
    return [file.name for file in files], sizes, start(pixels, bounds=Bounds(niceness=0)).wait(800)


@pytest.mark.parametrize("name", [*GOOD, *NARROW])
def test_cameras_are_right_and_nothing_false_is_told(name: str) -> None:
    names, sizes, state = matched(name)
    assert state.failure == "" and facts_of_pairs(state.features.pairs, names) == ()
    model = state.features.models[0]
    cameras = {names[row]: camera for row, camera in cameras_of(model, sizes).items()}
    errors = compare_cameras(cameras, read_reference(folder(name) / "transforms.json"))
    print(name, errors, f"{model.error:.2f} px")
    assert errors.frames == len(names) and not errors.mirrored
    assert errors.rotation_best < 1
    # The references of these two are no better known themselves.
    assert errors.ate < {"reichstag": 0.2, "plant": 0.08}.get(name, 0.05)


@pytest.mark.parametrize("name", TRUTH)
def test_impossible_and_damaged_sets_are_told_by_name(name: str) -> None:
    names, _, state = matched(name)
    facts = facts_of_pairs(state.features.pairs, names)
    assert [(fact.kind, len(fact.photos)) for fact in facts] == TRUTH[name]
    if name in NAMED:
        assert facts[0].photos == NAMED[name]


def test_where_features_fail_nothing_wrong_is_said_of_the_photos() -> None:
    names, _, state = matched(FEATURELESS)
    assert facts_of_pairs(state.features.pairs, names) == ()
