"""The members of composed lists: noun phrases of a pattern set, and what each says by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from chexlabel.engine.match import find_matches, symbolize
from chexlabel.engine.sections import Sectioner
from chexlabel.labels import LABELS_BY_WORD, Label
from chexlabel.patterns.roles import Tag
from chexlabel.patterns.syntax import GAP, Choice, Element, parse
from chexlabel.patterns.walk import looked_for

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler
    from chexlabel.patterns.pattern_file import Phrase
    from chexlabel.patterns.source import SetSource

__all__ = ["RANK", "Line", "Member", "Members", "reasons", "said"]

RANK = {None: 0, Label.NEGATIVE: 1, Label.UNCERTAIN: 2, Label.POSITIVE: 3}

Says = Mapping[str, Label]
"""Finding -> label; a finding of which nothing is said is left out."""

_NOMINAL = frozenset({Tag.MENTION, Tag.EXCLUDE, Tag.ANATOMY, Tag.STATE, Tag.ASSERTIVE, Tag.NEUTRAL})
_ANY_WORD = "the"  # what fills a gap, and a sentence that says nothing
_TRIES = 12  # spellings of a phrase that are tried before it is left out


def said(labeler: Labeler, text: str) -> dict[str, Label]:
    """Return what a text says of all findings that a set looks for, those it does not put out too.

    As in a report, any positive mention wins, else any uncertain, else any negative.
    """
    says: dict[str, Label] = {}
    for mention in labeler(text).mentions:
        if mention.label is not None and RANK[mention.label] > RANK[says.get(mention.finding)]:
            says[mention.finding] = mention.label
    return says


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a list.

    Attributes:
        text: its words.
        says: what it says when it stands alone.
        phrase: the line of the set that it spells out.
        presented: whether it begins with a size or a state, which may begin a statement.
    """

    text: str
    says: Says
    phrase: Phrase
    presented: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A phrase that may become a member or the subject of a statement on its state."""

    phrase: Phrase
    finding: str
    label: Label
    before: tuple[Phrase, ...] = ()  # for anatomy: the states that give the label


class Members:
    """Draws members from all phrases of a pattern set.

    A phrase comes in if it is nominal (no verb, cue or conjunction in it) and says of its finding,
    alone, what its file states.

    Attributes:
        left_out: reason -> the phrases that cannot be members.
    """

    def __init__(self, source: SetSource, labeler: Labeler, random: Random) -> None:
        self._labeler = labeler
        self._random = random
        self._modifiers = [p.text for f in source.composition for p in f.phrases("modifiers")]
        self._alone: dict[tuple[str, bool], Says | None] = {}
        self._presented: dict[str, bool] = {}
        self._sectioner = Sectioner(labeler.patterns.sections)
        self.left_out: dict[str, set[Phrase]] = {}
        self.lines = [line for line in _lines(source) if self._draw(line) is not None]
        self.organs = [line for line in _organs(source) if self.organ(line) is not None]
        attributes = [line for line in self.organs if line.label is Label.POSITIVE]
        self.lines += [line for line in attributes if self._draw(line) is not None]

    def draw(
        self, line: Line | None = None, *, modified: bool = False, plain: bool = False
    ) -> Member:
        """Return a member.

        Args:
            line: the phrase that it spells out; any if there is none.
            modified: whether a modifier may stand before it.
            plain: whether it must not begin with a size or a state.
        """
        while True:
            member = self._draw(line or self._random.choice(self.lines))
            if member is None or (plain and member.presented):
                continue
            if modified and self._modifiers:
                text = f"{self._random.choice(self._modifiers)} {member.text}"
                if self._says(text) == member.says:
                    return Member(text, member.says, member.phrase, presented=True)
            return member

    def organ(self, line: Line | None = None) -> tuple[str, str, Member] | None:
        """Return an organ, a state and what they say together."""
        line = line or self._random.choice(self.organs)
        for _ in range(_TRIES):
            organ = _spell(line.phrase, self._random)
            state = _spell(self._random.choice(line.before), self._random)
            text = f"{organ} is {state}"
            says = self._says(text, nominal=False)
            if says == {line.finding: line.label} and self._is_nominal(f"{state} {organ}"):
                return organ, state, Member(text, says, line.phrase)
        return None

    def _draw(self, line: Line) -> Member | None:
        reason = ""
        for _ in range(_TRIES):
            text = _spell(line.phrase, self._random)
            if line.before:
                text = f"{_spell(self._random.choice(line.before), self._random)} {text}"
            says = self._says(text)
            if says is None:
                reason = "holds a verb, a cue or a conjunction"
            elif says.get(line.finding) != line.label:
                reason = "says something else"
            elif self._opens_history(text):
                reason = "names a complaint: in front of a report it is history"
            else:
                return Member(text, says, line.phrase, self._is_presented(text))
        self.left_out.setdefault(reason, set()).add(line.phrase)
        return None

    def _opens_history(self, text: str) -> bool:
        """Say whether a text is read as history where a sentence follows it: "LRTI. Clear."."""
        counted = self._sectioner.counted(f"{text}. {_ANY_WORD}.")
        return not counted or counted[0].start > 0

    def _says(self, text: str, *, nominal: bool = True) -> Says | None:
        """Return what `text` says alone; `None` if it is no plain noun phrase."""
        if (text, nominal) not in self._alone:
            says = said(self._labeler, text + ".")
            plain = not nominal or self._is_nominal(text)
            self._alone[text, nominal] = says if plain and (not nominal or _asserts(says)) else None
        return self._alone[text, nominal]

    def _is_presented(self, text: str) -> bool:
        known = self._presented.get(text)
        if known is None:
            lexicon = self._labeler.patterns.lexicon
            items = find_matches(symbolize(text, lexicon), lexicon) or ()
            presenting = (Tag.ASSERTIVE, Tag.STATE)
            known = any(i.start == 0 and i.role.tag in presenting for i in items)
            self._presented[text] = known
        return known

    def _is_nominal(self, text: str) -> bool:
        lexicon = self._labeler.patterns.lexicon
        if not text.replace(" ", "").isalnum():  # "fluid / thickening"
            return False
        items = find_matches(symbolize(text, lexicon), lexicon) or ()
        return all(item.role.tag in _NOMINAL for item in items)


def _asserts(says: Says) -> bool:
    return Label.NEGATIVE not in says.values()


def _lines(source: SetSource) -> Iterator[Line]:
    for finding in looked_for(source):
        for file in source.findings[finding]:
            for key in ("positive", "uncertain"):
                label = LABELS_BY_WORD[key]
                assert label is not None  # noqa: S101 (for the type checker)
                for phrase in source.phrases(file, key):
                    yield Line(phrase, finding, label)


def _organs(source: SetSource) -> Iterator[Line]:
    words: dict[str, list[Phrase]] = {}
    for layer in source.states:
        for state in layer.model.states:
            words.setdefault(state, []).extend(source.phrases(layer, "states", state))
    for finding in looked_for(source):
        for file in source.findings[finding]:
            for at, anatomy in enumerate(file.model.anatomy):
                by_label: dict[str, list[Phrase]] = {}
                for state, word in anatomy.states.items():
                    by_label.setdefault(word, []).extend(words.get(state, ()))
                for phrase in source.phrases(file, "anatomy", at, "phrases"):
                    for name, states in by_label.items():
                        label = LABELS_BY_WORD[name]
                        assert label is not None  # noqa: S101 (for the type checker)
                        yield Line(phrase, finding, label, tuple(states))


def _spell(phrase: Phrase, random: Random) -> str:
    """Return one of the wordings of a phrase."""
    return " ".join(_words(_parsed(phrase.full), random))


@lru_cache(maxsize=4096)
def _parsed(phrase: str) -> Sequence[Element]:
    return parse(phrase)


def _words(elements: Sequence[Element], random: Random) -> Iterator[str]:
    for element in elements:
        if isinstance(element, Choice):
            yield from _words(random.choice(element.options), random)
        elif element == GAP:
            yield _ANY_WORD
        else:
            yield element.rstrip("*")


def reasons(left_out: Mapping[str, set[Phrase]]) -> Counter[str]:
    """Return how many phrases were left out for each reason."""
    return Counter({reason: len(phrases) for reason, phrases in left_out.items()})
