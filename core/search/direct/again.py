"""Photos whose cameras do not fit to the others', looked for anew beside those."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.geometry.alignment import best_rotation, umeyama
from core.geometry.cameras import Camera
from core.search.direct.growing import Ground, Growth
from core.search.direct.search import FINE
from core.search.direct.standing import COARSE, Standing, joined
from core.search.judging.audit import in_own_units

FEWEST = 3  # other photos, beside which one can be looked for


def placed_again(
    photos: Tensor, cameras: Sequence[Camera], rows: Sequence[int], seed: int = 0
) -> Iterator[dict[int, Camera]]:
    """Look for the cameras of some photos anew, and yield what stands of them now and then.

    The cameras of the others stay; theirs is the world of what is yielded.

    Args:
        photos: (N, C, H, W) uint8, or float in [0, 1], at the top left of one canvas.
        cameras: N, at the photos' sizes.
        rows: which of them are looked for; at least `FEWEST` are not.
        seed: of all that is drawn.
    """
    known = in_own_units(Cameras.of(cameras, torch.float64))
    others = [row for row in range(len(cameras)) if row not in rows]
    standing = joined(photos, Standing.unseen(others, known), COARSE)
    ground = Ground.of(photos, known, torch.Generator().manual_seed(seed))
    growth = Growth(ground, standing, COARSE)
    while growth.step():
        yield {}
    standing = joined(photos, growth.standing, FINE)
    found = [row for row in standing.photos if row in rows]
    kept = [row for row in others if row in standing.photos]
    moved = standing.cameras.single()
    poses, wanted = (np.stack([some[r].camera_to_world for r in kept]) for some in (moved, cameras))
    back = umeyama(poses[:, :3, 3], wanted[:, :3, 3])
    turn = best_rotation(poses[:, :3, :3], wanted[:, :3, :3])  # which centres on a line leave open
    yield {row: _with_turn(back.camera(moved[row]), turn, moved[row]) for row in found}


def _with_turn(camera: Camera, turn: np.ndarray, before: Camera) -> Camera:
    pose = camera.camera_to_world.copy()
    pose[:3, :3] = turn @ before.camera_to_world[:3, :3]
    return replace(camera, camera_to_world=pose)
