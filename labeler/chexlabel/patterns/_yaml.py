"""Reading YAML safely, by the rules of YAML 1.2, with line numbers for errors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from chexlabel.errors import PatternError

__all__ = ["line_of", "read_yaml"]

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is there: 10x faster


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML follows YAML 1.1, where `no` is false; a word must stay a word in pattern files."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands twice (first in line {seen[key.value]})",
                    problem_mark=key.start_mark,
                )
            seen[key.value] = line
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))
    ]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")
)


def read_yaml(path: Path) -> tuple[Any, yaml.Node]:
    """Read one YAML file; return its data and its node tree (which knows the lines).

    Raises:
        PatternError: The file cannot be read, or is not valid YAML; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PatternError(
            f"{path}: cannot be read ({type(error).__name__}); save it as a UTF-8 text file"
        ) from error
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise PatternError(f"{path}:1: the file is empty; see `chexlabel patterns show`")
        return loader.construct_document(node), node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PatternError(
            f"{path}:{line}: not valid YAML: {error.problem or error.context}; "
            "mend the line, or quote the text that holds a special character"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise PatternError(f"{path}:1: not valid YAML: {type(error).__name__}") from error
    finally:
        loader.dispose()


def line_of(node: yaml.Node, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line at which `location` (keys and indexes) stands, or its nearest parent."""
    line: int = node.start_mark.line + 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            child = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if child is None:
                return line
            line, node = child[0].start_mark.line + 1, child[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            if step >= len(node.value):
                return line
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            return line
    return line
