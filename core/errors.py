"""What is expected to fail: the input is at fault, or the machine is, and here is what to do."""

LONGEST = 120  # letters of what a person gave, in a complaint


def shortened(given: str) -> str:
    """As much of what a person gave as a complaint repeats."""
    return given if len(given) <= LONGEST else f"{given[:LONGEST]}…"


class InputError(Exception):
    """Expected failure, shown to the person as it is.

    The message is one sentence that names the culprit (a file, an option) and the remedy. Anything
    else that is raised is a bug and is shown as one.
    """


class Cancelled(Exception):
    """Raised by work that was asked to stop and has cleaned up."""


class OutOfMemory(InputError):
    """Memory ran out, and what was tried with less of it at a time did not help."""


# How torch, CUDA and OpenCV say it, where they do not raise MemoryError.
_SAID = (
    "not enough memory",
    "allocate memory",
    "out of memory",
    "bad_alloc",
    "Insufficient memory",
    "start new thread",
)
_CUT = "[enforce fail a"  # what is left of torch's sentence where memory ran out for the rest of it


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out: of the machine, or of a GPU."""
    if isinstance(error, MemoryError | OutOfMemory):
        return True
    library = isinstance(error, RuntimeError) or type(error).__module__ == "cv2"
    said = str(error)
    cut = said.startswith(_CUT) and "]" not in said
    return library and (cut or any(word in said for word in _SAID))
