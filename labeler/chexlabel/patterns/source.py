"""A pattern set as it was read from its files, before it is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chexlabel.labels import Label

if TYPE_CHECKING:
    from chexlabel.patterns.composition_schema import CompositionFile
    from chexlabel.patterns.context_schema import ContextFile, RecognitionFile
    from chexlabel.patterns.pattern_file import Layers, PatternFile, Phrase
    from chexlabel.patterns.schema import (
        AssertionFile,
        FindingFile,
        SetFile,
        SpellingFile,
        StatesFile,
        StructureFile,
    )
    from chexlabel.patterns.section_schema import SectionsFile
    from chexlabel.patterns.word_lists import WordLists

__all__ = ["Example", "SetSource"]


@dataclass(frozen=True, slots=True)
class Example:
    """One example sentence of a findings file."""

    finding: str
    text: str
    label: Label | None
    file: Path
    line: int


@dataclass(frozen=True)
class SetSource:
    """A pattern set as read, laid over the set that it extends.

    Attributes:
        path: the set's own folder.
        info: its set.yaml, completed from the base's.
        base: the set that it extends.
        findings: finding -> files that define it, the base's first.
        assertion: the files of `assertion/`, the base's first.
        structure: structure.yaml with the base's underneath.
        sections: sections.yaml, completed from the base's.
        states: states.yaml, the base's first.
        spelling: spelling.yaml, the base's first.
        context: context.yaml, the base's first.
        recognition: recognition.yaml, the base's first.
        composition: composition.yaml, the base's first.
        word_lists: the lists of words.yaml, laid over the base's.
        examples: the examples of the set's own findings files.
    """

    path: Path
    info: SetFile
    base: SetSource | None
    findings: Mapping[str, tuple[PatternFile[FindingFile], ...]]
    assertion: tuple[PatternFile[AssertionFile], ...]
    structure: Layers[StructureFile] | None
    sections: PatternFile[SectionsFile] | None
    states: tuple[PatternFile[StatesFile], ...]
    spelling: tuple[PatternFile[SpellingFile], ...]
    context: tuple[PatternFile[ContextFile], ...]
    recognition: tuple[PatternFile[RecognitionFile], ...]
    composition: tuple[PatternFile[CompositionFile], ...]
    word_lists: WordLists
    examples: tuple[Example, ...]

    def phrases(self, file: PatternFile[Any] | Layers[Any], *location: int | str) -> list[Phrase]:
        """Return the phrases of the block at `location` of one of the set's files.

        Their word lists are written out as this set has them, also in files of the base.
        """
        return [self.word_lists.written_out(phrase) for phrase in file.phrases(*location)]

    def phrase_files(self) -> Iterator[PatternFile[Any]]:
        """Yield the files whose phrases may name word lists, the base's too."""
        yield from dict.fromkeys(chain.from_iterable(self.findings.values()))
        if self.structure is not None:
            yield from self.structure.files
        yield from self.assertion
        yield from self.states
        yield from self.spelling
        yield from self.context
        yield from self.recognition
