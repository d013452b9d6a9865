"""How the rules came to what they say of a passage: its clauses, lists, scopes and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chexlabel.engine.clauses import segment
from chexlabel.engine.decide import decide
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, find_matches, symbolize, token_offsets
from chexlabel.engine.phrases import FINDINGS, cue_kind
from chexlabel.engine.scopes import resolve
from chexlabel.engine.structure import Clause, Sentence
from chexlabel.labels import Label
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.pattern_set import PatternSet
from chexlabel.patterns.roles import Tag

__all__ = ["ClauseTrace", "Decision", "ScopeTrace", "Trace", "trace"]


@dataclass(frozen=True, slots=True)
class ScopeTrace:
    """How far a cue governs.

    Attributes:
        cue: its words.
        kind: its kind, as the pattern set names it.
        governed: the words in its scope: those after it, or before it if it is a verdict.
        is_verdict: whether it speaks of what stands before it.
    """

    cue: str
    kind: str
    governed: str
    is_verdict: bool


@dataclass(frozen=True, slots=True)
class ClauseTrace:
    """A clause.

    Attributes:
        text: its words, with what joins it to the clause before.
        rule: why it begins where it does.
        members: the findings and organs that it lists.
        scopes: the cues in it.
    """

    text: str
    rule: str
    members: tuple[str, ...]
    scopes: tuple[ScopeTrace, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one mention says, and what decided it.

    Attributes:
        finding: the finding.
        words: the mention's words.
        label: what they say; `None` for nothing.
        rule: what decided: cues, as `kind "words"`, or the mention's words alone.
    """

    finding: str
    words: str
    label: Label | None
    rule: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The reading of one passage."""

    text: str
    clauses: tuple[ClauseTrace, ...]
    decisions: tuple[Decision, ...]


def trace(passage: str, patterns: PatternSet) -> Trace | None:
    """Return how the rules read a passage; `None` if it names no finding.

    >>> from chexlabel import Labeler
    >>> found = trace("No effusion or mass, cardiomegaly.", Labeler().patterns)
    >>> [(clause.text, clause.rule) for clause in found.clauses]  # doctest: +NORMALIZE_WHITESPACE
    [('No effusion or mass', 'begins the sentence'),
     (', cardiomegaly', 'the list before was finished')]
    >>> found.decisions[0].rule
    'negation "No"'
    """
    symbols = symbolize(passage, patterns.lexicon)
    items = find_matches(symbols, patterns.lexicon)
    if not items:
        return None
    sentence = segment(items, len(symbols))
    resolve(sentence)
    reader = _Quotes(passage, sentence, patterns.lexicon)
    return Trace(
        text=" ".join(passage.split()),
        clauses=tuple(
            reader.clause(clause) for clause in sentence.clauses if reader.says_something(clause)
        ),
        decisions=tuple(reader.decision(each, patterns.tracked) for each in decide(sentence)),
    )


class _Quotes:
    """Quotes the parts of a sentence."""

    def __init__(self, passage: str, sentence: Sentence, lexicon: Lexicon) -> None:
        self._passage = passage
        self._sentence = sentence
        self._offsets = token_offsets(passage, lexicon)

    def says_something(self, clause: Clause) -> bool:
        """Say whether a clause is more than the mark that ends a sentence."""
        items = self._sentence.items[clause.start : clause.end]
        return any(item.role.tag != Tag.TERMINATOR for item in items)

    def clause(self, clause: Clause) -> ClauseTrace:
        sentence = self._sentence
        items = sentence.items
        members = tuple(
            self._words(item.start, item.end)
            for item in items[clause.start : clause.end]
            if item.role.tag in FINDINGS or item.role.tag == Tag.ANATOMY
        )
        scopes = [
            self._scope(scope.cue, scope.start + 1, scope.end)
            for scope in sentence.scopes
            if clause.start <= scope.start < clause.end
        ]
        verdicts = [
            self._scope(items[at], clause.start, at, is_verdict=True) for at in clause.verdicts
        ]
        start, end = self._tokens(clause.start, clause.end)
        return ClauseTrace(self._words(start, end), clause.rule, members, (*scopes, *verdicts))

    def decision(self, judgement: Judgement, findings: Sequence[str]) -> Decision:
        item, label, cues = judgement.item, judgement.label, judgement.cues
        rules = [f'{cue_kind(cue.role)} "{self._words(cue.start, cue.end)}"' for cue in cues]
        words = self._words(item.start, item.end)
        return Decision(findings[item.role.finding], words, label, ", ".join(rules) or "its words")

    def _scope(self, cue: Match, first: int, last: int, *, is_verdict: bool = False) -> ScopeTrace:
        kind = cue.role.kind.name if cue.role.kind else ""
        start, end = self._tokens(first, last)
        governed = self._words(start if is_verdict else cue.end, end)
        return ScopeTrace(self._words(cue.start, cue.end), kind, governed, is_verdict)

    def _tokens(self, first: int, last: int) -> tuple[int, int]:
        """Return the tokens from the phrase at `first` up to the one at `last`."""
        items = self._sentence.items
        start = items[first].start if first < len(items) and first else 0
        end = items[last].start if last < len(items) else len(self._offsets)
        return start, end

    def _words(self, start: int, end: int) -> str:
        if start >= end:
            return ""
        text = self._passage[self._offsets[start][0] : self._offsets[end - 1][1]]
        return " ".join(text.split())
