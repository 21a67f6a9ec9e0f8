"""Planes as nodes of the 3D scene: what a browser composites is what the planes are."""

import numpy as np

from studio.scene.coordinates import SCALE
from studio.scene.in_browser.quads import MOST, quads_of
from studio.scene.painting.baked import Baked
from tests.cameras import camera
from tests.studio.scene.stand_ins import FOCAL, HEIGHT, WIDTH, planes_scene


def test_pictures_stand_where_their_planes_are() -> None:
    baked = Baked.of(planes_scene(8))
    quads = quads_of(baked)
    assert np.allclose([quad.z for quad in quads], SCALE / baked.disparities)
    # A plane of reach 1 covers the reference picture: its half width over its z is tan(fov / 2).
    slopes = [quad.width / 2 / quad.z for quad in quads]
    assert np.allclose(slopes, baked.reach[:, 0] * WIDTH / 2 / FOCAL, rtol=1e-5)


def test_many_planes_become_few_that_look_alike_from_the_front() -> None:
    baked = Baked.of(planes_scene(32))
    quads = quads_of(baked)
    assert len(quads) == MOST
    *_, wanted = baked.seen_by(camera((0, 0, 0), (0, 0, 0), FOCAL, (WIDTH, HEIGHT)))
    assert wanted is not None
    stacked = Baked(
        np.stack([_multiplied(quad.image) for quad in quads]),
        np.array([SCALE / quad.z for quad in quads]),
        np.array([[quad.width, quad.height] for quad in quads])
        / np.array([[quad.z] for quad in quads]) * baked.normalized_focal,
        baked.normalized_focal,
    )  # fmt: skip
    *_, seen = stacked.seen_by(camera((0, 0, 0), (0, 0, 0), FOCAL, (WIDTH, HEIGHT)))
    assert seen is not None
    assert np.abs(seen.rgb - wanted.rgb).mean() < 0.02


def _multiplied(image: np.ndarray) -> np.ndarray:
    part = image[..., 3:] / 255
    return np.concatenate([image[..., :3] * part, image[..., 3:]], -1).round().astype(np.uint8)
