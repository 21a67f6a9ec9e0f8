"""Adam for texels, with moments that take half the bytes.

There are millions of texels and hardly anything else in a run, so what is remembered of each is
most of its memory and of its checkpoints. Eight bits of a moment's mantissa are enough: a step's
length is then right to half a percent, and both moments forget faster than rounding could hold them
back (betas .9 and .99 change them by 10 % and 1 % of what is new). Texels keep all their digits.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from core.multiplane.field import MultiplaneImage

BETAS, EPSILON = (0.9, 0.99), 1e-15
MOMENTS = ("exp_avg", "exp_avg_sq")
HALF = torch.bfloat16  # has the range that squares of small gradients need


LARGEST = torch.finfo(torch.float16).max


def three_digits(texels: Tensor) -> Tensor:
    """Texels (...) as float16 holds them, which no eye tells from what they were."""
    return texels.clamp(-LARGEST, LARGEST).half().float()


@torch.no_grad()
def rested(planes: MultiplaneImage) -> MultiplaneImage:
    """The same planes, without the digits that nobody sees: they are large."""
    for texels in planes.parameters():
        texels.copy_(three_digits(texels))
    return planes


def names_of_tiles(held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tiles that parameters of planes hold, by the names of texels and moments in a state."""
    return {
        name: live
        for block, live in held.items()
        for name in (
            f"field.{block}", *(f"adam.{block.replace('s.', '')}.0.{moment}" for moment in MOMENTS),
        )
    }  # fmt: skip


class TexelAdam(torch.optim.Optimizer):
    """Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1) of one block of planes (D, C, H, W).

    A plane at a time, the step from 0 is made in `HALF` and added to the texels, so that nothing
    but the moments is as large as a block; a GPU takes all planes at once.
    """

    def __init__(self, block: torch.nn.Parameter, held: Tensor | None = None) -> None:
        """Nothing moved yet; the rate is set before each step.

        Args: `held` (D, 1, H, W) are texels that may move; None is all.
        """
        super().__init__([block], {"lr": 0.0})
        every = torch.ones(len(block), 1, 1, 1, device=block.device)
        self._held = (every if held is None else held).to(HALF)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move the texels against their gradient."""
        (group,) = self.param_groups
        (block,) = group["params"]
        state = self.state[block]
        if not state:
            state["step"] = torch.zeros((), device=block.device)
            state |= {name: torch.zeros_like(block, dtype=HALF) for name in MOMENTS}
        state["step"] += 1
        wholes = block, block.grad, *(state[name] for name in MOMENTS), self._held
        parts = zip(*wholes, strict=True) if block.device.type == "cpu" else [wholes]
        for texels, gradient, mean, square, held in parts:
            move = torch.zeros_like(mean)
            torch._fused_adam_(
                [move], [gradient.to(HALF).mul_(held)], [mean], [square], [], [state["step"]],
                lr=group["lr"], beta1=BETAS[0], beta2=BETAS[1], weight_decay=0.0, eps=EPSILON,
                amsgrad=False, maximize=False,
            )  # fmt: skip
            texels.add_(move)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over moments, of whatever precision."""
        super().load_state_dict(state_dict)
        for block, state in self.state.items():
            for name, kind in {"step": torch.float32, **dict.fromkeys(MOMENTS, HALF)}.items():
                saved: Tensor = state[name]
                state[name] = saved.to(block.device, kind)
