"""What is taken over from COLMAP's models."""

import pytest

pycolmap = pytest.importorskip("pycolmap")
from core.search.features.mapping import model_of  # noqa: E402  needs pycolmap


def model(params: list[float]) -> "pycolmap.Reconstruction":
    """Four photos, each of a camera of its own; the first has this lens."""
    options = pycolmap.SyntheticDatasetOptions()
    options.num_rigs, options.num_cameras_per_rig, options.num_frames_per_rig = 4, 1, 1
    options.num_points3D, options.camera_model_id = 50, pycolmap.CameraModelId.SIMPLE_RADIAL
    options.camera_params = [1280, 512, 384, 0.0]
    found = pycolmap.synthesize_dataset(options)
    next(iter(found.cameras.values())).params = params
    return found


def test_a_photo_whose_lens_ran_away_has_no_camera() -> None:
    whole, rest = model_of(model([1200, 512, 384, 0.1])), model_of(model([4e7, 512, 384, -3e6]))
    assert len(whole.photos) == len(whole.lenses) == 4
    assert len(rest.photos) == len(rest.lenses) == 3
    assert set(rest.photos) < set(whole.photos)
    assert rest.seen[:, 1].max() == 2 and len(rest.seen) == len(rest.residuals) < len(whole.seen)
