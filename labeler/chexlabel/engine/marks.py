"""The signs that stand for the marks of a checklist, each of one meaning.

What they say is data, as of any cue: pattern files name them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ABSENT_BEFORE", "EITHER", "MINUS", "NO", "OR", "PLUS", "PRESENT_BEFORE", "YES"]

PRESENT_BEFORE: Final = "\u2203"
"""Stands before what is there ("there exists")."""

ABSENT_BEFORE: Final = "\u2204"
"""Stands before what is not ("there does not exist")."""

YES: Final = "\u2713"
"""Stands after what is there (a tick)."""

NO: Final = "\u2717"
"""Stands after what is not (a cross)."""

EITHER: Final = "\u2213"
"""Stands for a "+/-" until all signs of its list are read; then "?" does."""

OR: Final = "\u2228"
"""Stands between the items of a list that one denial or doubt governs (the logical or)."""

PLUS: Final = PRESENT_BEFORE, YES
"""What a plus or a ticked box says before its item, and after it."""

MINUS: Final = ABSENT_BEFORE, NO
"""What a minus or an empty box says before its item, and after it."""
