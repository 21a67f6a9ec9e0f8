"""Small photos, what planes hold, and where finer planes should be."""

import numpy as np
import pytest
import torch

from core.geometry.cameras import CameraRig
from core.geometry.windows import Windows
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.multiplane.placement import SLACK, placed, survey
from core.multiplane.pyramid import SmallPhotos
from core.multiplane.schedule import picture_size, rate_at
from tests.core.training.layers import RECIPE

WIDE = Extent((3.0, 3.0), (3.0, 3.0))


def test_small_photos_are_means_of_boxes() -> None:
    photos = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 24, 32, 3), np.uint8))
    small = SmallPhotos.of(photos, 48, None)
    assert (small.width, small.height) == (8, 6)
    means = photos.float().reshape(3, 6, 4, 8, 4, 3).mean((2, 4)).reshape(3, 48, 3)
    assert (small.colours.float() - means).abs().max() <= 0.51
    assert torch.allclose(small.centres[9], torch.tensor([1.5 / 8, 1.5 / 6]))
    assert torch.equal(small.drawn, torch.arange(48))


def test_pixels_kept_aside_hold_at_full_size_only() -> None:
    photos, allowed = torch.zeros(2, 6, 8, 3, dtype=torch.uint8), torch.tensor([1, 5, 40])
    assert torch.equal(SmallPhotos.of(photos, 10**6, allowed).drawn, allowed)
    assert len(SmallPhotos.of(photos, 12, allowed).drawn) == 12


@pytest.mark.parametrize("photos", [5, 64, 300])
@pytest.mark.parametrize("shapes", [False, True])
def test_photos_take_part_alike_however_many_they_are(photos: int, shapes: bool) -> None:
    sizes = [(8, 6) if photo % 2 else (6, 6) for photo in range(photos)]
    allowed = Windows.of(sizes, (8, 6), None) if shapes else None
    pixels = torch.zeros(photos, 6, 8, 3, dtype=torch.uint8)
    small, generator = SmallPhotos.of(pixels, 48, allowed), torch.Generator().manual_seed(0)
    photo, place = small.draw(200, generator)
    each = photo.bincount(minlength=photos)
    assert len(photo) == 200 and each.max() - each.min() <= 1
    assert torch.equal(place, place.sort().values)  # near pixels near each other
    assert not torch.equal(small.draw(200, generator)[1], place)
    if shapes:
        assert all(
            int(pixel) in allowed.of_one(int(own)) for own, pixel in zip(photo, place, strict=True)
        )


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (2000, 20), (3, 500), (7, 5), (2, 2)])
@pytest.mark.parametrize("pixels", [192, 768, 47376])
def test_picture_sizes_keep_the_shape_and_never_grow(size: tuple[int, int], pixels: int) -> None:
    width, height = picture_size(pixels, *size)
    assert 2 <= width <= size[0] and 2 <= height <= size[1]
    if pixels < size[0] * size[1] and min(width, height) > 4:
        assert width * height == pytest.approx(pixels, rel=0.15)
        assert width / height == pytest.approx(size[0] / size[1], rel=0.15)


def test_rates_are_geometric_between_first_and_last() -> None:
    assert rate_at((1e-2, 1e-4), 0.0) == 1e-2
    assert rate_at((1e-2, 1e-4), 0.5) == pytest.approx(1e-3)
    assert rate_at((1e-2, 1e-4), 1.0) == pytest.approx(1e-4)
    assert rate_at((0, 0), 0.5) == 0


def test_levels_only_grow_and_planes_fill_their_blocks() -> None:
    levels = RECIPE.levels
    assert [level.pixels for level in levels] == sorted(level.pixels for level in levels)
    assert [level.planes for level in levels] == sorted(level.planes for level in levels)
    assert all(level.planes % 4 == 0 for level in levels)
    assert levels[: len(RECIPE.starting)] == RECIPE.starting


def one_solid_plane(plane: int) -> MultiplaneImage:
    """Eight planes; all but one are nearly clear, the one nearly opaque."""
    field = MultiplaneImage(even_places(8), 6, 5, WIDE, 0.05, 1.0)
    with torch.no_grad():
        for part, block in zip(field.slices(), field.blocks, strict=True):
            for index, texels in zip(range(8)[part], block, strict=True):
                texels[3] = 6.0 if index == plane else -6.0
    return field


@pytest.mark.parametrize("plane", [0, 3, 7])
def test_a_survey_finds_where_the_light_is(plane: int) -> None:
    rig = CameraRig(3, 64, 48, "axis-angle", "square", True, 0.8)
    found = survey(one_solid_plane(plane), rig, torch.tensor([0, 2]))
    assert int(found.weights.argmax()) == plane
    assert found.weights[plane] > 0.9


def test_the_extent_holds_every_camera_that_is_asked_for() -> None:
    rig = CameraRig(3, 64, 48, "axis-angle", "square", True, 0.8)
    field = one_solid_plane(3)
    assert survey(field, rig, torch.arange(3)).extent.near == pytest.approx((SLACK, SLACK))
    with torch.no_grad():
        rig.position[1, 0] = 0.5
    near = float(rig.normalized_focal()[0].detach())  # 2 (fx / width) X / Z at Z = 1
    far = 0.05 * near
    found = survey(field, rig, torch.arange(3)).extent
    assert found.near[0] == pytest.approx((1 + near) * SLACK, rel=1e-4)
    assert found.far[0] == pytest.approx((1 + far) * SLACK, rel=1e-4)
    alone = survey(field, rig, torch.tensor([0, 2])).extent
    assert alone.near == pytest.approx((SLACK, SLACK))


@pytest.mark.parametrize("lowest", [0.0, 0.3])
@pytest.mark.parametrize("before", [even_places(8), torch.tensor([1, 0.9, 0.5, 0.2])])
def test_planes_are_placed_where_much_is_seen(before: torch.Tensor, lowest: float) -> None:
    weights = torch.full((len(before),), 0.02)
    weights[1] = 0.9
    found = placed(before, weights, 32, lowest)
    assert found[0] == 1 and float(found[-1]) == pytest.approx(lowest)
    assert (found.diff() < 0).all()
    half = float(before[0] - before[1])
    near = ((found - before[1]).abs() < half).double().mean()
    even = ((torch.linspace(1, lowest, 32) - before[1]).abs() < half).double().mean()
    assert near > 1.3 * even


def test_nothing_seen_places_planes_evenly() -> None:
    found = placed(even_places(8), torch.zeros(8), 16, 0.1)
    assert torch.allclose(found, torch.linspace(1, 0.1, 16), atol=2e-3)
