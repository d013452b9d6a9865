"""Report ids that are written in several ways: "1" and "1.0", "50414267" and "s50414267"."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Keys", "is_nameless", "plain_id", "quoted_name", "show_ids", "show_names"]

_SHOWN_IDS: Final = 5
_LONGEST_SHOWN: Final = 64
# What stands for a column's name may be a cell of a table without a header, and so a report.
_NAME: Final = re.compile(r"(?=.{1,40}\Z)[\w()/&+%-]+(?: [\w()/&+%-]+){0,3}")
_NAMELESS: Final = re.compile(r"(unnamed: \d+)?", re.IGNORECASE)  # as pandas calls such columns
_SHOWN_NAMES: Final = 30
_DECIMAL: Final = re.compile(r"(\d+)\.0+")
_STUDY: Final = re.compile(r"s(\d{8})", re.IGNORECASE)


def plain_id(identifier: str) -> str:
    r"""Return the form in which ids are compared where they differ as they are written.

    A whole number loses the decimals that a spreadsheet or pandas gave it, and a study of
    MIMIC-CXR the "s" of its file's name.

    >>> plain_id(" 17.0 "), plain_id("s50414267"), plain_id("s50414267.txt"), plain_id("CXR12")
    ('17', '50414267', '50414267', 'CXR12')
    """
    plain = identifier.strip().removesuffix(".txt")
    for pattern in (_DECIMAL, _STUDY):
        if found := pattern.fullmatch(plain):
            return found[1]
    return plain


class Keys:
    """The ids of one file, and where they stand in others, as written or as `plain_id` has them.

    An id counts as another only where neither file has two that are then alike.

    Args:
        first: ids of the file that the others are compared with.
        others: ids of each of these.
    """

    def __init__(self, first: Sequence[str], others: Sequence[Sequence[str]]) -> None:
        self._first = first
        self._found = [_matches(first, other) for other in others]

    def find(self, identifier: str, other: int) -> str | None:
        """Return how another file writes an id of the first, or `None` where it has it not."""
        return self._found[other].get(identifier)

    def notes(self, names: Sequence[str]) -> Iterator[str]:
        """Yield a sentence for each other file that writes ids in another way."""
        for found, name in zip(self._found, names, strict=True):
            differing = [(a, b) for a, b in found.items() if a != b]
            if differing:
                mine, theirs = differing[0]
                yield (
                    f"{len(differing)} ids are written in another way in {name} and were taken as "
                    f"the same, such as {show_ids([mine])} and {show_ids([theirs])}."
                )


def show_ids(ids: Iterable[str]) -> str:
    """List the first few ids, for a message; what is no single word may be text, and is not shown.

    >>> show_ids(["r1", "Small effusion."])
    'r1, a text of 15 characters'
    """
    listed = list(ids)
    more = ", ..." if len(listed) > _SHOWN_IDS else ""
    return ", ".join(map(_shown_id, listed[:_SHOWN_IDS])) + more


def show_names(names: Iterable[str]) -> str:
    """List columns by their names, for a message; what does not look like a name is not shown.

    >>> show_names(["Pleural Effusion", "FINDINGS: Small effusion.", ""])
    'Pleural Effusion, a name of 25 characters, a column without a name'
    """
    listed = list(names)
    more = ", ..." if len(listed) > _SHOWN_NAMES else ""
    return ", ".join(map(_shown_name, listed[:_SHOWN_NAMES])) + more


def quoted_name(name: str) -> str:
    """Return a column's name in quotes, or what is to be said in its place (see `show_names`)."""
    return repr(name) if _NAME.fullmatch(name) else f"({_shown_name(name)})"


def is_nameless(name: str) -> bool:
    """Tell whether a column has no name of its own, as the index of a frame that was written."""
    return _NAMELESS.fullmatch(name.strip()) is not None


def _shown_id(identifier: str) -> str:
    one_word = len(identifier.split()) < 2 and len(identifier) <= _LONGEST_SHOWN
    return identifier if one_word else f"a text of {len(identifier)} characters"


def _shown_name(name: str) -> str:
    if is_nameless(name):
        return "a column without a name"
    return name if _NAME.fullmatch(name) else f"a name of {len(name)} characters"


def _matches(first: Sequence[str], other: Sequence[str]) -> dict[str, str]:
    there = set(other)
    found = {identifier: identifier for identifier in first if identifier in there}
    if len(found) == len(first):
        return found
    counts = Counter(map(plain_id, first)), Counter(map(plain_id, other))
    plain = {plain_id(identifier): identifier for identifier in other}
    for identifier in first:
        key = plain_id(identifier)
        if identifier not in found and key in plain and counts[0][key] == counts[1][key] == 1:
            found[identifier] = plain[key]
    return {identifier: found[identifier] for identifier in first if identifier in found}
