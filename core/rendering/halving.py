"""Work in pieces, which become smaller where memory runs out."""

from collections.abc import Callable
from typing import TypeVar

from core.errors import OutOfMemory, is_out_of_memory

HALVINGS = 3
RAN_OUT = (
    f"Memory ran out, also with pieces {2**HALVINGS} times smaller; close other programs, or lower "
    "training.memory, data.long_side or the size of the picture."
)

Result = TypeVar("Result")


def halving(act: Callable[[int], Result], piece: int) -> Result:
    """What `act` gives of pieces of this size, or half as large where memory runs out.

    The next call begins with whole pieces again: memory may have become free meanwhile.

    Raises:
        OutOfMemory: it ran out with pieces that were halved `HALVINGS` times.
    """
    for times in range(HALVINGS + 1):
        try:
            return act(max(1, piece >> times))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
    raise OutOfMemory(RAN_OUT)
