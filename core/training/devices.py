"""Which device a run takes: a card that is seen is asked for one product before it is trusted."""

import functools
import re
import warnings

import torch

from core.errors import InputError

NO_CARD = "no CUDA GPU is usable here"


def choose_device(wanted: str, asking: str = "training.device is") -> torch.device:
    """The device that is asked for: auto, cpu or cuda.

    Args: `asking` is how a sentence begins that says what cannot be had.

    Raises:
        InputError: cuda is asked for and there is none that works.
    """
    if wanted == "cpu":
        return torch.device("cpu")
    usable, why = probed()
    if wanted == "cuda" and not usable:
        raise InputError(f"{asking} cuda, but {why or NO_CARD}; take auto.")
    return torch.device("cuda" if usable else "cpu")


def passed_over(wanted: str) -> str:
    """A sentence to the person where a card is here and the CPU is taken instead, else empty."""
    usable, why = probed() if wanted == "auto" else (True, "")
    return "" if usable or not why else f"The CPU is used, as {why}."


def name_of(device: torch.device) -> str:
    """What a person calls it: the name of the card, or CPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


@functools.cache
def probed() -> tuple[bool, str]:
    """Whether the present CUDA card computes, and why not where there is one; asked once.

    From then on products in float32 are in float32: cameras and encodings need its digits, which
    TF32 drops. Where they are not needed bfloat16 is asked for, see `core.fields.precision`.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        there = torch.cuda.is_available()
    if not there:
        old = any("driver" in str(warning.message) for warning in warned)
        needs = f"torch {torch.__version__} needs CUDA {torch.version.cuda}; update it"
        return False, f"the NVIDIA driver is too old ({needs})" if old else ""
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    name, (major, minor) = torch.cuda.get_device_name(), torch.cuda.get_device_capability()
    built = [int(found[1]) for arch in torch.cuda.get_arch_list() if (found := _ARCH.match(arch))]
    if built and 10 * major + minor < min(built):
        oldest = f"{min(built) // 10}.{min(built) % 10}"
        return False, (
            f"the {name} is too old: it has compute capability {major}.{minor}, and torch "
            f"{torch.__version__} is built for {oldest} and newer"
        )
    try:
        ones = torch.ones(8, 8, device="cuda")
        right = float((ones @ ones).sum()) == 512
    except RuntimeError as error:
        return False, f"the {name} does not compute ({str(error).splitlines()[0]})"
    return right, "" if right else f"the {name} multiplies wrongly"


_ARCH = re.compile(r"(?:sm|compute)_(\d+)")
