"""Scenes: whatever answers what a camera sees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.fields import SceneField
from core.geometry.cameras import Camera
from core.geometry.rays import Rays, camera_rays
from core.multiplane.field import PlanesField
from core.rendering.volume import RaySettings, Rendering, joined, rays_at_once, render_rays

View = Callable[[slice], Rendering]  # some pixels of a picture, counted row by row


class Viewable(Protocol):
    """What can be looked at from anywhere.

    A scene of points along rays answers each pixel by itself. One of pictures, which are carried
    into a view as wholes, prepares the view once in `view` and hands it out in pieces.
    """

    def view(self, camera: Camera) -> View:
        """What a camera sees, to be asked in pieces of a few milliseconds each."""
        ...


@dataclass(frozen=True, eq=False)
class Scene:
    """A field that no longer changes, its frame and its ray settings."""

    field: SceneField
    frame: Tensor  # (2,) fx / width and fy / height of the rig, which fix the axes of ndc
    settings: RaySettings
    guide: PlanesField | None = None  # planes of the same scene, where the field is asked

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self.frame.device

    def view(self, camera: Camera) -> View:
        """What a camera sees, pixel by pixel; see `Viewable`."""
        rays = camera_rays(camera, self.device)
        return lambda part: self.render(rays[part])

    @torch.inference_mode()
    def render(self, rays: Rays) -> Rendering:
        """What R rays see, without jitter or noise; rendered in pieces that stay in cache."""
        total = len(rays.origins)
        piece = rays_at_once(self.field, total, self.settings.points(self.guide), self.device)
        return joined(
            [
                render_rays(
                    self.field, rays[i : i + piece], self.frame, self.settings, guide=self.guide
                )
                for i in range(0, total, piece)
            ]
        )
