"""Checking a pattern set: its files, its phrases, and the examples that it holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chexlabel.labels import LABEL_WORDS, Label
from chexlabel.patterns._phrase_checks import PhraseBook
from chexlabel.patterns.inventory import summary
from chexlabel.patterns.load import find_set, inspect_set
from chexlabel.patterns.pattern_file import read_file
from chexlabel.patterns.problems import Problem
from chexlabel.patterns.source import Example, SetSource
from chexlabel.patterns.walk import looked_for, set_entries
from chexlabel.patterns.word_lists import unused_lists

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler
    from chexlabel.labels import Mention
    from chexlabel.patterns.inventory import SetSummary

__all__ = ["CheckResult", "FailedExample", "check_set", "failed_examples"]

_FOLDERS = ("findings", "assertion")
_FILES = (
    "set.yaml",
    "structure.yaml",
    "sections.yaml",
    "states.yaml",
    "spelling.yaml",
    "context.yaml",
    "recognition.yaml",
    "composition.yaml",
    "words.yaml",
)
_STRONGEST_FIRST = (Label.POSITIVE, Label.UNCERTAIN, Label.NEGATIVE)


@dataclass(frozen=True, slots=True)
class FailedExample:
    """An example that does not get its label.

    Attributes:
        example: the example, with its file and line.
        got: the label that it gets.
        reason: the phrases and cues that led to it, as the pattern files write them.
    """

    example: Example
    got: Label | None
    reason: str

    @property
    def problem(self) -> Problem:
        """What is wrong, at the example's line."""
        example = self.example
        expected, got = LABEL_WORDS[example.label], LABEL_WORDS[self.got]
        message = f"{example.finding}: expected {expected}, got {got} ({self.reason})"
        return Problem(example.file, example.line, message)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check of a pattern set found.

    Attributes:
        path: the set's folder.
        summary: the set in numbers; `None` if its files have errors.
        errors: what makes the set unusable or contradictory.
        warnings: what is probably not meant, without what `accepted` of its set.yaml lists.
        failures: the examples that do not get their label.
        changed: examples of the set that it extends that get another label here; they show what the
            changes alter, and may be meant so.
        examples: how many examples were run; none are if the files or phrases cannot be read.
    """

    path: Path
    summary: SetSummary | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    failures: tuple[FailedExample, ...]
    changed: tuple[FailedExample, ...]
    examples: int

    @property
    def ok(self) -> bool:
        """Whether there are neither errors nor failed examples."""
        return not self.errors and not self.failures


def check_set(patterns: str | os.PathLike[str]) -> CheckResult:
    """Check a pattern set, given by name or folder, and run its own examples.

    >>> check_set("nih14").summary.findings[1]
    'Cardiomegaly'

    Raises:
        PatternError: There is no such set.
    """
    path = find_set(patterns)
    source, errors = inspect_set(patterns)
    warnings = list(_stray_files(path))
    if source is None:
        return CheckResult(path, None, tuple(errors), tuple(warnings), (), (), 0)
    book = PhraseBook(set_entries(source), path)
    errors += book.errors
    examples: tuple[Example, ...] = ()
    failures: tuple[FailedExample, ...] = ()
    changed: tuple[FailedExample, ...] = ()
    if not errors:
        from chexlabel.engine.labeler import Labeler

        labeler = Labeler(path, refine=False)  # what is checked is the rules
        known = looked_for(source)
        examples = tuple(example for example in source.examples if example.finding in known)
        failures = tuple(failed_examples(labeler, examples))
        changed = tuple(failed_examples(labeler, _inherited_examples(source)))
    errors += [*book.contradictions(), *book.unmatchable()]
    warnings += [*book.warnings, *book.hidden_cues(), *_unused(source)]
    warnings = list(_not_accepted(warnings, path, complete=not errors))
    return CheckResult(
        path=path,
        summary=summary(source),
        errors=_sorted(errors),
        warnings=_sorted(warnings),
        failures=failures,
        changed=changed,
        examples=len(examples),
    )


def failed_examples(labeler: Labeler, examples: Iterable[Example]) -> Iterator[FailedExample]:
    """Yield the examples to which a labeler does not give their label.

    Compared is what the sentence says of the example's own finding; what set.yaml makes of an
    uncertain label comes after that.
    """
    for example in examples:
        mentions = [m for m in labeler(example.text).mentions if m.finding == example.finding]
        labels = {mention.label for mention in mentions}
        got = next((label for label in _STRONGEST_FIRST if label in labels), None)
        if got != example.label:
            yield FailedExample(example, got, _reason(m for m in mentions if m.label == got))


def _reason(mentions: Iterable[Mention]) -> str:
    reasons = dict.fromkeys(
        ", ".join([f"`{m.pattern}`", *(f"{cue.kind} `{cue.pattern}`" for cue in m.cues)])
        for m in mentions
    )
    return "; ".join(reasons) or "no phrase matches"


def _inherited_examples(source: SetSource) -> Iterator[Example]:
    """Yield the examples of the sets underneath, of findings that are taken over as they are."""
    known = looked_for(source)
    base = source.base
    while base is not None:
        for example in base.examples:
            name = example.finding
            if name in known and source.findings[name] == base.findings.get(name):
                yield example
        base = base.base


def _stray_files(path: Path) -> Iterator[Problem]:
    """Yield the YAML files of a folder that are no part of the set."""
    for file in sorted(path.rglob("*.y*ml")):
        place = file.relative_to(path)
        read = str(place) in _FILES or (
            len(place.parts) == 2 and place.parts[0] in _FOLDERS and file.suffix == ".yaml"
        )
        if not read:
            known = ", ".join([*_FILES, *(f"{folder}/*.yaml" for folder in _FOLDERS)])
            yield Problem(file, 1, f"is not read; move or rename it (a set has {known})")


def _unused(source: SetSource) -> Iterator[Problem]:
    """Yield what nothing refers to of the findings, states, places and word lists of own files."""
    known = looked_for(source)
    referred = {file.path for name in known for file in source.findings[name]}
    for name, files in source.findings.items():
        own = files[-1]
        if own.path not in referred and own.path.is_relative_to(source.path):
            message = f"{name!r} is not looked for; list it in `findings` or `hidden` of set.yaml"
            yield own.problem(("finding",), message)
    models = [file.model for name in known for file in source.findings[name]]
    states = {state for model in models for anatomy in model.anatomy for state in anatomy.states}
    places = {
        place for model in models for part in model.parts for place in (*part.within, *part.outside)
    }
    for file in source.states:
        if not file.path.is_relative_to(source.path):
            continue
        for state in file.model.states:
            if state not in states:
                yield file.problem(("states", state), f"no anatomy has the state {state!r}")
        for place in file.model.places:
            if place not in places:
                yield file.problem(("places", place), f"no part refers to the place {place!r}")
    yield from unused_lists(source)


def _not_accepted(warnings: Iterable[Problem], path: Path, complete: bool) -> Iterator[Problem]:
    """Yield the warnings that a set's set.yaml does not accept, and what it accepts in vain.

    Args:
        warnings: all warnings about the set.
        path: its folder.
        complete: whether every check has run; if not, a warning may be missing only for that.
    """
    from chexlabel.patterns.schema import SetFile

    file = read_file(path / "set.yaml", SetFile)
    accepted = file.model.accepted
    met: set[int] = set()
    for warning in warnings:
        place = warning.file.relative_to(path).as_posix()
        fitting = {
            at
            for at, known in enumerate(accepted)
            if known.file == place and warning.message.startswith(known.warning)
        }
        met |= fitting
        if not fitting:
            yield warning
    for at in range(len(accepted)):
        if complete and at not in met:
            message = "accepts a warning that the check does not give any more; remove it"
            yield file.problem(("accepted", at), message)


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))
