"""One Adam for each group of parameters, with step decay that depends on the epoch alone."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.config import Config
from core.states import part_of

MOMENTS = {"step", "exp_avg", "exp_avg_sq"}  # of a parameter, in every kind of Adam
GROUPS = ("field", "rotation", "position", "focal", "zoom", "distortion")


def make_optimizer(parameters: list[nn.Parameter]) -> torch.optim.Adam:
    """Adam (0.9, 0.999) as in NeRF--; its rate is set before each step."""
    on_gpu = any(parameter.device.type != "cpu" for parameter in parameters)
    return torch.optim.Adam(parameters, lr=0.0, fused=True, capturable=on_gpu)


def learning_rate(config: Config, group: str, epochs: int, steps: int = 0) -> float:
    """Rate of a group after `epochs` epochs and as many `steps` of its own schedule.

    The rate is multiplied by `decay` once in every `decay_epochs`, or, where that is not 0, in
    every `decay_steps`. Computing it from the age keeps the phase over a resume and lets rates be
    edited while training.
    """
    part = config.field if group == "field" else config.cameras
    lens = {
        "focal": config.cameras.focal_rate,
        "zoom": config.cameras.focal_rate,
        "distortion": config.cameras.distortion_rate,
    }
    rate = lens.get(group, part.rate)
    if part.decay_steps:
        return rate * part.decay ** (steps // part.decay_steps)
    return rate * part.decay ** (epochs // part.decay_epochs)


def packed(optimizers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The moments of optimizers by their groups, by ``adam.group.parameter.key``."""
    return {
        f"adam.{group}.{parameter}.{key}": value
        for group, adam in optimizers.items()
        for parameter, moments in adam.state_dict()["state"].items()
        for key, value in moments.items()
    }


def unpack(optimizers: Mapping[str, torch.optim.Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Take over moments packed before, from optimizers of parameters of the same shapes.

    Raises:
        ValueError: they are of others.
    """
    for group, adam in optimizers.items():
        _unpack(adam, part_of(tensors, f"adam.{group}."))


def _unpack(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
        moved = optimizer.param_groups[0]["params"][int(index)]
        if tensor.shape != {"step": ()}.get(key, moved.shape) or not tensor.is_floating_point():
            raise ValueError(f"moments {name} of {list(tensor.shape)} for {list(moved.shape)}")
    if any(set(moments) != MOMENTS for moments in state.values()):
        raise ValueError(f"moments that are not {', '.join(sorted(MOMENTS))}")
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


@torch.no_grad()
def load(module: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy parameters by name.

    Raises:
        ValueError: one has another shape; copying would stretch it.
    """
    for name, parameter in module.named_parameters():
        if tensors[name].shape != parameter.shape:
            raise ValueError(f"{name} is {list(tensors[name].shape)}")
        parameter.copy_(tensors[name])
