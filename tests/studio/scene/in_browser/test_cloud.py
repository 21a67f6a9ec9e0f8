"""Points stand where the planes are, in their colours, and no more than a weak link can bear."""

import numpy as np
import pytest
import torch

from core.errors import Cancelled
from core.exporting.jobs import Watch
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.rendering.scene import Scene
from studio.scene.coordinates import SCALE
from studio.scene.in_browser import cloud
from studio.scene.in_browser.cloud import by_size, far_apart, points_of
from studio.scene.painting.baked import Baked
from tests.cameras import camera
from tests.studio.scene.stand_ins import CAMERAS, FOCAL, HEIGHT, WIDTH, scene

DISPARITY, RGB = 0.5, (200, 100, 50)
OPAQUE, CLEAR = 20.0, -20.0


def wall(alpha: float = OPAQUE) -> Scene:
    """One opaque plane of one colour at z = 2 among clear ones."""
    places = even_places(8)
    field = MultiplaneImage(places, 40, 30, Extent((1.4, 1.4), (1.2, 1.2)), 0.1, 1.0)
    at = int((field.disparities - DISPARITY).abs().argmin())
    for block, part in zip(field.blocks, field.slices(), strict=True):
        for logits, index in zip(block.data, range(8)[part], strict=True):
            logits[3] = alpha if index == at else CLEAR
            logits[:3] = torch.logit(torch.tensor(RGB) / 255)[:, None, None]
    return scene(field.requires_grad_(False))


def test_points_of_a_wall_lie_in_it_and_have_its_colour() -> None:
    baked = Baked.of(wall())
    near = baked.disparities[np.abs(baked.disparities - DISPARITY).argmin()]
    points = points_of(baked, CAMERAS, Watch())
    assert points is not None and len(points.sizes) > 500
    assert np.allclose(points.positions[:, 2], 1 / near, rtol=0.01)
    assert np.abs(points.colours.astype(int) - RGB).max() <= 3


def test_where_nothing_is_there_are_no_points() -> None:
    assert points_of(Baked.of(wall(CLEAR)), CAMERAS, Watch()) is None
    assert points_of(Baked.of(wall()), (), Watch()) is None


def test_there_are_never_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "MOST", 100)
    points = points_of(Baked.of(wall()), CAMERAS, Watch())
    assert points is not None
    assert len(points.sizes) == len(points.positions) == len(points.colours) == 100


def test_points_of_a_node_are_alike_in_size_and_none_is_lost() -> None:
    points = points_of(Baked.of(wall()), CAMERAS, Watch())
    assert points is not None
    points = type(points)(
        points.positions, points.colours, np.geomspace(1, 9, len(points.sizes)), points.facing
    )
    groups = by_size(points)
    assert sum(len(positions) for positions, _, _ in groups) == len(points.sizes)
    assert all(len(positions) == len(colours) for positions, colours, _ in groups)
    sizes = [size / SCALE / cloud.CLOSE for _, _, size in groups]
    assert sizes == sorted(sizes) and 1 <= sizes[0] < sizes[-1] <= 9
    assert np.allclose(groups[0][0][0], points.positions[0] * SCALE)


def test_cameras_are_taken_from_the_middle_and_from_all_sides() -> None:
    row = [camera((x, 0, 0), (0, 0, 0), FOCAL, (WIDTH, HEIGHT)) for x in np.linspace(-1, 1, 21)]
    chosen = [each.position[0] for each in far_apart(row, row[10])]
    assert np.allclose(chosen[:3], [0, -1, 1]) and len(chosen) == cloud.VIEWS
    assert len(set(np.round(chosen, 6))) == cloud.VIEWS
    assert len(far_apart(row[:2], row[0])) == 2


def test_it_can_be_stopped_between_two_views() -> None:
    with pytest.raises(Cancelled):
        points_of(Baked.of(wall()), CAMERAS, Watch(cancelled=lambda: True))
