"""The networks, rays and files of improved-nerfmm and nerfmm, written after their description.

Parameters have their names and order of inputs, so that what is saved here has their format.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def code(values: Tensor, octaves: int) -> Tensor:
    """Both programs' positional encoding, number by number."""
    waves = [f(values * 2.0**k) for k in range(octaves) for f in (torch.sin, torch.cos)]
    return torch.cat([values, *waves], dim=-1)


class Net(nn.Module):
    """improved-nerfmm's NeRF: the code enters again, before the features, after layer `skip`."""

    def __init__(self, width: int, depth: int, skip: int, octaves: int, views: int) -> None:
        super().__init__()
        self.octaves, self.views, self.skip = octaves, views, skip
        size, view = 3 + 6 * octaves, 3 + 6 * views if views >= 0 else 0
        sizes = [size if i == 0 else width + size * (i == skip + 1) for i in range(depth)]
        self.base_layers = nn.ModuleList(nn.Sequential(nn.Linear(n, width)) for n in sizes)
        self.sigma_layers = nn.Sequential(nn.Linear(width, 1))
        self.base_remap_layers = nn.Sequential(nn.Linear(width, width))
        self.rgb_layers = nn.Sequential(
            nn.Linear(width + view, width // 2), nn.ReLU(), nn.Linear(width // 2, 3)
        )

    def forward(self, points: Tensor, view: Tensor) -> tuple[Tensor, Tensor]:
        """Colour and raw density."""
        start = code(points, self.octaves)
        hidden = start
        for index, layer in enumerate(self.base_layers):
            if index == self.skip + 1:
                hidden = torch.cat([start, hidden], dim=-1)
            hidden = layer(hidden).relu()
        remapped = self.base_remap_layers(hidden)
        if self.views >= 0:
            remapped = torch.cat(
                [remapped, code(view, self.views).expand(*hidden.shape[:-1], -1)], -1
            )
        return self.rgb_layers(remapped).sigmoid(), self.sigma_layers(hidden).squeeze(-1)


class Sine(nn.Module):
    """A dense layer, times w0, and the sine of it."""

    def __init__(self, inputs: int, outputs: int, w0: float) -> None:
        super().__init__()
        self.layer, self.w0 = nn.Linear(inputs, outputs), w0

    def forward(self, values: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)."""
        return torch.sin(self.w0 * self.layer(values))


class SirenNet(nn.Module):
    """improved-nerfmm's SirenNeRF, whose first w0 is really sigma_mul."""

    def __init__(self, width: int, depth: int, sigma_mul: float, w0: float, rgb_mul: float) -> None:
        super().__init__()
        self.sigma_mul, self.rgb_mul = sigma_mul, rgb_mul
        first = Sine(3, width, sigma_mul)
        self.base_layers = nn.Sequential(first, *(Sine(width, width, w0) for _ in range(depth - 1)))
        self.sigma_layers = nn.Sequential(nn.Linear(width, 1))
        self.base_remap_layers = nn.Sequential(nn.Linear(width, width))
        self.rgb_layers = nn.Sequential(Sine(width + 3, width // 2, w0), nn.Linear(width // 2, 3))

    def forward(self, points: Tensor, view: Tensor) -> tuple[Tensor, Tensor]:
        """Colour and raw density, the latter multiplied where it is positive."""
        hidden = self.base_layers(points)
        raw = self.sigma_layers(hidden).squeeze(-1)
        remapped = self.base_remap_layers(hidden)
        seen = torch.cat([remapped, view.expand(*hidden.shape[:-1], 3)], dim=-1)
        colour = (self.rgb_mul * self.rgb_layers(seen)).sigmoid()
        return colour, torch.where(raw > 0, raw * self.sigma_mul, raw)


class OtherNet(nn.Module):
    """nerfmm's network: the features come before the code where it enters again."""

    def __init__(self, width: int, octaves: int, views: int) -> None:
        super().__init__()
        self.octaves, self.views = octaves, views
        size = 3 + 6 * octaves
        relu = nn.ReLU()
        self.layers0, self.layers1 = (
            nn.Sequential(
                *(part for i in range(4) for part in (nn.Linear(width if i else n, width), relu))
            )
            for n in (size, width + size)
        )
        self.fc_density = nn.Linear(width, 1)
        self.fc_feature = nn.Linear(width, width)
        self.rgb_layers = nn.Sequential(nn.Linear(width + 3 + 6 * views, width // 2), relu)
        self.fc_rgb = nn.Linear(width // 2, 3)

    def forward(self, points: Tensor, view: Tensor) -> tuple[Tensor, Tensor]:
        """Colour and raw density."""
        start = code(points, self.octaves)
        hidden = self.layers1(torch.cat([self.layers0(start), start], dim=-1))
        seen = code(view, self.views).expand(*hidden.shape[:-1], -1)
        colour = self.fc_rgb(self.rgb_layers(torch.cat([self.fc_feature(hidden), seen], -1)))
        return colour.sigmoid(), self.fc_density(hidden).squeeze(-1)


def composited(colour: Tensor, density: Tensor, lengths: Tensor) -> Tensor:
    """(R, 3) colour of rays from (R, S, 3), (R, S) after the activation and (R, S)."""
    seen, passing = torch.zeros(len(colour), 3), torch.ones(len(colour))
    for sample in range(colour.shape[1]):
        alpha = 1 - torch.exp(-density[:, sample] * lengths[:, sample])
        seen = seen + (passing * alpha).unsqueeze(-1) * colour[:, sample]
        passing = passing * (1 - alpha)
    return seen


def improved_colours(
    net: nn.Module,
    clamp: str,
    pose: Tensor,
    focal: Tensor,
    size: tuple[int, int],
    pixels: Tensor,
    samples: int,
) -> Tensor:
    """What improved-nerfmm sees: camera space, depths 0 to 1, its last length 100."""
    local = (pixels - torch.tensor(size) / 2) / focal
    directions = torch.cat([local, torch.ones(len(local), 1)], -1) @ pose[:3, :3].T
    depths = torch.linspace(0, 1, samples)
    points = pose[:3, 3] + depths[:, None] * directions[:, None]
    norm = directions.norm(dim=-1, keepdim=True)
    colour, raw = net(points, (directions / norm)[:, None])
    density = torch.nn.functional.softplus(raw) if clamp == "softplus" else raw.relu()
    steps = torch.cat([depths.diff(), torch.tensor([100.0])])
    return composited(colour, density, steps * norm)


def other_colours(
    net: nn.Module, focal: Tensor, size: tuple[int, int], pixels: Tensor, samples: int
) -> Tensor:
    """What nerfmm sees from the origin: ndc in OpenGL axes, where all directions are (0, 0, 1)."""
    slopes = (pixels - torch.tensor(size) / 2) / focal * torch.tensor([1.0, -1.0])
    start = 2 * focal / torch.tensor(size) * slopes  # on the near plane, z = -1 in ndc
    depths = torch.linspace(0, 1, samples)
    flat = start[:, None].expand(-1, samples, -1)
    points = torch.cat([flat, (2 * depths - 1).expand(len(start), samples)[..., None]], -1)
    colour, raw = net(points, torch.tensor([0.0, 0.0, 1.0]).expand(len(start), 1, 3))
    steps = torch.cat([depths.diff(), torch.tensor([1e10])])
    return composited(colour, raw.relu(), steps.expand(len(start), -1))


def save_improved(net: nn.Module, cameras: dict[str, Any], out: Path, **more: Any) -> None:
    """A `.pt` as improved-nerfmm's checkpoints are."""
    named = {f"fg_net.coarse_model.{name}": value for name, value in net.state_dict().items()}
    adam = torch.optim.Adam(net.parameters())
    content = {"model": named, "cam_param": cameras, "global_step": 41, "epoch_idx": 8}
    content |= {"optimizer_nerf": adam.state_dict()}
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content | more, out)


def save_other(
    net: nn.Module, focal: dict[str, Tensor], poses: dict[str, Tensor], out: Path
) -> None:
    """The three `.pth` of nerfmm."""
    out.mkdir(parents=True, exist_ok=True)
    parts = {"nerf": net.state_dict(), "focal": focal, "pose": poses}
    for name, state in parts.items():
        content = {"epoch": 8, "model_state_dict": state, "optimizer_state_dict": {}}
        torch.save(content, out / f"latest_{name}.pth")
