"""Laws of colour: which end is near, and that frames agree."""

import numpy as np
import pytest

from core.errors import InputError
from core.exporting.colour import COLOUR_MAPS, LONGEST, colourise, common_limits
from core.geometry.cameras import Camera
from core.rendering.picture import Picture


def picture(depth: np.ndarray, opacity: float | np.ndarray = 1.0) -> Picture:
    rgb = np.linspace(0, 1, depth.size * 3, dtype=np.float32).reshape(*depth.shape, 3)
    shape = Camera(np.eye(4), 1, 1, 0, 0, depth.shape[1], depth.shape[0])
    full = np.broadcast_to(np.float32(opacity), depth.shape)
    return Picture(rgb, depth.astype(np.float32), full, 1.0, shape)


SLOPE = np.linspace(1, 10, 200).reshape(1, 200)  # nearest on the left


def test_rgb_is_rounded_not_cut():
    shown = colourise(picture(SLOPE), "rgb", "turbo")
    assert shown.dtype == np.uint8 and shown.shape == (1, 200, 3)
    assert shown[0, 0, 0] == 0 and shown[0, -1, -1] == 255
    assert np.abs(shown / 255 - picture(SLOPE).rgb).max() <= 0.5 / 255 + 1e-6


def far_and_near(pictures: list[Picture], channel: str) -> tuple[float, float]:
    limits = common_limits(pictures, channel)
    assert limits is not None
    return limits


@pytest.mark.parametrize("channel", ["depth", "disparity"])
@pytest.mark.parametrize("colour_map", ["gray", "viridis", "magma"])
def test_near_is_bright(colour_map, channel):
    shown = colourise(picture(SLOPE), channel, colour_map)
    brightness = shown.astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness[0]) <= 1).all() and brightness[0, 0] > brightness[0, -1] + 100


@pytest.mark.parametrize("channel", ["depth", "disparity"])
def test_near_is_red_and_far_is_blue_in_turbo(channel):
    shown = colourise(picture(SLOPE), channel, "turbo").astype(int)
    assert shown[0, 0, 0] > shown[0, 0, 2] and shown[0, -1, 2] > shown[0, -1, 0]


def test_depth_is_even_in_distance_and_disparity_in_its_inverse():
    for channel, values in (("depth", SLOPE), ("disparity", 1 / SLOPE)):
        shown = colourise(picture(SLOPE), channel, "gray", far_and_near([picture(SLOPE)], channel))
        inner = slice(10, 190)  # the limits leave out outliers
        per_value = np.gradient(shown[0, inner, 0].astype(float)) / np.gradient(values[0, inner])
        middle = per_value[5:-5].reshape(-1, 17).mean(axis=1)
        assert np.allclose(middle, middle.mean(), rtol=0.1)


@pytest.mark.parametrize("channel", ["depth", "disparity"])
def test_where_nothing_is_looks_far_and_does_not_spoil_the_limits(channel):
    depth, opacity = SLOPE.copy(), np.ones_like(SLOPE)
    depth[0, :50], opacity[0, :50] = 1e-9, 0.01
    seen = picture(depth, opacity)
    shown = colourise(seen, channel, "gray")
    assert (shown[0, :50] == 0).all() and shown[0, 50, 0] == 255
    near = far_and_near([seen], channel)[1]
    assert (1 / near if channel == "disparity" else near) >= depth[0, 50]


def test_outliers_do_not_decide_the_limits():
    depth = SLOPE.copy()
    depth[0, 0] = 1e-6
    assert far_and_near([picture(depth)], "disparity")[1] < 2
    depth[0, 0] = 1e6
    assert far_and_near([picture(depth)], "depth")[0] < 11


def test_a_far_sky_does_not_have_the_map_of_depths_alone():
    depth = SLOPE.copy()
    depth[0, :80] = 1e4
    assert far_and_near([picture(depth)], "depth")[0] == pytest.approx(LONGEST * np.median(depth))


@pytest.mark.parametrize("channel", ["depth", "disparity"])
def test_with_common_limits_the_same_depth_has_the_same_colour_in_every_frame(channel):
    near, far = picture(SLOPE), picture(SLOPE + 4)
    limits = common_limits([near, far], channel)
    shown = [colourise(seen, channel, "turbo", limits)[0] for seen in (near, far)]
    twins = [(i, int(np.abs(SLOPE + 4 - SLOPE[0, i]).argmin())) for i in range(100, 190, 10)]
    for index, twin in twins:
        assert SLOPE[0, twin] + 4 == pytest.approx(SLOPE[0, index], abs=0.03)
        assert np.abs(shown[0][index].astype(int) - shown[1][twin]).max() <= 8


@pytest.mark.parametrize("channel", ["depth", "disparity"])
def test_a_flat_wall_and_an_empty_scene_show_no_noise(channel):
    rng = np.random.default_rng(0)
    wall = picture(5 + rng.normal(0, 1e-7, (20, 20)))
    assert np.ptp(colourise(wall, channel, "gray")) <= 1
    empty = picture(rng.uniform(0, 1, (20, 20)), opacity=0.0)
    assert np.ptp(colourise(empty, channel, "gray")) == 0


@pytest.mark.parametrize("channel", ["rgb", "opacity"])
def test_what_lies_in_0_to_1_needs_no_limits(channel):
    assert common_limits([picture(SLOPE)], channel) is None


@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
def test_opacity_uses_the_whole_map(colour_map):
    opacity = np.array([[0.0, 0.5, 1.0, np.nan]])
    shown = colourise(picture(np.ones((1, 4)), opacity), "opacity", colour_map)
    assert len({tuple(colour) for colour in shown[0].tolist()}) == 3
    assert (shown[0, 0] == shown[0, 3]).all()


def test_gray_is_the_value_itself():
    shown = colourise(picture(np.ones((1, 2)), np.array([[0.2, 1.0]])), "opacity", "gray")
    assert shown.tolist() == [[[51, 51, 51], [255, 255, 255]]]


@pytest.mark.parametrize(("channel", "colour_map"), [("heat", "turbo"), ("depth", "rainbow")])
def test_unknown_words_are_refused_with_the_choice(channel, colour_map):
    with pytest.raises(InputError, match="choose"):
        colourise(picture(SLOPE), channel, colour_map)
