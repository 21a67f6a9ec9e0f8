"""Which of two scenes is shown: the one that knows pixels it has not learned from."""

import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.rays import cast_rays
from core.rendering.scene import FieldScene
from core.training.step import decibels

BLOCK = 6  # pixels: kept aside together, as neighbours tell one another
ASIDE = 1 / 48  # of all pixels
ASKED = 768  # pixels at a time
MEMORY = 0.6  # of earlier answers
EVERY = 60  # steps
LEAD = 0.1  # dB by which the other must be better before it is shown instead


class Holdout:
    """Pixels of every photo that nothing is learned from at full size, and who knows them best.

    Attributes:
        allowed: (Q,) the other pixels, row by row; None where none are kept aside.
        errors: squared errors at those kept aside, of each scene that was asked.
    """

    def __init__(self, photos: Tensor, trained: Tensor, seed: int | None) -> None:
        """Keep pixels aside, or none where there is no seed.

        Args: photos (N, H, W, 3) uint8; trained (K,) those with learned cameras.
        """
        self.allowed: Tensor | None = None
        self.errors: dict[str, float] = {}
        if seed is not None:
            self._keep_aside(photos, seed)
        self.choose(photos, trained)

    def _keep_aside(self, photos: Tensor, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        _, height, width, _ = photos.shape
        rows, columns = -(-height // BLOCK), -(-width // BLOCK)
        aside = torch.rand(rows, columns, generator=generator) < ASIDE
        aside = aside.repeat_interleave(BLOCK, 0).repeat_interleave(BLOCK, 1)[:height, :width]
        self.allowed = (~aside).flatten().nonzero().flatten()
        pixels = aside.flatten().nonzero().flatten()
        which = torch.randint(max(1, len(pixels)), (ASKED,), generator=generator)
        self._pixels = pixels[which] if len(pixels) else self.allowed[which]
        self._places = torch.stack([self._pixels % width, self._pixels // width], -1) + 0.5
        self._turns = torch.rand(ASKED, generator=generator)

    def choose(self, photos: Tensor, trained: Tensor) -> None:
        """Ask for the same pixels in other photos (K,) from now on."""
        if self.allowed is None:
            return
        self._photo = trained[(self._turns * len(trained)).long()]
        self._wanted = photos.flatten(1, 2)[self._photo, self._pixels].float() / 255

    @torch.no_grad()
    def ask(self, name: str, scene: FieldScene, rig: CameraRig) -> None:
        """Compare what a scene shows at the pixels with the photos."""
        if self.allowed is None:
            return
        device = rig.position.device
        photo, places = self._photo.to(device), self._places.to(device)
        poses, focal = rig.camera_to_world(photo), rig.focal_lengths_of(photo)
        rays = cast_rays(poses, focal, rig.principal_point(), places, rig.k1)
        error = float((scene.render(rays).rgb - self._wanted.to(device)).square().mean())
        old = self.errors.get(name, error)
        self.errors[name] = MEMORY * old + (1 - MEMORY) * error

    def winner(self, shown: str) -> str:
        """Who is to be shown from now on."""
        best = min(self.errors, key=lambda name: self.errors[name], default=shown)
        if shown not in self.errors:
            return best
        lead = decibels(self.errors[best]) - decibels(self.errors[shown])
        return best if lead > LEAD else shown
