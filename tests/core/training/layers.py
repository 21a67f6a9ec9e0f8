"""A scene of three textured layers, photographed exactly; and recipes of few steps."""

from dataclasses import replace

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from core.config import Config
from core.geometry.cameras import Camera
from core.multiplane.schedule import Level, Recipe
from core.photos import PhotoSet
from core.training import build

DEPTHS = (1.3, 2.2, 5.0)
FINER = 3  # rays along each side of a pixel
RECIPE = build.recipe(Config())
RATIO = 0.82  # focal length over the longer side


def brief(recipe: Recipe = RECIPE, steps: int = 4, most_photos: int = 24) -> Recipe:
    """The same recipe with a few steps of every level."""

    def short(levels: tuple[Level, ...]) -> tuple[Level, ...]:
        return tuple(replace(level, steps=steps, rays=min(level.rays, 300)) for level in levels)

    (trial,) = short((recipe.trial,))
    return Recipe(
        short(recipe.starting), short(recipe.settling), trial, short(recipe.registration),
        short(recipe.sharpening), most_photos,
    )  # fmt: skip


def thrifty() -> Recipe:
    """Fewer steps and pixels, enough to find the cameras of `layered`."""
    first, second = RECIPE.starting
    (third,) = RECIPE.settling
    return replace(
        RECIPE,
        starting=(replace(first, steps=70), replace(second, steps=60)),
        settling=(replace(third, pixels=1000, steps=36),),
        trial=replace(RECIPE.trial, pixels=1000, steps=12),
    )


def circle(count: int, width: int, height: int) -> list[Camera]:
    """Cameras around a circle before the layers, each turned a little its own way."""
    rng, cameras, focal = np.random.default_rng(1), [], RATIO * max(width, height)
    for index in range(count):
        pose, reach = np.eye(4), 0.16 * (0.4 + 0.3 * (index % 3))
        turn = 2.4 * index
        pose[:3, 3] = reach * np.cos(turn), reach * np.sin(turn), 0.03 * reach * rng.normal()
        pose[:3, :3] = Rotation.from_rotvec(0.03 * rng.normal(size=3)).as_matrix()
        cameras.append(Camera(pose, focal, focal, width / 2, height / 2, width, height))
    return cameras


def layered(count: int = 6, width: int = 64, height: int = 48) -> tuple[PhotoSet, list[Camera]]:
    """Photos of the layers and the cameras that took them."""
    return taken(circle(count, width, height))


def taken(cameras: list[Camera]) -> tuple[PhotoSet, list[Camera]]:
    """Photos of the layers from these cameras, and the cameras again."""
    return photo_set(np.stack([photograph(camera) for camera in cameras])), cameras


def photo_set(pixels: np.ndarray) -> PhotoSet:
    """Pictures (N, H, W, 3) under the names 00.png, 01.png and on."""
    names = tuple(f"{index:02d}.png" for index in range(len(pixels)))
    return PhotoSet(names, pixels, pixels.shape[2], pixels.shape[1], None, ())


def photograph(camera: Camera) -> np.ndarray:
    """(H, W, 3) uint8 of the nearest layer along every ray, averaged over each pixel."""
    large = camera.resized(camera.width * FINER, camera.height * FINER)
    y, x = np.mgrid[: large.height, : large.width] + 0.5
    tangents = large.tangents(np.stack([x, y], -1))
    local = np.concatenate([tangents, np.ones_like(x)[..., None]], -1)
    directions = local @ camera.camera_to_world[:3, :3].T
    picture = np.zeros_like(directions)
    for layer in reversed(range(len(DEPTHS))):
        way = (DEPTHS[layer] - camera.position[2]) / directions[..., 2]
        x, y = np.moveaxis(
            (camera.position[:2] + way[..., None] * directions[..., :2]) / DEPTHS[layer], -1, 0
        )
        picture = np.where(_holds(layer, x, y)[..., None], _texture(layer, x, y), picture)
    small = cv2.resize(picture, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return (255 * small).round().astype(np.uint8)


def _holds(layer: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    match layer:
        case 0:
            return ((x + 0.35) ** 2 + y**2 < 0.1) | ((x - 0.4) ** 2 + (y - 0.25) ** 2 < 0.03)
        case 1:
            far = (x + 0.5) ** 2 + (y + 0.35) ** 2 < 0.05
            return ((np.abs(x - 0.15) < 0.22) & (y > -0.3)) | far
        case _:
            return np.ones_like(x, dtype=bool)


def _texture(layer: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    colours = np.random.default_rng(layer).uniform(0, 1, (10, 14, 3)).astype(np.float32)
    smooth = cv2.resize(colours, (280, 200), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    column, row = (x + 1.6) * 87.5, (y + 1.2) * 83.3
    return cv2.remap(
        smooth, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
