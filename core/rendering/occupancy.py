"""Where in a wide scene something is, so that a field is asked there and hardly anywhere else.

Cells of a grid over the contracted world, as in Instant NGP (Mueller et al., SIGGRAPH 2022,
section E.2); they are not learned here, but filled with points that are known.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from core.geometry.rays import Rays
from core.rendering.contraction import Ball

CELLS = 128  # along each side of the grid
BINS = 96  # of a ray, even in disparity
NEAR = 0.5  # of the ball: the share of the points in it
CLOSEST = 0.5  # of the nearest thing's depth: where rays begin
FARTHEST = 50.0  # radii: where they end, within half a cell of the grid's own end
STOPS = 0.7  # of the light, in a full cell: what stands behind is asked as well


class Occupancy(nn.Module):
    """Full and empty cells, and how far rays look. Never changes.

    Attributes:
        ball: whose contraction the grid lies in.
        near, far: camera depths between which a field is asked.
    """

    grid: Tensor  # (1, 1, Z, Y, X) float32, 1 where something is

    def __init__(self, points: Tensor, nearest: float) -> None:
        """Args: points (P, 3) of the scene, one at least; the camera depth of the nearest."""
        super().__init__()
        self.ball = Ball.around(points, NEAR)
        self.near, self.far = CLOSEST * nearest, FARTHEST * self.ball.radius
        grid = torch.zeros(CELLS**3, device=points.device)
        cell = ((self.ball.contracted(points) + 1) * (CELLS / 2)).long().clamp_(0, CELLS - 1)
        grid[(cell[:, 2] * CELLS + cell[:, 1]) * CELLS + cell[:, 0]] = 1
        self.register_buffer("grid", grid.view(1, 1, CELLS, CELLS, CELLS), persistent=False)

    def depth(self, share: Tensor) -> Tensor:
        """Camera depths from near (0) to far (1), even in disparity."""
        return 1 / (1 / self.near + share * (1 / self.far - 1 / self.near))

    def bins(self) -> Tensor:
        """(B,) middles of a ray's bins, as shares that `depth` takes."""
        return (torch.arange(BINS, device=self.grid.device) + 0.5) / BINS

    def alpha(self, rays: Rays) -> Tensor:
        """(R, B) the part of the light that comes there which is stopped in each bin of a ray."""
        depths = self.depth(self.bins())
        points = rays.origins[:, None] + depths[:, None] * rays.directions[:, None]
        nodes = self.ball.contracted(points)[None, None]
        return STOPS * grid_sample(self.grid, nodes, align_corners=False)[0, 0, 0]
