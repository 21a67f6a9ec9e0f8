"""Which perceptual losses a config asks for, and what they are to judge."""

import torch
from torch import Tensor

from core.config import Config
from core.config.sections.losses import Losses
from core.errors import InputError
from core.geometry.cameras import CameraRig
from core.geometry.windows import Windows
from core.perceptual import LOSSES
from core.perceptual.sources import PictureLoss, Source
from core.training.losses.patches import Glimpse, draw_pose, draw_square


class Judges:
    """The losses that a config asks for, loaded once."""

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[Source, PictureLoss]] = {}

    def follow(self, config: Config, device: torch.device, shorter: int) -> None:
        """Load what a config asks for, and forget the rest.

        Args: `shorter` is the shortest side of any photo.

        Raises:
            InputError: something is missing. Nothing is changed then.
        """
        sources = _sources(config.losses)
        for name, source in sources.items():
            _check(name, source, config, shorter)
        old = self._loaded
        self._loaded = {
            name: old[name]
            if name in old and old[name][0] == source
            else (source, LOSSES[name].load(source, device))
            for name, source in sources.items()
        }

    @property
    def waiting(self) -> bool:
        """Whether any loss is on."""
        return bool(self._loaded)

    def glimpses(
        self,
        config: Config,
        rig: CameraRig,
        photos: Tensor,
        candidates: Tensor,
        trained: Tensor,
        allowed: Tensor | Windows | None,
        points: int,
        generator: torch.Generator,
    ) -> list[Glimpse]:
        """One for each loss.

        Args:
            photos: (N, H, W, 3) uint8.
            candidates: (K,) photos to draw from.
            trained: (L,) photos with learned cameras.
            allowed: (Q,) pixels to learn from, or those of each photo; None is all.
            points: of each ray.
            generator: the source of chance.
        """
        found = []
        for name, (_, loss) in self._loaded.items():
            anywhere = LOSSES[name].anywhere
            batch, known = draw_square(
                photos, candidates, allowed, config.losses.side, anywhere,
                points if config.rendering.perturb else 0, generator,
            )  # fmt: skip
            pose = draw_pose(rig, batch.photo[0], trained, generator) if anywhere else None
            found.append(Glimpse(loss, _weights(config.losses)[name], batch, pose, known))
        return found


def _weights(losses: Losses) -> dict[str, float]:
    return {"clip": losses.clip, "ssim": losses.ssim, "lpips": losses.lpips}


def _sources(losses: Losses) -> dict[str, Source]:
    """Of each loss that is on."""
    files = {"clip": losses.clip_weights, "lpips": losses.lpips_weights}
    models = {"clip": losses.clip_model}
    return {
        name: Source(
            f"losses.{name}", f"losses.{name}_weights", files.get(name, ""), models.get(name, "")
        )
        for name, weight in _weights(losses).items()
        if weight > 0
    }


def _check(name: str, source: Source, config: Config, shorter: int) -> None:
    if config.field.kind == "planes":
        raise InputError(
            f"{source.asked_by} judges a network; choose another field.kind than planes, or set "
            "it to 0."
        )
    if shorter < LOSSES[name].smallest:
        raise InputError(
            f"{source.asked_by} needs photos of {LOSSES[name].smallest} pixels each way; take a "
            "larger data.long_side, or set it to 0."
        )
