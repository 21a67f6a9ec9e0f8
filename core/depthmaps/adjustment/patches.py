"""How well small patches of one photo are found again in another, and how that changes.

A patch is nine pixels of photo i around a pixel of inverse depth g. With u the tangents that its
lens took to them, so that u (1 + k_i |u|^2) f_i + c_i is the pixel, and q = (u, 1):

    p = A q + g b,   A = R_j^T R_i,   b = R_j^T (c_i - c_j)         in the axes of photo j, times g
    x = p_xy / p_z,   pixel = x (1 + k_j |x|^2) f_j + centre_j

R turns camera to world, c is a camera's centre. The residual is the grey there minus the grey of
the patch, each with its mean and its contrast divided out (the photometric bundle adjustment of
Alismail et al., ACCV 2016, with the residual pattern of DSO, Engel et al., 2016). As there, a patch
moves as its middle does where derivatives are asked for. All nine have the
depth of the middle: slopes taken from a map would hold on to the cameras that the map was made with
(.44 degrees of error became 1.3; with one depth, .04).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import spline_filter1d
from torch import Tensor

from core.depthmaps.adjustment.unknowns import OF_CAMERA
from core.depthmaps.cameras import Cameras, through_lens
from core.depthmaps.stereo.depths import DepthMaps
from core.geometry.distortion import undistorted

PATTERN = ((0, 0), (-2, 0), (2, 0), (0, -2), (0, 2), (-1, -1), (1, 1), (-1, 1), (1, -1))
SAME = 0.1  # of a depth, by which another photo's own may differ
EDGE = 2.0  # pixels beside a photo's edge where nothing is compared
FLAT = 0.01  # of grey, added to contrast: noise is not made large
NEAREST = 1e-3  # depth times inverse depth below which a point is not in front of a camera
STEEP = 0.04  # relative jump of inverse depth beside a pixel from which it is not compared
BORDER = 4  # pixels beside a photo's edge that are not compared
STRONGEST = 0.25  # change of grey over two pixels that is as good as any
WEAKEST = 1e-3  # and one that says nothing


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches of one photo. P of them, nine pixels each.

    Attributes:
        photo: which.
        pixels: (P, 9, 2).
        grey: (P, 9), mean and contrast divided out.
        inverse: (P,) inverse depths of their middles at the start.
    """

    photo: int
    pixels: Tensor
    grey: Tensor
    inverse: Tensor

    @classmethod
    def of(cls, photo: int, grey: Tensor, inverse: Tensor, middles: Tensor) -> "Patches":
        """Around pixels `middles` (P, 2) int64, of a photo's grey and inverse depths (H, W)."""
        around = middles[:, None] + torch.tensor(PATTERN)
        own = grey[around[..., 1], around[..., 0]]
        own = own - own.mean(-1, keepdim=True)
        middle = inverse[middles[:, 1], middles[:, 0]]
        return cls(photo, around + 0.5, own / (_spread(own) + FLAT), middle)


@dataclass(frozen=True, eq=False)
class Found:
    """Patches as K other photos show them.

    Attributes:
        residual: (K, P, 9).
        pixels: (K, P, 9, 2) where.
        depth: (K, P) of their middles, times inverse depth.
        inside: (K, P) whether all nine pixels are in the photo and in front of it.
        along: (K, P, 9, 2) derivatives of the residual for a move of the patch, in pixels; None
            where they were not asked for.
        moves: (K, 2 OF_CAMERA + 1, P, 2) likewise, those of its middle's pixel for the numbers of
            photo i, of photo j, and for log g.
    """

    residual: Tensor
    pixels: Tensor
    depth: Tensor
    inside: Tensor
    along: Tensor | None = None
    moves: Tensor | None = None


def with_slopes(grey: Tensor) -> Tensor:
    """(..., 3, H, W) what `sampled` takes of grey (..., H, W): the coefficients of the cubic spline
    through it (Unser, Splines: a perfect fit, 1999), and its slopes along rows and columns.

    Bilinear samples lose contrast between pixels, most where texture is fine, and cameras move to
    where they lose least: a focal length that was right came out 2 % short, with splines .5 %.
    """
    rows = spline_filter1d(grey.cpu().numpy(), 3, -1, mode="mirror", output=np.float64)
    both = spline_filter1d(rows, 3, -2, mode="mirror", output=np.float64)
    spline = torch.from_numpy(both).to(grey)
    across, down = torch.zeros_like(grey), torch.zeros_like(grey)
    across[..., 1:-1] = (grey[..., 2:] - grey[..., :-2]) / 2
    down[..., 1:-1, :] = (grey[..., 2:, :] - grey[..., :-2, :]) / 2
    return torch.stack([spline, across, down], -3)


def sampled(maps: Tensor, pixels: Tensor) -> Tensor:
    """(P, 9) values of the spline at pixels (P, 9, 2), for maps (3, H, W).

    The sixteen weights of a cubic B-spline are positive, so four bilinear samples between the right
    pixels hold them all (Sigg and Hadwiger, GPU Gems 2, chapter 20).
    """
    whole = (pixels - 0.5).floor()
    t = pixels - 0.5 - whole
    first, third = (1 - t) ** 3 / 6, (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6
    before = 1 - third - t**3 / 6
    low = whole - 0.5 + (before - first) / before
    high = whole + 1.5 + t**3 / 6 / (1 - before)
    between = torch.stack(
        [torch.stack([x[..., 0], y[..., 1]], -1) for y in (low, high) for x in (low, high)]
    )
    shares = torch.stack(
        [x[..., 0] * y[..., 1] for y in (before, 1 - before) for x in (before, 1 - before)]
    )
    return (_bilinear(maps[:1], between.flatten(0, 1))[0].view_as(shares) * shares).sum(0)


def chosen_pixels(maps: DepthMaps, slopes: Tensor, photo: int, count: int, seed: int) -> Tensor:
    """(P, 2) int64 column and row of at most `count` pixels of a photo, in random order.

    They show texture, lie on surfaces that are not steep, and another photo confirms their depth.

    Args: slopes (3, H, W) of the photo, as `with_slopes` gives them.
    """
    width, height = maps.cameras.sizes[photo].tolist()
    inverse = maps.inverse[photo, :height, :width]
    near, far = (F.max_pool2d(s * inverse[None], 5, 1, 2)[0] for s in (1, -1))
    flat = torch.maximum(near - inverse, inverse + far) < STEEP * inverse
    usable = flat & (maps.support[photo, :height, :width] >= 1)
    usable[:BORDER] = usable[-BORDER:] = usable[:, :BORDER] = usable[:, -BORDER:] = False
    strength = 2 * slopes[1:, :height, :width].square().sum(0).sqrt()
    weights = torch.where(usable & (strength > WEAKEST), strength.clamp_max(STRONGEST), 0).flatten()
    count = min(count, int((weights > 0).sum()))
    if count == 0:
        return torch.zeros(0, 2, dtype=torch.int64)
    generator = torch.Generator().manual_seed(seed + photo)
    drawn = torch.multinomial(weights, count, generator=generator)
    return torch.stack([drawn % width, drawn // width], 1)


def tangents(patches: Patches, cameras: Cameras) -> Tensor:
    """(P, 9, 2) the tangents u that patches were seen at, which all partners ask for."""
    i, kind = patches.photo, patches.grey.dtype
    numbers = cameras.intrinsics[i].to(kind)
    return undistorted((patches.pixels - numbers[2:]) / numbers[:2], cameras.k1[i].to(kind))


def find(
    patches: Patches,
    u: Tensor,
    inverse: Tensor,
    cameras: Cameras,
    others: Sequence[int],
    maps: Tensor,
    slopes: bool = False,
) -> Found:
    """Look for patches in other photos, where cameras and depths say that they are.

    Args:
        patches: of a photo i.
        u: their `tangents`.
        inverse: (P,) inverse depths of their middles, taken for all nine pixels.
        cameras: all, in double precision.
        others: K photos j.
        maps: (N, 3, H, W) of all, as `with_slopes` gives it.
        slopes: whether derivatives are wanted.
    """
    i, j, kind = patches.photo, list(others), maps.dtype
    back = cameras.rotation[j].mT
    turn = (back @ cameras.rotation[i]).to(kind)
    shift = (back @ (cameras.centre[i] - cameras.centre[j])[..., None]).to(kind)[
        :, None, None, :, 0
    ]
    numbers, k1 = cameras.intrinsics[j].to(kind)[:, None, None], cameras.k1.to(kind)
    q = torch.cat([u, torch.ones_like(u[..., :1])], -1)
    p = (q.flatten(0, 1) @ turn.mT).unflatten(1, u.shape[:2]) + inverse[:, None, None] * shift
    front = p[..., 2] > NEAREST
    x = p[..., :2] / p[..., 2:].clamp_min(NEAREST)
    k_j = k1[j][:, None, None]
    pixels = through_lens(x, k_j[..., None]) * numbers[..., :2] + numbers[..., 2:]
    size = cameras.sizes[j].to(kind)[:, None, None]
    inside = (front[..., None] & (pixels > EDGE) & (pixels < size - EDGE)).all(-1).all(-1)
    grey = torch.stack([sampled(maps[one], own) for one, own in zip(j, pixels, strict=True)])
    grey = grey - grey.mean(-1, keepdim=True)
    spread = _spread(grey)
    contrast = spread + FLAT
    unit, grey = grey / spread.clamp_min(1e-6), grey / contrast
    found = Found(grey - patches.grey, pixels, p[:, :, 0, 2], inside)
    if not slopes:
        return found
    slope = [_bilinear(maps[one, 1:], own) for one, own in zip(j, pixels, strict=True)]
    along = torch.stack(slope).movedim(1, -1) / contrast[..., None]
    along = along - along.mean(-2, keepdim=True)
    lost = (along * unit[..., None]).mean(-2, keepdim=True)  # of v / (spread + FLAT)
    q, p, x = (a[..., :1, :] for a in (q, p, x))  # of the middles
    f_j = numbers[..., :2]
    moves = _moves(q, p, x, inverse, turn, shift, back.to(kind), f_j, k1[i], k_j)
    return replace(found, along=along - grey[..., None] * lost, moves=moves)


def shown(found: Found, inverse: Tensor, there: Tensor) -> Tensor:
    """(K, P) which patches other photos show: well inside, and not hidden by what is nearer.

    Args:
        found: the patches there.
        inverse: (P,) their inverse depths.
        there: (K, H, W) inverse depths of the other photos.
    """
    column, row = found.pixels[:, :, 0].floor().long().unbind(-1)
    height, width = there.shape[1:]
    photo = torch.arange(len(there))[:, None]
    own = there[photo, row.clamp(0, height - 1), column.clamp(0, width - 1)]
    return found.inside & ((found.depth / inverse * own - 1).abs() < SAME)


def _moves(
    q: Tensor,
    p: Tensor,
    x: Tensor,
    inverse: Tensor,
    turn: Tensor,
    shift: Tensor,
    back: Tensor,
    f_j: Tensor,
    k_i: Tensor,
    k_j: Tensor,
) -> Tensor:
    """(K, 2 OF_CAMERA + 1, P, 2) derivatives of the pixels of points q (P, 1, 3) in photos j.

    With s the derivative of one coordinate for the pixel over f_j, r^2 = |x|^2, rho^2 = |u|^2:

        for x:      s_x = s (1 + k_j r^2) + 2 k_j (s . x) x
        for p:      s_p = (s_x, -s_x . x) / p_z,      for q:  s_q = A^T s_p
        turn of i:  q x s_q         R_i <- R_i exp(w): p changes by A (w x q)
        turn of j:  s_p x p         R_j <- R_j exp(w): p changes by -w x p
        move:       g R_j s_p for i, the opposite for j
        log g:      g b . s_p
        log f_j:    s . x (1 + k_j r^2);     k_j:  s . x r^2;     centre_j over f_j:  s

    A pixel of i stays where it is, so u gives way: with D = (1 + k_i rho^2) I + 2 k_i u u^T the
    derivative of u (1 + k_i rho^2), and D^-1 u = u / (1 + 3 k_i rho^2), u changes by

        log f_i:  -u (1 + k_i rho^2) / (1 + 3 k_i rho^2);     k_i:  -u rho^2 / (1 + 3 k_i rho^2)
        centre_i over f_i:  -D^-1
    """
    u, slope = q[..., :2], torch.diag_embed(f_j[:, :, 0]).expand(*p.shape[:2], 2, 2)
    square, own = _dot(x, x), _dot(u, u)
    bent, along = 1 + k_j * square, _dot(slope, x)
    for_x = slope * bent[..., None] + (2 * k_j * along)[..., None] * x
    for_p = torch.cat([for_x, -_dot(for_x, x)[..., None]], -1) / p[..., 2:].clamp_min(NEAREST)
    for_q = (for_p.flatten(1, 2) @ turn).view_as(for_p)
    for_u = for_q[..., :2]
    move = inverse[:, None, None] * (for_p.flatten(1, 2) @ back).view_as(for_p)
    radial, stretch = _dot(for_u, u), 1 + 3 * k_i * own
    give = (for_u - (2 * k_i * radial / stretch)[..., None] * u) / (1 + k_i * own)[..., None]
    out = slope.new_empty(len(slope), 2 * OF_CAMERA + 1, *along.shape[1:])
    out[:, :3] = torch.linalg.cross(q[None], for_q).movedim(-1, 1)
    out[:, 3:6] = move.movedim(-1, 1)
    out[:, 6] = -radial * (1 + k_i * own) / stretch
    out[:, 7] = -radial * own / stretch
    out[:, 8:10] = -give.movedim(-1, 1)
    out[:, 10:13] = torch.linalg.cross(for_p, p).movedim(-1, 1)
    out[:, 13:16] = -out[:, 3:6]
    out[:, 16] = along * bent
    out[:, 17] = along * square
    out[:, 18:20] = slope.movedim(-1, 1)
    out[:, 20] = inverse[:, None] * _dot(for_p, shift)
    return out


def _bilinear(maps: Tensor, pixels: Tensor) -> Tensor:
    """(C, P, Q) of maps (C, H, W) at pixels (P, Q, 2)."""
    canvas = pixels.new_tensor([maps.shape[2], maps.shape[1]])
    grid = (pixels / canvas * 2 - 1)[None]
    return F.grid_sample(maps[None], grid, padding_mode="border", align_corners=False)[0]


def _spread(grey: Tensor) -> Tensor:
    """(P, 1) root mean square of nine greys (P, 9)."""
    return grey.square().mean(-1, keepdim=True).sqrt()


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)
