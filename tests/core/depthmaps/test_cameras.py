"""Many cameras at once are what single ones are."""

from dataclasses import replace

import numpy as np
import torch

from core.depthmaps.cameras import Cameras, through_lens
from core.geometry.rays import camera_rays
from tests.cameras import camera, same, scattered


def batch(k1: float = -0.1) -> Cameras:
    ones = [replace(one, k1=k1, height=40 + 2 * row) for row, one in enumerate(scattered(0, 4))]
    return Cameras.of(ones, torch.float64)


def test_it_is_the_same_cameras_side_by_side() -> None:
    singles = scattered(1, 5)
    again = Cameras.of(singles, torch.float64).single()
    assert all(same(a, b) for a, b in zip(singles, again, strict=True))


def test_a_point_along_a_pixels_ray_is_seen_at_that_pixel() -> None:
    cameras = batch()
    pixels = torch.rand(4, 30, 2, generator=torch.Generator().manual_seed(0)) * 40
    pixels = pixels.double()
    inverse = 0.2 + torch.rand(4, 30, generator=torch.Generator().manual_seed(1)).double()
    seen, depth = cameras.project(cameras.lift(pixels, inverse))
    assert torch.allclose(seen, pixels, atol=1e-6)
    assert torch.allclose(depth, 1 / inverse)


def test_rays_are_those_of_single_cameras() -> None:
    cameras = batch()
    for index, one in enumerate(cameras.single()):
        world = cameras.rays(index) @ cameras.rotation[index].mT
        assert torch.allclose(world.float(), camera_rays(one).directions, atol=1e-5)


def test_each_photo_keeps_its_shape_at_every_size() -> None:
    wide, high = camera(size=(400, 300)), camera(size=(90, 120), fx=70.0)
    cameras = Cameras.of([wide, high]).at(100)
    assert cameras.sizes.tolist() == [[100, 75], [75, 100]]
    assert cameras.canvas == (100, 100)
    assert Cameras.of([wide, high]).at(200).sizes.tolist() == [[200, 150], [90, 120]]
    for one, of in zip(cameras.single(), (wide, high), strict=True):
        assert np.isclose(one.fx / one.width, of.fx / of.width, rtol=1e-5)


def test_what_is_on_the_canvas_but_beyond_a_photo_is_outside() -> None:
    cameras = Cameras.of([camera(size=(64, 48)), camera(size=(48, 64))])
    pixels = torch.tensor([[60.0, 20.0], [20.0, 60.0], [20.0, 20.0], [20.0, 20.0]])
    depth = torch.tensor([1.0, 1.0, 1.0, -1.0])
    inside = cameras.inside(pixels.expand(2, 4, 2), depth.expand(2, 4))
    assert inside.tolist() == [[True, False, True, False], [False, True, True, False]]


def test_nothing_comes_back_from_beyond_a_barrels_fold() -> None:
    radius = torch.linspace(0, 30, 3000)
    plane = torch.stack([radius, torch.zeros_like(radius)], -1)
    shown = through_lens(plane, torch.tensor(-0.2))[:, 0]
    assert (shown.diff() >= 0).all()
    assert torch.equal(through_lens(plane, torch.tensor(0.0)), plane)


def test_what_is_behind_is_not_seen_however_large_the_world() -> None:
    for scale in (1e-4, 1.0, 1e5):
        cameras = Cameras.of([camera(), camera()])
        pixels, depth = cameras.project(torch.tensor([[0.0, 0, 1], [0, 0, -1]]) * scale)
        assert cameras.inside(pixels, depth).tolist() == [[True, False]] * 2
        assert torch.isfinite(pixels).all()
