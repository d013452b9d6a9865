"""Regular expressions that are compiled when they are first used.

Compiling one takes as long as reading a short report with it, and a run over a table needs few of
those that the labeler has for odd forms of reports.
"""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["compiled_later"]


def compiled_later(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what `re.compile` does, or rather what becomes it when it is first used.

    >>> compiled_later("[a-z]+").findall("no effusion")
    ['no', 'effusion']
    """
    return cast("re.Pattern[str]", _Later(pattern, flags))


class _Later:
    """Stands for a compiled expression; each of its methods is looked up once."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._source = pattern, flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        value = getattr(re.compile(*self.__dict__["_source"]), name)
        self.__dict__[name] = value
        return value

    def __reduce__(self) -> tuple[object, ...]:
        return compiled_later, self._source
