"""Turning a `phrases` folder of the CheXpert labeler into a pattern set.

Such a folder (https://github.com/stanfordmlgroup/chexpert-labeler) has `mention/<finding>.txt` and
`unmention/<finding>.txt` with a phrase a line. The CheXpert labeler looks for a phrase anywhere in a
sentence, also inside words; an underscore stands for a space at its edge. Here a phrase begins with
a word, and its last word may go on (`nodul` becomes `nodul*`), unless an underscore ends it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chexlabel.errors import OutputError
from chexlabel.patterns.load import SetSource, read_set
from chexlabel.patterns.problems import PatternFileError, Problem
from chexlabel.patterns.syntax import expand, parse, tokenize

__all__ = ["ImportResult", "import_phrases"]

_FOLDERS = ("mention", "unmention")
_MEANINGFUL = re.compile(r"[{}\[\]|#]")  # marks with a meaning in a phrase
_OPERATORS = re.compile(r"[\\()\[\]{}|*+?^$]|\.(?=[*+?])")
"""Marks with a meaning in the CheXpert labeler, which reads phrases as regular expressions."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import made.

    Attributes:
        path: the folder of the new set.
        findings: its labels in output order.
        phrases: how many phrases were taken over.
        notes: lines that were left out or are read in another way, and why.
    """

    path: Path
    findings: tuple[str, ...]
    phrases: int
    notes: tuple[Problem, ...]


@dataclass
class _Finding:
    """The phrases of one finding, in the syntax of pattern files."""

    name: str
    stem: str
    positive: list[str]
    anatomy: list[str]
    exclude: list[str]


def import_phrases(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    base: str | os.PathLike[str] = "chexpert14",
) -> ImportResult:
    """Turn a `phrases` folder of the CheXpert labeler into a pattern set.

    The new set takes cues, sentence structure and sections from `base` by extending it, and its
    findings from the folder, in the order of `base` where that has them. Phrases that `base` knows
    as the name of an organ ("heart size") become anatomy, which a state word decides. The phrases
    of "No Finding" name other abnormalities: they become the hidden finding that `base` has for
    those, and keep a report from being called normal.

    Args:
        folder: the folder that holds `mention` and, if need be, `unmention`.
        output: the folder to write; it must not exist, or be empty.
        base: the set to extend: the name of one that ships with chexlabel.

    Raises:
        PatternFileError: There is no such folder, or one of its files cannot be read.
        OutputError: The output folder has something in it, or cannot be written.
        PatternError: There is no such base.
    """
    source = read_set(base)
    target = Path(output)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} exists already; choose another folder")
    notes: list[Problem] = []
    findings = _read(Path(folder), source, notes)
    rule = source.info.no_finding
    hidden = [f for f in findings if f.name in source.info.hidden]
    columns = [f.name for f in findings if f not in hidden]
    if hidden and rule is not None:
        columns.insert(0, rule.name)
    uncounted = set(source.info.findings) - set(rule.unless if rule else ())
    unless = [f.name for f in findings if f.name not in uncounted]
    files = {f"findings/{f.stem}.yaml": _finding_file(f, source) for f in findings}
    files["set.yaml"] = _set_file(target.name, source, columns, [f.name for f in hidden], unless)
    _write(target, files)
    phrases = sum(len(f.positive) + len(f.anatomy) + len(f.exclude) for f in findings)
    return ImportResult(target, tuple(columns), phrases, tuple(notes))


def _read(folder: Path, source: SetSource, notes: list[Problem]) -> list[_Finding]:
    if not (folder / "mention").is_dir():
        message = "no folder `mention`; name the folder that holds `mention` and `unmention`"
        raise PatternFileError(Problem(folder, 1, message))
    found: dict[str, _Finding] = {}
    for kind in _FOLDERS:
        for path in sorted((folder / kind).glob("*.txt")):
            name = _name(path.stem, source)
            if kind == "unmention" and name not in found:
                message = f"there is no mention/{path.name}; left out"
                notes.append(Problem(path, 1, message))
                continue
            finding = found.setdefault(name, _Finding(name, path.stem.lower(), [], [], []))
            organs = _organs(name, source)
            for line, words in _lines(path):
                try:
                    phrase = _phrase(words)
                except ValueError as error:
                    notes.append(Problem(path, line, f"left out: {error}"))
                    continue
                if _OPERATORS.search(words):
                    message = f"read as it stands, not as a regular expression: `{phrase}`"
                    notes.append(Problem(path, line, message))
                if kind == "unmention":
                    block = finding.exclude
                elif _names_organ(words, organs, source):
                    block = finding.anatomy
                else:
                    block = finding.positive
                if phrase not in block:
                    block.append(phrase)
    if not found:
        message = "no files (*.txt); name a `phrases` folder of the CheXpert labeler"
        raise PatternFileError(Problem(folder / "mention", 1, message))
    order = list(source.info.findings)
    return sorted(
        found.values(),
        key=lambda f: (order.index(f.name) if f.name in order else len(order), f.name),
    )


def _name(stem: str, source: SetSource) -> str:
    """Return the finding that a file is about, written as in the base set."""
    name = stem.replace("_", " ").title()
    rule = source.info.no_finding
    if rule is not None and name.casefold() == rule.name.casefold() and source.info.hidden:
        return source.info.hidden[0]
    known = {finding.casefold(): finding for finding in source.info.findings}
    return known.get(name.casefold(), name)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that hold something."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = "cannot be read; save it as a UTF-8 text file"
        raise PatternFileError(Problem(path, 1, message)) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip().lower()


def _phrase(words: str) -> str:
    """Write a line of the CheXpert labeler in the syntax of pattern files.

    >>> _phrase("_mediastinum"), _phrase("chest tube_"), _phrase("rib #")
    ('mediastinum*', 'chest tube', 'rib \\\\#')

    Raises:
        ValueError: It cannot be written so.
    """
    phrase = " ".join(words.replace("_", " ").split())
    phrase = _MEANINGFUL.sub(r"\\\g<0>", phrase).replace("...", ". . .")
    if not words.endswith("_") and re.search(r"(?:^|[\s\-])[^\W\d_]+$", phrase):
        phrase += "*"
    parse(phrase)
    return phrase


def _organs(finding: str, source: SetSource) -> set[tuple[str, ...]]:
    """Return the words that the base set knows as anatomy of a finding."""
    return {
        words
        for file in source.findings.get(finding, ())
        for at in range(len(file.model.anatomy))
        for phrase in file.phrases("anatomy", at, "phrases")
        for words in expand(phrase.text)
    }


def _names_organ(words: str, organs: Iterable[tuple[str, ...]], source: SetSource) -> bool:
    """Say whether a phrase names an organ and says nothing of its state."""
    tokens = tokenize(words.replace("_", " "))
    return any(_holds(tokens, organ) or _holds(organ, tokens) for organ in organs) and not any(
        _holds(tokens, state)
        for file in source.states
        for name in file.model.states
        for phrase in file.phrases("states", name)
        for state in expand(phrase.text)
    )


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    """Say whether `part` stands in `words`; in either a word may be a beginning (`contour*`)."""
    return any(
        all(_same(word, other) for word, other in zip(words[at:], part, strict=False))
        for at in range(len(words) - len(part) + 1)
    )


def _same(word: str, other: str) -> bool:
    return (
        word == other
        or (word.endswith("*") and other.startswith(word[:-1]))
        or (other.endswith("*") and word.startswith(other[:-1]))
    )


def _finding_file(finding: _Finding, source: SetSource) -> str:
    lines = [f"finding: {_quoted(finding.name)}"]
    if finding.positive:
        lines += ["", "positive: |", *(f"  {phrase}" for phrase in finding.positive)]
    if finding.anatomy:
        lines += ["", "anatomy:", "  - phrases: |", *(f"      {p}" for p in finding.anatomy)]
        states = {
            state: label
            for file in source.findings[finding.name]
            for anatomy in file.model.anatomy
            for state, label in anatomy.states.items()
        }
        lines += ["    states:", *(f"      {_quoted(s)}: {label}" for s, label in states.items())]
    if finding.exclude:
        lines += ["", "exclude: |", *(f"  {phrase}" for phrase in finding.exclude)]
    return "\n".join([*lines, ""])


def _set_file(
    name: str, source: SetSource, columns: list[str], hidden: list[str], unless: list[str]
) -> str:
    lines = [
        f"name: {_quoted(name)}",
        'version: "1.0"',
        "about: Imported from a phrases folder of the CheXpert labeler.",
        f"extends: {_quoted(source.info.name)}",
        "",
        "findings:",
        *(f"  - {_quoted(column)}" for column in columns),
        "",
        "hidden:" if hidden else "hidden: []",
        *(f"  - {_quoted(finding)}" for finding in hidden),
        "",
    ]
    rule = source.info.no_finding
    if rule is not None and rule.name in columns:
        lines += [
            "no_finding:",
            f"  name: {_quoted(rule.name)}",
            "  unless:",
            *(f"    - {_quoted(finding)}" for finding in unless),
            f"  otherwise: {rule.otherwise}",
            "",
        ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Write a text so that YAML reads it as text."""
    if re.fullmatch(r"[^\W\d_][\w -]*\w|[^\W\d_]", text) and text.lower() not in (
        "true",
        "false",
        "null",
    ):
        return text
    return "'" + text.replace("'", "''") + "'"


def _write(target: Path, files: dict[str, str]) -> None:
    """Write a folder whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".chexlabel-") as temporary:
            folder = Path(temporary) / target.name
            for name, text in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            if target.exists():
                target.rmdir()
            shutil.move(folder, target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"cannot write {target}: {reason}; choose another folder") from error
