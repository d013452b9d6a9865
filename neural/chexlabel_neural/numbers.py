"""Numbers as the net sees them: every digit of them the same.

How many millimetres, days or images hardly ever decides a label, yet makes of one statement a
thousand. To the net "42 mm" and "17 mm" (not "4 mm") are the same passage: it learns of both what
it learns of one, and is asked once.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["plain_numbers"]

_NUMBER: Final = re.compile(r"\d[\d.,:/]*\d|[1-9]")  # zeros may say "none"
_SAME: Final = str.maketrans(dict.fromkeys("0123456789", "2"))


def plain_numbers(text: str) -> str:
    """Return a text with 2 for every digit of its numbers; zeros alone stay.

    No character changes its place.

    >>> plain_numbers("Tip 4.05 cm above the carina, 3 views, effusions: 0/0")
    'Tip 2.22 cm above the carina, 2 views, effusions: 0/0'
    """
    return _NUMBER.sub(_plain, text)


def _plain(number: re.Match[str]) -> str:
    return number[0].translate(_SAME) if number[0].strip("0.,:/") else number[0]
