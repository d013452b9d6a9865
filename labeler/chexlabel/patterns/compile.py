"""From the files of a pattern set to what the engine runs on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from chexlabel.errors import PatternError
from chexlabel.labels import Label
from chexlabel.patterns.context import ContextRules, compile_context, compile_recognition
from chexlabel.patterns.lexicon import (
    ASSERTIVE_LAYER,
    PLACE_LAYER,
    STATE_LAYER,
    SYNTAX_LAYER,
    Company,
    CueKind,
    Lexicon,
    Role,
    Tag,
)
from chexlabel.patterns.load import Example, Phrase, SetSource, read_set
from chexlabel.patterns.respelling import SoundAlike
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.syntax import expand, parse

if TYPE_CHECKING:
    from chexlabel.patterns._files import PatternFile
    from chexlabel.patterns.section_schema import SectionsFile

__all__ = ["NoFindingRule", "PatternSet", "load_patterns"]

_UNLIMITED = 10**9
_LABELS = {
    "positive": Label.POSITIVE,
    "negative": Label.NEGATIVE,
    "uncertain": Label.UNCERTAIN,
    "blank": None,
}
_STRUCTURE = {
    "terminators": Tag.TERMINATOR,
    "with_words": Tag.WITH,
    "adjuncts": Tag.ADJUNCT,
    "conjunctions": Tag.CONJUNCTION,
    "disjunctions": Tag.DISJUNCTION,
    "alternatives": Tag.ALTERNATIVE,
    "separators": Tag.SEPARATOR,
    "existentials": Tag.EXISTENTIAL,
    "verbs": Tag.VERB,
    "colons": Tag.COLON,
    "modals": Tag.VERB,
    "presence": Tag.PRESENCE,
    "relatives": Tag.RELATIVE,
}


@dataclass(frozen=True, slots=True)
class NoFindingRule:
    """When a report counts as having no abnormality.

    Attributes:
        column: place of the label among the findings put out.
        unless: numbers of the findings that must be neither positive nor uncertain.
        otherwise: the label when one is.
    """

    column: int
    unless: tuple[int, ...]
    otherwise: Label | None


@dataclass(frozen=True, slots=True)
class PatternSet:
    """A compiled pattern set.

    Attributes:
        name, version: from set.yaml.
        findings: the labels put out, in order.
        tracked: all findings that have phrases; their place is their number.
        columns: for each label put out, the number of its finding, -1 for "no finding".
        uncertain: for each label put out, what an uncertain label becomes.
        no_finding: the rule for the label that stands for "no abnormality".
        groups: named selections of findings.
        lexicon: the phrases.
        sections: headings and how sentences end.
        context: phrases that refer to findings named before.
        recognition: phrases by which a report is known; `None` where any text is taken for one.
        weak_states: states of organs that count only where nothing else is said of the finding.
        examples: the examples of the set's own files.
    """

    name: str
    version: str
    findings: tuple[str, ...]
    tracked: tuple[str, ...]
    columns: tuple[int, ...]
    uncertain: tuple[Label | None, ...]
    no_finding: NoFindingRule | None
    groups: Mapping[str, tuple[str, ...]]
    lexicon: Lexicon
    sections: SectionsFile
    context: ContextRules
    recognition: Lexicon | None
    weak_states: frozenset[str]
    examples: tuple[Example, ...]


def load_patterns(patterns: str | os.PathLike[str] = "chexpert14") -> PatternSet:
    """Read, validate and compile a pattern set, given by name or folder.

    Raises:
        PatternError: The set has an error; the message names file, line and remedy.
    """
    return compile_set(read_set(patterns))


def compile_set(source: SetSource) -> PatternSet:
    """Compile a set that was read.

    Raises:
        PatternError: A phrase is malformed.
    """
    info = source.info
    assert source.sections is not None  # noqa: S101 (without it `read_set` gives no set)
    no_finding_name = info.no_finding.name if info.no_finding else None
    tracked = tuple(
        dict.fromkeys(
            name
            for name in (
                *info.findings,
                *info.hidden,
                *(info.no_finding.unless if info.no_finding else ()),
            )
            if name != no_finding_name
        )
    )
    builder = _Builder(source)
    for number, name in enumerate(tracked):
        builder.add_finding(number, name)
    builder.add_structure()
    builder.add_states()
    builder.add_cues()
    builder.lexicon.freeze()
    columns = tuple(-1 if n == no_finding_name else tracked.index(n) for n in info.findings)
    rule = None
    if info.no_finding is not None:
        rule = NoFindingRule(
            column=columns.index(-1),
            unless=tuple(tracked.index(name) for name in info.no_finding.unless),
            otherwise=_LABELS[info.no_finding.otherwise],
        )
    return PatternSet(
        name=info.name,
        version=info.version,
        findings=tuple(info.findings),
        tracked=tracked,
        columns=columns,
        uncertain=tuple(_LABELS[info.uncertain.get(n, "uncertain")] for n in info.findings),
        no_finding=rule,
        groups={name: tuple(members) for name, members in info.groups.items()},
        lexicon=builder.lexicon,
        sections=source.sections.model,
        context=compile_context(source.context, tracked),
        recognition=compile_recognition(source.recognition),
        weak_states=frozenset(state for file in source.states for state in file.model.weak),
        examples=source.examples,
    )


class _Builder:
    """Fills a lexicon from the files of a set, the base's before those that extend it."""

    def __init__(self, source: SetSource) -> None:
        self._source = source
        structure = source.structure
        assert structure is not None  # noqa: S101 (without it `read_set` gives no set)
        self._structure = structure
        terms = [word for file in source.spelling for word in _words(file.phrases("terms"))]
        own = [word for file in source.spelling for word in _words(file.phrases("not_misspelled"))]
        corrections: dict[str, str] = {}
        for file in source.spelling:
            corrections.update(file.model.corrections)
        self._verbs = {
            *_single_words(structure.phrases("verbs")),
            *_single_words(structure.phrases("modals")),
        }
        barriers = chain(
            self._verbs,
            *(
                _single_words(structure.phrases(key))
                for key in ("conjunctions", "disjunctions", "with_words", "terminators")
            ),
            (phrase.text for file in source.assertion for phrase in file.phrases("before")),
        )
        glued = [word for file in source.spelling for word in _words(file.phrases("glued"))]
        sounds = [sound for file in source.spelling for sound in _sound_alikes(file)]
        self.lexicon = Lexicon(Speller(terms, own, corrections), barriers, glued, sounds)

    def add_finding(self, number: int, name: str) -> None:
        """Add the phrases of one finding."""
        files = self._source.findings[name]
        ignored = frozenset(kind for file in files for kind in file.model.ignore_cues)
        for file in files:
            for key, label in (("positive", Label.POSITIVE), ("uncertain", Label.UNCERTAIN)):
                for phrase in file.phrases(key):
                    role = Role(Tag.MENTION, number, phrase.text, number, label, ignored=ignored)
                    self._add(phrase, role)
            for place, anatomy in enumerate(file.model.anatomy):
                states = {state: _label(word) for state, word in anatomy.states.items()}
                for phrase in file.phrases("anatomy", place, "phrases"):
                    role = Role(
                        Tag.ANATOMY, number, phrase.text, number, states=states, ignored=ignored
                    )
                    self._add(phrase, role)
            for place, part in enumerate(file.model.parts):
                company = Company(frozenset(part.within), frozenset(part.outside), part.reach)
                for phrase in file.phrases("parts", place, "words"):
                    role = Role(
                        Tag.PART, number, phrase.text, number, company=company, ignored=ignored
                    )
                    self._add(phrase, role)
            for phrase in file.phrases("exclude"):
                self._add(phrase, Role(Tag.EXCLUDE, number, phrase.text, number))

    def add_structure(self) -> None:
        """Add the words that show how sentences are built."""
        alternatives = _label(self._source.info.alternatives)
        for key, tag in _STRUCTURE.items():
            for phrase in self._structure.phrases(key):
                self._add(phrase, Role(tag, SYNTAX_LAYER, phrase.text, label=alternatives))
        for phrase in self._structure.phrases("assertives"):
            self._add(phrase, Role(Tag.ASSERTIVE, ASSERTIVE_LAYER, phrase.text))

    def add_states(self) -> None:
        """Add the words for the states of anatomy and for the places of parts."""
        for file in self._source.states:
            for state in file.model.states:
                for phrase in file.phrases("states", state):
                    self._add(phrase, Role(Tag.STATE, STATE_LAYER, phrase.text, state=state))
            for place in file.model.places:
                for phrase in file.phrases("places", place):
                    self._add(phrase, Role(Tag.PLACE, PLACE_LAYER, phrase.text, state=place))

    def add_cues(self) -> None:
        """Add the assertion cues, ranked by the order that structure.yaml states."""
        order: list[str] = self._structure.model.order
        for file in self._source.assertion:
            model = file.model
            reach = model.reach or _UNLIMITED
            kind = CueKind(model.kind, order.index(model.kind), model.effect, reach, model.restarts)
            for key, directed in (("before", Tag.CUE_BEFORE), ("after", Tag.CUE_AFTER)):
                tag = Tag.NEUTRAL if model.effect == "neutral" else directed
                for phrase in file.phrases(key):
                    verbal = _holds(phrase, self._verbs)
                    role = Role(tag, SYNTAX_LAYER, phrase.text, kind=kind, verbal=verbal)
                    self._add(phrase, role)

    def _add(self, phrase: Phrase, role: Role) -> None:
        try:
            self.lexicon.add(parse(phrase.text), role)
        except ValueError as error:
            raise _phrase_error(phrase, error) from None


def _label(word: str) -> Label:
    label = _LABELS[word]
    assert label is not None  # noqa: S101 (the schema allows no blank here)
    return label


def _holds(phrase: Phrase, words: set[str]) -> bool:
    """Say whether one of `words` stands in a phrase."""
    return not words.isdisjoint(re.findall(r"[^\W\d_]+", phrase.text.lower()))


def _words(phrases: Iterable[Phrase]) -> Iterator[str]:
    """Yield the words of short phrases, alternatives spelled out."""
    for phrase in phrases:
        try:
            yield from chain.from_iterable(expand(phrase.text))
        except ValueError as error:
            raise _phrase_error(phrase, error) from None


def _sound_alikes(file: PatternFile) -> Iterator[SoundAlike]:
    """Yield a file's sound-alikes, alternatives spelled out."""
    for at, sound in enumerate(file.model.sound_alikes):
        near = tuple(_words(file.phrases("sound_alikes", at, "near")))
        for phrase in file.phrases("sound_alikes", at, "heard"):
            try:
                for heard in sorted(expand(phrase.text)):
                    yield SoundAlike(heard, tuple(sound.meant.lower().split()), near)
            except ValueError as error:
                raise _phrase_error(phrase, error) from None


def _single_words(phrases: Iterable[Phrase]) -> Iterator[str]:
    """Yield the phrases that are a single word."""
    return (phrase.text for phrase in phrases if phrase.text.isalpha())


def _phrase_error(phrase: Phrase, error: ValueError) -> PatternError:
    return PatternError(f"{phrase.file}:{phrase.line}: `{phrase.text}`: {error}")
