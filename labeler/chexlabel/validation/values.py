"""The four classes of a label, the text that stands for them, and the policies that merge them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from chexlabel.errors import ValidationError
from chexlabel.labels import LABEL_WORDS, CodedEnum, Label
from chexlabel.validation.identifiers import quoted_name

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LEFT_OUT",
    "BlankPolicy",
    "Codes",
    "LabelClass",
    "Policy",
    "Task",
    "UncertainPolicy",
    "parse_labels",
]

Codes = NDArray[np.int8]
"""Label classes as `LabelClass` numbers; `LEFT_OUT` where a policy removes the pair."""

LEFT_OUT: Final = -1


class LabelClass(CodedEnum):
    """The class of a label, numbered as the rows and columns of every confusion matrix."""

    POSITIVE = 0
    NEGATIVE = 1
    UNCERTAIN = 2
    BLANK = 3

    @classmethod
    def of(cls, label: Label | None) -> LabelClass:
        """Return the class of a label.

        >>> LabelClass.of(Label.UNCERTAIN), LabelClass.of(None)
        (<LabelClass.UNCERTAIN: 2>, <LabelClass.BLANK: 3>)
        """
        return cls[LABEL_WORDS[label].upper()]


class Task(StrEnum):
    """The four extraction tasks of the MIMIC-CXR-JPG paper (Johnson et al. 2019, arXiv:1901.07042).

    Each is a yes-or-no question on one report and one finding: is the label positive, negative,
    uncertain; or is the finding mentioned at all (any of the three, against blank)?
    """

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCERTAIN = "uncertain"
    MENTION = "mention"

    def holds(self, codes: Codes) -> NDArray[np.bool_]:
        """Answer the task's question for every code (`LEFT_OUT` counts as no)."""
        answer: NDArray[np.bool_] = (
            (codes != LabelClass.BLANK) & (codes != LEFT_OUT)
            if self is Task.MENTION
            else codes == _TASK_CLASS[self]
        )
        return answer


_TASK_CLASS: Final = {
    Task.POSITIVE: LabelClass.POSITIVE,
    Task.NEGATIVE: LabelClass.NEGATIVE,
    Task.UNCERTAIN: LabelClass.UNCERTAIN,
}


class UncertainPolicy(StrEnum):
    """What an uncertain label counts as."""

    AS_IS = "as-is"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    IGNORE = "ignore"


class BlankPolicy(StrEnum):
    """What a blank label counts as."""

    AS_IS = "as-is"
    NEGATIVE = "negative"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Policy:
    """How uncertain and blank labels are compared.

    "positive" and "negative" rewrite the label on both sides. "ignore" leaves a (report, finding)
    pair out when the *gold* label is of that class; a labeler's own uncertain or blank answer to a
    decided gold label stays in and is an error, so that no labeler escapes errors by hedging and
    so that all labelers are compared on the same pairs.

    Attributes:
        uncertain: policy for uncertain labels.
        blank: policy for blank labels.
    """

    uncertain: UncertainPolicy = UncertainPolicy.AS_IS
    blank: BlankPolicy = BlankPolicy.AS_IS

    def __post_init__(self) -> None:
        for name, kind in (("uncertain", UncertainPolicy), ("blank", BlankPolicy)):
            value = getattr(self, name)
            if value not in tuple(kind):
                raise ValidationError(f"{name} {value!r}: choose one of {', '.join(kind)}")
            object.__setattr__(self, name, kind(value))  # a plain string is taken too

    def tasks(self) -> tuple[Task, ...]:
        """Return the tasks that keep their meaning under the policy.

        Without an uncertain class there is no uncertain task; without a blank class there is
        nothing for a mention to stand against.
        """
        tasks = [Task.POSITIVE, Task.NEGATIVE]
        if self.uncertain is UncertainPolicy.AS_IS:
            tasks.append(Task.UNCERTAIN)
        if self.blank is BlankPolicy.AS_IS:
            tasks.append(Task.MENTION)
        return tuple(tasks)

    def merge(self, codes: Codes) -> Codes:
        """Rewrite the classes that the policy merges into another."""
        merged = codes.copy()
        if self.uncertain is UncertainPolicy.POSITIVE:
            merged[codes == LabelClass.UNCERTAIN] = LabelClass.POSITIVE
        elif self.uncertain is UncertainPolicy.NEGATIVE:
            merged[codes == LabelClass.UNCERTAIN] = LabelClass.NEGATIVE
        if self.blank is BlankPolicy.NEGATIVE:
            merged[codes == LabelClass.BLANK] = LabelClass.NEGATIVE
        return merged

    def merge_gold(self, codes: Codes) -> Codes:
        """Rewrite gold codes; pairs that the policy leaves out become `LEFT_OUT`."""
        merged = self.merge(codes)
        if self.uncertain is UncertainPolicy.IGNORE:
            merged[codes == LabelClass.UNCERTAIN] = LEFT_OUT
        if self.blank is BlankPolicy.IGNORE:
            merged[codes == LabelClass.BLANK] = LEFT_OUT
        return merged

    def describe(self) -> str:
        """Say in a sentence or two what the policy does, for a reader of the report."""
        uncertain = {
            UncertainPolicy.AS_IS: "Uncertain is a class of its own",
            UncertainPolicy.POSITIVE: "Uncertain counts as positive, in gold and prediction",
            UncertainPolicy.NEGATIVE: "Uncertain counts as negative, in gold and prediction",
            UncertainPolicy.IGNORE: "Findings whose gold label is uncertain are left out",
        }[self.uncertain]
        blank = {
            BlankPolicy.AS_IS: "blank (not mentioned) is a class of its own",
            BlankPolicy.NEGATIVE: "blank (not mentioned) counts as negative, in gold and "
            "prediction",
            BlankPolicy.IGNORE: "findings whose gold label is blank are left out",
        }[self.blank]
        return f"{uncertain}; {blank}."


# What each cell may say, compared without case and surrounding space. Documented for users in
# docs/validation.md; anything else is an error, never a guess.
_WORDS: Final = {
    LabelClass.POSITIVE: ("positive", "pos", "present", "true"),
    LabelClass.NEGATIVE: ("negative", "neg", "absent", "false"),
    LabelClass.UNCERTAIN: ("uncertain", "unc"),
    LabelClass.BLANK: ("blank", "nan", "na", "n/a", "<na>", "none", "null", "not mentioned"),
}
_PLAIN: Final = {
    **dict.fromkeys(("1", "1.0"), LabelClass.POSITIVE),
    **dict.fromkeys(("0", "0.0", "-0.0"), LabelClass.NEGATIVE),
    **dict.fromkeys(("-1", "-1.0"), LabelClass.UNCERTAIN),
    "": LabelClass.BLANK,
}
_CLASS_OF: Final = {w: c for c, words in _WORDS.items() for w in words} | _PLAIN
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?")
_SHOWN: Final = re.compile(r"\S{1,12}")  # an unknown value that is shown: a typo, not a report


def is_label(cell: str) -> bool:
    """Tell whether a cell reads as a label (blank included)."""
    return cell.strip().casefold() in _CLASS_OF


def parse_labels(cells: Sequence[str], *, column: str, source: str) -> tuple[Codes, Counter[str]]:
    """Read one column of label cells.

    Args:
        cells: the cells as text, one a report.
        column: the column's name, for errors.
        source: the file's name, for errors.

    Returns:
        The codes, shape [reports], and how often each word ("positive", "neg", ...) was converted
        to a class.

    Raises:
        ValidationError: a cell is no label.
    """
    # A column of a hundred thousand cells has a handful of distinct ones: read each once.
    distinct, inverse, counts = np.unique(
        np.asarray(cells, dtype=object).astype(str), return_inverse=True, return_counts=True
    )
    words: Counter[str] = Counter()
    table = np.empty(len(distinct), dtype=np.int8)
    for i, cell in enumerate(distinct):
        key = str(cell).strip().casefold()
        code = _CLASS_OF.get(key)
        if code is None:
            row = int(np.flatnonzero(inverse == i)[0])
            raise ValidationError(
                f"{source}: column {quoted_name(column)}, data row {row + 1}: "
                f"{_shown(key)} is not a label ({_hint(key)})"
            )
        table[i] = code
        if key not in _PLAIN:
            words[key] += int(counts[i])
    return table[inverse], words


def _shown(cell: str) -> str:
    return repr(cell) if _SHOWN.fullmatch(cell) else f"a text of {len(cell)} characters"


def _hint(cell: str) -> str:
    if cell in ("2", "2.0", "3", "3.0"):
        return (
            "2 and 3 look like CheXbert's internal class numbers, where 0 is blank and 2 is "
            "negative: write 1, 0, -1 and empty instead"
        )
    if _NUMBER.fullmatch(cell):
        return "a label is 1, 0, -1 or empty; probabilities belong in '<finding>_prob' columns"
    return (
        "use 1, 0, -1 or empty, or the words positive, negative, uncertain and blank; "
        "if the column is no finding, name the findings with --findings"
    )
