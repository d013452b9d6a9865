"""Comparing the labels that composed statements get with those that they must get."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from chexlabel.composition.grammar import Grammar, Statement
from chexlabel.composition.members import Members, reasons, said
from chexlabel.engine.labeler import Labeler
from chexlabel.engine.match import find_matches, symbolize, token_offsets
from chexlabel.labels import Label
from chexlabel.patterns.load import read_set
from chexlabel.patterns.problems import Problem
from chexlabel.patterns.roles import ASSERTIVE_LAYER, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CompositionResult", "Misread", "check_composition", "covering", "is_clean", "misread"]

_LINE = 78  # characters of a line of a report that is typed with line breaks


@dataclass(frozen=True, slots=True)
class Misread:
    """A statement that does not get its labels.

    Attributes:
        statement: the statement.
        text: it as it was written down (upper case, without a full stop ...).
        got: the labels that it gets.
    """

    statement: Statement
    text: str
    got: Mapping[str, Label]

    @property
    def problem(self) -> Problem:
        """What is wrong, at the line of the first member's phrase."""
        says, got = self.statement.says, self.got
        differing = [name for name in {**says, **got} if says.get(name) != got.get(name)]
        wrong = "; ".join(
            f"{name}: expected {_name(says.get(name))}, got {_name(got.get(name))}"
            for name in differing
        )
        members = self.statement.members
        own = next((m for m in members if not m.says.keys().isdisjoint(differing)), members[0])
        frames = ", ".join(f"`{frame}`" for frame in self.statement.frames)
        message = f'"{self.text}": {wrong} ({frames})'
        return Problem(own.phrase.file, own.phrase.line, message)


@dataclass(frozen=True, slots=True)
class CompositionResult:
    """What a check of composed statements found.

    Attributes:
        statements: how many were compared.
        failures: those that do not get their labels.
        left_out: reason -> how many phrases or statements stayed out for it.
    """

    statements: int
    failures: tuple[Misread, ...]
    left_out: Mapping[str, int]


def check_composition(
    patterns: str | os.PathLike[str] = "chexpert14",
    *,
    rounds: int = 1,
    seed: int = 0,
    labeler: Labeler | None = None,
) -> CompositionResult:
    """Put all phrases of a pattern set into statements and compare their labels.

    Args:
        patterns: name or folder of a set whose files have no errors.
        rounds: how often each phrase is put at each position and each frame filled.
        seed: equal seeds give equal statements.
        labeler: one of the set, where there is one already.

    Raises:
        PatternError: The set has an error.
        ValueError: `composition.yaml` shows a way of joining that is none.
    """
    source = read_set(patterns)
    labeler = labeler or Labeler(patterns, refine=False)
    random = Random(seed)  # noqa: S311 (nothing secret)
    members = Members(source, labeler, random)
    grammar = Grammar(source, members, random)
    left_out: Counter[str] = reasons(members.left_out)
    failures = []
    count = 0
    for _ in range(rounds):
        for statement in covering(grammar, random):
            if not is_clean(labeler, statement):
                left_out["two members make a phrase of their own"] += 1
                continue
            count += 1
            failure = misread(labeler, statement, _dressed(statement.text, random))
            if failure is not None:
                failures.append(failure)
    return CompositionResult(count, tuple(failures), left_out)


def covering(grammar: Grammar, random: Random) -> Iterator[Statement]:
    """Yield statements in which every phrase and every frame stands.

    Each phrase fills one frame alone, one in a list, and one in the first of two statements; each
    frame is filled for every length of list.
    """
    if not grammar.members.lines or not grammar.frames:
        return
    for line in grammar.members.lines:
        for size in (1, 3):
            yield grammar.single(random.choice(grammar.frames), [line], size)
        yield grammar.pair([line])
    for frame in grammar.frames:
        for size in range(1, 6):
            yield grammar.single(frame, (), size)
    if grammar.members.organs:
        for _ in grammar.members.organs:
            yield grammar.pair(organ=True)


def misread(labeler: Labeler, statement: Statement, text: str) -> Misread | None:
    """Return the failure if a statement, written down as `text`, does not get its labels."""
    got = said(labeler, text)
    return None if got == statement.says else Misread(statement, text, got)


def is_clean(labeler: Labeler, statement: Statement) -> bool:
    """Say whether all phrases found in a statement belong to one member each.

    Where words of two members, or of a member and a cue, make a phrase of the set ("pericardial
    thickening, pleural effusion"), the set's author meant something else by them; so where a
    word counts only in a place that another member names.
    """
    lexicon = labeler.patterns.lexicon
    offsets = token_offsets(statement.text, lexicon)
    items = find_matches(symbolize(statement.text, lexicon), lexicon)
    if items is None:  # an excluded phrase has taken the only member's words
        return False
    spans = [
        (offsets[item.start][0], offsets[item.end - 1][1], item.role.layer >= 0)
        for item in items
        if item.role.layer != ASSERTIVE_LAYER
    ]
    if not all(_belongs(start, end, statement.spans, inside) for start, end, inside in spans):
        return False
    named = [
        (offsets[item.start][0], item.role.tag, labeler.patterns.tracked[item.role.finding])
        for item in items
        if item.role.tag in (Tag.MENTION, Tag.ANATOMY)
    ]
    return all(
        _names_what_it_says(span, member.says, named)
        for span, member in zip(statement.spans, statement.members, strict=True)
    )


def _names_what_it_says(
    span: tuple[int, int], says: Iterable[str], named: Iterable[tuple[int, str, str]]
) -> bool:
    """Say whether a member's words name in the statement what they name alone.

    They do not where a part takes its place from another member: "thickening or pleural air".
    """
    inside = [(tag, finding) for start, tag, finding in named if span[0] <= start < span[1]]
    alone = set(says)
    mentioned = {finding for tag, finding in inside if tag == Tag.MENTION}
    return mentioned <= alone <= {finding for _, finding in inside}


def _belongs(start: int, end: int, members: Iterable[tuple[int, int]], inside: bool) -> bool:
    """Say whether a phrase stands within one member, or (a cue, a state) touches none."""
    touched = [span for span in members if span[0] < end and start < span[1]]
    if not touched:
        return not inside
    return len(touched) == 1 and touched[0][0] <= start and end <= touched[0][1]


def _name(label: Label | None) -> str:
    return "blank" if label is None else label.name.lower()


def _dressed(text: str, random: Random) -> str:
    """Return a text as it may be typed: in capitals, without its last stop, over two lines.

    Not over two lines where it has a colon: lines that begin with a word and a colon are items of a
    checklist, wherever the line before them ends.
    """
    dress = random.randrange(8)
    if dress == 0:
        return text.upper()
    if dress == 1:
        return text.lower()
    if dress == 2:
        return text.rstrip(".")
    if dress == 3 and ":" not in text:
        return "\n".join(textwrap.wrap(text, _LINE, break_long_words=False))
    return text
