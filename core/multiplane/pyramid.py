"""Photos at the size of one level."""

import functools
from dataclasses import dataclass

import cv2
import torch
from torch import Tensor

from core.geometry.cameras import CameraRig
from core.geometry.rays import Rays, ahead, pixel_centres
from core.geometry.windows import Windows
from core.multiplane.schedule import picture_size


@dataclass(frozen=True, eq=False)
class SmallPhotos:
    """N photos averaged down to `width` x `height`.

    Attributes:
        colours: (N, P, 3) uint8, row by row.
        centres: (P, 2) x, y of the pixels' centres in units of the picture's sides.
        drawn: (Q,) those of the P pixels that may be drawn, on the CPU; those of each of the N
            where they differ in shape.
    """

    width: int
    height: int
    colours: Tensor
    centres: Tensor
    drawn: Tensor | Windows

    @classmethod
    def of(cls, colours: Tensor, pixels: int, allowed: Tensor | Windows | None) -> "SmallPhotos":
        """Photos (N, H, W, 3) uint8 at about so many pixels each, every one the mean of an area.

        Args: `allowed` (Q,) are those of the H W pixels that may be learned from; None is all. It
        holds at full size only: averages take in every pixel. Where the N differ in shape, it is
        those of each, and at every size.
        """
        _, height, width, _ = colours.shape
        size = picture_size(pixels, width, height)
        small = colours
        if size != (width, height):
            one_by_one = [
                torch.from_numpy(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
                for photo in colours.cpu().numpy()
            ]
            small = torch.stack(one_by_one).to(colours.device)
        centres = pixel_centres(*size, colours.device)
        centres = centres / torch.tensor(size, device=colours.device)
        if isinstance(allowed, Windows):
            return cls(*size, small.flatten(1, 2), centres, allowed.at(size))
        every = torch.arange(size[0] * size[1])
        drawn = every if allowed is None or size != (width, height) else allowed
        return cls(*size, small.flatten(1, 2), centres, drawn)

    @property
    def most(self) -> int:
        """How many rays there are to draw, of all photos."""
        if isinstance(self.drawn, Windows):
            return int(self.drawn.count.sum())
        return len(self.colours) * len(self.drawn)

    def draw(self, rays: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """(R,) photos among the N and (R,) pixels of them, on the CPU; near pixels near each other.

        Every photo takes part, with as many pixels as each other one or one more; of more photos
        than rays, as many as there are rays.

        Args: `rays` at most, else all that may be drawn; `generator` on the CPU.
        """
        count = len(self.colours)
        if isinstance(self.drawn, Windows):
            return self._draw_of_each(self.drawn, rays, generator)
        if rays >= self.most:
            photo = torch.arange(count).repeat_interleave(len(self.drawn))
            return photo, self.drawn.repeat(count)
        photo = taking_turns(count, rays, generator)
        row = torch.randint(len(self.drawn), (rays,), generator=generator).sort().values
        return photo, self.drawn[row]

    @functools.cached_property
    def _drawn_there(self) -> Tensor:
        """(Q,) `drawn` where the colours are."""
        assert not isinstance(self.drawn, Windows)
        return self.drawn.to(self.colours.device)

    @staticmethod
    def _draw_of_each(
        drawn: Windows, rays: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        if rays >= int(drawn.count.sum()):
            return drawn.everything()
        photo = taking_turns(len(drawn.count), rays, generator)
        pixel, order = drawn.draw(photo, generator).sort()
        return photo[order], pixel

    def rays(
        self, rig: CameraRig, normalized_focal: Tensor, photos: Tensor, photo: Tensor, pixel: Tensor
    ) -> Rays:
        """Rays through some pixels, with gradients for the rig's cameras.

        Args:
            rig: the cameras.
            normalized_focal: (2,) of the rig.
            photos: (N,) which of the rig's these are.
            photo, pixel: (R,) a photo among the N, and a pixel of it among the P; all pixels that
                may be drawn of all photos take a shorter way.
        """
        poses = rig.camera_to_world(photos)
        tangents = (self.centres - 0.5) / normalized_focal
        drawn = None if isinstance(self.drawn, Windows) else self.drawn
        if drawn is not None and len(photo) == len(poses) * len(drawn):  # a product for each photo
            seen = rig.through_lens(tangents[self._drawn_there], photos.unsqueeze(-1))
            directions = (ahead(seen) @ poses[:, :3, :3].mT).flatten(0, 1)
        else:
            local = ahead(rig.through_lens(tangents[pixel], photos[photo]))
            directions = (poses[photo, :3, :3] @ local.unsqueeze(-1)).squeeze(-1)
        return Rays(poses[photo, :3, 3], directions)


def taking_turns(count: int, rays: int, generator: torch.Generator) -> Tensor:
    """(R,) which of `count` photos each ray is drawn from: all alike, in a drawn order."""
    return torch.randperm(count, generator=generator).repeat(-(-rays // count))[:rays]
