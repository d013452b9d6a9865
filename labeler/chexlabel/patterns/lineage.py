"""What a pattern set and those that it extends mean by their findings.

A refiner is made for one set. In a set that extends it, it may read the findings that mean the
same there, but not overrule the phrases that the set adds, which it knows nothing of; which these
are is told by the files, once, when the set is compiled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chexlabel.patterns.source import SetSource

__all__ = ["Ancestor", "lineage", "pattern_hash"]


class Ancestor(NamedTuple):
    """A pattern set, or one that it extends.

    Attributes:
        name: from its set.yaml.
        findings: all that it has, hidden ones included.
        shared: those of them that mean in the set what they mean in this one.
        sha256: `pattern_hash` of its folder.
        added: the phrases that the set adds to this one's: (finding, phrase) for those of a shared
            finding, ("", phrase) for cues, states and words of structure.
    """

    name: str
    findings: tuple[str, ...]
    shared: tuple[str, ...]
    sha256: str
    added: tuple[tuple[str, str], ...]


def lineage(source: SetSource) -> tuple[Ancestor, ...]:
    """Return a set itself and those that it extends, the nearest first.

    A finding means the same in both if its files begin with the base's, an uncertain label stays
    uncertain, and alternatives are read alike in both sets.
    """
    return tuple(_ancestors(source))


def pattern_hash(folder: Path) -> str:
    """Return the SHA-256 over a pattern set's own YAML files, names and content.

    Line ends count as LF, so that a checkout on Windows has the same hash.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml"), key=lambda path: path.relative_to(folder).parts):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _ancestors(source: SetSource) -> Iterator[Ancestor]:
    info = source.info
    unless = info.no_finding.unless if info.no_finding else ()
    tracked = {*info.findings, *info.hidden, *unless}
    at: SetSource | None = source
    while at is not None:
        findings = tuple(dict.fromkeys((*at.info.findings, *at.info.hidden)))
        shared = tuple(name for name in findings if name in tracked and _agree(source, at, name))
        added = tuple(_added(source, at, shared))
        yield Ancestor(at.info.name, findings, shared, pattern_hash(at.path), added)
        at = at.base


def _added(source: SetSource, base: SetSource, shared: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the phrases that a set adds to those of one that it extends (see `Ancestor`)."""
    if source is base or not shared:
        return
    from chexlabel.patterns.walk import lexicon_entries  # which a compiled set does not need

    # A phrase knows its file and line: one that a set repeats, it has made its own.
    known = {entry.phrase for entry in lexicon_entries(base)}
    for entry in lexicon_entries(source):
        finding = entry.group if entry.group in source.findings and entry.cue is None else ""
        if entry.phrase not in known and (not finding or finding in shared):
            yield finding, entry.phrase.text


def _agree(source: SetSource, base: SetSource, name: str) -> bool:
    """Tell whether a finding means in a set what it means in one that it extends."""
    files = base.findings.get(name, ())
    return (
        source.info.alternatives == base.info.alternatives
        and source.info.uncertain.get(name) == base.info.uncertain.get(name)
        and tuple(source.findings.get(name, ()))[: len(files)] == tuple(files)
    )
