"""The one walk over the phrases of a pattern set: each with its meaning and its place.

The compiler, the checks and the lists of phrases all take them from here, so that what is listed
and checked is what is compiled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chexlabel.patterns.pattern_file import Phrase
    from chexlabel.patterns.schema import Anatomy, AssertionFile, Part
    from chexlabel.patterns.source import SetSource

__all__ = [
    "ASSERTIVES",
    "CONTEXT",
    "PLACES",
    "RECOGNITION",
    "SENTENCE",
    "SPELLING",
    "STATES",
    "WORDS",
    "PhraseEntry",
    "lexicon_entries",
    "looked_for",
    "set_entries",
]

# The layers beside those of the findings; each finding's layer bears its name.
SENTENCE, STATES, ASSERTIVES, SPELLING = "sentence", "states", "assertives", "spelling"
PLACES, ECHOES = "places", "echoes"
CONTEXT, RECOGNITION, WORDS = "context", "recognition", "words"
_STRUCTURE_LAYERS = {
    "assertives": ASSERTIVES,
    "echoes": ECHOES,
    "late_echoes": ECHOES,
    "reversals": ECHOES,
}


@dataclass(frozen=True, eq=False, slots=True)
class PhraseEntry:
    """One phrase of a set, at one place: equal to itself only.

    Attributes:
        phrase: the phrase, its file and line.
        layer: phrases of one layer do not overlap in a sentence, those of two layers may.
        group: the finding, kind of cue, or part of the set ("states", "structure", "spelling",
            "words") that it belongs to.
        key: the key of its file that it stands under; for states and places the state or place,
            for anatomy with its states, for parts with their places.
        anatomy: for a phrase of anatomy, what its states mean.
        part: for a word of a finding made of parts, where it counts.
        cue: for a cue, the file of its kind.
    """

    phrase: Phrase
    layer: str
    group: str
    key: str
    anatomy: Anatomy | None = None
    part: Part | None = None
    cue: AssertionFile | None = None


def looked_for(source: SetSource) -> tuple[str, ...]:
    """Return the findings that a set looks for: its labels, and those that decide on labels.

    The label for a report without abnormality is not one of them.
    """
    info = source.info
    rule = info.no_finding
    names = (*info.findings, *info.hidden, *(rule.unless if rule else ()))
    own = {rule.name} if rule else set()
    return tuple(dict.fromkeys(n for n in names if n in source.findings and n not in own))


def set_entries(source: SetSource | str | os.PathLike[str]) -> Iterator[PhraseEntry]:
    """Yield all phrases of a set, merged with those of the set that it extends.

    Of equal phrases in a layer the last one counts.

    Args:
        source: the set as it was read, or its name or folder.

    Raises:
        PatternError: There is no such set, or it has an error.
    """
    if isinstance(source, str | os.PathLike):
        from chexlabel.patterns.load import read_set

        source = read_set(source)
    yield from lexicon_entries(source)
    yield from _spelling_entries(source)
    yield from _context_entries(source)
    yield from _list_entries(source)
    for file in source.recognition:
        for key in ("anywhere", "alone"):
            for phrase in source.phrases(file, key):
                yield PhraseEntry(phrase, f"{RECOGNITION} ({key})", RECOGNITION, key)


def lexicon_entries(source: SetSource) -> Iterator[PhraseEntry]:
    """Yield the phrases that are looked for within a sentence: all but spelling and context."""
    for finding in looked_for(source):
        yield from _finding_entries(source, finding)
    for file in source.states:
        for state in file.model.states:
            for phrase in source.phrases(file, "states", state):
                yield PhraseEntry(phrase, STATES, "states", state)
        for place in file.model.places:
            for phrase in source.phrases(file, "places", place):
                yield PhraseEntry(phrase, PLACES, "places", place)
    yield from _structure_entries(source)
    for cues in source.assertion:
        for key in ("before", "after"):
            for phrase in source.phrases(cues, key):
                yield PhraseEntry(phrase, SENTENCE, cues.model.kind, key, cue=cues.model)


def _finding_entries(source: SetSource, finding: str) -> Iterator[PhraseEntry]:
    for file in source.findings[finding]:
        for key in ("positive", "uncertain", "negative"):
            for phrase in source.phrases(file, key):
                yield PhraseEntry(phrase, finding, finding, key)
        for at, anatomy in enumerate(file.model.anatomy):
            states = ", ".join(f"{state} {label}" for state, label in anatomy.states.items())
            for phrase in source.phrases(file, "anatomy", at, "phrases"):
                yield PhraseEntry(phrase, finding, finding, f"anatomy ({states})", anatomy=anatomy)
        for at, part in enumerate(file.model.parts):
            where = ", ".join((*part.within, *(f"not {place}" for place in part.outside)))
            for phrase in source.phrases(file, "parts", at, "words"):
                yield PhraseEntry(phrase, finding, finding, f"parts ({where})", part=part)
        for phrase in source.phrases(file, "exclude"):
            yield PhraseEntry(phrase, finding, finding, "exclude")


def _structure_entries(source: SetSource) -> Iterator[PhraseEntry]:
    if source.structure is None:
        return
    for key in type(source.structure.model).model_fields:
        if key not in ("about", "order", "plurals", "asking"):
            layer = _STRUCTURE_LAYERS.get(key, SENTENCE)
            for phrase in source.phrases(source.structure, key):
                yield PhraseEntry(phrase, layer, "structure", key)


def _spelling_entries(source: SetSource) -> Iterator[PhraseEntry]:
    for file in source.spelling:
        for key in ("terms", "not_misspelled", "glued"):
            for phrase in source.phrases(file, key):
                yield PhraseEntry(phrase, SPELLING, "spelling", key)
        for at, sound in enumerate(file.model.sound_alikes):
            for phrase in source.phrases(file, "sound_alikes", at, "heard"):
                yield PhraseEntry(phrase, SPELLING, "spelling", f"sound_alikes ({sound.meant})")


def _list_entries(source: SetSource) -> Iterator[PhraseEntry]:
    for name, lines in source.word_lists.lines.items():
        for line in lines:
            yield PhraseEntry(source.word_lists.written_out(line), WORDS, WORDS, name)


def _context_entries(source: SetSource) -> Iterator[PhraseEntry]:
    for file in source.context:
        for key in ("anaphors", "openings"):
            for phrase in source.phrases(file, key):
                yield PhraseEntry(phrase, f"{CONTEXT} ({key})", CONTEXT, key)
        for key in ("references", "answers"):
            for at, reference in enumerate(getattr(file.model, key)):
                for part in ("verdicts", "phrases"):
                    for phrase in source.phrases(file, key, at, part):
                        yield PhraseEntry(phrase, f"{key} ({part})", reference.effect, part)
