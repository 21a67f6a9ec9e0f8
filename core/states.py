"""States of whatever learns: tensors by their names, those of a part under a prefix."""

from collections.abc import Mapping

from torch import Tensor


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose name begins with a prefix, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
