"""Colours are data: order, error, depth."""

import numpy as np
import pytest

from core.rendering.picture import Picture
from studio.scene.colours import COLOUR_MAPS, UNKNOWN, by_error, by_order, mapped, shown
from tests.studio.scene.stand_ins import CAMERAS


def brightness(colour: tuple[int, int, int]) -> float:
    """Perceived, Rec. 709."""
    return float(np.array(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_every_map_takes_any_number(name: str) -> None:
    values = np.array([[-1.0, 0.0, np.nan], [0.5, 1.0, np.inf]])
    colours = mapped(values, name)
    assert colours.shape == (2, 3, 3) and colours.dtype == np.uint8
    assert (colours[0, 0] == colours[0, 1]).all() and (colours[1, 1] == colours[1, 2]).all()


def test_viridis_is_in_red_green_blue() -> None:
    assert mapped(np.array(1.0), "viridis") == pytest.approx([253, 231, 37], abs=3)


def test_order_grows_brighter_and_differs() -> None:
    colours = by_order(20)
    assert len(set(colours)) == 20
    assert (np.diff([brightness(c) for c in colours]) > 0).all()


def test_the_worst_photo_is_the_brightest_and_the_unmeasured_is_grey() -> None:
    colours = by_error((30.0, None, 22.0, 26.0))
    assert colours[1] == UNKNOWN
    assert brightness(colours[2]) > brightness(colours[3]) > brightness(colours[0])


def test_photos_explained_nearly_alike_look_nearly_alike() -> None:
    one, other = (brightness(c) for c in by_error((30.0, 29.9)))
    assert abs(one - other) < 10


def test_without_measurements_all_is_grey() -> None:
    assert by_error((None, None)) == [UNKNOWN, UNKNOWN]


def test_near_is_the_upper_end_of_the_map() -> None:
    depth = np.linspace(1, 20, 100, dtype=np.float32).reshape(10, 10)
    picture = Picture(np.zeros((10, 10, 3)), depth, np.ones((10, 10)), 1.0, CAMERAS[0])
    colours, passing = shown(picture, "depth", "gray")
    assert colours[0, 0, 0] == 255 and colours[-1, -1, 0] == 0
    assert (passing == 0).all()


def test_an_unknown_channel_is_refused() -> None:
    picture = Picture(np.zeros((1, 1, 3)), np.ones((1, 1)), np.ones((1, 1)), 1.0, CAMERAS[0])
    with pytest.raises(ValueError, match="no channel smell"):
        shown(picture, "smell", "gray")
