"""What Markdown is made of: text that it shows as it is, and tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["escape", "escaped", "table"]

# What Markdown or HTML would take for markup; file names, ids and labelers' names may hold it.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def escape(text: str) -> str:
    """Escape a text so that Markdown shows it as it is, on one line."""
    return escaped(" ".join(text.split()))


def escaped(text: str) -> str:
    """Escape a text, spaces and line breaks as they are."""
    return _SPECIAL.sub(r"\\\1", text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of GitHub's kind, all columns but the first to the right."""
    lines = [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)
