"""Reading a pattern set's folder and laying it over the set that it extends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chexlabel.errors import PatternError
from chexlabel.labels import Label
from chexlabel.patterns._files import Layers, PatternFile, Phrase, read_file
from chexlabel.patterns.problems import PatternFileError, Problem

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chexlabel.patterns.schema import SetFile

__all__ = [
    "Example",
    "Phrase",
    "SetSource",
    "available_sets",
    "find_set",
    "inspect_set",
    "read_set",
]

_PACKAGED = Path(__file__).parents[1] / "data" / "patterns"
_CHECKOUT = Path(__file__).parents[3] / "patterns"  # an editable install reads the repository's

_LABELS = {
    "positive": Label.POSITIVE,
    "negative": Label.NEGATIVE,
    "uncertain": Label.UNCERTAIN,
    "blank": None,
}


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
        sections: the nearest sections.yaml.
        states: states.yaml, the base's first.
        spelling: spelling.yaml, the base's first.
        examples: the examples of the set's own findings files.
    """

    path: Path
    info: SetFile
    base: SetSource | None
    findings: Mapping[str, tuple[PatternFile, ...]]
    assertion: tuple[PatternFile, ...]
    structure: Layers | None
    sections: PatternFile | None
    states: tuple[PatternFile, ...]
    spelling: tuple[PatternFile, ...]
    examples: tuple[Example, ...]


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
        from chexlabel.patterns.section_schema import SectionsFile

        before = len(self.problems)
        info = self.file(path / "set.yaml", schema.SetFile)
        base = self.base(info, (*extending, path.resolve())) if info else None
        findings = self.files(path / "findings", schema.FindingFile)
        assertion = self.files(path / "assertion", schema.AssertionFile)
        structure = self.optional(path / "structure.yaml", schema.StructureFile)
        sections = self.optional(path / "sections.yaml", SectionsFile)
        states = self.optional(path / "states.yaml", schema.StatesFile)
        spelling = self.optional(path / "spelling.yaml", schema.SpellingFile)
        if info is None or len(self.problems) > before:
            return None  # what does not fit together may be due to the files left out

        by_name = self.by_name(findings)
        source = SetSource(
            path=path,
            info=self.completed(info, base.info if base else None),
            base=base,
            findings=self.resolved(by_name, base.findings if base else {}),
            assertion=self.kinds(assertion, base.assertion if base else ()),
            structure=self.layered(structure, base.structure if base else None),
            sections=sections[0] if sections else base.sections if base else None,
            states=(*(base.states if base else ()), *states),
            spelling=(*(base.spelling if base else ()), *spelling),
            examples=tuple(example for file in by_name.values() for example in _examples(file)),
        )
        self.check_names(source, info, by_name.values())
        return source

    def file(self, path: Path, model: type[BaseModel]) -> PatternFile | None:
        """Read one file; `None` if it has problems."""
        try:
            return read_file(path, model)
        except PatternFileError as error:
            self.problems += error.problems
            return None

    def files(self, folder: Path, model: type[BaseModel]) -> list[PatternFile]:
        """Read the files of a folder that have no problems, by name."""
        read = (self.file(path, model) for path in sorted(folder.glob("*.yaml")))
        return [file for file in read if file]

    def optional(self, path: Path, model: type[BaseModel]) -> tuple[PatternFile, ...]:
        """Read a file that a set need not have."""
        file = self.file(path, model) if path.exists() else None
        return (file,) if file else ()

    def base(self, info: PatternFile, extending: tuple[Path, ...]) -> SetSource | None:
        """Read the set that a set extends: a folder beside it, or one that ships."""
        name: str | None = info.model.extends
        if name is None:
            return None
        beside = info.path.parents[1] / name
        if beside.resolve() == extending[-1] or not (beside / "set.yaml").is_file():
            shipped = available_sets()
            if name not in shipped:
                known = ", ".join(shipped)
                message = f"there is no set {name!r}: neither a folder beside this one nor: {known}"
                self.problems.append(info.problem(("extends",), message))
                return None
            beside = shipped[name]
        if beside.resolve() in extending:
            message = "the sets extend one another in a circle; remove one `extends`"
            self.problems.append(info.problem(("extends",), message))
            return None
        return self.read(beside, extending)

    def completed(self, file: PatternFile, base: SetFile | None) -> SetFile:
        """Fill what a set.yaml leaves out, and `...` in its lists, from the base's."""
        info: SetFile = file.model
        if base is None:
            update: dict[str, Any] = {"findings": self.spliced(file, ("findings",), info.findings)}
        else:
            stated = info.model_fields_set
            lists = {
                key: self.spliced(file, (key,), getattr(info, key), getattr(base, key))
                if key in stated
                else getattr(base, key)
                for key in ("findings", "hidden")
            }
            put_out = set(lists["findings"])
            rule = info.no_finding
            if rule is None and "no_finding" not in stated and base.no_finding is not None:
                rule = base.no_finding if base.no_finding.name in put_out else None
            elif rule is not None:
                inherited = base.no_finding.unless if base.no_finding else None
                unless = self.spliced(file, ("no_finding", "unless"), rule.unless, inherited)
                rule = rule.model_copy(update={"unless": unless})
            uncertain = {name: to for name, to in base.uncertain.items() if name in put_out}
            groups = {name: them for name, them in base.groups.items() if put_out.issuperset(them)}
            update = {
                **lists,
                "no_finding": rule,
                "uncertain": uncertain | info.uncertain,
                "groups": groups | info.groups,
            }
        completed = info.model_copy(update=update)
        if not completed.findings:
            message = "findings: is missing; list the labels in output order"
            self.problems.append(file.problem(("findings",), message))
        return completed

    def spliced(
        self,
        file: PatternFile,
        location: tuple[str, ...],
        own: Sequence[str],
        inherited: Sequence[str] | None = None,
    ) -> list[str]:
        """Put the base's list in the place of `...`; a name that is listed too stands there."""
        from chexlabel.patterns.schema import BASE

        for at, name in enumerate(own):
            if name == BASE and inherited is None:
                message = f"`{BASE}` stands for the list of the set that this one extends; add that"
                self.problems.append(file.problem((*location, at), message))
            elif name in own[:at]:
                message = f"{name!r} stands twice; remove one"
                self.problems.append(file.problem((*location, at), message))
        return [
            name
            for listed in own
            for name in (
                [other for other in inherited or () if other not in own]
                if listed == BASE
                else [listed]
            )
        ]

    def by_name(self, files: Iterable[PatternFile]) -> dict[str, PatternFile]:
        """Return a set's own findings files by the finding that they define."""
        found: dict[str, PatternFile] = {}
        for file in files:
            name = file.model.finding
            if name in found:
                message = f"{name!r} is defined in {found[name].path.name} too; merge the two files"
                self.problems.append(file.problem(("finding",), message))
            found.setdefault(name, file)
        return found

    def resolved(
        self, own: Mapping[str, PatternFile], inherited: Mapping[str, tuple[PatternFile, ...]]
    ) -> dict[str, tuple[PatternFile, ...]]:
        """Lay each finding's file over those of the findings that it extends."""

        def resolve(name: str, through: tuple[str, ...]) -> tuple[PatternFile, ...]:
            file = own[name]
            layers: list[PatternFile] = []
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
                self.problems.append(file.problem(("extends", at), message))
            return tuple({id(layer): layer for layer in (*layers, file)}.values())

        return {**inherited, **{name: resolve(name, ()) for name in own}}

    def kinds(
        self, own: Sequence[PatternFile], inherited: tuple[PatternFile, ...]
    ) -> tuple[PatternFile, ...]:
        """Give each file of cues what it leaves out: what the first file of its kind states."""
        first: dict[str, PatternFile] = {}
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
                self.problems.append(file.problem(("kind",), message))
                continue
            if model.effect not in (None, known.model.effect):
                message = (
                    f"effect: the effect of {model.kind!r} is {known.model.effect!r} in "
                    f"{known.path}; leave `effect` out, or give the kind another name"
                )
                self.problems.append(file.problem(("effect",), message))
            update = {
                key: getattr(known.model, key)
                for key in ("effect", "reach", "restarts")
                if key not in model.model_fields_set
            }
            completed.append(replace(file, model=model.model_copy(update=update)))
        return (*inherited, *completed)

    def layered(self, own: Sequence[PatternFile], base: Layers | None) -> Layers | None:
        """Lay a structure.yaml over the base's."""
        if not own:
            return base
        (file,) = own
        inherited = base.model.order if base else None
        order = self.spliced(file, ("order",), file.model.order, inherited)
        model = file.model.model_copy(update={"order": order or inherited or []})
        return Layers((*(base.files if base else ()), file), model)

    def check_names(
        self, source: SetSource, info: PatternFile, findings: Iterable[PatternFile]
    ) -> None:
        """Note names that nothing stands behind, in a set's own files."""

        def check(
            file: PatternFile,
            names: Iterable[tuple[str, tuple[int | str, ...]]],
            known: Iterable[str],
            fault: str,
        ) -> None:
            known = list(known)
            self.problems.extend(
                file.problem(location, f"{fault.format(name)}, or choose from: {', '.join(known)}")
                for name, location in names
                if name not in known and name != "..."
            )

        rule = source.info.no_finding
        columns = [name for name in source.info.findings if name in source.findings]
        nowhere = "no file in findings/ defines {!r}; add one"
        if rule is not None:
            columns.append(rule.name)
            not_listed = "no_finding.name: `findings` does not list {!r}; add it there"
            name_at = [(rule.name, ("no_finding", "name"))]
            check(info, name_at, source.info.findings, not_listed)
        known = dict.fromkeys([*columns, *sorted(source.findings)])
        check(info, _indexed(info.model, "findings"), known, nowhere)
        check(info, _indexed(info.model, "hidden"), sorted(source.findings), nowhere)
        if info.model.no_finding is not None:
            unless = [
                (name, ("no_finding", *at)) for name, at in _indexed(info.model.no_finding, "unless")
            ]
            check(info, unless, sorted(source.findings), nowhere)
        unknown = "there is no finding {!r}; correct the name"
        put_out = source.info.findings
        check(info, ((name, ("uncertain", name)) for name in info.model.uncertain), put_out, unknown)
        for group, members in info.model.groups.items():
            at_group = ((name, ("groups", group, at)) for at, name in enumerate(members))
            check(info, at_group, put_out, unknown)

        order = source.structure.model.order if source.structure else []
        states = {state: None for file in source.states for state in file.model.states}
        for file in source.assertion:
            if file.path.parents[1] == source.path:
                no_place = "kind: the order of decision has no {!r}; add it to `order` in structure.yaml"
                check(file, [(file.model.kind, ("kind",))], order, no_place)
        for file in findings:
            ignored = _indexed(file.model, "ignore_cues")
            check(file, ignored, order, "there is no kind of cue {!r}; correct the name")
            for at, anatomy in enumerate(file.model.anatomy):
                named = ((state, ("anatomy", at, "states", state)) for state in anatomy.states)
                check(file, named, states, "states.yaml has no state {!r}; add it there")


def _indexed(model: BaseModel, key: str) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    """Yield the items of a list with their places."""
    for at, name in enumerate(getattr(model, key)):
        yield name, (key, at)


def _examples(file: PatternFile) -> Iterator[Example]:
    for key, label in _LABELS.items():
        for phrase in file.phrases("examples", key):
            text = phrase.text.replace("\\#", "#")
            yield Example(file.model.finding, text, label, phrase.file, phrase.line)
