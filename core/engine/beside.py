"""All that follows a run beside training: the search, and the observers that it was handed."""

from collections.abc import Callable, Sequence

from core.engine.commands import Adopt
from core.engine.governor import Governor
from core.engine.searching.search import Search
from core.engine.snapshot import Snapshot
from core.engine.snapshot.follower import Follower


class Beside:
    """Shown every snapshot by the engine's thread, which never waits for it."""

    def __init__(
        self, governor: Governor, ask: Callable[[Adopt], None], observers: Sequence[Follower]
    ) -> None:
        """Args: `ask` hands a command to the engine; `observers` end in their order."""
        self.search = Search(governor, ask)
        self._followers = [self.search, *observers]

    def show(self, snapshot: Snapshot) -> None:
        """There is a newer snapshot."""
        for follower in self._followers:
            follower.show(snapshot)

    def drain_messages(self) -> list[str]:
        """Sentences to the person that were not taken yet."""
        return [sentence for follower in self._followers for sentence in follower.drain_messages()]

    def stop(self) -> None:
        """End after the newest snapshot, one after another."""
        for follower in self._followers:
            follower.stop()
            follower.join()
