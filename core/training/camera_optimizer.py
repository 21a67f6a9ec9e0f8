"""Moving the cameras: Adam on latent numbers, which a preconditioner turns into camera numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.geometry.cameras import CameraRig
from core.geometry.focals import FOCALS
from core.geometry.preconditioning import distortion_scale, frustum_points, preconditioner


@dataclass(frozen=True)
class Learns:
    """Which numbers of the cameras may move."""

    rotation: bool = True
    position: bool = True
    focal: bool = True  # the common one, and each photo's own
    distortion: bool = False


Rate = float | Tensor | None  # of a group of numbers; a tensor () where it is; None where it stays

# The usual floor of 1e-8 silently shrinks the small gradients of cameras (CamP, appendix).
BETAS, EPSILON = (0.9, 0.99), 1e-15


class CameraOptimizer:
    """Adam for all poses together, for focal lengths and for the distortion.

    The latent numbers are 0 before each step and folded into the rig after it, so the rig always
    holds the truth and can be converted, exported or moved by others between steps.
    """

    def __init__(self, rig: CameraRig, learns: Learns, reach: tuple[float, float]) -> None:
        """Take the Jacobians at the cameras' present poses.

        Args:
            rig: moved in place by `step`.
            learns: which numbers may move.
            reach: nearest and farthest world z of what the cameras see.
        """
        self.rig, self.learns = rig, learns
        size, count = rig.rotation.shape[-1], len(rig.position)
        device = rig.position.device
        free = torch.tensor([learns.rotation] * size + [learns.position] * 3, device=device)
        self._free = free.to(rig.position.dtype)
        self.mixing = preconditioner(rig, frustum_points(rig, *reach), free)
        self._pose = nn.Parameter(rig.position.new_zeros(count, size + 3))
        self._focal = nn.Parameter(torch.zeros_like(rig.focal))
        self._zoom = nn.Parameter(torch.zeros_like(rig.zoom))
        self._distortion = nn.Parameter(torch.zeros_like(rig.distortion))
        self.adams = {
            "pose": adam_of(self._pose),
            "focal": adam_of(self._focal),
            "zoom": adam_of(self._zoom),
            "distortion": adam_of(self._distortion),
        }

    def pull(
        self, seen: Sequence[Tensor], pulls: Sequence[Tensor], to_distortion: Tensor | float
    ) -> None:
        """Store gradients with the rig's parameters, those that there are.

        Args: `pulls` are the gradients of `seen`, which depends on the rig; `to_distortion` is what
        the distortion feels besides.
        """
        numbers = list(self.rig.parameters())
        gradients = torch.autograd.grad(seen, numbers, pulls, allow_unused=True)
        for number, gradient in zip(numbers, gradients, strict=True):
            number.grad = gradient
        if self.learns.distortion:
            of_lens = self.rig.distortion.grad
            assert of_lens is not None, "rays heed the distortion that they learn"
            of_lens += to_distortion

    @torch.no_grad()
    def step(self, pose_rate: Rate, focal_rate: Rate) -> None:
        """Move the cameras along the gradients stored with the rig's parameters.

        The pose rate is about longer sides of the picture for each step, the focal rate is of the
        focal length's logarithm; distortion moves as far as moves the picture alike. What has no
        rate stays.
        """
        rig, size = self.rig, self.rig.rotation.shape[-1]
        felt = {p: torch.zeros_like(p) if p.grad is None else p.grad for p in rig.parameters()}
        gradient = torch.cat([felt[rig.rotation], felt[rig.position]], -1) * self._free
        if pose_rate is not None:
            self._pose.grad = (self.mixing.mT @ gradient.unsqueeze(-1)).squeeze(-1)
            latent = stepped(self.adams["pose"], self._pose, pose_rate)
            moved = (self.mixing @ latent.unsqueeze(-1)).squeeze(-1)
            rig.rotation.add_(moved[:, :size])
            rig.position.add_(moved[:, size:])
        if focal_rate is not None and self.learns.focal:
            inner = self._focal_scale()
            self._focal.grad = felt[rig.focal] * inner
            rig.focal.add_(stepped(self.adams["focal"], self._focal, focal_rate) * inner)
            if rig.zooms:
                self._zoom.grad = felt[rig.zoom]
                rig.zoom.add_(stepped(self.adams["zoom"], self._zoom, focal_rate))
        if focal_rate is not None and self.learns.distortion:
            scale = distortion_scale(rig)
            self._distortion.grad = felt[rig.distortion] * scale
            latent = stepped(self.adams["distortion"], self._distortion, focal_rate)
            rig.distortion.add_(latent * scale)
        for parameter in rig.parameters():
            parameter.grad = None

    def _focal_scale(self) -> Tensor:
        """How far the focal number moves while the logarithm of the focal length moves by 1."""
        number = self.rig.focal.detach().requires_grad_()
        with torch.enable_grad():
            logarithm = FOCALS[self.rig.focal_kind].to_ratio(number).log().sum()
        (slope,) = torch.autograd.grad(logarithm, number)
        return 1 / torch.where(slope.abs() < 1e-6, torch.inf, slope)


def adam_of(parameter: nn.Parameter) -> torch.optim.Adam:
    """Adam as it moves cameras; on a GPU its steps are one kernel, which can be captured."""
    on_gpu = parameter.device.type != "cpu"
    return torch.optim.Adam(
        [parameter], lr=0.0, betas=BETAS, eps=EPSILON, fused=on_gpu or None, capturable=on_gpu
    )


def stepped(adam: torch.optim.Adam, latent: nn.Parameter, rate: float | Tensor) -> Tensor:
    """What one step of Adam makes of 0, as `latent` (...) is stored; that is 0 again afterwards."""
    adam.param_groups[0]["lr"] = rate
    adam.step()
    moved = latent.detach().clone()
    latent.zero_()
    return moved
