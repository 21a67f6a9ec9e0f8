"""Checkpoints are written beside training: what is to be saved is copied, then training goes on."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from safetensors import SafetensorError

from core.errors import InputError
from core.training import checkpoint
from core.training.checkpoint import Checkpoint


class Saver:
    """One writer, one file at a time. Used by the engine's thread."""

    def __init__(self) -> None:
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="saver")
        self._under_way: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a file is being written."""
        return self._under_way is not None and not self._under_way.done()

    def put(self, made: Checkpoint) -> Path:
        """Begin to write a checkpoint, after the one under way; returns where it will be."""
        self.wait()
        self._under_way = self._writer.submit(checkpoint.write, made)
        return made.path

    def wait(self) -> None:
        """Return when everything is on the disk.

        Raises:
            InputError: the last file could not be written.
        """
        last, self._under_way = self._under_way, None
        if last is None:
            return
        try:
            last.result()
        except (OSError, SafetensorError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(
                f"The run could not be saved ({reason}); free some space, training goes on."
            ) from None

    def close(self) -> None:
        """End the writer when its file is done."""
        self._writer.shutdown(wait=True)
