"""The protocols of papers: split and alignment are theirs, whatever world was learned in."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import InputError
from core.evaluation.protocols import PROTOCOLS, pose_errors
from core.geometry.alignment import Similarity
from core.geometry.cameras import Camera
from core.training.build import held_out

NEAREST = 1.6


def cameras(seed: int, count: int = 17) -> dict[str, Camera]:
    """Some around a place far from the origin, all of one lens."""
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(0.1 * rng.normal(size=(count, 3))).as_matrix()
    poses[:, :3, 3] = np.array([5.0, -3.0, 8.0]) + rng.normal(size=(count, 3))
    return {f"{i:02}": Camera(pose, 100, 100, 50, 40, 100, 80) for i, pose in enumerate(poses)}


def shaken(some: dict[str, Camera]) -> dict[str, Camera]:
    """With errors of about a degree and a hundredth."""
    rng, out = np.random.default_rng(7), {}
    for name, camera in some.items():
        pose = camera.camera_to_world.copy()
        pose[:3, :3] = pose[:3, :3] @ Rotation.from_rotvec(0.02 * rng.normal(size=3)).as_matrix()
        pose[:3, 3] += 0.01 * rng.normal(size=3)
        out[name] = replace(camera, camera_to_world=pose)
    return out


def by_barfs_code(learned: dict[str, Camera], wanted: dict[str, Camera]) -> tuple[float, float]:
    """Step by step as its `procrustes_analysis`, `prealign_cameras` and their errors go."""
    unit = 1 / (0.75 * NEAREST)
    middle = np.mean([one.position for one in wanted.values()], axis=0)
    names = sorted(learned)
    axes = [np.stack([s[n].camera_to_world[:3, :3].T for n in names]) for s in (wanted, learned)]
    x0 = np.stack([(wanted[n].position - middle) * unit for n in names])
    x1 = np.stack([learned[n].position for n in names])
    t0, t1 = x0.mean(0), x1.mean(0)
    s0, s1 = (np.sqrt(((x - t) ** 2).sum(-1).mean()) for x, t in ((x0, t0), (x1, t1)))
    u, _, vt = np.linalg.svd(((x0 - t0) / s0).T @ ((x1 - t1) / s1))
    turn = u @ vt
    assert np.linalg.det(turn) > 0
    centre = (x1 - t1) / s1 @ turn.T * s0 + t0
    aligned = axes[1] @ turn.T
    shift, goal = (-np.einsum("nij,nj->ni", a, c) for a, c in ((aligned, centre), (axes[0], x0)))
    trace = np.einsum("nij,nij->n", aligned, axes[0])
    degrees = np.degrees(np.arccos(((trace - 1) / 2).clip(-1, 1))).mean()
    return float(degrees), float(100 * np.linalg.norm(shift - goal, axis=-1).mean())


def test_barf_is_measured_as_its_code_measures() -> None:
    wanted = cameras(0)
    learned = shaken({name: one for name, one in wanted.items() if name < "15"})
    found = pose_errors(PROTOCOLS["barf"], learned, wanted, NEAREST)
    assert (found.rotation, found.translation) == pytest.approx(by_barfs_code(learned, wanted))
    unknown = pose_errors(PROTOCOLS["barf"], learned, wanted, None)
    assert unknown.translation is None and unknown.rotation == found.rotation


def by_nerfmms_code(learned: dict[str, Camera], wanted: dict[str, Camera]) -> tuple[float, float]:
    """Umeyama's similarity as `align_umeyama` has it, and units as `vis_learned_poses` has them."""
    names = sorted(learned)
    poses, goals = (np.stack([s[n].camera_to_world for n in names]) for s in (learned, wanted))
    for some in (poses, goals):  # the farthest from the first is 2 away
        some[:, :3, 3] *= 2 / np.linalg.norm(some[0, :3, 3] - some[:, :3, 3], axis=1).max()
    model, data = goals[:, :3, 3], poses[:, :3, 3]
    away, other = model - model.mean(0), data - data.mean(0)
    u, values, vt = np.linalg.svd(away.T @ other / len(data))
    assert np.linalg.det(u) * np.linalg.det(vt) > 0
    turn = u @ vt
    scale = values.sum() / (other**2).sum() * len(data)
    moved = scale * data @ turn.T + model.mean(0) - scale * turn @ data.mean(0)
    left = np.einsum("nij,nkj->nik", turn @ poses[:, :3, :3], goals[:, :3, :3])
    degrees = np.degrees([Rotation.from_matrix(one).magnitude() for one in left]).mean()
    return float(degrees), float(np.linalg.norm(moved - model, axis=1).mean())


def test_nerfmm_is_measured_as_its_code_measures() -> None:
    wanted = cameras(0)
    learned = shaken({name: one for name, one in wanted.items() if name != "04"})
    found = pose_errors(PROTOCOLS["nerfmm"], learned, wanted, None)
    assert (found.rotation, found.translation) == pytest.approx(by_nerfmms_code(learned, wanted))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_world_that_was_learned_in_does_not_matter(name: str) -> None:
    wanted = cameras(0)
    learned = shaken(wanted)
    world = Similarity(0.02, Rotation.from_rotvec([1.0, -2.0, 0.5]).as_matrix(), np.ones(3))
    elsewhere = {photo: world.camera(one) for photo, one in learned.items()}
    here, there = (pose_errors(PROTOCOLS[name], s, wanted, NEAREST) for s in (learned, elsewhere))
    assert here.rotation == pytest.approx(there.rotation, abs=1e-6)
    assert here.translation == pytest.approx(there.translation)
    exact = pose_errors(PROTOCOLS[name], wanted, wanted, NEAREST)
    assert exact.rotation < 1e-4 and exact.translation == pytest.approx(0, abs=1e-9)


def test_photos_kept_aside_are_those_of_the_papers() -> None:
    aside = {
        name: [i for i, out in enumerate(held_out(protocol.split, 20)) if out]
        for name, protocol in PROTOCOLS.items()
    }
    assert aside == {"barf": [18, 19], "nerfmm": [0, 8, 16]}  # of fern's 20
    assert [PROTOCOLS[name].long_side for name in aside] == [640, 1008]
    assert [PROTOCOLS[name].focal_known for name in aside] == [True, False]


def test_a_reference_of_other_photos_is_refused() -> None:
    wanted = cameras(0)
    with pytest.raises(InputError, match="no camera of '03'"):
        less = {name: one for name, one in wanted.items() if name != "03"}
        pose_errors(PROTOCOLS["barf"], wanted, less, NEAREST)
