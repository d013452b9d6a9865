"""Finding names in a set's files that nothing stands behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chexlabel.patterns.pattern_file import PatternFile

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chexlabel.patterns.problems import Problem
    from chexlabel.patterns.schema import FindingFile, SetFile
    from chexlabel.patterns.source import SetSource

__all__ = ["unknown_names"]

_Named = tuple[str, tuple[int | str, ...]]
"""A name, and where in its file it stands."""


def unknown_names(
    source: SetSource, info: PatternFile[SetFile], findings: Iterable[PatternFile[FindingFile]]
) -> Iterator[Problem]:
    """Yield the problems of the names in a set's own files.

    Args:
        source: the set, completed.
        info: its set.yaml as written.
        findings: its own findings files.
    """
    yield from _in_info(source, info)
    order = source.structure.model.order if source.structure else []
    yield from _in_assertion(source, order)
    states = [state for words in source.states for state in words.model.states]
    places = [place for words in source.states for place in words.model.places]
    for file in findings:
        fault = "ignore_cues: there is no kind of cue {!r}; correct the name"
        yield from _unknown(file, _items(file.model.ignore_cues, "ignore_cues"), order, fault)
        for at, anatomy in enumerate(file.model.anatomy):
            named = ((state, ("anatomy", at, "states", state)) for state in anatomy.states)
            yield from _unknown(file, named, states, "states.yaml has no state {!r}; add it there")
        for at, part in enumerate(file.model.parts):
            for key in ("within", "outside"):
                where = _items(getattr(part, key), "parts", at, key)
                fault = "states.yaml has no place {!r}; add it there"
                yield from _unknown(file, where, places, fault)


def _in_assertion(source: SetSource, order: list[str]) -> Iterator[Problem]:
    """Yield kinds of cue without a rank, if the set's own files are at fault."""
    structure = source.structure.files[-1] if source.structure else None
    reorders = structure is not None and structure.path.parent == source.path
    for cues in source.assertion:
        kind = cues.model.kind
        if cues.path.parents[1] == source.path:
            fault = "kind: `order` in structure.yaml does not list {!r}; add it there"
            yield from _unknown(cues, [(kind, ("kind",))], order, fault)
            turned = ((name, ("turns", name)) for name in cues.model.turns)
            fault = "turns: there is no kind of cue {!r}; correct the name"
            yield from _unknown(cues, turned, order, fault)
        elif structure is not None and reorders and kind not in order:
            message = f"order: does not list {kind!r}, which the base set has cues of; add it"
            yield structure.problem(("order",), message)


def _in_info(source: SetSource, file: PatternFile[SetFile]) -> Iterator[Problem]:
    info = file.model
    labels = source.info.findings
    defined = sorted(source.findings)
    rule = source.info.no_finding
    nowhere = "no file in findings/ defines {!r}; add one"
    columns = [rule.name, *defined] if rule else defined
    yield from _unknown(file, _items(info.findings, "findings"), columns, nowhere)
    yield from _unknown(file, _items(info.hidden, "hidden"), defined, nowhere)
    if info.no_finding is not None:
        fault = "no_finding.name: `findings` does not list {!r}; add it there"
        named: list[_Named] = [(info.no_finding.name, ("no_finding", "name"))]
        yield from _unknown(file, named, labels, fault)
        unless = _items(info.no_finding.unless, "no_finding", "unless")
        yield from _unknown(file, unless, defined, nowhere)
    fault = "`findings` does not list {!r}; correct the name"
    policies = ((name, ("uncertain", name)) for name in info.uncertain)
    yield from _unknown(file, policies, labels, fault)
    for group, members in info.groups.items():
        yield from _unknown(file, _items(members, "groups", group), labels, fault)


def _items(names: Iterable[str], *location: int | str) -> Iterator[_Named]:
    for at, name in enumerate(names):
        yield name, (*location, at)


def _unknown(
    file: PatternFile[BaseModel], named: Iterable[_Named], known: Iterable[str], fault: str
) -> Iterator[Problem]:
    from chexlabel.patterns.schema import BASE

    known = dict.fromkeys(known)
    for name, location in named:
        if name not in known and name != BASE:
            choice = f", or choose from: {', '.join(known)}" if known else ""
            yield file.problem(location, fault.format(name) + choice)
