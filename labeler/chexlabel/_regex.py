"""Regular expressions that are compiled when they are first used.

Compiling one takes as long as reading a short report with it, and a run over a table needs few of
those that the labeler has for odd forms of reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

__all__ = ["compiled_later"]


def compiled_later(pattern: str | Callable[[], str], flags: int = 0) -> re.Pattern[str]:
    """Return what `re.compile` does, or rather what becomes it when it is first used.

    (For an attribute this is what `functools.cached_property` is for; but in a class that mypyc
    compiles that is a plain property, which compiles anew each time.)

    Args:
        pattern: the expression, or what gives it.
        flags: as `re.compile` takes them.

    >>> compiled_later("[a-z]+").findall("no effusion")
    ['no', 'effusion']
    """
    return cast("re.Pattern[str]", _Later(pattern, flags))


class _Later:
    """Stands for a compiled expression; each of its methods is looked up once."""

    def __init__(self, pattern: str | Callable[[], str], flags: int) -> None:
        self._given = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        if name.startswith("_"):  # asked for while it is unpickled or shown, and no pattern's
            raise AttributeError(name)
        compiled = self.__dict__.get("_compiled")
        if compiled is None:
            compiled = self.__dict__["_compiled"] = re.compile(self._text(), self._flags)
        value = self.__dict__[name] = getattr(compiled, name)
        return value

    def __reduce__(self) -> tuple[object, ...]:
        return compiled_later, (self._text(), self._flags)

    def _text(self) -> str:
        return self._given if isinstance(self._given, str) else self._given()
