"""All phrases of a pattern set, with what they mean and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from chexlabel.patterns.load import Phrase, SetSource, available_sets, read_set

__all__ = [
    "ASSERTIVES",
    "CONTEXT",
    "PLACES",
    "RECOGNITION",
    "SENTENCE",
    "SPELLING",
    "STATES",
    "Entry",
    "SetSummary",
    "list_sets",
    "looked_for",
    "set_entries",
    "summary",
]

# The layers beside those of the findings; each finding's layer bears its name.
SENTENCE, STATES, ASSERTIVES, SPELLING = "sentence", "states", "assertives", "spelling"
PLACES = "places"
CONTEXT, RECOGNITION = "context", "recognition"


class Entry(NamedTuple):
    """One phrase of a set.

    Attributes:
        phrase: the phrase, its file and line.
        layer: phrases of one layer do not overlap in a sentence, those of two layers may.
        group: the finding, kind of cue, state or part of the structure that it belongs to.
        key: the key of its file that it stands under; for anatomy with its states.
    """

    phrase: Phrase
    layer: str
    group: str
    key: str


@dataclass(frozen=True, slots=True)
class SetSummary:
    """A pattern set in numbers.

    Attributes:
        name: its name.
        version: its version.
        path: its folder.
        extends: the name of the set that it extends.
        findings: the labels that it puts out, in order.
        phrases: how many phrases (lines of its files) it is made of, with those that it inherits.
        examples: how many examples its own files hold.
    """

    name: str
    version: str
    path: Path
    extends: str | None
    findings: tuple[str, ...]
    phrases: int
    examples: int


def list_sets() -> list[SetSummary]:
    """Return the pattern sets that ship with the package.

    Raises:
        PatternFileError: One of them has an error.
    """
    return [summary(read_set(path)) for path in available_sets().values()]


def summary(source: SetSource) -> SetSummary:
    """Return a set in numbers."""
    return SetSummary(
        name=source.info.name,
        version=source.info.version,
        path=source.path,
        extends=source.info.extends,
        findings=tuple(source.info.findings),
        phrases=sum(1 for _ in set_entries(source)),
        examples=len(source.examples),
    )


def looked_for(source: SetSource) -> tuple[str, ...]:
    """Return the findings that a set looks for: those that it puts out, and those behind them."""
    info = source.info
    rule = info.no_finding
    names = (*info.findings, *info.hidden, *(rule.unless if rule else ()))
    return tuple(dict.fromkeys(name for name in names if name in source.findings))


def set_entries(source: SetSource) -> Iterator[Entry]:
    """Yield the phrases of a set, merged with those of the set that it extends.

    Of equal phrases in a layer the last one counts.
    """
    for finding in looked_for(source):
        for file in source.findings[finding]:
            for key in ("positive", "uncertain"):
                for phrase in file.phrases(key):
                    yield Entry(phrase, finding, finding, key)
            for at, anatomy in enumerate(file.model.anatomy):
                states = ", ".join(f"{state} {label}" for state, label in anatomy.states.items())
                for phrase in file.phrases("anatomy", at, "phrases"):
                    yield Entry(phrase, finding, finding, f"anatomy ({states})")
            for at, part in enumerate(file.model.parts):
                where = ", ".join((*part.within, *(f"not {place}" for place in part.outside)))
                for phrase in file.phrases("parts", at, "words"):
                    yield Entry(phrase, finding, finding, f"parts ({where})")
            for phrase in file.phrases("exclude"):
                yield Entry(phrase, finding, finding, "exclude")
    for file in source.states:
        for state in file.model.states:
            for phrase in file.phrases("states", state):
                yield Entry(phrase, STATES, "states", state)
        for place in file.model.places:
            for phrase in file.phrases("places", place):
                yield Entry(phrase, PLACES, "places", place)
    if source.structure is not None:
        for key in type(source.structure.model).model_fields:
            if key not in ("about", "order"):
                layer = ASSERTIVES if key == "assertives" else SENTENCE
                for phrase in source.structure.phrases(key):
                    yield Entry(phrase, layer, "structure", key)
    for file in source.assertion:
        for key in ("before", "after"):
            for phrase in file.phrases(key):
                yield Entry(phrase, SENTENCE, file.model.kind, key)
    for file in source.spelling:
        for key in ("terms", "not_misspelled", "glued"):
            for phrase in file.phrases(key):
                yield Entry(phrase, SPELLING, "spelling", key)
        for at, sound in enumerate(file.model.sound_alikes):
            for phrase in file.phrases("sound_alikes", at, "heard"):
                yield Entry(phrase, SPELLING, "spelling", f"sound_alikes ({sound.meant})")
    for file in source.context:
        for key in ("anaphors", "openings"):
            for phrase in file.phrases(key):
                yield Entry(phrase, f"{CONTEXT} ({key})", CONTEXT, key)
        for key in ("references", "answers"):
            for at, reference in enumerate(getattr(file.model, key)):
                for part in ("verdicts", "phrases"):
                    for phrase in file.phrases(key, at, part):
                        yield Entry(phrase, f"{key} ({part})", reference.effect, part)
    for file in source.recognition:
        for key in ("anywhere", "alone"):
            for phrase in file.phrases(key):
                yield Entry(phrase, f"{RECOGNITION} ({key})", RECOGNITION, key)
