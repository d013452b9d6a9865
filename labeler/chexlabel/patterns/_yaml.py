"""Reading YAML safely, by the rules of YAML 1.2, with line numbers for errors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from chexlabel.patterns.problems import PatternFileError, Problem

__all__ = ["check_file", "line_of", "node_at", "read_yaml"]

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is there: 10x faster


_DEEPEST = 20
_LARGEST = 1 << 20
"""Bytes that a file of a set may have: thirty times the largest that ships."""


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML follows YAML 1.1, where `no` is false; a word must stay a word in pattern files."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key must be a word", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands twice (first in line {seen[key.value]})",
                    problem_mark=key.start_mark,
                )
            seen[key.value] = line
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


# The core schema of YAML 1.2.2, chapter 10.3; numbers that begin with 0 stay text.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first
    )


def read_yaml(path: Path) -> tuple[Any, yaml.Node]:
    """Read one YAML file; return its data and its node tree (which knows the lines).

    Raises:
        PatternFileError: The file cannot be read, or is not valid YAML.
    """
    text = _read_text(path)
    loader = _Loader(text)
    try:
        _check_events(path, text)
        node = loader.get_single_node()
        if node is None:
            raise _error(path, 1, "the file is empty; fill it, or remove it")
        return loader.construct_document(node), node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "an unknown mistake"
        raise _error(
            path,
            mark.line + 1 if mark else 1,
            f"not valid YAML: {what}; mend the line, or quote text that holds a special character",
        ) from error
    finally:
        loader.dispose()


def _check_events(path: Path, text: str) -> None:
    """Refuse what pattern files have no use for and strangers might misuse.

    Deep nesting crashes the process in libyaml's recursion, aliases let a short file become a
    huge tree, and tags make other values of the words.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise _error(path, line, f"`*{event.anchor}` is an alias; write out what it stands for")
        if getattr(event, "tag", None) is not None:
            raise _error(
                path, line, "a tag (`!...`) means nothing here; remove it or quote the text"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _error(path, line, "nested too deep; pattern files have a few levels only")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def check_file(path: Path) -> None:
    """Refuse what would be waited for or read without end: pipes, devices, files that are too long.

    Raises:
        PatternFileError: It is one of these.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise _error(path, 1, "is no plain file; give a file of text")
    if path.is_file() and path.stat().st_size > _LARGEST:
        raise _error(path, 1, f"is longer than {_LARGEST >> 20} MB; split it")


def _read_text(path: Path) -> str:
    check_file(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _error(path, 1, f"cannot be read ({reason}); make it a readable file") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(path, line, "not UTF-8 text; save the file as UTF-8") from error
    unprintable = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        code = f"U+{ord(unprintable[0]):04X}"
        raise _error(path, line, f"holds the control character {code}; remove it")
    return text


def node_at(node: yaml.Node, location: tuple[int | str, ...]) -> yaml.Node | None:
    """Return the node at `location` (keys and indexes), `None` where there is none."""
    found: yaml.Node | None = node
    for step in location:
        found = _child(found, step)
    return found


def line_of(node: yaml.Node, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line at which `location` (keys and indexes) stands, or its nearest parent.

    What a mapping holds stands where its key does.
    """
    line: int = node.start_mark.line + 1
    for step in location:
        child = _child(node, step)
        if child is None:
            return line
        start = child.start_mark
        if isinstance(node, yaml.MappingNode):
            start = next(key.start_mark for key, _ in node.value if key.value == str(step))
        line, node = start.line + 1, child
    return line


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None


def _error(path: Path, line: int, message: str) -> PatternFileError:
    return PatternFileError(Problem(path, line, message))
