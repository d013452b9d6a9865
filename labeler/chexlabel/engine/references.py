"""Phrases that refer back: where they stand, and what they make of what they refer to.

"There was a small pneumothorax. No trace of it remains.", "Effusion? None." Which phrase says what
is data (`context.yaml`); here is how they are found, and what the effects named there do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, phrases_at, symbolize, token_offsets
from chexlabel.labels import Label
from chexlabel.patterns.context import ContextRules, ReferenceRule
from chexlabel.patterns.lexicon import REMOVED, Lexicon
from chexlabel.patterns.roles import Tag
from chexlabel.patterns.syntax import TOKEN

__all__ = ["LOOK_AT", "ReferenceFinder", "applied"]

LOOK_AT = 120
"""Characters of a sentence in which the phrase that opens it stands."""


class ReferenceFinder:
    """Finds the phrases that refer back. Picklable and thread-safe.

    Args:
        rules: the compiled phrases.
        phrases: the set's other phrases, among whose tokens the places of references are given.
    """

    def __init__(self, rules: ContextRules, phrases: Lexicon) -> None:
        self._lexicon = rules.lexicon
        self._rules = rules.rules
        self._phrases = phrases
        self._inner_openings = rules.inner_openings

    def begin_with(self, word: str) -> bool:
        """Tell whether a phrase that refers back may begin with a word."""
        return self._lexicon.start.after(self._lexicon.symbols[word]) is not None

    def opens(self, sentence: str) -> bool:
        """Tell whether a sentence begins with a phrase that may refer to the one before it."""
        symbols = symbolize(sentence[:LOOK_AT], self._lexicon)
        return next(phrases_at(symbols, self._lexicon, 0), None) is not None

    def may_be_in(self, sentence: str) -> bool:
        """Tell quickly whether `fitting` may find a phrase in a sentence that begins with one."""
        symbols = self._lexicon.symbols
        rules = self._rules
        node = self._lexicon.start
        opened = ended = False  # whether a phrase ended at all, and whether right before a token
        for token in TOKEN.finditer(sentence[:LOOK_AT].lower()):
            symbol = symbols[token[0]]
            if ended and symbol != REMOVED:
                if not token[0][0].isalnum():
                    return True
                ended = False
            following = node.after(symbol)
            if following is None:
                break
            node = following
            if node.roles:
                if not all(rules[role.tag, role.pattern].closed for role in node.roles):
                    return True
                opened = ended = True
        if ended or not opened:
            return ended
        lowered = sentence.lower()
        if lowered[-1] == "?" or "\n" in lowered or "  " in lowered:
            return True
        return any(words in lowered for words in self._inner_openings)

    def found(self, sentence: str, *, after_question: bool) -> Iterator[Match]:
        """Yield the phrases of a sentence that refer back, the longest of each place.

        Args:
            sentence: its text.
            after_question: whether the one before it awaits an answer.
        """
        found = list(self._longest(sentence, after_question=after_question))
        if not found:
            return
        written = token_offsets(sentence)
        tokens = token_offsets(sentence, self._phrases)
        for reference in found:
            yield _reread(reference, written, tokens)

    def _longest(self, sentence: str, *, after_question: bool) -> Iterator[Match]:
        """Yield what `found` does, with places among the tokens as they are written."""
        longest: Match | None = None
        for found in self.fitting(sentence):
            if found.role.tag == Tag.ANSWER and not after_question:
                continue
            if longest is not None and found.start != longest.start:
                yield longest
            longest = found
        if longest is not None:
            yield longest

    def fitting(self, sentence: str) -> Iterator[Match]:
        """Yield, from short to long, what refers back: at the opening, and one by one elsewhere."""
        symbols = symbolize(sentence, self._lexicon)
        starts = self._lexicon.start.next
        words: list[str] = []
        for at, symbol in enumerate(symbols):
            if starts.get(symbol) is None:
                continue
            for length, role in phrases_at(symbols, self._lexicon, at):
                rule = self._rules[role.tag, role.pattern]
                if at and (role.tag == Tag.ANSWER or rule.of == "all"):
                    continue
                # "N Effusion?": in a questionnaire the next question may follow at once.
                if rule.closed and at + length < len(symbols) and sentence[-1] != "?":
                    words = words or self._words(sentence)
                    if words[at + length][0].isalnum():
                        continue
                yield Match(at, at + length, role)

    def _words(self, sentence: str) -> list[str]:
        """Return the tokens that `symbolize` gives the symbols of."""
        known = self._lexicon.symbols
        return [token for token in TOKEN.findall(sentence.lower()) if known[token] != REMOVED]


def applied(
    rule: ReferenceRule, reference: Match, judged: Sequence[Judgement], organs: Sequence[Match]
) -> list[Judgement]:
    """Return what is left of the judgements of a sentence that a phrase refers to.

    Args:
        rule: what the phrase says, and of which of the findings.
        reference: the phrase, which becomes the cue of what it changes.
        judged: the judgements of the sentence that it refers to.
        organs: the organs that this names: "The heart? Normal."
    """
    starts = sorted({judgement.item.start for judgement in judged})
    chosen = {"first": starts[:1], "last": starts[-1:], "rest": starts[1:]}.get(rule.of, starts)
    effect = (_OF_ANSWERS if reference.role.tag == Tag.ANSWER else _EFFECTS)[rule.effect]
    result = []
    for judgement in judged:
        item = judgement.item
        named = item.start in chosen and (not rule.only or item.role.finding in rule.only)
        if named:
            label = item.role.states.get(rule.state, effect(judgement))
            judgement = judgement._replace(label=label, cues=(reference,))
        result.append(judgement)
    known = {(judgement.item.start, judgement.item.role.finding) for judgement in judged}
    for organ in organs:
        place = organ.start, organ.role.finding
        if rule.state in organ.role.states and place not in known:
            result.append(Judgement(organ, organ.role.states[rule.state], (reference,)))
    return result


def _stated(judgement: Judgement) -> Label:
    """Return what a mention says without its hedges, questions and times."""
    states = judgement.item.role.states
    for cue in judgement.cues:
        if cue.role.state in states:
            return states[cue.role.state]
    return judgement.item.role.label


def _persisting(judgement: Judgement) -> Label | None:
    return _stated(judgement) if judgement.label is None else judgement.label


def _opposite(label: Label | None) -> Label:
    return Label.POSITIVE if label is Label.NEGATIVE else Label.NEGATIVE


def _answered(judgement: Judgement) -> Label:
    """Return what a mention says where the question for it is answered with yes.

    "Has the effusion gone?" asks for its absence.
    """
    return Label.NEGATIVE if judgement.label is Label.NEGATIVE else _stated(judgement)


_EFFECTS: dict[str, Callable[[Judgement], Label | None]] = {
    "absent": lambda _: Label.NEGATIVE,
    "present": _stated,
    "persists": _persisting,
    "opposite": lambda judgement: _opposite(_persisting(judgement)),
    "denied": lambda judgement: _opposite(_stated(judgement)),
    "uncertain": lambda _: Label.UNCERTAIN,
    "none": lambda judgement: None if judgement.label is not Label.NEGATIVE else Label.NEGATIVE,
}

_OF_ANSWERS = _EFFECTS | {
    "present": _answered,
    "denied": lambda judgement: _opposite(_answered(judgement)),
}
"""The same of answers: what yes and no say depends on how the question was put."""


def _reread(
    reference: Match, written: Sequence[tuple[int, int]], tokens: Sequence[tuple[int, int]]
) -> Match:
    """Return a phrase with its places among the tokens as they were reread."""
    if len(tokens) == len(written):  # no word was put right
        return reference
    ends = [end for _, end in tokens]
    start = bisect_right(ends, written[reference.start][0])
    return reference._replace(
        start=start, end=bisect_left(ends, written[reference.end - 1][1], start) + 1
    )
