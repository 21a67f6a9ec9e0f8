"""Rendering planes: where rays meet them, and front-to-back compositing with its gradient.

A ray meets the plane of disparity w at X / Z = a + w b with a = d_xy / d_z and b = o_xy - o_z a:
one multiplication and addition for each plane, and the meeting point is linear in the disparity.
Here a and b are in normalised device coordinates, 2 (fx / width) X / Z.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from core.geometry.rays import Rays
from core.multiplane.field import Block, MultiplaneImage

BILINEAR, BORDER = 0, 1  # of the grid sampler
EDGE = 0.05  # of a plane's reach, beyond it, over which it fades in views from far aside
SIDEWAYS = 1e-6  # the same, where a ray would never meet the planes: they are parallel
FORWARD = 1e-3  # a direction's least part along the reference axis; others miss the planes


def slopes(rays: Rays, normalized_focal: Tensor) -> tuple[Tensor, Tensor]:
    """a and b (R, 2) of R rays, for a rig's `normalized_focal` (2,)."""
    forward = rays.directions[..., 2:]
    forward = torch.where(forward.abs() < SIDEWAYS, SIDEWAYS, forward)
    slope = rays.directions[..., :2] / forward
    offset = rays.origins[..., :2] - rays.origins[..., 2:] * slope
    return 2 * normalized_focal * slope, 2 * normalized_focal * offset


def meeting_points(a: Tensor, b: Tensor, disparities: Tensor, reach: Tensor) -> Tensor:
    """Where R rays meet D planes, in texel coordinates of [-1, 1]: (D, 1, R, 2).

    They are to be numbers where gradients are asked for: `sample_backward` reads memory by them.
    """
    points = torch.addcmul(a, disparities[:, None, None, None], b)
    return points.div_(reach[:, None, None])


def sample(block: Tensor, points: Tensor) -> Tensor:
    """Logits of a block of planes (D, 4, H, W) at points (D, 1, R, 2): (D, 4, R)."""
    return torch.grid_sampler_2d(block, points, BILINEAR, BORDER, False).squeeze(2)


def sample_block(part: Block, points: Tensor) -> Tensor:
    """Logits of a block at points (D, 1, R, 2): (D, 4, R), as of `sample`."""
    if part.colours is None:
        return sample(part.texels, points)
    rgb = torch.grid_sampler_2d(part.colours, _shared(part, points), BILINEAR, BORDER, False)
    return torch.cat([rgb.transpose(1, 2).flatten(0, 1), sample(part.texels, points)], 1)


def sample_all(field: MultiplaneImage, points: Tensor) -> Tensor:
    """Logits of all planes at their own points (D, 1, R, 2): (D, 4, R)."""
    return torch.cat([sample_block(part, points[part.planes]) for part in field.parts()])


@dataclass(frozen=True, eq=False)
class Asked:
    """Where rays ask for a colour that planes share.

    Attributes:
        points: (N,) which of the points (planes that share it, R) these are.
        numbers: (3 N,) where r, g and b of these are among the numbers of a block's logits.
    """

    points: Tensor
    numbers: Tensor


@dataclass(frozen=True, eq=False)
class Met:
    """Where rays meet a block, (D, 1, R, 2), and where they ask for each colour that it shares.

    None is everywhere, for all colours at once.
    """

    part: Block
    points: Tensor
    asked: list[Asked] | None = None

    def places(self) -> Iterator[tuple[Asked, Tensor, Tensor]]:
        """With each shared colour (1, 3, H, W), and the points (1, 1, N, 2) asked for."""
        if self.part.colours is None or self.asked is None:
            return
        groups = self.points.view(len(self.asked), -1, 2)
        for at, picture, group in zip(self.asked, self.part.colours.split(1), groups, strict=True):
            yield at, picture, group.index_select(0, at.points)[None, None]


def asked(part: Block, points: Tensor, seen: Tensor) -> Met:
    """Points (D, 1, R, 2) of a block, whose shared colours are asked for where `seen` (D, R)."""
    found: list[Asked] = []
    rays = points.shape[2]
    channels = torch.arange(3, device=points.device).unsqueeze(1) * rays
    for first in range(0, len(points), part.sharing):
        own = seen[first : first + part.sharing].flatten().nonzero().squeeze(1)
        before = own.div(rays, rounding_mode="floor").mul_(3).add_(4 * first)  # rows of rays
        found.append(Asked(own, (own + before * rays + channels).flatten()))
    return Met(part, points, found)


def sample_colours(met: Met, logits: Tensor) -> None:
    """Put shared colours of a block among its logits (D, 4, R), where they are asked for."""
    for at, picture, points in met.places():
        rgb = torch.grid_sampler_2d(picture, points, BILINEAR, BORDER, False)
        logits.view(-1).index_copy_(0, at.numbers, rgb.flatten())


def sample_backward(
    gradient: Tensor, block: Tensor, points: Tensor, moves: bool = True
) -> tuple[Tensor, Tensor | None]:
    """Gradients of `sample` with respect to the block and, where these move, to the points."""
    return _sampler_backward(gradient.unsqueeze(2), block, points, moves)


def sample_met_backward(gradient: Tensor, met: Met, moves: bool = True) -> Tensor | None:
    """Store the gradients of what was sampled of a block with its texels.

    Returns: that for the points, where these move.
    """
    part, points = met.part, met.points
    if part.colours is None:
        part.texels.grad, to_points = sample_backward(gradient, part.texels, points, moves)
        return to_points
    alpha = gradient[:, 3:].contiguous()  # a third faster
    part.texels.grad, to_points = sample_backward(alpha, part.texels, points, moves)
    if met.asked is None:
        of_planes = gradient[:, :3].unflatten(0, (-1, part.sharing)).transpose(1, 2)
        at_once = _sampler_backward(of_planes, part.colours, _shared(part, points), moves)
        part.colours.grad, more = at_once
        return to_points if to_points is None or more is None else to_points + more.view_as(points)
    to_colours = []
    for index, (at, picture, some) in enumerate(met.places()):
        rgb = gradient.flatten().index_select(0, at.numbers).view(1, 3, 1, -1)
        to_picture, more = _sampler_backward(rgb, picture, some, moves)
        to_colours.append(to_picture)
        if to_points is not None and more is not None:
            group = to_points.view(len(met.asked), -1, 2)[index]
            group.index_add_(0, at.points, more.view(-1, 2))
    part.colours.grad = torch.cat(to_colours)
    return to_points


def _shared(part: Block, points: Tensor) -> Tensor:
    """Points (D, 1, R, 2) of planes as points (D / sharing, sharing, R, 2) of their colours."""
    return points.view(-1, part.sharing, *points.shape[2:])


def _sampler_backward(
    gradient: Tensor, pictures: Tensor, points: Tensor, moves: bool
) -> tuple[Tensor, Tensor | None]:
    to_pictures, to_points = torch.ops.aten.grid_sampler_2d_backward(
        gradient, pictures, points, BILINEAR, BORDER, False, [True, moves]
    )
    return to_pictures, to_points if moves else None


def composite_and_compare(logits: Tensor, colours: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Composite, compare with photos, and turn the logits into their gradient, in place.

    Args:
        logits: (D, 4, R) as sampled; replaced by the gradient of `scale` times the summed errors.
        colours: (3, R) of the pixels.
        scale: of the loss, 1 / rays of the whole step.

    Returns:
        (R,) squared errors, mean over channels, and (D,) the weights of each plane, summed.

    With c_i a plane's colour, w_i = alpha_i T_i and T_i the light that arrives, the gradient of
    C = sum w_i c_i for alpha_i is T_i c_i - (sum of w_j c_j behind i) / (1 - alpha_i).
    """
    values = logits.sigmoid_()
    rgb, alpha = values[:, :3], values[:, 3]
    clear = (1 - alpha).clamp_min_(1e-6)
    light = torch.ones_like(alpha)
    torch.cumprod(clear[:-1], 0, out=light[1:])
    weights = alpha * light
    difference = (weights.unsqueeze(1) * rgb).sum(0).sub_(colours)
    errors = difference.square().mean(0)
    pull = difference.mul_(2 * scale / 3)  # (3, R), the loss's gradient for the colour
    along = (rgb * pull).sum(1)  # (D, R)
    behind = (weights * along).flip(0).cumsum_(0).flip(0)
    front = light.mul_(along).mul_(clear)
    front[:-1].sub_(behind[1:])
    values[:, :3] = (1 - rgb).mul_(rgb).mul_(weights.unsqueeze(1)).mul_(pull)
    values[:, 3] = front.mul_(alpha)
    return errors, weights.sum(1)


def composite(logits: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Colours and weights of sampled logits, front to back; differentiable.

    Args: logits (D, 4, R); `seen` (D, R) in [0, 1] scales each alpha. Returns: (3, R), (D, R).
    """
    values = torch.sigmoid(logits)
    alpha = values[:, 3] if seen is None else values[:, 3] * seen
    passing = torch.cumprod(1 - alpha, 0)
    weights = torch.cat([alpha[:1], alpha[1:] * passing[:-1]])
    return (weights.unsqueeze(1) * values[:, :3]).sum(0), weights


def planes_along(
    field: MultiplaneImage, rays: Rays, normalized_focal: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What R rays meet on their way, from anywhere: rgb (R, 3), depth (R,), opacity, weights.

    Planes behind a ray's origin and the void beyond their edges let all light pass. Depth is the
    camera's, at the expected disparity. Weights are (R, D). Differentiable for the rays.
    """
    forward = rays.directions[:, 2:].clamp_min(FORWARD)
    disparities = field.disparities
    points = _meetings(field, rays, normalized_focal)
    logits, seen = sample_all(field, points), _seen(field, rays, points)
    rgb, weights = composite(logits, seen)
    opacity = weights.sum(0)
    disparity = (weights * disparities.unsqueeze(-1)).sum(0) / opacity.clamp_min(1e-6)
    z = 1 / disparity.clamp_min(1e-4 / field.near_depth)
    depth = (z - rays.origins[:, 2]) / forward.squeeze(-1)
    return rgb.T, depth, opacity, weights.T


@torch.no_grad()
def weights_along(field: MultiplaneImage, rays: Rays, normalized_focal: Tensor) -> Tensor:
    """(R, D) how much of each ray's light the planes stop, as `planes_along` gives them."""
    points = _meetings(field, rays, normalized_focal)
    logits = torch.cat([sample(part.alpha, points[part.planes]) for part in field.parts()])
    alpha = logits.squeeze(1).sigmoid_().mul_(_seen(field, rays, points))
    passing = torch.cumprod(1 - alpha, 0)
    alpha[1:] *= passing[:-1]
    return alpha.T


def _meetings(field: MultiplaneImage, rays: Rays, normalized_focal: Tensor) -> Tensor:
    """Where rays meet all planes, (D, 1, R, 2) as of `meeting_points`."""
    forward = rays.directions[:, 2:].clamp_min(FORWARD)
    safe = Rays(rays.origins, torch.cat([rays.directions[:, :2], forward], -1))
    a, b = slopes(safe, normalized_focal)
    return meeting_points(a, b, field.disparities, field.reach).nan_to_num()


@torch.no_grad()
def _seen(field: MultiplaneImage, rays: Rays, points: Tensor) -> Tensor:
    """(D, R) 1 where a ray meets a plane in front of its origin and within its edges, else 0."""
    disparities = field.disparities.unsqueeze(-1)
    outside = points.abs().amax(-1).squeeze(1) - 1
    seen = (1 - outside / EDGE).clamp_(0, 1)
    seen *= rays.origins[:, 2] * disparities < 1
    seen *= (rays.directions[:, 2] > FORWARD) & (disparities > 0)
    return seen
