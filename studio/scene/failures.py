"""What fails while the scene is shown, told until it works again."""

from collections.abc import Callable


class Failures:
    """One sentence for each who met a failure. Any thread may report and ask."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def reporter(self, who: str) -> Callable[[str | None], None]:
        """What one of them is to call: with a sentence, and with None when all is well again."""

        def report(sentence: str | None) -> None:
            if sentence is None:
                self._said.pop(who, None)
            else:
                self._said[who] = sentence

        return report

    def of(self, who: str) -> str | None:
        """What one of them said last."""
        return self._said.get(who)

    @property
    def first(self) -> str | None:
        """The sentence that is shown; None while all is well."""
        return next(iter(self._said.values()), None)
