"""From the files of a pattern set to what the engine runs on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from chexlabel.errors import PatternError
from chexlabel.labels import LABELS_BY_WORD, Label
from chexlabel.patterns.context import compile_context, compile_recognition
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.lineage import lineage
from chexlabel.patterns.load import read_set
from chexlabel.patterns.pattern_set import NoFindingRule, PatternSet
from chexlabel.patterns.respelling import SoundAlike
from chexlabel.patterns.roles import (
    ASSERTIVE_LAYER,
    ECHO_LAYER,
    PLACE_LAYER,
    STATE_LAYER,
    SYNTAX_LAYER,
    Company,
    CueEffect,
    CueKind,
    Role,
    Tag,
)
from chexlabel.patterns.source import SetSource
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.syntax import Element, by_number, expand, parse
from chexlabel.patterns.walk import (
    ASSERTIVES,
    ECHOES,
    PLACES,
    SENTENCE,
    STATES,
    PhraseEntry,
    lexicon_entries,
    looked_for,
)

if TYPE_CHECKING:
    from chexlabel.patterns.pattern_file import PatternFile, Phrase
    from chexlabel.patterns.schema import AssertionFile, SpellingFile

__all__ = ["NoFindingRule", "PatternSet", "compile_set", "load_patterns"]

_UNLIMITED = 10**9
_ENCLOSED = -1
"""The reach of a cue that governs only what stands among its own words."""

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
    "elisions": Tag.ELISION,
    "echoes": Tag.ECHO,
    "late_echoes": Tag.LATE_ECHO,
    "reversals": Tag.REVERSAL,
}


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
    tracked = looked_for(source)
    columns = tuple(-1 if n == no_finding_name else tracked.index(n) for n in info.findings)
    rule = None
    if info.no_finding is not None:
        rule = NoFindingRule(
            column=columns.index(-1),
            unless=tuple(tracked.index(name) for name in info.no_finding.unless),
            otherwise=LABELS_BY_WORD[info.no_finding.otherwise],
        )
    return PatternSet(
        name=info.name,
        version=info.version,
        findings=tuple(info.findings),
        tracked=tracked,
        columns=columns,
        uncertain=tuple(LABELS_BY_WORD[info.uncertain.get(n, "uncertain")] for n in info.findings),
        no_finding=rule,
        groups={name: tuple(members) for name, members in info.groups.items()},
        lexicon=_Builder(source).build(),
        sections=source.sections.model,
        context=compile_context(source, tracked),
        recognition=compile_recognition(source),
        weak_states=frozenset(state for file in source.states for state in file.model.weak),
        lineage=lineage(source),
    )


class _Builder:
    """Fills a lexicon from the files of a set, the base's before those that extend it."""

    def __init__(self, source: SetSource) -> None:
        self._source = source
        structure = source.structure
        assert structure is not None  # noqa: S101 (without it `read_set` gives no set)
        self._structure = structure
        terms, own, glued = (
            [word for file in source.spelling for word in _words(source.phrases(file, key))]
            for key in ("terms", "not_misspelled", "glued")
        )
        corrections: dict[str, str] = {}
        for file in source.spelling:
            corrections.update(file.model.corrections)
        self._verbs = {
            *_single_words(structure.phrases("verbs")),
            *_single_words(structure.phrases("modals")),
        }
        self._plurals = frozenset(_single_words(structure.phrases("plurals")))
        self._asking = set(_single_words(structure.phrases("asking")))
        unbridged = chain(
            self._verbs,
            *(
                _single_words(structure.phrases(key))
                for key in ("conjunctions", "disjunctions", "with_words", "terminators")
            ),
            (phrase.text for file in source.assertion for phrase in file.phrases("before")),
        )
        self._numbers = {name: number for number, name in enumerate(looked_for(source))}
        self._ignored = {
            name: frozenset(chain.from_iterable(file.model.ignore_cues for file in files))
            for name, files in source.findings.items()
        }
        self._alternatives = _label(source.info.alternatives)
        sounds = [sound for file in source.spelling for sound in _sound_alikes(source, file)]
        self.lexicon = Lexicon(Speller(terms, own, corrections), unbridged, glued, sounds)

    def build(self) -> Lexicon:
        """Add the phrases of the set; return the lexicon, ready for look-ups."""
        for entry in lexicon_entries(self._source):
            role = self._role(entry)
            if role.kind is None or entry.key != "after":
                self._add(entry.phrase, role)
                continue
            for elements, plural in by_number(self._parsed(entry.phrase), self._plurals):
                self.lexicon.add(elements, role._replace(plural=plural))
        self.lexicon.freeze()
        return self.lexicon

    def _role(self, entry: PhraseEntry) -> Role:
        """Return what a phrase does in a sentence."""
        pattern = entry.phrase.text
        if entry.layer == STATES:
            return Role(Tag.STATE, STATE_LAYER, pattern, state=entry.key)
        if entry.layer == PLACES:
            return Role(Tag.PLACE, PLACE_LAYER, pattern, state=entry.key)
        if entry.layer == ASSERTIVES:
            return Role(Tag.ASSERTIVE, ASSERTIVE_LAYER, pattern)
        if entry.cue is not None:
            return self._cue_role(entry, entry.cue)
        if entry.layer in (SENTENCE, ECHOES):
            layer = SYNTAX_LAYER if entry.layer == SENTENCE else ECHO_LAYER
            return Role(_STRUCTURE[entry.key], layer, pattern, label=self._alternatives)
        return self._finding_role(entry)

    def _finding_role(self, entry: PhraseEntry) -> Role:
        number, ignored = self._numbers[entry.group], self._ignored[entry.group]
        pattern = entry.phrase.text
        if entry.key == "exclude":
            return Role(Tag.EXCLUDE, number, pattern, number)
        if entry.anatomy is not None:
            states = {state: _label(word) for state, word in entry.anatomy.states.items()}
            return Role(Tag.ANATOMY, number, pattern, number, states=states, ignored=ignored)
        if entry.part is not None:
            part = entry.part
            company = Company(frozenset(part.within), frozenset(part.outside), part.reach)
            return Role(Tag.PART, number, pattern, number, company=company, ignored=ignored)
        return Role(Tag.MENTION, number, pattern, number, _label(entry.key), ignored=ignored)

    def _cue_role(self, entry: PhraseEntry, model: AssertionFile) -> Role:
        """Return the role of a cue, ranked by the order that structure.yaml states."""
        assert model.effect is not None  # noqa: S101 (`read_set` gives each kind its effect)
        rank = self._structure.model.order.index(model.kind)
        reach = _ENCLOSED if model.encloses else model.reach or _UNLIMITED
        numbers = self._numbers
        blank_for = tuple(numbers[name] for name in model.blank_for if name in numbers)
        turns = tuple(model.turns.items())
        kind = CueKind(model.kind, rank, model.effect, reach, model.restarts, blank_for, turns)
        directed = Tag.CUE_BEFORE if entry.key == "before" else Tag.CUE_AFTER
        tag = Tag.NEUTRAL if model.effect == CueEffect.NEUTRAL else directed
        verbal = _holds(entry.phrase, self._verbs)
        asking = model.effect == CueEffect.UNCERTAIN and _holds(entry.phrase, self._asking)
        pattern = entry.phrase.text
        return Role(tag, SYNTAX_LAYER, pattern, kind=kind, verbal=verbal, asking=asking)

    def _add(self, phrase: Phrase, role: Role) -> None:
        self.lexicon.add(self._parsed(phrase), role)

    def _parsed(self, phrase: Phrase) -> Sequence[Element]:
        try:
            return parse(phrase.full)
        except ValueError as error:
            raise _phrase_error(phrase, error) from None


def _label(word: str) -> Label:
    label = LABELS_BY_WORD[word]
    assert label is not None  # noqa: S101 (the schema allows no blank here)
    return label


def _holds(phrase: Phrase, words: set[str]) -> bool:
    """Say whether one of `words` stands in a phrase."""
    return not words.isdisjoint(re.findall(r"[^\W\d_]+", phrase.full.lower()))


def _words(phrases: Iterable[Phrase]) -> Iterator[str]:
    """Yield the words of short phrases, alternatives spelled out."""
    for phrase in phrases:
        try:
            yield from chain.from_iterable(expand(phrase.full))
        except ValueError as error:
            raise _phrase_error(phrase, error) from None


def _sound_alikes(source: SetSource, file: PatternFile[SpellingFile]) -> Iterator[SoundAlike]:
    """Yield a file's sound-alikes, alternatives spelled out."""
    for at, sound in enumerate(file.model.sound_alikes):
        near = tuple(_words(source.phrases(file, "sound_alikes", at, "near")))
        for phrase in source.phrases(file, "sound_alikes", at, "heard"):
            try:
                for heard in sorted(expand(phrase.full)):
                    yield SoundAlike(heard, tuple(sound.meant.lower().split()), near)
            except ValueError as error:
                raise _phrase_error(phrase, error) from None


def _single_words(phrases: Iterable[Phrase]) -> Iterator[str]:
    """Yield the phrases that are a single word."""
    return (phrase.text for phrase in phrases if phrase.text.isalpha())


def _phrase_error(phrase: Phrase, error: ValueError) -> PatternError:
    return PatternError(f"{phrase.file}:{phrase.line}: `{phrase.text}`: {error}")
