"""What looks at a run beside its training, and writes down what it sees; engines are handed it."""

from core.engine.governor import Governor
from core.engine.snapshot.follower import Follower
from core.observing.logbook import Logbook
from core.observing.validation import Validator


def observers(governor: Governor) -> list[Follower]:
    """Those of a run that a person trains; they are ended in this order.

    Args: `governor` shares the cores between a run and who looks at it.
    """
    logbook = Logbook()
    return [Validator(governor, logbook.take), logbook]  # the log is told what is still validated
