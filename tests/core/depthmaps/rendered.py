"""Photos of a small world whose every depth is known: a bent wall, and balls in front of it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.depthmaps.cameras import Cameras
from core.geometry.cameras import Camera

BALLS = ((-0.5, 0.2, 3.2, 0.55), (0.7, -0.3, 3.6, 0.45))  # x, y, z and radius
WALL, SLOPE = 5.0, 0.25  # depth at x 0, and its change with x


@dataclass(frozen=True)
class Shot:
    """Photos (N, 3, H, W) in [0, 1], their cameras, and the inverse depths (N, H, W)."""

    photos: Tensor
    cameras: Cameras
    inverse: Tensor


def shoot(
    count: int = 7,
    degrees: float = 30.0,
    sizes: tuple[tuple[int, int], ...] = ((126, 94),),
    k1: float = 0.0,
    seed: int = 0,
    flat: bool = False,
    distance: float = 4.0,
) -> Shot:
    """Photos from an arc around (0, 0, 4), looking at it; sizes (width, height) in turn.

    Args: `flat`: nothing but a wall without slope.
    """
    cameras = Cameras.of([_camera(i, count, degrees, sizes, k1, distance) for i in range(count)])
    width, height = cameras.canvas
    photos = torch.zeros(count, 3, height, width)
    inverse = torch.zeros(count, height, width)
    texture = Texture(seed)
    for index in range(count):
        ray = cameras.rays(index).double()
        turn, centre = cameras.rotation[index].double(), cameras.centre[index].double()
        depth = _depth(centre, ray @ turn.T, flat)
        w, h = cameras.sizes[index].tolist()
        points = centre + ray @ turn.T * depth[:, None]
        photos[index, :, :h, :w] = texture(points).T.reshape(3, h, w)
        inverse[index, :h, :w] = (1 / depth).reshape(h, w)
    return Shot(photos, cameras, inverse)


class Texture:
    """Colours (P, 3) of points (P, 3): waves in all directions, longer than a pixel."""

    def __init__(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        direction = torch.randn(3, 12, 3, generator=generator, dtype=torch.float64)
        length = torch.linspace(2, 18, 12, dtype=torch.float64)
        self.waves = torch.nn.functional.normalize(direction, dim=-1) * length[:, None]
        self.phase = torch.rand(3, 12, generator=generator, dtype=torch.float64) * 6.3

    def __call__(self, points: Tensor) -> Tensor:
        angle = torch.einsum("pd,ckd->pck", points, self.waves) + self.phase
        return (0.5 + 0.11 * angle.sin().sum(-1)).clamp(0, 1).float()


def turned(cameras: Cameras, degrees: float, seed: int = 0) -> Cameras:
    """Cameras turned by so much each, and moved by a fiftieth of their spread for each degree."""
    rng = np.random.default_rng(seed)
    spread = float((cameras.centre - cameras.centre.mean(0)).square().sum(-1).mean().sqrt())
    singles = cameras.single()
    moved = []
    for one in singles:
        pose = one.camera_to_world.copy()
        pose[:3, :3] = pose[:3, :3] @ _rotation(_direction(rng) * np.radians(degrees))
        pose[:3, 3] += _direction(rng) * degrees * 0.02 * spread
        moved.append(Camera(pose, one.fx, one.fy, one.cx, one.cy, one.width, one.height, one.k1))
    return Cameras.of(moved)


def _direction(rng: np.random.Generator) -> np.ndarray:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def _rotation(vector: np.ndarray) -> np.ndarray:
    x, y, z = vector
    return torch.linalg.matrix_exp(torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]])).numpy()


def _camera(
    index: int,
    count: int,
    degrees: float,
    sizes: tuple[tuple[int, int], ...],
    k1: float,
    distance: float,
) -> Camera:
    angle = np.radians(degrees) * (index / (count - 1) - 0.5)
    lift = 0.15 * np.sin(2.4 * index)
    pose = np.eye(4)
    pose[:3, :3] = _rotation(np.array([0.0, -angle, 0])) @ _rotation(np.array([lift, 0.0, 0.0]))
    pose[:3, 3] = np.array([0, 0, 4.0]) - distance * pose[:3, 2]
    width, height = sizes[index % len(sizes)]
    focal = 1.1 * max(width, height)
    return Camera(pose, focal, focal, width / 2, height / 2, width, height, k1)


def _depth(origin: Tensor, directions: Tensor, flat: bool) -> Tensor:
    """(P,) along directions of camera z 1."""
    slope = 0.0 if flat else SLOPE
    normal = torch.tensor([-slope, 0.0, 1.0], dtype=torch.float64)
    depth = (WALL - origin @ normal) / (directions @ normal)
    for *middle, radius in () if flat else BALLS:
        away = origin - torch.tensor(middle, dtype=torch.float64)
        a, b = directions.square().sum(-1), directions @ away
        root = b.square() - a * (away @ away - radius**2)
        hit = (-b - root.clamp_min(0).sqrt()) / a
        depth = torch.where((root > 0) & (hit > 0) & (hit < depth), hit, depth)
    return depth
