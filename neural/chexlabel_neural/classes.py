"""The four classes that a head of the net chooses from, and the labels that they stand for."""

from __future__ import annotations

from typing import Final, Literal, get_args

from chexlabel.labels import Label

__all__ = ["CHOICES", "CLASS_OF", "LABEL_OF", "TAGGED", "TRANSITIONS", "Choice", "transition"]

Choice = Literal["blank", "negative", "uncertain", "positive"]

CHOICES: Final[tuple[Choice, ...]] = get_args(Choice)
"""The classes by name, in the order of the logits: where a passage says several, the later wins."""

LABEL_OF: Final = (None, Label.NEGATIVE, Label.UNCERTAIN, Label.POSITIVE)
"""The label of each class."""

CLASS_OF: Final = {label: place for place, label in enumerate(LABEL_OF)}
"""Label -> its class, `None` (blank) among them."""

TRANSITIONS: Final = {
    f"{old}>{new}": (before, after)
    for before, old in enumerate(CHOICES)
    for after, new in enumerate(CHOICES)
    if old != new
}
"""A change of a label by name ("blank>positive") -> its classes before and after."""


TAGGED: Final = 0.5
"""The least probability of a tag, where a model states no other."""


def transition(before: int, after: int) -> str:
    """Return the name of a change of class.

    >>> transition(0, 3)
    'blank>positive'
    """
    return f"{CHOICES[before]}>{CHOICES[after]}"
