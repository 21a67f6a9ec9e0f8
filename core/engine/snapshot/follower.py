"""Work beside training that follows the newest snapshot on a thread of its own."""

import abc
import logging
import threading
from collections import deque

from core.engine.snapshot import Snapshot
from core.errors import Cancelled, InputError

PATIENCE = 10.0  # seconds that the end waits for work that hangs, such as on a disk
LOGGER = logging.getLogger(__name__)


class Follower(abc.ABC):
    """Looks at the newest snapshot again and again. Who shows one never waits.

    While it looks, newer snapshots take one another's place; the last one is looked at for sure,
    when `ending` is true. Its thread begins when it is first wanted.
    """

    EVERY: float | None = None  # seconds after which it looks again, though there is nothing newer

    def __init__(self, name: str) -> None:
        """Args: `name` begins the sentence that says that it failed."""
        self._name = name
        self._newest: Snapshot | None = None
        self._changed = threading.Condition()
        self._ending, self._failed = False, False
        self._thread: threading.Thread | None = None
        self._said: deque[str] = deque(maxlen=8)
        self._last_said = ""

    @abc.abstractmethod
    def wanted(self, snapshot: Snapshot) -> bool:
        """Whether the options ask for this work."""

    @abc.abstractmethod
    def look(self, snapshot: Snapshot) -> None:
        """Do what is due. Called on the follower's thread, also where it is no longer wanted.

        Raises:
            InputError: said to the person; the next snapshots are looked at nevertheless.
            Cancelled: it was told to end.
        """

    def close(self) -> None:  # noqa: B027  many hold nothing
        """Give back what is held. Called last, on the follower's thread."""

    # -- the engine's thread -------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """There is a newer snapshot; returns at once, and raises nothing."""
        with self._changed:
            self._newest = snapshot
            self._changed.notify()
        try:
            if self._thread is None and not self._failed and self.wanted(snapshot):
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                thread.start()
                self._thread = thread
        except Exception as error:
            self._fail(error)

    def drain_messages(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        return [self._said.popleft() for _ in range(len(self._said))]

    def stop(self) -> None:
        """Ask for the end; `join` waits for it."""
        with self._changed:
            self._ending = True
            self._changed.notify()

    def join(self) -> None:
        """Return when the last snapshot was looked at, or is hopeless."""
        if self._thread is not None:
            self._thread.join(PATIENCE)

    # -- the follower's thread -----------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """Whether it was told to end; asked after every chunk of long work."""
        return self._ending

    def _work(self) -> None:
        snapshot, last = None, False
        try:
            while not last:
                snapshot, last = self._next(snapshot)
                if snapshot is not None:
                    self._look(snapshot)
            self.close()
        except BaseException as error:  # training goes on whatever happens here
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failed = True
        LOGGER.warning("%s", self._name, exc_info=error)
        self._say(
            f"{self._name} stopped ({type(error).__name__}: {error}); training goes on "
            "without it until the run is opened again."
        )

    def _next(self, seen: Snapshot | None) -> tuple[Snapshot | None, bool]:
        """The newest, once it is another one than was seen or the end has come; and whether."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not seen or self._ending, self.EVERY)
            return self._newest, self._ending

    def _look(self, snapshot: Snapshot) -> None:
        try:
            self.look(snapshot)
        except Cancelled:
            pass
        except InputError as error:
            self._say(str(error))

    def _say(self, sentence: str) -> None:
        if sentence != self._last_said:
            self._said.append(sentence)
        self._last_said = sentence
