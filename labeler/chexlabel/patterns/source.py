"""A pattern set as it was read from its files, before it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chexlabel.labels import Label

if TYPE_CHECKING:
    from chexlabel.patterns.composition_schema import CompositionFile
    from chexlabel.patterns.context_schema import ContextFile, RecognitionFile
    from chexlabel.patterns.pattern_file import Layers, PatternFile
    from chexlabel.patterns.schema import (
        AssertionFile,
        FindingFile,
        SetFile,
        SpellingFile,
        StatesFile,
        StructureFile,
    )
    from chexlabel.patterns.section_schema import SectionsFile

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
    examples: tuple[Example, ...]
