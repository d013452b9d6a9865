"""Compiled pattern sets on disk, so that the first label does not wait for YAML and compilation.

A compiled set is plain data (JSON: nothing in it is executed), in a file whose first line says what
it was made from: a SHA-256 of the files of the set and of the sets that it extends, of chexlabel's
version and of the modules that compile. The file of a set that changed since does not fit any more
and is written anew; one that is damaged counts as none. The other lines are the set: what is always
needed, then states and phrases, a line each, which are read when a text needs them
(`chexlabel.patterns.stored`).

Those of the sets that ship lie in the package, made when it was built. The others lie in the user's
cache folder: `$XDG_CACHE_HOME/chexlabel`, else `~/.cache/chexlabel`, on
Windows `%LOCALAPPDATA%`; `CHEXLABEL_CACHE` names another. Where that cannot be written, or with
`CHEXLABEL_CACHE=off`, a set is compiled each time. They hold patterns and nothing of any report.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chexlabel._version import __version__
from chexlabel.labels import Label
from chexlabel.patterns.context import context_data, context_of
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.lineage import Ancestor
from chexlabel.patterns.pattern_set import NoFindingRule, PatternSet
from chexlabel.patterns.places import compiled_folder, find_base, find_set, sets_folder
from chexlabel.patterns.stored import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chexlabel.patterns.source import SetSource

__all__ = ["cache_folder", "load_compiled", "write_compiled"]

_KEPT = 16
"""Files in the folder; of more, those that were used the longest ago are removed."""


def load_compiled(patterns: str | os.PathLike[str] = "chexpert14") -> PatternSet:
    """Return a compiled pattern set, given by name or folder: from the cache, if it is there.

    Raises:
        PatternError: There is no such set, or it has an error; the message names file, line and
            remedy.
    """
    folder = find_set(patterns)
    cached = cache_folder()
    if cached is None:
        return _compile(folder)[1]
    shipped = compiled_folder() / f"{folder.name}.json"
    if folder.parent == sets_folder() and (found := _read(shipped, folder)) is not None:
        return found
    own = _hash_of(folder)
    path = cached / f"{folder.name[:40]}-{own[:32]}.json"
    found = _read(path, folder)
    if found is None:
        source, found = _compile(folder)
        _write(path, folder, source, found)
    else:
        with suppress(OSError):
            path.touch()  # it is in use
    return found


def write_compiled(folder: Path, path: Path) -> None:
    """Compile the set in a folder into a file, to ship with the package.

    Raises:
        PatternError: The set has an error.
        OSError: The file cannot be written.
    """
    source, patterns = _compile(folder)
    path.write_bytes(_content(folder, source, patterns))


def cache_folder() -> Path | None:
    """Return the folder of the compiled sets, which need not exist; `None` where it is off."""
    stated = os.environ.get("CHEXLABEL_CACHE")
    if stated:
        return None if stated == "off" else Path(stated)
    stated = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    with suppress(RuntimeError):  # nobody's home
        return (Path(stated) if stated else Path.home() / ".cache") / "chexlabel"
    return None


def _compile(folder: Path) -> tuple[SetSource, PatternSet]:
    from chexlabel.patterns.compile import compile_set
    from chexlabel.patterns.load import read_set

    source = read_set(folder)
    return source, compile_set(source)


# What a file was made from.


@cache
def _code() -> bytes:
    """Return a hash of the version and of the modules that compile."""
    state = hashlib.sha256(__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        state.update(path.read_bytes())
    return state.digest()


def _hash_of(folder: Path) -> str:
    """Return a hash of the files of a set, and of what compiles them."""
    state = hashlib.sha256(_code())
    for path in sorted(folder.glob("**/*.yaml")):
        content = path.read_bytes()
        state.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()


def _bases(source: SetSource) -> list[str]:
    """Return the names of the sets that a set extends, the nearest first."""
    names = []
    at: SetSource | None = source
    while at is not None and at.base is not None:
        names.append(at.base.info.name if at.info.extends is None else at.info.extends)
        at = at.base
    return names


def _key(folder: Path, bases: Iterable[str]) -> str:
    """Return a hash of the files of a set and of those that it extends."""
    hashes = [_hash_of(folder)]
    at: Path | None = folder
    for name in bases:
        at = find_base(at, name) if at is not None else None
        hashes.append(_hash_of(at) if at is not None else "")
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


# Files.


def _read(path: Path, folder: Path) -> PatternSet | None:
    """Return the set of a file; `None` for one that is missing, damaged or of other files."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        stated = json.loads(head)
        if stated["sha256"] != hashlib.sha256(body).hexdigest():
            return None
        if stated["key"] != _key(folder, stated["extends"]):
            return None
        main, *rows = body.decode("ascii").split("\n")
        return _set_of(json.loads(main), rows)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _content(folder: Path, source: SetSource, patterns: PatternSet) -> bytes:
    """Return what the file of a compiled set holds."""
    patterns.lexicon.warm(_usual_texts(source))
    bases = _bases(source)
    rows = Rows()
    data = json.dumps(_set_data(patterns, rows), separators=(",", ":"))
    body = "\n".join([data, *rows.lines]).encode("ascii")
    sha256 = hashlib.sha256(body).hexdigest()
    head = {"key": _key(folder, bases), "extends": bases, "sha256": sha256}
    return json.dumps(head).encode() + b"\n" + body


def _write(path: Path, folder: Path, source: SetSource, patterns: PatternSet) -> None:
    """Write a compiled set, whole or not at all; where that cannot be, do without."""
    content = _content(folder, source, patterns)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        files = sorted(path.parent.glob("*.json"), key=lambda file: -file.stat().st_mtime)
        for old in files[_KEPT:]:
            old.unlink(missing_ok=True)


def _usual_texts(source: SetSource) -> Iterator[str]:
    """Yield texts of the kind that is labeled: the examples of a set and of those it extends."""
    at: SetSource | None = source
    while at is not None:
        yield from (example.text for example in at.examples)
        at = at.base


# Sets as plain values.


def _set_data(patterns: PatternSet, rows: Rows) -> dict[str, Any]:
    rule = patterns.no_finding
    known = patterns.recognition
    return {
        "name": patterns.name,
        "version": patterns.version,
        "findings": patterns.findings,
        "tracked": patterns.tracked,
        "columns": patterns.columns,
        "uncertain": patterns.uncertain,
        "no_finding": rule and [rule.column, rule.unless, rule.otherwise],
        "groups": dict(patterns.groups),
        "lexicon": patterns.lexicon.to_data(rows),
        "sections": rows.add([patterns.sections.model_dump()])[0],
        "context": context_data(patterns.context, rows),
        "recognition": known and known.to_data(rows),
        "weak_states": sorted(patterns.weak_states),
        "lineage": patterns.lineage,
    }


def _set_of(data: Mapping[str, Any], rows: Sequence[str]) -> PatternSet:
    rule = data["no_finding"]
    known = data["recognition"]
    return PatternSet(
        name=data["name"],
        version=data["version"],
        findings=tuple(data["findings"]),
        tracked=tuple(data["tracked"]),
        columns=tuple(data["columns"]),
        uncertain=tuple(map(_label, data["uncertain"])),
        no_finding=rule and NoFindingRule(rule[0], tuple(rule[1]), _label(rule[2])),
        groups={name: tuple(members) for name, members in data["groups"].items()},
        lexicon=Lexicon.from_data(data["lexicon"], rows),
        # The same attributes, without pydantic: they were validated when they were compiled.
        sections=json.loads(rows[data["sections"]], object_hook=_object),
        context=context_of(data["context"], rows),
        recognition=known and Lexicon.from_data(known, rows),
        weak_states=frozenset(data["weak_states"]),
        lineage=tuple(
            Ancestor(name, tuple(findings), tuple(shared), sha256, tuple(map(tuple, added)))
            for name, findings, shared, sha256, added in data["lineage"]
        ),
    )


def _label(value: int | None) -> Label | None:
    return None if value is None else Label(value)


def _object(data: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**data)
