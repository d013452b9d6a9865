"""Reading a pattern set's folder, with the set that it extends, and compiling it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chexlabel.errors import PatternError
from chexlabel.labels import Label
from chexlabel.patterns._yaml import line_of, read_yaml
from chexlabel.patterns.syntax import phrase_lines

if TYPE_CHECKING:
    import yaml
    from pydantic import BaseModel

    from chexlabel.patterns.schema import (
        Phrases,
        SetFile,
    )

    Model = TypeVar("Model", bound=BaseModel)

__all__ = ["Example", "Phrase", "SetSource", "available_sets", "find_set", "read_set"]

_PACKAGED = Path(__file__).parents[1] / "data" / "patterns"
_CHECKOUT = Path(__file__).parents[3] / "patterns"  # an editable install reads the repository's


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of a file, with the place where it stands."""

    text: str
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Example:
    """One example sentence of a findings file."""

    finding: str
    text: str
    label: Label | None
    file: Path
    line: int


@dataclass(frozen=True)
class _File:
    """A validated file: its content and where its phrases stand."""

    path: Path
    model: Any
    node: yaml.Node

    def phrases(self, *location: int | str) -> list[Phrase]:
        """Return the phrases of the block at `location`, with their lines."""
        value: Any = self.model
        for step in location:
            if isinstance(step, int) or isinstance(value, dict):
                value = value[step]
            else:
                value = getattr(value, step)
        return list(self._lines(value, location))

    def _lines(self, block: Phrases, location: tuple[int | str, ...]) -> Iterator[Phrase]:
        first = line_of(self.node, location)
        for number, text in phrase_lines(block):
            if isinstance(block, str):  # a YAML block begins in the line after its key
                line = first + number + ("\n" in block)
            else:
                line = line_of(self.node, (*location, number))
            yield Phrase(text, self.path, line)


@dataclass(frozen=True)
class SetSource:
    """A pattern set as read: its files by role, those of the set it extends underneath.

    Attributes:
        path: the set's own folder.
        info: its set.yaml.
        findings: finding -> files that define it, the base's first.
        assertion: the files of `assertion/`, the base's first.
        structure, sections: the nearest such file.
        states, spelling: such files, the base's first.
    """

    path: Path
    info: SetFile
    findings: Mapping[str, tuple[_File, ...]]
    assertion: tuple[_File, ...]
    structure: _File | None
    sections: _File | None
    states: tuple[_File, ...] = ()
    spelling: tuple[_File, ...] = ()
    examples: tuple[Example, ...] = field(default=())


def available_sets() -> dict[str, Path]:
    """Return the pattern sets that ship with the package: name -> folder."""
    root = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    return {path.parent.name: path.parent for path in sorted(root.glob("*/set.yaml"))}


def find_set(patterns: str | os.PathLike[str]) -> Path:
    """Return the folder of a pattern set given by the name of a shipped one or by its path.

    Raises:
        PatternError: There is no such set.
    """
    shipped = available_sets()
    if isinstance(patterns, str) and patterns in shipped:
        return shipped[patterns]
    path = Path(patterns)
    if (path / "set.yaml").is_file():
        return path
    raise PatternError(
        f"pattern set {os.fspath(patterns)!r}: neither a shipped set ({', '.join(shipped)}) nor a "
        "folder with a set.yaml; see `chexlabel patterns list`"
    )


def read_set(patterns: str | os.PathLike[str], _extending: tuple[Path, ...] = ()) -> SetSource:
    """Read and validate a set and what it extends.

    Raises:
        PatternError: A file is missing or has an error; the message names file, line and remedy.
    """
    from chexlabel.patterns import schema
    from chexlabel.patterns.section_schema import SectionsFile

    path = find_set(patterns)
    info_file = _read(path / "set.yaml", schema.SetFile)
    info: SetFile = info_file.model
    base: SetSource | None = None
    if info.extends is not None:
        if path.resolve() in _extending:
            raise PatternError(
                f"{path / 'set.yaml'}: the sets extend one another in a circle; "
                "remove one `extends`"
            )
        beside = path.parent / info.extends
        parent = beside if (beside / "set.yaml").is_file() else info.extends
        base = read_set(parent, (*_extending, path.resolve()))

    own = [_read(file, schema.FindingFile) for file in sorted((path / "findings").glob("*.yaml"))]
    findings = _resolve_findings(own, base)
    for wanted, where in _named_findings(info):
        if wanted not in findings and not (
            info.no_finding is not None and wanted == info.no_finding.name
        ):
            known = ", ".join(sorted(findings))
            raise PatternError(
                f"{path / 'set.yaml'}:{line_of(info_file.node, where)}: no file in findings/ "
                f"defines {wanted!r}; add one, or choose from: {known}"
            )

    def optional(name: str, model: type[Any]) -> tuple[_File, ...]:
        return (_read(path / name, model),) if (path / name).is_file() else ()

    assertion = tuple(
        _read(file, schema.AssertionFile) for file in sorted((path / "assertion").glob("*.yaml"))
    )
    structure = optional("structure.yaml", schema.StructureFile)
    sections = optional("sections.yaml", SectionsFile)
    return SetSource(
        path=path,
        info=info,
        findings=findings,
        assertion=(*(base.assertion if base else ()), *assertion),
        structure=structure[0] if structure else base.structure if base else None,
        sections=sections[0] if sections else base.sections if base else None,
        states=(*(base.states if base else ()), *optional("states.yaml", schema.StatesFile)),
        spelling=(
            *(base.spelling if base else ()),
            *optional("spelling.yaml", schema.SpellingFile),
        ),
        examples=tuple(_examples(own)),
    )


def _named_findings(info: SetFile) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    for key in ("findings", "hidden"):
        for number, name in enumerate(getattr(info, key)):
            yield name, (key, number)
    for name in info.uncertain:
        yield name, ("uncertain", name)
    if info.no_finding is not None:
        for number, name in enumerate(info.no_finding.unless):
            yield name, ("no_finding", "unless", number)


def _resolve_findings(own: list[_File], base: SetSource | None) -> dict[str, tuple[_File, ...]]:
    """Lay each finding's file over those of the findings that it extends."""
    inherited = dict(base.findings) if base else {}
    by_name: dict[str, _File] = {}
    for file in own:
        name = file.model.finding
        if name in by_name:
            raise PatternError(
                f"{file.path}:{line_of(file.node, ('finding',))}: {name!r} is defined in "
                f"{by_name[name].path.name} too; merge the two files"
            )
        by_name[name] = file
    resolved: dict[str, tuple[_File, ...]] = {}

    def resolve(name: str, seen: tuple[str, ...]) -> tuple[_File, ...]:
        file = by_name[name]
        layers: list[_File] = []
        for number, parent in enumerate(file.model.extends):
            if parent in by_name and parent != name and parent not in seen:
                layers.extend(resolve(parent, (*seen, name)))
            elif parent in inherited:
                layers.extend(inherited[parent])
            else:
                raise PatternError(
                    f"{file.path}:{line_of(file.node, ('extends', number))}: there is no finding "
                    f"{parent!r} to extend; correct the name"
                )
        return (*layers, file)

    for name in by_name:
        resolved[name] = resolve(name, ())
    return {**inherited, **resolved}


def _examples(files: list[_File]) -> Iterator[Example]:
    labels = {
        "positive": Label.POSITIVE,
        "negative": Label.NEGATIVE,
        "uncertain": Label.UNCERTAIN,
        "blank": None,
    }
    for file in files:
        for key, label in labels.items():
            for phrase in file.phrases("examples", key):
                yield Example(file.model.finding, phrase.text, label, phrase.file, phrase.line)


def _read(path: Path, model: type[Model]) -> _File:
    from pydantic import ValidationError

    data, node = read_yaml(path)
    try:
        return _File(path, model.model_validate(data), node)
    except ValidationError as error:
        first = error.errors()[0]
        location = first["loc"]
        line = line_of(node, location)
        where = ".".join(str(step) for step in location) or "the file"
        raise PatternError(f"{path}:{line}: {where}: {_remedy(first, model)}") from None


def _remedy(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Turn pydantic's error into one line that says how to mend it (without quoting content)."""
    if error["type"] == "extra_forbidden":
        return f"not a known key; the keys here include {', '.join(model.model_fields)}"
    if error["type"] == "missing":
        return "is missing; add it"
    return str(error["msg"]).replace("\n", " ")
