"""A scene small enough to film in a moment."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from core.fields import ReluField
from core.geometry.cameras import Camera
from core.rendering.scene import FieldScene
from core.rendering.volume import RaySettings
from core.training.learned import Learned


@pytest.fixture
def learned() -> Learned:
    """Six cameras near the origin that look along +z, the fourth held out, before a random fog."""
    rng = np.random.default_rng(3)
    poses = np.tile(np.eye(4), (6, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(rng.normal(0, 0.1, (6, 3))).as_matrix()
    poses[:, :3, 3] = rng.normal(0, 0.1, (6, 3))
    cameras = tuple(Camera(pose, 30.0, 30.0, 16.0, 12.0, 32, 24) for pose in poses)
    names = tuple(f"photo {index}.jpg" for index in range(6))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        field = ReluField(16, 2, 4, 3, 1, False, True, "softplus", "float32").requires_grad_(False)
    settings = RaySettings("ndc", 0.0, 1.0, 8, False)
    scene = FieldScene(field, torch.tensor([30 / 32, 30 / 24]), settings)
    return Learned(names, cameras, (False, False, False, True, False, False), scene)
