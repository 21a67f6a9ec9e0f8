"""Which pixels of a canvas belong to photos, where these differ in shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.geometry.canvas import Size, window


@dataclass(frozen=True, eq=False)
class Windows:
    """Pixels of a canvas that may be drawn of each of N photos; all tensors on the CPU.

    Attributes:
        sizes: of each photo, at full size.
        canvas: that holds them, at full size.
        pixels: (Q,) numbers of pixels, row by row, of one shape after another.
        first, count: (N,) where those of a photo begin among them, and how many there are.
    """

    sizes: tuple[Size, ...]
    canvas: Size
    pixels: Tensor
    first: Tensor
    count: Tensor

    @classmethod
    def of(cls, sizes: Sequence[Size], canvas: Size, allowed: Tensor | None) -> "Windows":
        """Those of the `allowed` pixels (K,) that are a photo's own; None allows all."""
        within = None
        if allowed is not None:
            within = torch.zeros(canvas[0] * canvas[1], dtype=torch.bool)
            within[allowed.cpu()] = True
        return _gathered(tuple(sizes), canvas, canvas, within)

    def at(self, size: Size) -> "Windows":
        """Of the canvas at a smaller size: pixels that take in nothing beside their photo."""
        return self if size == self.canvas else _gathered(self.sizes, self.canvas, size, None)

    def chosen(self, photos: Tensor) -> "Windows":
        """Of some of the photos (K,)."""
        photos = photos.cpu()
        sizes = tuple(self.sizes[photo] for photo in photos.tolist())
        return Windows(sizes, self.canvas, self.pixels, self.first[photos], self.count[photos])

    def of_one(self, photo: int) -> Tensor:
        """(K,) all of one photo."""
        first, count = int(self.first[photo]), int(self.count[photo])
        return self.pixels[first : first + count]

    def draw(self, photo: Tensor, generator: torch.Generator) -> Tensor:
        """(R,) a random pixel of each of some photos (R,), all of a photo alike."""
        share = torch.rand(len(photo), generator=generator, dtype=torch.float64)
        return self.pixels[self.first[photo] + (share * self.count[photo]).long()]

    def everything(self) -> tuple[Tensor, Tensor]:
        """(R,) photos and (R,) pixels: all there are."""
        each = [self.of_one(photo) for photo in range(len(self.count))]
        return torch.arange(len(each)).repeat_interleave(self.count), torch.cat(each)


def of_some(allowed: Tensor | Windows | None, photos: Tensor) -> Tensor | Windows | None:
    """Pixels that may be drawn, of some photos (K,): the same where photos have one shape."""
    return allowed.chosen(photos) if isinstance(allowed, Windows) else allowed


def _gathered(sizes: tuple[Size, ...], canvas: Size, size: Size, within: Tensor | None) -> Windows:
    shapes = list(dict.fromkeys(sizes))
    kinds = torch.tensor([shapes.index(own) for own in sizes])
    found = []
    for shape in shapes:
        own = _own(shape, canvas, size)
        found.append((own if within is None else own & within).nonzero().flatten())
    counts = torch.tensor([len(pixels) for pixels in found])
    firsts = counts.cumsum(0) - counts
    return Windows(sizes, canvas, torch.cat(found), firsts[kinds], counts[kinds])


def _own(shape: Size, canvas: Size, size: Size) -> Tensor:
    """(w h,) which pixels of the canvas at a size (w, h) lie wholly in a photo of a shape."""
    sides = []
    for axis, part in enumerate(reversed(window(shape, canvas))):
        edges = torch.arange(size[axis] + 1) * (canvas[axis] / size[axis])
        inside = (edges[:-1] >= part.start - 1e-6) & (edges[1:] <= part.stop + 1e-6)
        if not inside.any():  # a strip narrower than a pixel
            inside[size[axis] // 2] = True
        sides.append(inside)
    columns, rows = sides
    return (rows[:, None] & columns).flatten()
