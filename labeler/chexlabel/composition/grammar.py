"""Statements put together from a set's `composition.yaml`, with the labels that they must get."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from chexlabel.composition.members import RANK, Line, Member, Members
from chexlabel.labels import LABELS_BY_WORD, Label

if TYPE_CHECKING:
    from chexlabel.patterns.composition_schema import CompositionFile
    from chexlabel.patterns.pattern_file import PatternFile, Phrase
    from chexlabel.patterns.source import SetSource

__all__ = ["Frame", "Grammar", "Statement"]

_MOST = 5  # members of a list
_LISTS = {
    "ONE": ("all",),
    "ALL": ("all",),
    "LIST": ("all", "bare"),
    "EACH": ("all", "bare"),
    "EITHER": ("either",),
    "ANY": ("all", "bare", "either"),
    "NOR": ("nor",),
}
_SLOT = re.compile(r"\b(?:ONE|ALL|LIST|EACH|EITHER|ANY|NOR)\b")
_AGREEMENT = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
_PLACE = re.compile(
    r"\b(?:STATEMENT|FRAGMENT|CLAUSE|OPENED|SIMPLE|DENIAL|FINISHED|FINDINGS|REMOVED)\b"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One way of making a statement, as `composition.yaml` writes it.

    Attributes:
        phrase: the line of the file.
        label: what it makes of its members; `None` for one that says nothing of them.
        is_clause: whether it has a verb.
        slot: how many members it takes and how they are joined (`ONE`, `ANY` ...).
        sign: whether a sign stands before it that its cue does not touch.
    """

    phrase: Phrase
    label: Label | None
    is_clause: bool
    slot: str
    sign: bool = False

    @property
    def is_opened(self) -> bool:
        """Whether it is a clause that begins with words of its own, not with a member."""
        return self.is_clause and not self.sign and not _SLOT.match(self.phrase.text)


@dataclass(frozen=True, slots=True)
class Statement:
    """A text and the labels that it must get.

    Attributes:
        text: the text.
        says: finding -> label; what is not there must stay blank.
        spans: the characters of each member.
        frames: the lines of `composition.yaml` that it is made by.
        members: what fills them.
    """

    text: str
    says: dict[str, Label]
    spans: tuple[tuple[int, int], ...]
    frames: tuple[str, ...]
    members: tuple[Member, ...]


class Grammar:
    """Makes statements.

    Args:
        source: the set.
        members: draws what fills them.
        random: decides what is made; equal seeds give equal statements.
    """

    def __init__(self, source: SetSource, members: Members, random: Random) -> None:
        self.members = members
        self._random = random
        self._alternatives = LABELS_BY_WORD[source.info.alternatives]
        files = source.composition
        self.frames = [frame for file in files for frame in _frames(file)]
        self._pairs = [phrase.text for file in files for phrase in file.phrases("pairs")]
        self._organ_pairs = [p for p in self._pairs if p.startswith(("STATEMENT", "CLAUSE"))]
        self._organ_clauses = [p.text for f in files for p in f.phrases("organs", "clauses")]
        self._joins: dict[str, list[tuple[str, str]]] = {}
        for file in files:
            for kind in type(file.model.joins).model_fields:
                ways = (_join(phrase.text) for phrase in file.phrases("joins", kind))
                self._joins.setdefault(kind, []).extend(ways)
        self._of_kind = {
            "FRAGMENT": [f for f in self.frames if not f.is_clause and not f.sign],
            "CLAUSE": [f for f in self.frames if f.is_clause],
            "STATEMENT": [f for f in self.frames if not f.sign],
            "OPENED": [f for f in self.frames if f.is_opened],
            "SIMPLE": [
                f
                for f in self.frames
                if f.is_clause and not f.sign and f.slot in ("ONE", "ALL", "EACH", "ANY")
            ],
            "DENIAL": [
                f
                for f in self.frames
                if not f.is_clause and f.label is Label.NEGATIVE and not f.sign
            ],
            "FINISHED": [
                f
                for f in self.frames
                if not f.is_clause
                and f.label is Label.NEGATIVE
                and f.slot in ("ANY", "EITHER", "NOR")
                and not f.sign
            ],
            "FINDINGS": [
                f
                for f in self.frames
                if not f.is_clause and f.label is Label.POSITIVE and not f.sign
            ],
        }

    def single(self, frame: Frame, lines: Sequence[Line] = (), size: int = 0) -> Statement:
        """Return a statement by one frame.

        Args:
            frame: how it is made.
            lines: phrases that must be among its members; any where there are too few.
            size: how many members it has, 0 for any number.
        """
        writer = _Writer()
        self._write(writer, frame, lines, size=size)
        return writer.statement()

    def pair(self, lines: Sequence[Line] = (), *, organ: bool = False) -> Statement:
        """Return two statements in a row.

        Args:
            lines: phrases that must be among the members of the first.
            organ: whether the first speaks of an organ and its state.
        """
        template = self._random.choice(self._organ_pairs if organ else self._pairs)
        writer = _Writer()
        at = 0
        for place in _PLACE.finditer(template):
            writer.add(template[at : place.start()])
            at = place.end()
            if organ and place.start() == 0:
                self._write_organ(writer)
            else:
                self._write_place(writer, place[0], lines if place.start() == 0 else ())
        writer.frames.append(template)
        return writer.statement()

    def _write_place(self, writer: _Writer, place: str, lines: Sequence[Line]) -> None:
        if place == "REMOVED":
            writer.member(self.members.draw(), Label.NEGATIVE)
            return
        if (
            place in ("CLAUSE", "STATEMENT")
            and self._organ_clauses
            and self._random.random() < 0.15
        ):
            self._write_organ(writer)
            return
        frame = self._random.choice(self._of_kind[place])
        slots = ("either",) if place == "FINISHED" and frame.slot == "ANY" else ()
        size = 1 if place == "SIMPLE" else self._random.randint(2, 4) if place == "FINISHED" else 0
        self._write(writer, frame, lines, size=size, joins=slots)

    def _write_organ(self, writer: _Writer) -> None:
        drawn = None
        while drawn is None:
            drawn = self.members.organ()
        organ, state, member = drawn
        template = self._random.choice(self._organ_clauses)
        text = template.replace("ORGAN", organ).replace("STATE", state)
        writer.frames.append(template)
        writer.member(Member(text, member.says, member.phrase), Label.POSITIVE)

    def _write(
        self,
        writer: _Writer,
        frame: Frame,
        lines: Sequence[Line],
        *,
        size: int = 0,
        joins: Sequence[str] = (),
    ) -> None:
        size = 1 if frame.slot == "ONE" else size or self._random.choice((1, 1, 2, 2, 3, 3, 4, 5))
        if frame.slot == "NOR":
            size = max(2, size)
        alternatives = frame.slot == "EITHER" and size > 1
        if frame.sign:
            writer.member(self.members.draw(modified=self._often()), Label.POSITIVE)
            writer.add(" ")
        text = _AGREEMENT.sub(lambda forms: forms[2 if size > 1 else 1], frame.phrase.text)
        slot = _SLOT.search(text)
        assert slot is not None or frame.slot == ""  # noqa: S101 (`_frames` sees to it)
        kinds = joins or _LISTS[frame.slot]
        ways = [(kind, *way) for kind in kinds for way in self._joins.get(kind, ())]
        kind, between, last = self._random.choice(ways)
        writer.frames.append(frame.phrase.text)
        writer.add(text[: slot.start()] if slot else text)
        label = frame.label
        if alternatives and label is Label.POSITIVE:
            label = self._alternatives
        # "no A, small B": a size after a comma may begin a statement of its own.
        plain = label is Label.NEGATIVE and kind in ("all", "bare")
        place = 0 if plain else self._random.randrange(size)
        for at in range(size):
            if at:
                writer.add(between if at < size - 1 else _last(between, last, size))
            line = lines[0] if lines and at == place else None
            bare = plain and at > 0
            member = self.members.draw(line, modified=not bare and self._often(), plain=bare)
            writer.member(member, label)
        writer.add(text[slot.end() :] if slot else "")

    def _often(self) -> bool:
        return self._random.random() < 0.3


class _Writer:
    """Collects the text of a statement and what it says."""

    def __init__(self) -> None:
        self._text = ""
        self._says: dict[str, Label] = {}
        self._spans: list[tuple[int, int]] = []
        self._members: list[Member] = []
        self.frames: list[str] = []

    def add(self, text: str) -> None:
        """Add words of a frame."""
        self._text += text

    def member(self, member: Member, label: Label | None) -> None:
        """Add a member, of which the frame says `label`."""
        start = len(self._text)
        self._text += member.text
        self._spans.append((start, len(self._text)))
        self._members.append(member)
        for finding, alone in member.says.items():
            says = alone if label is Label.POSITIVE else label
            if says is not None and RANK[says] > RANK[self._says.get(finding)]:
                self._says[finding] = says

    def statement(self) -> Statement:
        """Return what was written, as sentences."""
        text = re.sub(r"(?:^|(?<=\. ))[a-z]", lambda first: first[0].upper(), self._text)
        return Statement(
            f"{text}.", self._says, tuple(self._spans), tuple(self.frames), tuple(self._members)
        )


def _frames(file: PatternFile[CompositionFile]) -> Iterator[Frame]:
    for key, is_clause in (("fragments", False), ("clauses", True), ("causes", False)):
        for name in getattr(file.model, key):
            for phrase in file.phrases(key, name):
                slot = _SLOT.search(phrase.text)
                yield Frame(
                    phrase,
                    LABELS_BY_WORD[name],
                    is_clause,
                    slot[0] if slot else "",
                    sign=key == "causes",
                )


def _join(way: str) -> tuple[str, str]:
    """Return what stands between the first two and the last two of `A, B or C`."""
    found = re.fullmatch(r"A(.+?)B(.+?)C", way)
    if found is None:
        raise ValueError(f"`{way}`: a way of joining must be shown for three, as `A, B or C`")
    return found[1], found[2]


def _last(between: str, last: str, size: int) -> str:
    """Return what stands before a list's last member: of two, without the comma before `or`."""
    return last if size > 2 or last == between else f" {last.lstrip(', ')}"
