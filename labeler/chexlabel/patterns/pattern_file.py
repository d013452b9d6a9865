"""One file of a pattern set: read, validated, and with the lines where its phrases stand."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

import yaml

from chexlabel.patterns._yaml import line_of, node_at, read_yaml
from chexlabel.patterns.problems import PatternFileError, Problem
from chexlabel.patterns.syntax import phrase_lines

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Layers", "PatternFile", "Phrase", "read_file"]

Model = TypeVar("Model", bound="BaseModel", covariant=True)
"""One of the models of `chexlabel.patterns.schema`."""

_PROSE = "about"  # the key whose text may run over several lines


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of a file, with the place where it stands.

    Attributes:
        text: the phrase as the file writes it.
        file: the file.
        line: where it begins, counted from 1.
        full: the same with its word lists written out (see `SetSource.phrases`).
    """

    text: str
    file: Path
    line: int
    full: str


@dataclass(frozen=True, eq=False)
class PatternFile(Generic[Model]):
    """A validated file.

    Attributes:
        path: where it is.
        model: its content.
        node: its YAML tree, which knows the lines.
    """

    path: Path
    model: Model
    node: yaml.Node

    def phrases(self, *location: int | str) -> list[Phrase]:
        """Return the phrases of the block at `location` as they are written, with their lines."""
        block: Any = self.model
        for step in location:
            if isinstance(step, int) or isinstance(block, dict):
                block = block[step]
            else:
                block = getattr(block, step)
        if isinstance(block, str):
            node = node_at(self.node, location)
            first = node.start_mark.line + 1 if node else 1
            if isinstance(node, yaml.ScalarNode) and node.style == "|":
                first += 1  # the block begins below its key
            return [Phrase(text, self.path, first + at, text) for at, text in phrase_lines(block)]
        return [
            Phrase(text, self.path, line_of(self.node, (*location, at)), text)
            for at, text in phrase_lines(block)
        ]

    def problem(self, location: tuple[int | str, ...], message: str) -> Problem:
        """Return a problem at `location` (keys and indexes)."""
        return Problem(self.path, line_of(self.node, location), message)


class Layers(Generic[Model]):
    """The files of one kind, of a set and of the sets underneath it, read as one file.

    Attributes:
        files: the files, the base's first.
        model: their content as one; of phrases, that of the last file alone (see `phrases`).
    """

    def __init__(self, files: tuple[PatternFile[Model], ...], model: Model) -> None:
        self.files = files
        self.model = model

    def phrases(self, *location: int | str) -> list[Phrase]:
        """Return the phrases of the block at `location` in all files, the base's first."""
        return [phrase for file in self.files for phrase in file.phrases(*location)]


def read_file(
    path: Path, model: type[Model], complete: Callable[[Any], Any] | None = None
) -> PatternFile[Model]:
    """Read and validate one file.

    Args:
        path: the file.
        model: what may stand in it.
        complete: adds to its content what it leaves out, before that is validated.

    Raises:
        PatternFileError: It cannot be read or does not fit the model; holds every problem.
    """
    from pydantic import ValidationError

    data, node = read_yaml(path)
    problems = [
        Problem(path, line, "its lines would be joined into one; write `|` after the key")
        for line in _joined_lines(node)
    ]
    try:
        file = PatternFile(path, model.model_validate(complete(data) if complete else data), node)
    except ValidationError as error:
        problems += _schema_problems(path, node, model, error)
    if problems:
        raise PatternFileError(*sorted(problems, key=lambda problem: problem.line))
    return file


def _joined_lines(node: yaml.Node, key: str = "") -> Iterator[int]:
    """Yield where text on several lines is not a `|` block: YAML would make one phrase of it."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _joined_lines(value, name.value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _joined_lines(value)
    elif isinstance(node, yaml.ScalarNode) and key != _PROSE:
        over_lines = node.start_mark.line != node.end_mark.line and node.value
        if node.style == ">" or (node.style != "|" and over_lines):
            yield node.start_mark.line + 1


def _schema_problems(
    path: Path, node: yaml.Node, model: type[BaseModel], error: Any
) -> Iterator[Problem]:
    """Turn pydantic's errors into problems: one a place, with the remedy, without the content."""
    found: dict[tuple[int | str, ...], str] = {}
    for detail in error.errors(include_url=False, include_input=True):
        location = _real_location(node, detail)
        found.setdefault(location, _remedy(detail, model, location))
    for location, remedy in found.items():
        # Of a list with a bad item it is also said that it is no text.
        if any(other[: len(location)] == location and other != location for other in found):
            continue
        where = ".".join(str(step) for step in location)
        yield Problem(path, line_of(node, location), f"{where}: {remedy}" if where else remedy)


def _real_location(node: yaml.Node, detail: Mapping[str, Any]) -> tuple[int | str, ...]:
    """Return where an error is in the file.

    Pydantic's location holds names for the types of a union, and counts items that came from
    another set.
    """
    *parents, last = detail["loc"] or ("",)
    location: tuple[int | str, ...] = ()
    for step in parents:
        if node_at(node, (*location, step)) is not None:
            location = (*location, step)
    items = node_at(node, location)
    if isinstance(last, int) and isinstance(items, yaml.SequenceNode):
        values = [item.value for item in items.value]
        last = values.index(detail["input"]) if detail["input"] in values else last
    if last != "" and (
        detail["type"] in ("missing", "extra_forbidden")
        or node_at(node, (*location, last)) is not None
    ):
        location = (*location, last)
    return location


def _remedy(
    detail: Mapping[str, Any], model: type[BaseModel], location: tuple[int | str, ...]
) -> str:
    """Say how an error is mended."""
    kind = detail["type"]
    value = detail["input"]
    if kind == "extra_forbidden":
        known = list(_model_at(model, location[:-1]).model_fields)
        similar = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {similar[0]!r}? " if similar else ""
        return f"not a known key; {hint}known here: {', '.join(known)}"
    if kind == "missing":
        return "is missing; add it"
    if value is None:
        return "is empty; fill it, or remove the key"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "is not text but a number or true/false; put it in quotes"
    remedies = {
        "string_type": "must be text",
        "list_type": "must be a list; put `- ` before each item",
        "dict_type": "must be pairs of a name and a value (`name: value`)",
        "model_type": f"must have keys ({', '.join(_model_at(model, location).model_fields)})",
        "too_short": "must not be empty; fill it",
        "string_too_short": "must not be empty; fill it",
        "string_pattern_mismatch": "must be lower case, without a colon and with single spaces",
        "literal_error": f"must be {detail.get('ctx', {}).get('expected')}",
        "too_long": f"must have {detail.get('ctx', {}).get('max_length')} entries at most",
    }
    said = str(detail["msg"]).removeprefix("Value error, ").replace("\n", " ")
    return remedies.get(kind, said)


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the model that describes what stands at `location`."""
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models(model.model_fields[step].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in a type annotation."""
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
