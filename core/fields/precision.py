"""In which floating-point numbers the hidden layers of a field compute."""

import functools
import time

import torch
from torch import Tensor
from torch.nn import functional

PRECISIONS = ("float32", "bfloat16")
WORTH_IT = 1.5  # times faster products, below which the exacter numbers are kept


def lowered(values: Tensor, precision: str) -> Tensor:
    """Values (...) as hidden layers take them: bfloat16, or as they are.

    Weights, encoding phases, the first sine layer, the heads and all of rendering keep the numbers
    of the parameters; only what runs from hidden layer to hidden layer is lowered.
    """
    return values.to(torch.bfloat16) if precision == "bfloat16" else values


@functools.cache
def fastest_precision(device: str) -> str:
    """Which of `PRECISIONS` suits a device ("cpu", "cuda").

    bfloat16 is many times faster where the processor multiplies it and slower where it does not:
    cards do from compute capability 8.0 on, others are measured once in a few milliseconds.
    """
    if device == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability() >= (8, 0) else "float32"
    exact, lower = (_product_seconds(torch.device(device), name) for name in PRECISIONS)
    return "bfloat16" if exact > WORTH_IT * lower else "float32"


def _product_seconds(device: torch.device, precision: str) -> float:
    """The shortest of a few products as wide as a published layer on a piece of a step."""
    inputs = lowered(torch.ones(4096, 128, device=device), precision)
    weight = lowered(torch.ones(128, 128, device=device), precision)
    times = []
    for _ in range(8):
        began = time.perf_counter()
        functional.linear(inputs, weight)[0, 0].item()
        times.append(time.perf_counter() - began)
    return min(times)
