"""Reading a pattern set's folder and laying it over the set that it extends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chexlabel.labels import LABELS_BY_WORD
from chexlabel.patterns._extends import (
    completed_info,
    completed_kinds,
    completed_sections,
    layered,
    resolved_findings,
)
from chexlabel.patterns._names import unknown_names
from chexlabel.patterns.pattern_file import PatternFile, read_file
from chexlabel.patterns.places import available_sets, find_base, find_set, sets_folder
from chexlabel.patterns.problems import PatternFileError, Problem
from chexlabel.patterns.source import Example, SetSource
from chexlabel.patterns.word_lists import WordLists, layered_lists, list_problems

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chexlabel.patterns.schema import FindingFile, SetFile

__all__ = [
    "available_sets",
    "find_set",
    "inspect_set",
    "read_set",
    "sets_folder",
]

Model = TypeVar("Model", bound="BaseModel")


def read_set(patterns: str | os.PathLike[str]) -> SetSource:
    """Read and validate a set and what it extends.

    Raises:
        PatternFileError: A file is missing or has an error; the message names file, line and
            remedy.
        PatternError: There is no such set.
    """
    source, problems = inspect_set(patterns)
    if source is None or problems:
        raise PatternFileError(*problems)
    return source


def inspect_set(patterns: str | os.PathLike[str]) -> tuple[SetSource | None, list[Problem]]:
    """Read a set and what it extends; return it with all problems of its files.

    A set without problems can be compiled. The set is `None` where they leave too little of it.

    Raises:
        PatternError: There is no such set.
    """
    reader = _Reader()
    return reader.read(find_set(patterns), ()), reader.problems


class _Reader:
    """Reads sets, and collects the problems of their files."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, path: Path, extending: tuple[Path, ...]) -> SetSource | None:
        """Read the set in a folder; `extending` are the sets that it is read for."""
        from chexlabel.patterns import schema
        from chexlabel.patterns.composition_schema import CompositionFile
        from chexlabel.patterns.context_schema import ContextFile, RecognitionFile
        from chexlabel.patterns.section_schema import SectionsFile

        problems = self.problems
        before = len(problems)
        info = self.file(path / "set.yaml", schema.SetFile)
        base = self.base(info, (*extending, path.resolve())) if info else None
        own = self.by_name(self.files(path / "findings", schema.FindingFile))
        assertion = self.files(path / "assertion", schema.AssertionFile)
        structure = self.optional(path / "structure.yaml", schema.StructureFile)
        inherited = base.sections if base else None
        sections = self.optional(
            path / "sections.yaml",
            SectionsFile,
            lambda data: completed_sections(data, inherited),
        )
        states = self.optional(path / "states.yaml", schema.StatesFile)
        spelling = self.optional(path / "spelling.yaml", schema.SpellingFile)
        context = self.optional(path / "context.yaml", ContextFile)
        recognition = self.optional(path / "recognition.yaml", RecognitionFile)
        composition = self.optional(path / "composition.yaml", CompositionFile)
        words = self.optional(path / "words.yaml", schema.WordsFile)
        if info is None or len(problems) > before:
            return None  # what does not fit together may be due to the files left out

        faults: list[Problem] = []  # with word lists
        word_lists = layered_lists(words, base.word_lists if base else WordLists(), faults)
        source = SetSource(
            path=path,
            info=completed_info(info, base.info if base else None, problems),
            base=base,
            findings=resolved_findings(own, base.findings if base else {}, problems),
            assertion=completed_kinds(assertion, base.assertion if base else (), problems),
            structure=layered(structure, base.structure if base else None, problems),
            sections=sections or inherited,
            states=_above(states, base.states if base else ()),
            spelling=_above(spelling, base.spelling if base else ()),
            context=_above(context, base.context if base else ()),
            recognition=_above(recognition, base.recognition if base else ()),
            composition=_above(composition, base.composition if base else ()),
            word_lists=word_lists,
            examples=tuple(example for file in own.values() for example in _examples(file)),
        )
        faults += () if faults else list_problems(source.phrase_files(), word_lists)
        if faults:
            problems += faults
            return None  # phrases cannot be read without their lists
        for name, file in (("structure", source.structure), ("sections", source.sections)):
            if file is None:
                message = f"{name}.yaml is missing; add it, or extend a set that has it"
                problems.append(info.problem(("extends",), message))
        problems += unknown_names(source, info, own.values())
        return source

    def file(
        self,
        path: Path,
        model: type[Model],
        complete: Callable[[Any], Any] | None = None,
    ) -> PatternFile[Model] | None:
        """Read one file; `None` if it has problems."""
        try:
            return read_file(path, model, complete)
        except PatternFileError as error:
            self.problems += error.problems
            return None

    def files(self, folder: Path, model: type[Model]) -> list[PatternFile[Model]]:
        """Read the files of a folder, by name, without those that have problems."""
        read = (self.file(path, model) for path in sorted(folder.glob("*.yaml")))
        return [file for file in read if file]

    def optional(
        self,
        path: Path,
        model: type[Model],
        complete: Callable[[Any], Any] | None = None,
    ) -> PatternFile[Model] | None:
        """Read a file that a set need not have."""
        return self.file(path, model, complete) if path.exists() else None

    def base(self, info: PatternFile[SetFile], extending: tuple[Path, ...]) -> SetSource | None:
        """Read the set that a set extends: a folder beside it, or one that ships."""
        name = info.model.extends
        if name is None:
            return None
        folder = find_base(info.path.parent, name)
        if folder is None:
            known = ", ".join(available_sets())
            message = f"there is no set {name!r}: neither a folder beside this one nor: {known}"
            self.problems.append(info.problem(("extends",), message))
            return None
        if folder.resolve() in extending:
            message = "the sets extend one another in a circle; remove one `extends`"
            self.problems.append(info.problem(("extends",), message))
            return None
        return self.read(folder, extending)

    def by_name(
        self, files: Iterable[PatternFile[FindingFile]]
    ) -> dict[str, PatternFile[FindingFile]]:
        """Return a set's own findings files by the finding that they define."""
        found: dict[str, PatternFile[FindingFile]] = {}
        for file in files:
            name = file.model.finding
            if name in found:
                message = f"{name!r} is defined in {found[name].path.name} too; merge the two files"
                self.problems.append(file.problem(("finding",), message))
            found.setdefault(name, file)
        return found


def _above(
    file: PatternFile[Model] | None, inherited: tuple[PatternFile[Model], ...]
) -> tuple[PatternFile[Model], ...]:
    return (*inherited, file) if file else inherited


def _examples(file: PatternFile[FindingFile]) -> Iterator[Example]:
    for key, label in LABELS_BY_WORD.items():
        for phrase in file.phrases("examples", key):
            text = phrase.text.replace("\\#", "#")
            yield Example(file.model.finding, text, label, phrase.file, phrase.line)
