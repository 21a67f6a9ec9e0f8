"""YAML as people mean it: decimal numbers, each key once, nothing that grows on reading."""

import re
from typing import Any

import yaml

from core.errors import InputError

_STR, _INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float"))
_UNHEARD = {f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "merge", "value")}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)  # the options refuse these by name


class _Refused(ValueError):
    """Valid YAML that a config is not to hold."""

    def __init__(self, reason: str, mark: yaml.Mark) -> None:
        super().__init__(reason)
        self.problem_mark = mark


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # it has no stubs
    """YAML 1.2's decimal numbers, where PyYAML's 1.1 reads 017 as 15 and 12:30:45 as 45045."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A part of the text; an alias is none: ten lines of them are a billion numbers."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise _Refused("an alias, which a config is not to hold; write it out", mark)
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """A word or a number; one that YAML's versions read differently is refused."""
        node = super().compose_scalar_node(anchor)
        if node.style is None and _DECIMAL.fullmatch(node.value):
            node.tag = _INT if _WHOLE.fullmatch(node.value) else _FLOAT
        elif node.style is None and node.tag in _UNHEARD:
            node.tag = _STR
        elif node.tag in (_INT, _FLOAT) and not _NO_NUMBER.fullmatch(node.value):
            reason = f"{node.value}, which is no decimal number; write one, or put it in quotes"
            raise _Refused(reason, node.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A section; the last of two equal keys would win without a word."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused("a key that is no word", key.start_mark)
            if key.value in seen:
                raise _Refused(f"{key.value} twice; leave one of them", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(text: bytes, origin: str) -> Any:
    """What YAML says, in dictionaries, lists, words, numbers and None.

    Args: `origin` is what a complaint calls it.

    Raises:
        InputError: it is not YAML, or uses a part of it that a config has no need of.
    """
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"its line {mark.line + 1}" if mark else ""
        if isinstance(error, _Refused):
            raise InputError(f"{origin}: {line} has {error}.") from None
        where = f"; see {line}" if mark else ""
        raise InputError(f"{origin} is not valid YAML{where}.") from None
