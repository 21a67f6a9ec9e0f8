"""Drawing pixels: one batch of one step, with all its random numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.geometry.windows import Windows
from core.parallel import sent

WHOLE = -1  # in place of a number of pixels: all of one photo


@dataclass(frozen=True, eq=False)
class Batch:
    """R pixels and the random numbers that rendering them takes."""

    photo: Tensor  # (R,) index of the photo
    centres: Tensor  # (R, 2) x, y of the pixels' centres
    colours: Tensor  # (R, 3) in [0, 1]
    jitter: Tensor | None  # (R, S) uniform, for stratified samples
    noise: Tensor | None  # (R, S) normal times its standard deviation, for raw density

    def tensors(self) -> list[Tensor]:
        """All that it has."""
        every = self.photo, self.centres, self.colours, self.jitter, self.noise
        return [one for one in every if one is not None]

    def holding(self, tensors: Sequence[Tensor]) -> "Batch":
        """Such a batch of other `tensors`."""
        photo, centres, colours, *more = tensors
        noise = None if self.noise is None else more.pop()
        return Batch(photo, centres, colours, more.pop() if more else None, noise)

    def split(self, rays: int) -> list["Batch"]:
        """The batch in pieces of `rays` rays, in order."""
        return [self.part(slice(i, i + rays)) for i in range(0, len(self.photo), rays)]

    def part(self, part: slice) -> "Batch":
        """Some of its rays."""
        jitter = None if self.jitter is None else self.jitter[part]
        noise = None if self.noise is None else self.noise[part]
        return Batch(self.photo[part], self.centres[part], self.colours[part], jitter, noise)


def draw_batch(
    colours: Tensor,
    candidates: Tensor,
    allowed: Tensor | Windows | None,
    rays: int,
    samples: int,
    perturb: bool,
    density_noise: float,
    generator: torch.Generator,
) -> Batch:
    """Draw random pixels, evenly from all candidates; or take every pixel of one photo.

    Args:
        colours: (N, H, W, 3) uint8, of all photos.
        candidates: (K,) indices of the photos that may be drawn from.
        allowed: (Q,) indices of the pixels that may be drawn, row by row; None allows all. Where
            photos differ in shape, those of each.
        rays: how many pixels; `WHOLE` takes all that are allowed of one of the candidates.
        samples: S, points on each ray.
        perturb: whether samples are jittered.
        density_noise: standard deviation of the noise on raw density.
        generator: the only source of chance, on the CPU; results reach the photos' device.
    """
    _, height, width, _ = colours.shape
    device = colours.device
    which, pixel = _drawn(candidates, allowed, rays, height, width, generator)
    rays, row, column = len(pixel), pixel // width, pixel % width
    jitter = torch.rand(rays, samples, generator=generator) if perturb else None
    noise = torch.randn(rays, samples, generator=generator) if density_noise > 0 else None
    which, row, column = sent(torch.stack([which, row, column]), device)
    return Batch(
        photo=which,
        centres=torch.stack([column, row], dim=-1) + 0.5,
        colours=colours[which, row, column].float() / 255,
        jitter=None if jitter is None else sent(jitter, device),
        noise=None if noise is None else sent(noise, device) * density_noise,
    )


def _drawn(
    candidates: Tensor,
    allowed: Tensor | Windows | None,
    rays: int,
    height: int,
    width: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """(R,) photo and (R,) pixel, row by row."""
    if rays == WHOLE:
        which = candidates[torch.randint(len(candidates), (1,), generator=generator)]
        if isinstance(allowed, Windows):
            pixel = allowed.of_one(int(which))
        else:
            pixel = torch.arange(height * width) if allowed is None else allowed
        return which.expand(len(pixel)), pixel
    which = candidates[torch.randint(len(candidates), (rays,), generator=generator)]
    if isinstance(allowed, Windows):
        return which, allowed.draw(which, generator)
    if allowed is not None:
        return which, allowed[torch.randint(len(allowed), (rays,), generator=generator)]
    row = torch.randint(height, (rays,), generator=generator)
    return which, row * width + torch.randint(width, (rays,), generator=generator)
