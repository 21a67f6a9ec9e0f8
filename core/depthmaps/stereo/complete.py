"""Depths of pixels that no other photo confirms, from those that others do."""

import torch
import torch.nn.functional as F
from torch import Tensor

from core.depthmaps.photos import resized
from core.depthmaps.stereo.reference import Reference, box
from core.depthmaps.stereo.refine import median

ALIKE = 0.04  # difference of colour over which depths pass on to a neighbour
TEXTURED = 0.03  # standard deviation of grey with which a depth is believed wholly
ITERATIONS = 40
HALVINGS = 2
SMALLEST = 40  # pixels of a side that is not halved
SEEN = 10.0  # confidence of a sparse point, of which an agreeing pixel has up to 4
TINY = 1e-20


def completed(
    inverse: Tensor, confidence: Tensor, image: Tensor, halvings: int = HALVINGS
) -> Tensor:
    """The map g (h, w) that keeps to confident depths and changes little where colour does not.

    argmin sum confidence (g - inverse)^2 + exp(-|dI| / .04) (dg)^2, the weighted least squares of
    Levin et al., Colorization using optimization (SIGGRAPH 2004), by conjugate gradients that begin
    with the solution at half the size.

    Args:
        inverse, confidence: (h, w); confidence is at least 0 and somewhere above.
        image: (C, h, w) in [0, 1].
    """
    across, down = (
        torch.exp(-image.diff(dim=axis).abs().mean(0) / ALIKE) + 1e-3 for axis in (-1, -2)
    )
    if halvings and min(inverse.shape) > SMALLEST:
        start = _from_half(inverse, confidence, image, halvings)
    else:
        mean = (inverse * confidence).sum() / confidence.sum().clamp_min(TINY)
        start = mean.expand_as(inverse).clone()
    return _conjugate_gradients(inverse, confidence, (across, down), start)


def _from_half(inverse: Tensor, confidence: Tensor, image: Tensor, halvings: int) -> Tensor:
    def half(maps: Tensor) -> Tensor:
        return F.avg_pool2d(maps, 2, 2, ceil_mode=True)

    belief = half(confidence[None])[0]
    depths = half((inverse * confidence)[None])[0] / belief.clamp_min(TINY)
    return resized(completed(depths, belief, half(image), halvings - 1), *inverse.shape)


def _conjugate_gradients(
    inverse: Tensor, confidence: Tensor, weights: tuple[Tensor, Tensor], x: Tensor
) -> Tensor:
    """Jacobi-preconditioned, from x (h, w) on."""
    across, down = weights
    diagonal = confidence.clone()
    diagonal[:, 1:] += across
    diagonal[:, :-1] += across
    diagonal[1:] += down
    diagonal[:-1] += down

    def applied(v: Tensor) -> Tensor:
        out, right, below = confidence * v, v.diff(dim=1) * across, v.diff(dim=0) * down
        out[:, 1:] += right
        out[:, :-1] -= right
        out[1:] += below
        out[:-1] -= below
        return out

    residual = confidence * inverse - applied(x)
    z = residual / diagonal
    way, size = z, (residual * z).sum()
    for _ in range(ITERATIONS):
        pushed = applied(way)
        length = size / (way * pushed).sum().clamp_min(TINY)
        x = x + length * way
        residual = residual - length * pushed
        z = residual / diagonal
        new = (residual * z).sum()
        way, size = z + new / size.clamp_min(TINY) * way, new
    return x


def confidence_of(photo: Reference, support: Tensor, through: Tensor, alone: float) -> Tensor:
    """(h, w) how far depths are believed: by who confirms them, who sees through, and texture.

    Args: `alone`: belief in what nobody confirms.
    """
    belief = torch.full_like(photo.grey, alone)
    belief = belief.masked_fill(support >= 1, 0.2).masked_fill(support >= 2, 1.0)
    belief = torch.where(through > support, 0.05 * belief, belief)
    return 4 * belief * (photo.texture() / TEXTURED).clamp(0.05, 1)


def best_of(
    photo: Reference,
    inverse: Tensor,
    support: Tensor,
    through: Tensor,
    bias: float,
    points: Tensor | None = None,
) -> Tensor:
    """(h, w) for each pixel the cheapest of own depth, completed depth, and what sources know.

    Args:
        inverse, support: (N, H, W) of all photos; through: (h, w) of this one.
        bias: what own depths are preferred by where two others confirm them, and twice refused by
            where none does.
        points: (h, w) inverse depths of sparse points that the photo shows, 0 elsewhere.
    """
    level, index = photo.level, photo.index
    own, confirmed = level.own(inverse, index), level.own(support, index)
    confidence = confidence_of(photo, confirmed, through, 0.002)
    known = own
    if points is not None:
        known = torch.where(points > 0, points, own)
        confidence = confidence.masked_fill(points > 0, SEEN)
    filled = completed(known, confidence, level.image(index))
    other = from_sources(photo, inverse, support)
    tried = torch.stack([own, filled, torch.where(other > 0, other, filled)])
    costs = box(photo.costs(tried), 1)
    doubt = torch.where(confirmed >= 2, -1.0, torch.where(confirmed >= 1, 0.0, 2.0))
    costs[0] += bias * doubt
    return tried.gather(0, costs.argmin(0, keepdim=True))[0]


def from_sources(photo: Reference, inverse: Tensor, support: Tensor) -> Tensor:
    """(h, w) the nearest confirmed depths of the sources as this photo sees them; 0: none.

    Args: inverse, support (N, H, W) of all photos.
    """
    cameras = photo.level.cameras
    here = cameras[[photo.index]]
    out = torch.zeros(photo.height * photo.width, device=inverse.device)
    for source in photo.sources:
        known = (photo.level.own(support, source) >= 1).reshape(-1)
        depths = photo.level.own(inverse, source).reshape(-1)[known]
        seen = cameras.rays(source)[known] / depths[:, None]
        pixels, depth = here.project(seen @ cameras.rotation[source].T + cameras.centre[source])
        inside = here.inside(pixels, depth)[0]
        x, y = pixels[0, inside].long().unbind(-1)
        out.scatter_reduce_(0, y * photo.width + x, 1 / depth[0, inside], "amax")
    out = out.view(photo.height, photo.width)
    return torch.where(out > 0, out, median(out, 3))


def filled(photo: Reference, inverse: Tensor, support: Tensor, through: Tensor) -> Tensor:
    """(h, w) depths that no source confirms, completed from those that some do; all (h, w)."""
    confidence = confidence_of(photo, support, through, 0.0) + 1e-5
    smooth = completed(inverse, confidence, photo.level.image(photo.index))
    return torch.where(support < 1, smooth, inverse)
