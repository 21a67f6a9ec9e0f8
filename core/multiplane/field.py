"""A multi-plane image: RGBA planes parallel to the reference camera's picture.

Stereo Magnification (Zhou et al., arXiv 1805.09817, section 3.1) learned such planes from two
known cameras. Here they are the scene while cameras are still being found: a step over all pixels
of all photos costs a tenth of a network's.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.multiplane.tiles import folded, held, require_live, whole

BLOCKS = 4  # parts of the planes, each a parameter of its own, which workers take side by side
FIRST_ALPHA = 0.2  # of fresh planes; heavier in front, where most of a scene's pixels are
LARGEST_LOGIT = 12.0


@dataclass(frozen=True)
class Extent:
    """How far planes reach, in half widths and half heights (x, y) of the reference picture.

    The reach grows linearly in disparity between the nearest and the farthest plane, as the edges
    of what the cameras see do.
    """

    near: tuple[float, float]
    far: tuple[float, float]

    def at(self, places: Tensor) -> Tensor:
        """(D,) places, 1 nearest and 0 farthest -> (D, 2)."""
        near, far = places.new_tensor(self.near), places.new_tensor(self.far)
        return far + places.unsqueeze(-1) * (near - far)

    def within(self, most: float) -> "Extent":
        """The same, but no reach beyond `most`."""
        (near_x, near_y), (far_x, far_y) = self.near, self.far
        return Extent((min(near_x, most), min(near_y, most)), (min(far_x, most), min(far_y, most)))

    @property
    def largest(self) -> tuple[float, float]:
        """The reach of the largest plane, (x, y)."""
        return max(self.near[0], self.far[0]), max(self.near[1], self.far[1])


@dataclass(frozen=True, eq=False)
class Block:
    """Some neighbouring planes.

    Attributes:
        texels: (D, 4, H, W) logits of rgb and alpha, or (D, 1, h, w) of alpha alone,
        colours: and then (D / sharing, 3, H, W) of rgb, each for as many planes.
        planes: which of all planes they are.
    """

    texels: nn.Parameter
    colours: nn.Parameter | None
    planes: slice

    @property
    def alpha(self) -> Tensor:
        """(D, 1, h, w) logits."""
        return self.texels[:, -1:]

    def alpha_of(self, planes: slice) -> Tensor:
        """(P, 1, H, W) logits of some planes, with as many texels as their colours have."""
        alpha = self.alpha[planes]
        if self.colours is None:
            return alpha
        size = self.colours.shape[-2:]
        return functional.interpolate(alpha, size, mode="bilinear", align_corners=False)

    @property
    def sharing(self) -> int:
        """How many planes have one picture's colours."""
        return 1 if self.colours is None else len(self.texels) // len(self.colours)

    def logits(self) -> Tensor:
        """(D, 4, H, W), whether colours are shared or not."""
        if self.colours is None:
            return self.texels
        colours = self.colours.repeat_interleave(self.sharing, 0)
        return torch.cat([colours, self.alpha_of(slice(None))], 1)


class MultiplaneImage(nn.Module):
    """D planes of H x W texels with rgb and alpha as logits; the sigmoid follows the sampling.

    Neighbouring planes may share colours (NeX, Wizadwongsa et al., arXiv 2103.05606, section 3.3):
    what is seen at a place is seldom of two colours at nearly the same depth, so many planes take
    little more than few, and each colour is learned from more rays. Alpha is then coarser, as
    shapes are smoother than what is painted on them.

    A plane's place p is 1 for the nearest and falls; its disparity is (d + p (1 - d)) / near_depth,
    with d the relief's `depth_floor`: the far disparity over the near one. Texel coordinates are
    those of normalised device coordinates, x = 2 (fx / width) X / Z, divided by the plane's reach;
    so a new focal length leaves the reference camera's picture as it is.
    """

    places: Tensor  # (D,)
    reach: Tensor  # (D, 2)
    depth_floor: Tensor  # ()
    live: Tensor | None  # (D / sharing, sharing, rows, columns) tiles that are held; None is all

    def __init__(
        self,
        places: Tensor,
        width: int,
        height: int,
        extent: Extent,
        depth_floor: float,
        near_depth: float,
        alpha: float = FIRST_ALPHA,
        sharing: int = 1,
        alpha_size: tuple[int, int] | None = None,
    ) -> None:
        """Grey planes of equal alpha.

        Args:
            places: (D,) falling from 1; D is a multiple of `BLOCKS`.
            width, height: texels of every plane.
            extent: how far the planes reach beyond the reference picture.
            depth_floor: disparity of place 0 over that of place 1.
            near_depth: world z of place 1.
            alpha: of every plane.
            sharing: how many neighbouring planes have the same colours; they reach equally far.
            alpha_size: width and height of alpha's texels beside shared colours.
        """
        super().__init__()
        self.near_depth = near_depth
        size, reach = len(places) // BLOCKS, extent.at(places)
        farthest = reach.unflatten(0, (-1, sharing)).amax(1).repeat_interleave(sharing, 0)
        self.register_buffer("places", places)
        self.register_buffer("reach", farthest)
        self.register_buffer("depth_floor", torch.tensor(depth_floor))
        self.register_buffer("live", None)
        grey = torch.zeros(size, 4, height, width)
        if sharing > 1:
            across, down = alpha_size or (width, height)
            grey = torch.zeros(size, 1, down, across)
        grey[:, -1] = math.log(alpha / (1 - alpha))
        rgb = torch.zeros(size // sharing, 3, height, width)
        self.blocks = nn.ParameterList(grey.clone() for _ in range(BLOCKS))
        self.colours = nn.ParameterList(rgb.clone() for _ in range(BLOCKS if sharing > 1 else 0))

    @classmethod
    def of(cls, state: dict[str, Tensor], near_depth: float) -> "MultiplaneImage":
        """The planes whose `state_dict` this is.

        Raises:
            ValueError: there can be no such planes.
        """
        if not bool((state["reach"] > 0).all()):
            raise ValueError("planes without reach")
        live = state.get("live")
        if live is not None:
            require_live(live, len(state["places"]))
            state = whole(state, held(live, BLOCKS), -LARGEST_LOGIT)
        alpha = state["blocks.0"]
        pictures = state.get("colours.0", alpha)
        height, width = pictures.shape[-2:]
        down, across = alpha.shape[-2:]
        field = cls(
            state["places"], width, height, Extent((1, 1), (1, 1)), 0.0, near_depth,
            sharing=len(alpha) // len(pictures), alpha_size=(across, down),
        )  # fmt: skip
        field.live = live
        field.load_state_dict(state)
        return field

    @property
    def disparities(self) -> Tensor:
        """(D,) 1 / world z, falling."""
        return (self.depth_floor + self.places * (1 - self.depth_floor)) / self.near_depth

    @property
    def size(self) -> tuple[int, int, int]:
        """Planes, width and height of their colours."""
        height, width = (list(self.colours) or list(self.blocks))[0].shape[-2:]
        return len(self.places), width, height

    def slices(self) -> list[slice]:
        """Which planes each block holds."""
        size = len(self.places) // len(self.blocks)
        return [slice(i * size, (i + 1) * size) for i in range(len(self.blocks))]

    def parts(self) -> list[Block]:
        """The planes, block by block."""
        colours = list(self.colours) or [None] * len(self.blocks)
        return [Block(*one) for one in zip(self.blocks, colours, self.slices(), strict=True)]

    def textures(self) -> Iterator[tuple[nn.Parameter, Tensor]]:
        """Each parameter (P, C, H, W), with the reach (P, 2) of its pictures."""
        for block in self.parts():
            reach = self.reach[block.planes]
            yield block.texels, reach
            if block.colours is not None:
                yield block.colours, reach[:: block.sharing]

    def held(self) -> dict[str, Tensor]:
        """Which tiles each parameter holds, (P, rows, columns) by its name; empty where all."""
        return {} if self.live is None else held(self.live, len(self.blocks))

    @torch.no_grad()
    def empty(self, live: Tensor) -> None:
        """Hold these tiles alone; as `live` is."""
        self.live = live
        self.clear()

    @torch.no_grad()
    def clear(self) -> None:
        """Let all light pass where no tile is held."""
        tiles = self.held()
        texels = {name: self.get_parameter(name) for name in tiles}
        for name, cleared in whole(folded(texels, tiles), tiles, -LARGEST_LOGIT).items():
            texels[name].copy_(cleared)

    @torch.no_grad()
    def finer(
        self,
        places: Tensor,
        width: int,
        height: int,
        extent: Extent,
        sharing: int = 1,
        alpha_size: tuple[int, int] | None = None,
    ) -> "MultiplaneImage":
        """The same scene on other planes, at `places` (D,), of `width` x `height` texels.

        A plane between two old ones takes of both; where planes stand closer than before, each
        stops less light, so that the light that passes them all stays the same. Shared colours are
        those of the planes that share them, by their alphas.
        """
        device = self.places.device
        fresh = MultiplaneImage(
            places.to(device), width, height, extent, float(self.depth_floor), self.near_depth,
            sharing=sharing, alpha_size=alpha_size,
        ).to(device)  # fmt: skip
        planes, total = self._resampled(fresh), fresh.places.new_zeros(())
        for block in fresh.parts():
            for index, texels in enumerate(block.texels):
                logits = next(planes)
                if block.colours is None:
                    texels.copy_(logits)
                    continue
                texels.copy_(functional.adaptive_avg_pool2d(logits[3:], texels.shape[-2:]))
                alpha = logits[3].sigmoid()
                total = alpha if index % sharing == 0 else total + alpha
                colours = block.colours[index // sharing]
                colours.copy_(torch.lerp(colours, logits[:3], alpha / total))
        return fresh

    def _resampled(self, fresh: "MultiplaneImage") -> Iterator[Tensor]:
        """(4, H, W) logits of each plane of others."""
        _, width, height = fresh.size
        device = self.places.device
        old = torch.cat([block.logits() for block in self.parts()])
        texels = texel_centres(width, height, device)
        before = _spacing(self.places)
        after = _spacing(fresh.places)
        for place, reach, spacing in zip(fresh.places, fresh.reach, after, strict=True):
            behind = int((self.places > place).sum().clamp(1, len(self.places) - 1))
            pair = slice(behind - 1, behind + 1)
            gap = self.places[behind - 1] - self.places[behind]
            share = ((self.places[behind - 1] - place) / gap).clamp(0, 1)
            grid = (texels * reach).unsqueeze(0) / self.reach[pair, None, None]
            two = functional.grid_sample(
                old[pair], grid, padding_mode="border", align_corners=False
            )
            mixed = torch.lerp(two[0], two[1], share)
            thinner = spacing / torch.lerp(before[behind - 1], before[behind], share)
            passing = functional.logsigmoid(-mixed[3]) * thinner  # the logarithm of 1 - alpha
            mixed[3] = torch.log(-torch.expm1(passing)) - passing
            yield mixed.clamp_(-LARGEST_LOGIT, LARGEST_LOGIT)


def even_places(planes: int) -> Tensor:
    """(D,) places even in disparity."""
    return torch.linspace(1, 0, planes)


def _spacing(places: Tensor) -> Tensor:
    """(D,) half the distance between each plane's neighbours."""
    steps = -torch.diff(places)
    return (torch.cat([steps[:1], steps]) + torch.cat([steps, steps[-1:]])) / 2


def texel_centres(width: int, height: int, device: torch.device) -> Tensor:
    """(H, W, 2) in [-1, 1]."""
    x = (torch.arange(width, device=device) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, device=device) + 0.5) * (2 / height) - 1
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)
