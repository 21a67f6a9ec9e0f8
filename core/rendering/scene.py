"""A field together with what is needed to render it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.fields import SceneField
from core.geometry.rays import Rays
from core.multiplane.field import PlanesField
from core.rendering.volume import RaySettings, Rendering, joined, rays_at_once, render_rays


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
