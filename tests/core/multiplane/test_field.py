"""Laws of a multi-plane image: where planes stand, and that growing keeps the picture."""

import pytest
import torch
from torch import Tensor

from core.geometry.cameras import Camera, CameraRig
from core.geometry.rays import camera_rays
from core.multiplane.field import Extent, MultiplaneImage, even_places
from core.rendering.volume import RaySettings, Rendering, render_rays

SETTINGS = RaySettings("ndc", 0.0, 1.0, 8, False)
ONE = Extent((1.4, 1.4), (1.4, 1.4))
UNEVEN = torch.tensor([1.0, 0.9, 0.75, 0.5, 0.42, 0.3, 0.1, 0.02])


def waving(
    places: Tensor, width: int = 48, height: int = 36, extent: Extent = ONE
) -> MultiplaneImage:
    """Planes whose colours and alphas vary smoothly along all three axes."""
    field = MultiplaneImage(places, width, height, extent, 0.05, 1.0)
    y, x = torch.meshgrid(torch.linspace(0, 4, height), torch.linspace(0, 5, width), indexing="ij")
    with torch.no_grad():
        for part, block in zip(field.slices(), field.blocks, strict=True):
            for plane, texels in zip(places[part], block, strict=True):
                waves = [torch.sin(x * (1 + 0.2 * c) + 2 * plane + c) for c in range(3)]
                texels[:3] = torch.stack(waves)
                texels[3] = torch.cos(x - y + 3 * plane) - 2
    return field


def seen_by_reference(field: MultiplaneImage, ratio: float = 0.8) -> Rendering:
    """What the reference camera sees."""
    rig = CameraRig(1, 32, 24, "axis-angle", "square", True, ratio)
    rays = camera_rays(rig.cameras()[0])
    with torch.no_grad():
        return render_rays(field, rays, rig.normalized_focal(), SETTINGS)


def test_places_are_disparities() -> None:
    field = MultiplaneImage(UNEVEN, 6, 4, ONE, 0.05, 2.0)
    assert torch.allclose(field.disparities, (0.05 + 0.95 * UNEVEN) / 2)
    assert field.disparities[0] == 0.5
    assert field.size == (8, 6, 4)
    assert [len(range(8)[part]) for part in field.slices()] == [2, 2, 2, 2]
    assert even_places(5).tolist() == [1, 0.75, 0.5, 0.25, 0]


def test_fresh_planes_are_grey_and_of_one_alpha() -> None:
    seen = seen_by_reference(MultiplaneImage(even_places(4), 6, 4, ONE, 0.05, 1.0, alpha=0.25))
    assert torch.allclose(seen.opacity, torch.full((32 * 24,), 1 - 0.75**4), atol=1e-6)
    assert torch.allclose(seen.rgb, 0.5 * seen.opacity.unsqueeze(1), atol=1e-6)


def test_the_reach_grows_linearly_in_disparity() -> None:
    extent = Extent((1.0, 2.0), (3.0, 1.0))
    assert torch.allclose(extent.at(torch.tensor([1, 0.5, 0]))[1], torch.tensor([2.0, 1.5]))
    assert extent.largest == (3.0, 2.0)


def test_state_is_all_there_is() -> None:
    field = waving(UNEVEN, extent=Extent((1.2, 1.5), (2.0, 1.1)))
    again = MultiplaneImage.of(field.state_dict(), 1.0)
    assert torch.equal(seen_by_reference(again).rgb, seen_by_reference(field).rgb)
    assert again.size == field.size


@pytest.mark.parametrize("ratio", [0.5, 1.6])
def test_a_new_focal_length_leaves_the_reference_picture(ratio: float) -> None:
    field = waving(UNEVEN)
    usual, other = seen_by_reference(field), seen_by_reference(field, ratio)
    assert torch.allclose(other.rgb, usual.rgb, atol=1e-5)
    assert torch.allclose(other.depth, usual.depth, rtol=1e-4)


@pytest.mark.parametrize("before", [even_places(8), UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize("planes", [16, 32])
def test_finer_planes_show_the_same(before: Tensor, planes: int) -> None:
    field = waving(before)
    squeezed = torch.linspace(1, float(before[-1]) ** 0.5, planes) ** 2
    for places in (torch.linspace(1, float(before[-1]), planes), squeezed):
        finer = field.finer(places, 96, 72, Extent((1.3, 1.3), (1.6, 1.6)))
        assert finer.size == (planes, 96, 72)
        old, new = seen_by_reference(field), seen_by_reference(finer)
        assert (new.rgb - old.rgb).abs().mean() < 0.03  # the outermost planes stand for less
        assert (new.opacity - old.opacity).abs().mean() < 0.06
        assert (1 / new.depth - 1 / old.depth).abs().mean() < 0.04


def test_the_same_planes_again_are_the_same() -> None:
    field = waving(UNEVEN)
    again = field.finer(UNEVEN, 48, 36, ONE)
    assert torch.allclose(torch.cat(list(again.blocks)), torch.cat(list(field.blocks)), atol=1e-4)


def test_what_is_opaque_or_empty_grows_without_infinities() -> None:
    field = waving(UNEVEN)
    with torch.no_grad():
        field.blocks[0][:, 3], field.blocks[1][:, 3] = 80.0, -80.0
    finer = field.finer(even_places(32), 50, 40, ONE)
    assert all(torch.isfinite(block).all() for block in finer.blocks)


def test_a_view_of_a_camera_at_another_size_is_the_same_scene() -> None:
    field, rig = waving(UNEVEN), CameraRig(1, 32, 24, "axis-angle", "square", True, 0.8)
    camera: Camera = rig.cameras()[0]
    large = render_rays(
        field, camera_rays(camera.resized(96, 72)), rig.normalized_focal(), SETTINGS
    )
    middles = large.rgb.reshape(24, 3, 32, 3, 3)[:, 1, :, 1]
    assert torch.allclose(middles.reshape(-1, 3), seen_by_reference(field).rgb, atol=1e-5)
