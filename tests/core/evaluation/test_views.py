"""Laws of scoring photos that were kept aside."""

import threading

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.evaluation.metrics import psnr, ssim
from core.evaluation.poses import Search
from core.evaluation.views import score_views
from core.fields import ReluField
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import RaySettings
from tests.core.evaluation.conftest import HEIGHT, WIDTH, looking, photograph

QUICK = Search(smallest=12, starts=2, steps=15, last_steps=30, rays=256)
TINY = Search(smallest=12, starts=1, steps=2, last_steps=3, rays=64)
LEARNED = {i: looking((0.06 * i, 0.02 * i, 0), (0, 0.03 * i, 0)) for i in (1, 2, 4)}
SETTINGS = RaySettings("ndc", 0.0, 1.0, 8, False)


def fog() -> Scene:
    """A network nobody has trained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        field = ReluField(16, 2, 4, 3, 1, False, True, "softplus", "float32").requires_grad_(False)
    return FieldScene(field, torch.tensor([0.8, 1.1]), SETTINGS)


def noise(places: list[int]) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(0)
    return {place: rng.integers(0, 255, (18, 24, 3), dtype=np.uint8) for place in places}


def as_photo(picture: np.ndarray) -> np.ndarray:
    return np.round(picture * 255).astype(np.uint8)


def test_a_scene_that_is_known_exactly_scores_as_well_as_eight_bits_allow(scene):
    truth = looking((0.19, 0.04, 0.02), (0.01, 0.1, -0.01))
    photo = as_photo(photograph(scene, truth))
    (score,) = score_views(scene, LEARNED, {3: photo}, search=QUICK)
    unrefined = looking((0.18, 0.06, 0), (0, 0.09, 0))  # between the neighbours, as it begins
    assert psnr(photograph(scene, unrefined), photo / 255) < 25
    assert score.psnr > 40 and score.ssim > 0.98
    picture = photograph(scene, score.camera)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert score.psnr == pytest.approx(psnr(picture, photo / 255), abs=1e-3)
    assert score.ssim == pytest.approx(ssim(picture, photo / 255), abs=1e-6)


def test_nothing_learned_is_changed_by_a_single_bit():
    scene, photos = fog(), noise([0, 3])
    states = [scene.field.state_dict(), {"frame": scene.normalized_focal}]
    before = [{n: t.clone().numpy().tobytes() for n, t in state.items()} for state in states]
    poses = [c.camera_to_world.tobytes() for c in LEARNED.values()]
    score_views(scene, LEARNED, photos, search=TINY)
    assert [{n: t.numpy().tobytes() for n, t in state.items()} for state in states] == before
    assert [c.camera_to_world.tobytes() for c in LEARNED.values()] == poses
    assert all(p.grad is None and not p.requires_grad for p in scene.field.parameters())


def test_a_score_depends_on_its_own_photo_and_on_nothing_beside_it():
    scene, photos = fog(), noise([0, 3, 5])
    alone = [score_views(scene, LEARNED, {i: p}, search=TINY)[0] for i, p in photos.items()]
    together = score_views(scene, LEARNED, photos, search=TINY, workers=3)
    for one, other in zip(alone, together, strict=True):
        assert one.camera.camera_to_world.tobytes() == other.camera.camera_to_world.tobytes()
        assert (one.psnr, one.ssim) == (other.psnr, other.ssim)


def test_progress_is_told_and_chunks_are_counted_wherever_they_run():
    said: list[tuple[int, int]] = []
    threads: set[int] = set()
    score_views(
        fog(), LEARNED, noise([0, 3]), search=TINY, workers=2,
        progress=lambda done, total: said.append((done, total)),
        after_chunk=lambda seconds: threads.add(threading.get_ident()),
    )  # fmt: skip
    assert said == [(0, 2), (1, 2), (2, 2)]
    assert threads and threading.get_ident() not in threads


def test_whoever_asks_to_stop_is_heard():
    class Enough(Exception):
        pass

    def stop(seconds: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        score_views(fog(), LEARNED, noise([0, 3]), search=TINY, workers=2, after_chunk=stop)


def test_a_scene_that_is_not_finite_is_refused():
    scene = fog()
    with torch.no_grad():
        next(scene.field.parameters()).fill_(torch.nan)
    with pytest.raises(InputError, match="not finite"):
        score_views(scene, LEARNED, noise([0]), search=TINY)
