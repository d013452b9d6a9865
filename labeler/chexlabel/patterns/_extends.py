"""Laying a set's files over those of the set that it extends.

Each function appends the problems that it meets to a list, and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chexlabel.patterns.pattern_file import Layers, PatternFile

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chexlabel.patterns.problems import Problem
    from chexlabel.patterns.schema import (
        AssertionFile,
        FindingFile,
        NoFinding,
        SetFile,
        StructureFile,
    )
    from chexlabel.patterns.section_schema import SectionsFile

__all__ = [
    "completed_info",
    "completed_kinds",
    "completed_sections",
    "layered",
    "resolved_findings",
]

_OF_A_KIND = ("effect", "reach", "restarts", "encloses", "blank_for", "turns")


def completed_info(
    file: PatternFile[SetFile], base: SetFile | None, problems: list[Problem]
) -> SetFile:
    """Fill what a set.yaml leaves out, and `...` in its lists, from the base's.

    What the base says of findings that are no labels of this set is left out.
    """
    info = file.model
    stated = info.model_fields_set

    def listed(key: str) -> list[str]:
        inherited = getattr(base, key) if base else None
        if key not in stated and inherited is not None:
            return list(inherited)
        return _spliced(file, (key,), getattr(info, key), inherited, problems)

    update: dict[str, Any] = {key: listed(key) for key in ("findings", "hidden")}
    update["no_finding"] = _no_finding(file, base, update["findings"], problems)
    if base is not None:
        labels = set(update["findings"])
        uncertain = {name: label for name, label in base.uncertain.items() if name in labels}
        groups = {name: them for name, them in base.groups.items() if labels.issuperset(them)}
        update |= {"uncertain": uncertain | info.uncertain, "groups": groups | info.groups}
        if "alternatives" not in stated:
            update["alternatives"] = base.alternatives
    if not update["findings"]:
        message = "findings: is missing; list the labels in output order"
        problems.append(file.problem(("findings",), message))
    return info.model_copy(update=update)


def _no_finding(
    file: PatternFile[SetFile],
    base: SetFile | None,
    labels: Sequence[str],
    problems: list[Problem],
) -> NoFinding | None:
    rule = file.model.no_finding
    inherited = base.no_finding if base else None
    if rule is not None:
        location = ("no_finding", "unless")
        others = inherited.unless if inherited else None
        unless = _spliced(file, location, rule.unless, others, problems)
        return rule.model_copy(update={"unless": unless})
    if "no_finding" in file.model.model_fields_set or inherited is None:
        return None
    return inherited if inherited.name in labels else None


def resolved_findings(
    own: Mapping[str, PatternFile[FindingFile]],
    inherited: Mapping[str, tuple[PatternFile[FindingFile], ...]],
    problems: list[Problem],
) -> dict[str, tuple[PatternFile[FindingFile], ...]]:
    """Lay each finding's file over those of the findings that it extends."""

    def resolve(name: str, through: tuple[str, ...]) -> tuple[PatternFile[FindingFile], ...]:
        file = own[name]
        layers: list[PatternFile[FindingFile]] = []
        for at, parent in enumerate(file.model.extends):
            if parent in own and parent != name:
                if parent not in through:
                    layers.extend(resolve(parent, (*through, name)))
                    continue
                message = f"{name!r} and {parent!r} extend each other; remove one of the two"
            elif parent in inherited:
                layers.extend(inherited[parent])
                continue
            else:
                known = ", ".join(sorted({*own, *inherited} - {name}))
                message = f"there is no finding {parent!r} to extend; choose from: {known}"
            problem = file.problem(("extends", at), message)
            if problem not in problems:
                problems.append(problem)
        return tuple({id(layer): layer for layer in (*layers, file)}.values())

    return {**inherited, **{name: resolve(name, ()) for name in own}}


def completed_kinds(
    own: Sequence[PatternFile[AssertionFile]],
    inherited: tuple[PatternFile[AssertionFile], ...],
    problems: list[Problem],
) -> tuple[PatternFile[AssertionFile], ...]:
    """Give each file of cues what it leaves out: what the first file of its kind states."""
    first: dict[str, PatternFile[AssertionFile]] = {}
    for file in (*inherited, *own):
        if file.model.effect is not None:
            first.setdefault(file.model.kind, file)
    completed = []
    for file in own:
        model = file.model
        known = first.get(model.kind)
        if known is None:
            message = (
                f"effect: is missing; say what a cue of the new kind {model.kind!r} does, or "
                f"choose a kind that is there: {', '.join(first)}"
            )
            problems.append(file.problem(("kind",), message))
            continue
        if model.effect not in (None, known.model.effect):
            message = (
                f"effect: {known.path} gives {model.kind!r} the effect {known.model.effect!r}; "
                "leave `effect` out, or name another kind"
            )
            problems.append(file.problem(("effect",), message))
        update = {
            key: getattr(known.model, key)
            for key in _OF_A_KIND
            if key not in model.model_fields_set or (key == "effect" and model.effect is None)
        }
        completed.append(replace(file, model=model.model_copy(update=update)))
    return (*inherited, *completed)


def layered(
    file: PatternFile[StructureFile] | None,
    base: Layers[StructureFile] | None,
    problems: list[Problem],
) -> Layers[StructureFile] | None:
    """Lay a structure.yaml over the base's."""
    if file is None:
        return base
    model = file.model
    inherited = base.model.order if base else None
    order = _spliced(file, ("order",), model.order, inherited, problems) or inherited or []
    if base is None:
        missing = set(type(model).model_fields) - model.model_fields_set - {"about"}
        problems.extend(
            file.problem((), f"{key}: is missing; add it, empty if need be") for key in missing
        )
    model = model.model_copy(update={"order": order})
    return Layers((*(base.files if base else ()), file), model)


def completed_sections(data: Any, base: PatternFile[SectionsFile] | None) -> Any:
    """Fill what a sections.yaml leaves out, and `...` in its lists, from the base's.

    Args:
        data: the file's content as read.
        base: the base's sections.yaml.
    """
    return _merged(data, base.model.model_dump()) if base else data


def _merged(own: Any, inherited: Any) -> Any:
    from chexlabel.patterns.schema import BASE

    if isinstance(own, dict) and isinstance(inherited, dict):
        return inherited | {key: _merged(own[key], inherited.get(key)) for key in own}
    if not isinstance(own, list) or not isinstance(inherited, list):
        return own
    if inherited and isinstance(inherited[0], dict):  # sections: told apart by their names
        known = {section["name"]: section for section in inherited}
        changed = [
            _merged(section, known.pop(section.get("name"), {}))
            if isinstance(section, dict)
            else section
            for section in own
        ]
        return [*changed, *known.values()]
    return [
        word
        for listed in own
        for word in (
            [other for other in inherited if other not in own] if listed == BASE else [listed]
        )
    ]


def _spliced(
    file: PatternFile[BaseModel],
    location: tuple[str, ...],
    own: Sequence[str],
    inherited: Sequence[str] | None,
    problems: list[Problem],
) -> list[str]:
    """Put the base's list in the place of `...`, without the names that are listed themselves."""
    from chexlabel.patterns.schema import BASE

    names: list[str] = []
    for at, name in enumerate(own):
        if name in own[:at]:
            message = f"{name!r} stands twice; remove one"
            problems.append(file.problem((*location, at), message))
        elif name != BASE:
            names.append(name)
        elif inherited is not None:
            names.extend(other for other in inherited if other not in own)
        else:
            message = f"`{BASE}` stands for the list of the set that is extended; none is"
            problems.append(file.problem((*location, at), message))
    return names
