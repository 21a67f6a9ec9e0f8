"""What is wrong with the photos, found out beside training, once for each set."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from core.engine.snapshot import Snapshot
from core.photos import Finding, PhotoSet, check

Findings = tuple[Finding, ...]


class Advice:
    """Checks the photos of snapshots on a thread of its own. Any thread may ask."""

    def __init__(self, examine: Callable[[PhotoSet], Findings] = check) -> None:
        self._examine = examine
        self._asking = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photo checks")
        self._ended = False
        self._photos: PhotoSet | None = None
        self._found: Future[Findings] | None = None

    def of(self, snapshot: Snapshot) -> Findings | None:
        """What was found in a snapshot's photos; None while that is not known. Never waits.

        Where training is about to begin, its first step is let through before.
        """
        with self._asking:
            if snapshot.photos is None:
                return None
            if snapshot.photos is not self._photos:
                if self._ended or (snapshot.playing and snapshot.step == 0):
                    return None
                self._photos = snapshot.photos
                self._found = self._worker.submit(self._checked, snapshot.photos)
            found = self._found
        return found.result() if found is not None and found.done() else None

    def stop(self) -> None:
        """End the thread, after what is under way; other photos are no more looked at."""
        with self._asking:
            self._ended = True
        self._worker.shutdown(wait=True)

    def _checked(self, photos: PhotoSet) -> Findings:
        """A bug in a check is told in its place, and nothing else is lost."""
        try:
            return self._examine(photos)
        except Exception as error:
            logging.getLogger(__name__).exception("The photos could not be checked.")
            fault = f"{type(error).__name__}: {error}"
            sentence = f"The photos could not be checked ({fault}); look through them yourself."
            return (Finding(None, "not checked", sentence),)
