"""Finding the camera of a photo that a scene has not learned from, by that photo alone.

The scene is frozen. A pose begins among the cameras that were learned and is moved by gradient
descent on the photo's colours, coarse to fine: box-filtered copies of the photo first, whose wide
pixels forgive a wrong beginning, at last the photo itself. No reference camera is used anywhere.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from core.errors import InputError
from core.evaluation.aligning import HOW, aligned
from core.evaluation.steering import Steering, steering
from core.geometry.cameras import Camera
from core.geometry.rays import cast_rays, distortion_of
from core.rendering.halving import halving
from core.rendering.progressive import picture_of
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import rays_at_once, render_rays

AfterChunk = Callable[[float], None]


@dataclass(frozen=True)
class Search:
    """How a camera is looked for: the numbers of the protocol."""

    smallest: int = 24  # pixels of the coarsest copy's longer side, at least
    starts: int = 3  # how many poses are refined on it; the one with the lowest error goes on
    steps: int = 25  # of Adam on each copy
    last_steps: int = 60  # of Adam on the photo itself
    rays: int = 2048  # random pixels of a step
    first_move: float = 0.2  # pixels, by which the first step on a copy moves the picture
    last_move: float = 0.01  # the same of its last step; moves between fall evenly in the logarithm

    def __str__(self) -> str:
        return (
            f"found on the photo itself from learned neighbours: field frozen, Adam, "
            f"{self.starts} starts, {self.steps} steps a level, {self.last_steps} at full size, "
            f"{self.rays} rays"
        )


def description(search: Search, scene: Scene) -> str:
    """How cameras of photos are found in such a scene, in a few words."""
    return str(search) if isinstance(scene, FieldScene) else HOW


def find_camera(
    scene: Scene,
    photo: np.ndarray,
    starts: Sequence[Camera],
    search: Search,
    generator: torch.Generator,
    after_chunk: AfterChunk,
) -> Camera:
    """The camera whose view of the scene is most like a photo.

    Args:
        scene: is not changed.
        photo: (H, W, 3) float32 in [0, 1].
        starts: where to look from; their lenses are kept, before a picture of the photo's shape.
            Where no gradient passes through the scene the first is refined however it looks.
        search: how long to look.
        generator: draws the pixels of each step, on the CPU.
        after_chunk: told how many seconds each step took. It may wait a little, or raise to stop.

    Returns:
        The camera at the photo's size.

    Raises:
        InputError: the scene is not finite numbers.
    """
    coarsest, *finer = box_filtered(photo, search.smallest)
    starts = [before(camera, photo.shape[1], photo.shape[0]) for camera in starts]
    errors = [squared_error(scene, camera, coarsest) for camera in starts]
    if not np.isfinite(errors).all():
        raise InputError("The scene's colours are not finite numbers; train it anew.")
    hopeful = [starts[index] for index in np.argsort(errors, kind="stable")]
    likely = hopeful[: search.starts]
    if not isinstance(scene, FieldScene) and starts[0] not in likely:
        likely.append(starts[0])  # a small turn makes a wide scene look unlike, and this is quick
    reached = [
        refined(scene, coarsest, start, search, search.steps, generator, after_chunk)
        for start in likely
    ]
    best = min([*reached, hopeful[0]], key=lambda camera: squared_error(scene, camera, coarsest))
    for copy in finer[:-1]:
        best = refined(scene, copy, best, search, search.steps, generator, after_chunk)
    return refined(scene, photo, best, search, search.last_steps, generator, after_chunk)


def before(camera: Camera, width: int, height: int) -> Camera:
    """A camera whose longer side sees what it saw, before a picture of another shape.

    It is the same where the shape is, but for rounding.
    """
    alike = camera.scaled(max(width, height) / max(camera.width, camera.height))
    if abs(alike.width - width) <= 1 and abs(alike.height - height) <= 1:
        return camera
    return alike.cropped(width, height)


def box_filtered(photo: np.ndarray, smallest: int) -> list[np.ndarray]:
    """Copies of a photo (H, W, 3), each half the size of the next; the last is the photo itself.

    Args: `smallest`: no copy's longer side is shorter, unless the photo's is.
    """
    height, width = photo.shape[:2]
    copies, scale = [photo], 2
    while max(height, width) / scale >= smallest:
        size = (max(1, round(width / scale)), max(1, round(height / scale)))
        copies.insert(0, cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
        scale *= 2
    return copies


def squared_error(scene: Scene, camera: Camera, photo: np.ndarray) -> float:
    """Mean over all pixels and channels of what a camera sees against a photo (H, W, 3)."""
    seen = picture_of(scene, camera.resized(*photo.shape[1::-1])).rgb
    return float(np.square(seen - photo).mean())


def refined(
    scene: Scene,
    photo: np.ndarray,
    start: Camera,
    search: Search,
    steps: int,
    generator: torch.Generator,
    after_chunk: AfterChunk,
) -> Camera:
    """A camera moved until its view is like a photo (H, W, 3).

    By `steps` of Adam where a gradient passes through the scene, else as `aligning` has it.
    """
    if not isinstance(scene, FieldScene):
        return aligned(scene, photo, start, after_chunk)
    wheel = steering(scene, start.resized(*photo.shape[1::-1]))
    wanted = torch.from_numpy(photo).to(scene.device)
    total = photo.shape[0] * photo.shape[1]
    rays = min(search.rays, total)
    numbers = torch.zeros(6, device=scene.device, requires_grad=True)
    adam = torch.optim.Adam([numbers], betas=(0.9, 0.99), eps=1e-12)
    for move in np.geomspace(search.first_move, search.last_move, steps):
        began = time.perf_counter()
        adam.param_groups[0]["lr"] = float(move)
        which = torch.randint(total, (rays,), generator=generator)
        numbers.grad = _gradient(scene, wheel, numbers, wanted, which.to(scene.device))
        adam.step()
        after_chunk(time.perf_counter() - began)
    return wheel.moved(numbers)


def _gradient(
    scene: FieldScene, wheel: Steering, numbers: Tensor, photo: Tensor, which: Tensor
) -> Tensor:
    """(6,) of the mean squared error over pixels, in pieces that stay in cache.

    Args: photo (H, W, 3); which (R,) pixels of it, counted row by row.
    """
    camera, width = wheel.camera, photo.shape[1]
    pixels = torch.stack([which % width, which // width], dim=-1) + 0.5
    colours = photo.reshape(-1, 3)[which]
    focal = photo.new_tensor([camera.fx, camera.fy])
    centre = photo.new_tensor([camera.cx, camera.cy])
    k1 = distortion_of(camera, photo.device)

    def pulled(piece: int) -> Tensor:
        total = torch.zeros_like(numbers)
        for begin in range(0, len(which), piece):
            part = slice(begin, begin + piece)
            rays = cast_rays(wheel.pose(numbers), focal, centre, pixels[part], k1)
            seen = render_rays(
                scene.field, rays, scene.normalized_focal, scene.settings, proposal=scene.proposal
            )
            error = (seen.rgb - colours[part]).square().mean(-1).sum() / len(which)
            total += torch.autograd.grad(error, numbers)[0]
        return total

    points = scene.settings.points(scene.proposal)
    return halving(pulled, rays_at_once(scene.field, len(which), points, photo.device))
