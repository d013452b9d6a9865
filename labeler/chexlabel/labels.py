"""The types that every stage shares: labels, cues, mentions and labeled reports."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "LABELS_BY_WORD",
    "LABEL_WORDS",
    "AttributedWord",
    "Attribution",
    "CodedEnum",
    "Cue",
    "Label",
    "LabelWord",
    "LabeledReport",
    "Mention",
    "SectionSpan",
]


class CodedEnum(IntEnum):
    """An enumeration of numbers that equals its numbers, but no member of another enumeration.

    The members of two plain `IntEnum`s are equal where their numbers are: a label would equal the
    class of quite another one in a confusion matrix.
    """

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Enum) and type(other) is not type(self):
            return False
        return int.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        if isinstance(other, Enum) and type(other) is not type(self):
            return True
        return int.__ne__(self, other)

    __hash__ = int.__hash__


class Label(CodedEnum):
    """What a report says of one finding; a finding it does not speak of has no label (`None`).

    The integer values are those of the CheXpert labeler (Irvin et al. 2019, arXiv:1901.07031).
    """

    POSITIVE = 1
    NEGATIVE = 0
    UNCERTAIN = -1


LabelWord: TypeAlias = Literal["positive", "negative", "uncertain", "blank"]
"""What a label, or its absence, is called."""

LABEL_WORDS: Final[Mapping[Label | None, LabelWord]] = MappingProxyType(
    {
        Label.POSITIVE: "positive",
        Label.NEGATIVE: "negative",
        Label.UNCERTAIN: "uncertain",
        None: "blank",
    }
)
"""The word for each label, in pattern files, on screen and in class names of HTML."""

LABELS_BY_WORD: Final[Mapping[str, Label | None]] = MappingProxyType(
    {word: label for label, word in LABEL_WORDS.items()}
)
"""The label for each word."""


class SectionSpan(NamedTuple):
    """One section of a report: its canonical name and its character offsets, heading excluded."""

    name: str
    start: int
    end: int


class Cue(NamedTuple):
    """The words that decided a mention's label.

    Attributes:
        kind: the cue's kind as the pattern set names it ("negation", "uncertainty", ...). Of what
            is no cue of the set: "state", "alternative" (`or`, `versus`), "elision" (a statement
            with its noun left out), "reversal" (`has not`), "reference" or "answer" (to a finding
            named before).
        text: the words as they stand in the report.
        start: offset of the first character in the report.
        end: offset after the last character in the report.
        pattern: the pattern that matched, as it is written in the pattern file.
    """

    kind: str
    text: str
    start: int
    end: int
    pattern: str


class Mention(NamedTuple):
    """One place where a report speaks of a finding.

    Attributes:
        finding: the finding's name in the pattern set.
        label: what this mention says; `None` for a mention that gives no label, such as
            one in the patient's history ("history of pneumonia").
        text: the words as they stand in the report.
        start: offset of the first character in the report.
        end: offset after the last character in the report.
        section: canonical name of the section ("findings", "impression", "body", ...).
        sentence: offsets of the sentence in the report, (start, end).
        cues: the cues that decided the label, in text order; empty for a plain statement.
        pattern: the pattern that matched, as it is written in the pattern file; empty where the
            refiner tagged the words.
        confidence: calibrated probability that the sentence says so; `None` by the rules alone.
        source: who decided, "rules" or "refiner".
    """

    finding: str
    label: Label | None
    text: str
    start: int
    end: int
    section: str
    sentence: tuple[int, int]
    cues: tuple[Cue, ...]
    pattern: str
    confidence: float | None = None
    source: str = "rules"


class AttributedWord(NamedTuple):
    """A word of a sentence and what it speaks for.

    Attributes:
        start: offset of the first character in the report.
        end: offset after the last character in the report.
        score: how much it speaks for the label; below 0 against it. Scores compare within a
            sentence only.
        kept: whether it is of the strong ones.
    """

    start: int
    end: int
    score: float
    kept: bool


class Attribution(NamedTuple):
    """Which words of the deciding sentence the refiner's reading of a finding stands on.

    Attributes:
        finding: the finding's name.
        label: the label of the sentence that decided; `None` for blank.
        sentence: offsets of the sentence in the report, (start, end).
        words: its words, in text order.
        probability: of the label, by the net alone, 0 to 1.
        without: the same with the kept words left out; where it stays high, they do not explain it.
        method: how the scores were reckoned.
    """

    finding: str
    label: Label | None
    sentence: tuple[int, int]
    words: tuple[AttributedWord, ...]
    probability: float
    without: float
    method: str


class LabeledReport(NamedTuple):
    """A report's labels with the evidence for them.

    Attributes:
        id: the report's identifier, or `None` for a bare text.
        labels: finding -> label, `None` where blank; in the pattern set's order.
        mentions: every mention in text order.
        probabilities: finding -> label (`None` for blank) -> calibrated probability; empty by the
            rules alone, and without the findings that the refiner does not know.
        refiner: name and version of the model that refined the labels; `None` for none.
        text: the report as it was given, which the offsets of the mentions point into.

    In a notebook it shows itself as the text with its mentions marked.
    """

    id: str | None
    labels: Mapping[str, Label | None]
    mentions: tuple[Mention, ...]
    probabilities: Mapping[str, Mapping[Label | None, float]] = {}
    refiner: str | None = None
    text: str = ""

    def __repr__(self) -> str:
        """Show all but the text, which is the patient's."""
        shown = (f"{name}={getattr(self, name)!r}" for name in self._fields if name != "text")
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON, in the form of a line of an evidence file.

        Returns:
            "id", "labels" (finding -> 1, 0, -1 or `None`) and "mentions" with their cues.

        >>> from chexlabel import Labeler
        >>> found = Labeler()("No effusion.").to_dict()
        >>> found["labels"]["Pleural Effusion"], found["mentions"][0]["cues"][0]["text"]
        (0, 'No')
        """
        from chexlabel.writers.evidence import evidence_record

        return evidence_record({"id": self.id}, self)  # type: ignore[dict-item] # a bare text's

    def _repr_html_(self) -> str:
        from chexlabel.render.notebook import notebook_html

        return notebook_html(self)

    def evidence(self, finding: str) -> tuple[Mention, ...]:
        """Return the mentions that carry the report's label for `finding`, in text order.

        Raises:
            KeyError: there is no label of this name.
        """
        label = self._label(finding)
        if label is None:
            return ()
        return tuple(m for m in self.mentions if m.finding == finding and m.label == label)

    def confidence(self, finding: str) -> float | None:
        """Return the calibrated probability of the report's label, blank too, for `finding`.

        Returns:
            0 to 1; `None` where the refiner did not read it.

        Raises:
            KeyError: there is no label of this name.
        """
        label = self._label(finding)
        known = self.probabilities.get(finding)
        return None if known is None else known[label]

    def source(self, finding: str) -> str:
        """Return who decided on the label of `finding`: "rules" or "refiner".

        A blank label is the refiner's where it set a mention of the rules aside.

        Raises:
            KeyError: there is no label of this name.
        """
        label = self._label(finding)
        deciding = [m.source for m in self.mentions if m.finding == finding and m.label == label]
        refined = deciding and all(source == "refiner" for source in deciding)
        return "refiner" if refined else "rules"

    def _label(self, finding: str) -> Label | None:
        if finding in self.labels:
            return self.labels[finding]
        from difflib import get_close_matches  # for the message alone

        names = {name.casefold(): name for name in self.labels}
        similar = get_close_matches(str(finding).casefold(), names, n=1)
        known = ", ".join(self.labels)
        hint = f"did you mean {names[similar[0]]!r}?" if similar else f"choose from {known}"
        raise KeyError(f"there is no finding {finding!r}; {hint}")
