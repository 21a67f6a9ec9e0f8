"""Whole pictures and the depth measured on them."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.exporting.pictures import median_depth, shrunk, whole_picture
from core.geometry.cameras import Camera
from core.rendering.picture import Pace
from core.rendering.progressive import render_progressively
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings

VIEW = Camera(np.eye(4), 90.0, 90.0, 50.0, 40.0, 100, 80)


class Walls(nn.Module):
    """Opaque from depth 0.75 on; where x > 0 already from 0.25 on."""

    def forward(
        self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        begins = torch.where(positions[..., 0] > 0, 0.25, 0.75)
        return torch.ones_like(positions), 1e4 * (positions[..., 2] >= begins)


def scene(field: nn.Module) -> Scene:
    return FieldScene(field, torch.ones(2), RaySettings("camera", 0.0, 1.0, 101, False))


def test_a_whole_picture_is_the_last_of_the_progressive_ones(learned):
    *_, last = render_progressively(learned.scene, VIEW, Pace())
    chunks: list[float] = []
    picture = whole_picture(learned.scene, VIEW, Pace(), chunks.append)
    assert picture.scale == 1 and picture.rgb.shape == (80, 100, 3)
    assert np.allclose(picture.rgb, last.rgb, atol=1e-6)
    assert len(chunks) > 1 and min(chunks) > 0


def test_a_shrunk_camera_sees_the_same():
    small = shrunk(VIEW)
    assert (small.width, small.height) == (64, 51)
    assert small.aspect == pytest.approx(VIEW.aspect)
    assert small.vertical_fov == pytest.approx(VIEW.vertical_fov)


@pytest.mark.parametrize(("cx", "depth"), [(40.0, 0.25), (60.0, 0.75)])
def test_median_depth_is_that_of_the_larger_half(cx, depth):
    view = dataclasses.replace(VIEW, cx=cx)
    assert median_depth(scene(Walls()), view) == pytest.approx(depth, abs=0.011)


def test_what_is_not_there_has_no_say_in_the_median():
    class LeftIsEmpty(Walls):
        def forward(
            self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
        ) -> tuple[Tensor, Tensor]:
            colour, density = super().forward(positions, directions, noise)
            return colour, density * (positions[..., 0] > 0)

    mostly_left = dataclasses.replace(VIEW, cx=80.0)
    assert median_depth(scene(LeftIsEmpty()), mostly_left) == pytest.approx(0.25, abs=0.011)


def test_an_empty_scene_has_a_finite_depth():
    class Nothing(Walls):
        def forward(
            self, positions: Tensor, directions: Tensor, noise: Tensor | None = None
        ) -> tuple[Tensor, Tensor]:
            return torch.zeros_like(positions), torch.zeros_like(positions[..., 0])

    assert np.isfinite(median_depth(scene(Nothing()), VIEW))
