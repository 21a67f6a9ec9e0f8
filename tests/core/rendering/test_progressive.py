"""The renderer as a generator: coarse to fine, in pieces, the same as at once."""

from collections.abc import Iterator

import numpy as np
import torch

from core.geometry.cameras import Camera
from core.geometry.rays import camera_rays
from core.rendering.picture import LEVELS, Pace, Picture
from core.rendering.progressive import picture_of, render_progressively
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings

CAMERA = Camera(np.eye(4), 40, 40, 24, 16, 48, 32)
SETTINGS = RaySettings("camera", 0.0, 1.0, 8, False)


def waves(positions, directions, noise=None):
    """Colours that differ everywhere."""
    return torch.sin(positions * 9) * 0.5 + 0.5, positions.square().sum(-1) * 3


SCENE = FieldScene(waves, torch.tensor([0.8, 1.1]), SETTINGS)


def pictures(**changes) -> list[Picture]:
    """All levels of one render."""
    made = render_progressively(
        SCENE, CAMERA, **{"pace": Pace(1e-4), "first_seconds": 0.0, **changes}
    )
    return [picture for picture in made if picture is not None]


def test_levels_double_up_to_the_size_asked_for() -> None:
    made = pictures()
    assert [p.scale for p in made] == list(LEVELS)
    assert [p.rgb.shape for p in made][-2:] == [(16, 24, 3), (32, 48, 3)]
    assert all(p.depth.shape == p.rgb.shape[:2] == p.opacity.shape for p in made)


def test_pieces_make_the_same_picture_as_one() -> None:
    whole = SCENE.render(camera_rays(CAMERA))
    last = pictures(pace=Pace(0.02 / 100), first_seconds=None)[-1]  # about 100 rays in a chunk
    assert np.allclose(last.rgb.reshape(-1, 3), whole.rgb.numpy(), atol=1e-6)
    assert np.allclose(last.depth.ravel(), whole.depth.numpy(), atol=1e-6)
    assert np.allclose(last.opacity.ravel(), whole.opacity.numpy(), atol=1e-6)


def test_stopping_costs_one_chunk() -> None:
    asked: list[int] = []

    def counting(positions, directions, noise=None):
        asked.append(len(positions))
        return waves(positions, directions)

    slow = FieldScene(counting, SCENE.normalized_focal, SETTINGS)
    for _ in render_progressively(slow, CAMERA, Pace(0.02 / 64), first_seconds=None):
        break
    assert sum(asked) < CAMERA.width * CAMERA.height / 4


def test_first_level_is_the_finest_expected_in_time() -> None:
    pace = Pace(1e-4)
    assert LEVELS[pace.first_level(CAMERA, 48 * 32 * 1e-4)] == 1.0
    assert LEVELS[pace.first_level(CAMERA, 48 * 32 * 1e-4 / 4)] == 0.5
    assert LEVELS[pace.first_level(CAMERA, 0.0)] == LEVELS[0]
    assert Pace().first_level(CAMERA, 10.0) == 0


def test_pace_learns_from_measurements() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(100, 0.01)
    assert pace.seconds_per_ray is not None
    assert abs(pace.seconds_per_ray - 1e-4) < 1e-9
    assert pace.chunk() == 200


class Painting(Scene):
    """A scene that makes each view as a whole, by its own means."""

    def __init__(self) -> None:
        self.prepared: list[tuple[int, int]] = []

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def copied(self) -> "Painting":
        return self

    def seen_by(self, camera: Camera, pace: Pace) -> Iterator[Picture | None]:
        size = (camera.height, camera.width)
        self.prepared.append((camera.width, camera.height))
        yield None
        grey = np.linspace(0, 1, camera.width * camera.height, dtype=np.float32).reshape(size)
        yield Picture(np.repeat(grey[..., None], 3, -1), grey, grey, 1.0, camera)


def test_a_scene_prepares_each_view_once_by_its_own_means() -> None:
    scene = Painting()
    made = [p for p in render_progressively(scene, CAMERA, Pace(1e-4), 0.0) if p is not None]
    assert scene.prepared == [(3, 2), (6, 4), (12, 8), (24, 16), (48, 32)]
    assert [picture.scale for picture in made] == list(LEVELS)
    assert np.allclose(made[-1].rgb[..., 0].ravel(), np.linspace(0, 1, 48 * 32))
    assert np.array_equal(picture_of(scene, CAMERA).rgb, made[-1].rgb)
