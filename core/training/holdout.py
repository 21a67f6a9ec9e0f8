"""Which of two scenes is shown: the one that knows pixels it has not learned from."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.canvas import Size, window
from core.geometry.rays import cast_rays
from core.geometry.windows import Windows
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
        allowed: (Q,) the other pixels, row by row; None where none are kept aside. Where photos
            differ in shape, those of each.
        keeps: whether any are kept aside.
        errors: squared errors at those kept aside, of each scene that was asked.
    """

    def __init__(
        self, photos: Tensor, trained: Tensor, seed: int | None, sizes: Sequence[Size] = ()
    ) -> None:
        """Keep pixels aside, or none where there is no seed.

        Args: photos (N, H, W, 3) uint8; trained (K,) those with learned cameras; `sizes` of photos
        that do not all fill the canvas.
        """
        self.allowed: Tensor | Windows | None = None
        self.errors: dict[str, float] = {}
        self.keeps, self._sizes = seed is not None, tuple(sizes)
        if seed is not None:
            self.allowed = self._keep_aside(photos, seed)
        if sizes:
            canvas = photos.shape[2], photos.shape[1]
            self.allowed = Windows.of(sizes, canvas, self.allowed)
        self.choose(photos, trained)

    def _keep_aside(self, photos: Tensor, seed: int) -> Tensor:
        """(Q,) all but those that are kept aside."""
        generator = torch.Generator().manual_seed(seed)
        _, height, width, _ = photos.shape
        rows, columns = -(-height // BLOCK), -(-width // BLOCK)
        aside = torch.rand(rows, columns, generator=generator) < ASIDE
        aside = aside.repeat_interleave(BLOCK, 0).repeat_interleave(BLOCK, 1)[:height, :width]
        allowed = (~aside).flatten().nonzero().flatten()
        pixels = aside.flatten().nonzero().flatten()
        which = torch.randint(max(1, len(pixels)), (ASKED,), generator=generator)
        self._pixels = pixels[which] if len(pixels) else allowed[which]
        self._turns = torch.rand(ASKED, generator=generator)
        return allowed

    def choose(self, photos: Tensor, trained: Tensor) -> None:
        """Ask for the same pixels in other photos (K,) from now on."""
        if not self.keeps:
            return
        _, height, width, _ = photos.shape
        self._photo = trained[(self._turns * len(trained)).long()]
        column, row = self._pixels % width, self._pixels // width
        if self._sizes:
            inside = self._inside(column, row, (width, height))
            self._photo, column, row = self._photo[inside], column[inside], row[inside]
        self._centres = torch.stack([column, row], -1) + 0.5
        self._wanted = photos[self._photo, row, column].float() / 255

    def _inside(self, column: Tensor, row: Tensor, canvas: Size) -> Tensor:
        """(A,) which of the pixels to ask for belong to their photos."""
        own = [window(self._sizes[photo], canvas) for photo in self._photo.tolist()]
        sides = torch.tensor([[x.start, x.stop, y.start, y.stop] for y, x in own])
        left, right, top, bottom = sides.unbind(1)
        return (left <= column) & (column < right) & (top <= row) & (row < bottom)

    @torch.no_grad()
    def ask(self, name: str, scene: FieldScene, rig: CameraRig) -> None:
        """Compare what a scene shows at the pixels with the photos."""
        if not self.keeps or len(self._photo) == 0:
            return
        device = rig.position.device
        photo, centres = self._photo.to(device), self._centres.to(device)
        poses, focal = rig.camera_to_world(photo), rig.focal_lengths_of(photo)
        rays = cast_rays(poses, focal, rig.principal_point(), centres, rig.k1)
        error = float((scene.render(rays).rgb - self._wanted.to(device)).square().mean())
        error *= scene.error_left
        old = self.errors.get(name, error)
        self.errors[name] = MEMORY * old + (1 - MEMORY) * error

    def winner(self, shown: str) -> str:
        """Who is to be shown from now on."""
        best = min(self.errors, key=lambda name: self.errors[name], default=shown)
        if shown not in self.errors:
            return best
        lead = decibels(self.errors[best]) - decibels(self.errors[shown])
        return best if lead > LEAD else shown
