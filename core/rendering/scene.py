"""What was learned, as it can be looked at."""

import abc
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from core.fields import SceneField
from core.geometry.cameras import Camera
from core.geometry.rays import Rays, camera_rays
from core.parallel import fetched, urgent
from core.rendering.halving import halving
from core.rendering.occupancy import Occupancy
from core.rendering.picture import Pace, Picture
from core.rendering.volume import (
    Proposal,
    RaySettings,
    Rendering,
    joined,
    rays_at_once,
    render_rays,
    spread_out,
    unseen,
    weights_of,
)

CHUNK_ON_GPU = 2**16  # rays at least, which take it hardly longer than one
LEAST_MET = 0.1  # of a ray's light that is stopped, where it is worth rendering


class Scene(abc.ABC):
    """A scene that no longer changes: all that viewers, exports and scores ask of one."""

    @property
    @abc.abstractmethod
    def device(self) -> torch.device:
        """Where its tensors live."""

    @abc.abstractmethod
    def seen_by(self, camera: Camera, pace: Pace) -> Iterator[Picture | None]:
        """What a camera sees, at its size: None between chunks of work, then the picture.

        Args: `pace`: measured speed, which is heeded and improved.
        """

    @abc.abstractmethod
    def copied(self) -> Self:
        """One that stays as it is while learning goes on."""

    def moved(self, device: torch.device) -> Self:
        """One whose tensors live there; what is not made for other devices stays."""
        return self

    @property
    def by_itself(self) -> "Scene":
        """The same without what single photos add to it: they would answer for themselves."""
        return self


@dataclass(frozen=True, eq=False)
class FieldScene(Scene):
    """A field, the axes of its ndc and its ray settings: seen ray by ray."""

    field: SceneField
    normalized_focal: Tensor  # (2,) of the rig, which fixes the axes of ndc
    settings: RaySettings
    proposal: Proposal | None = None  # of the same scene: where the field is asked

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self.normalized_focal.device

    @property
    def error_left(self) -> float:
        """Part of its rays' squared error that is left in whole pictures, if these have less."""
        return 1.0

    @torch.inference_mode()
    def render(self, rays: Rays) -> Rendering:
        """What R rays see, without jitter or noise; rendered in pieces that stay in cache."""
        if not self.settings.only_met or not isinstance(self.proposal, Occupancy):
            return self._rendered(rays)
        met = weights_of(self.proposal.alpha(rays)).sum(-1) > LEAST_MET
        if not met.any():
            return unseen(len(met), self.settings.points(self.proposal), self.device)
        return spread_out(self._rendered(Rays(rays.origins[met], rays.directions[met])), met)

    def _rendered(self, rays: Rays) -> Rendering:
        total = len(rays.origins)
        points, numbers = (
            self.settings.points(self.proposal),
            (self.normalized_focal, self.settings),
        )

        def whole(piece: int) -> Rendering:
            parts = (rays[i : i + piece] for i in range(0, total, piece))
            return joined(
                [render_rays(self.field, p, *numbers, proposal=self.proposal) for p in parts]
            )

        return halving(whole, rays_at_once(self.field, total, points, self.device))

    def seen_by(self, camera: Camera, pace: Pace) -> Iterator[Picture | None]:
        """See `Scene`; chunks are as many rays as the pace has time for."""
        with urgent(self.device):
            rays = camera_rays(camera, self.device)
        least = 1 if self.device.type == "cpu" else CHUNK_ON_GPU
        parts: list[np.ndarray] = []
        done, total = 0, camera.width * camera.height
        while done < total:
            began = time.perf_counter()
            count = min(max(pace.chunk(), least), total - done)
            with urgent(self.device):
                seen = self.render(rays[done : done + count])
                packed = torch.cat([seen.rgb, seen.depth[:, None], seen.opacity[:, None]], dim=-1)
                parts.append(fetched(packed.float()).numpy())
            pace.learn(count, time.perf_counter() - began)
            done += count
            if done < total:
                yield None
        pixels = np.concatenate(parts).reshape(camera.height, camera.width, 5)
        yield Picture(pixels[..., :3].clip(0, 1), pixels[..., 3], pixels[..., 4], 1.0, camera)

    def copied(self) -> Self:
        """See `Scene`."""
        assert isinstance(self.field, nn.Module), "what learns is a module"
        return replace(self, field=copy.deepcopy(self.field).requires_grad_(False))

    def moved(self, device: torch.device) -> Self:
        """See `Scene`; this one's field is moved, not copied."""
        if self.device == device:
            return self
        assert isinstance(self.field, nn.Module), "what learns is a module"
        proposal = None if self.proposal is None else self.proposal.to(device)
        focal = self.normalized_focal.to(device)
        return replace(self, field=self.field.to(device), normalized_focal=focal, proposal=proposal)
