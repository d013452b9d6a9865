"""Turning a `phrases` folder of the CheXpert labeler into a pattern set.

Such a folder (https://github.com/stanfordmlgroup/chexpert-labeler) has `mention/<finding>.txt` and
`unmention/<finding>.txt` with a phrase a line. The CheXpert labeler looks for a phrase anywhere in
a sentence, also inside words; an underscore at its edge stands for a space. Here a phrase begins
with a word, and its last word may go on (`nodul` becomes `nodul*`), unless an underscore ends it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chexlabel.errors import OutputError
from chexlabel.patterns._yaml import check_file
from chexlabel.patterns.load import read_set
from chexlabel.patterns.problems import PatternFileError, Problem
from chexlabel.patterns.source import SetSource
from chexlabel.patterns.syntax import expand, parse, tokenize

__all__ = ["ImportResult", "import_phrases"]

_BASE = "chexpert14"
_MEANINGFUL = re.compile(r"[{}\[\]|#<]")  # marks with a meaning in a phrase
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
    positive: list[str] = field(default_factory=list)
    anatomy: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)


def import_phrases(folder: str | os.PathLike[str], output: str | os.PathLike[str]) -> ImportResult:
    """Turn a `phrases` folder of the CheXpert labeler into a pattern set.

    The new set takes cues, sentence structure and sections from chexpert14 by extending it, and its
    findings from the folder, in the order of chexpert14 where that has them. Phrases that name an
    organ there ("heart size") become anatomy, which a state word decides. The phrases of "No
    Finding" name other abnormalities: they become the hidden finding that chexpert14 has for those,
    and keep a report from being called normal.

    Args:
        folder: the folder that holds `mention` and, if need be, `unmention`.
        output: the folder to write; it must not exist, or be empty.

    Raises:
        PatternFileError: There is no such folder, or one of its files cannot be read.
        OutputError: The output folder has something in it, or cannot be written.
    """
    target = Path(output)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} exists already; choose another folder")
    importer = _Importer(read_set(_BASE))
    importer.read(Path(folder))
    files = {f"findings/{_slug(f.name)}.yaml": importer.finding_file(f) for f in importer.findings}
    _write(target, files | {"set.yaml": importer.set_file(target.name)})
    return ImportResult(
        path=target,
        findings=tuple(importer.columns),
        phrases=sum(len(f.positive + f.anatomy + f.exclude) for f in importer.findings),
        notes=tuple(importer.notes),
    )


class _Importer:
    """Reads phrases, and writes the files of the set that extends `base`."""

    def __init__(self, base: SetSource) -> None:
        self.base = base
        self.rule = base.info.no_finding
        self.found: dict[str, _Finding] = {}
        self.notes: list[Problem] = []
        self.states = [
            words
            for file in base.states
            for state in file.model.states
            for phrase in base.phrases(file, "states", state)
            for words in expand(phrase.full)
        ]

    @property
    def findings(self) -> list[_Finding]:
        """The findings in the order of the base, others after them by name."""
        return sorted(self.found.values(), key=lambda finding: self.place(finding.name))

    @property
    def columns(self) -> list[str]:
        """The labels that the new set puts out."""
        columns = [name for name in self.found if name not in self.base.info.hidden]
        if self.rule is not None and len(columns) < len(self.found):
            columns.append(self.rule.name)
        return sorted(columns, key=self.place)

    def place(self, name: str) -> tuple[int, str]:
        order = self.base.info.findings
        return (order.index(name) if name in order else len(order), name)

    def read(self, folder: Path) -> None:
        """Read all files of a `phrases` folder."""
        if not (folder / "mention").is_dir():
            message = "no folder `mention` in it; name the folder that holds `mention`"
            raise PatternFileError(Problem(folder, 1, message))
        for path in sorted((folder / "mention").glob("*.txt")):
            name = self.name(path.stem)
            self.read_file(path, self.found.setdefault(name, _Finding(name)), excluding=False)
        if not self.found:
            message = "no files (*.txt) in it; name a `phrases` folder of the CheXpert labeler"
            raise PatternFileError(Problem(folder / "mention", 1, message))
        for path in sorted((folder / "unmention").glob("*.txt")):
            finding = self.found.get(self.name(path.stem))
            if finding is None:
                self.notes.append(Problem(path, 1, f"left out: there is no mention/{path.name}"))
            else:
                self.read_file(path, finding, excluding=True)

    def name(self, stem: str) -> str:
        """Return the finding that a file is about, written as in the base set."""
        name = stem.replace("_", " ").title()
        if self.rule is not None and name.casefold() == self.rule.name.casefold():
            return next(iter(self.base.info.hidden), name)
        known = {finding.casefold(): finding for finding in self.base.info.findings}
        return known.get(name.casefold(), name)

    def read_file(self, path: Path, finding: _Finding, *, excluding: bool) -> None:
        """Add the phrases of one file to a finding."""
        organs = self.organs(finding.name)
        for line, words in _lines(path):
            try:
                phrase = _phrase(words)
            except ValueError as error:
                self.notes.append(Problem(path, line, f"left out: {error}"))
                continue
            if _OPERATORS.search(words):
                message = f"read as it stands, not as a regular expression: `{phrase}`"
                self.notes.append(Problem(path, line, message))
            if excluding:
                block = finding.exclude
            elif self.names_organ(words, organs):
                block = finding.anatomy
            else:
                block = finding.positive
            if phrase not in block:
                block.append(phrase)

    def organs(self, name: str) -> set[tuple[str, ...]]:
        """Return the words that the base set knows as anatomy of a finding."""
        return {
            words
            for file in self.base.findings.get(name, ())
            for at in range(len(file.model.anatomy))
            for phrase in self.base.phrases(file, "anatomy", at, "phrases")
            for words in expand(phrase.full)
        }

    def names_organ(self, words: str, organs: set[tuple[str, ...]]) -> bool:
        """Say whether a phrase names an organ and says nothing of its state."""
        tokens = tokenize(words.replace("_", " "))
        if any(_holds(tokens, state) for state in self.states):
            return False
        return any(_holds(tokens, organ) or _holds(organ, tokens) for organ in organs)

    def finding_file(self, finding: _Finding) -> str:
        """Return the content of a findings file."""
        lines = [f"finding: {_quoted(finding.name)}"]
        if finding.positive:
            lines += ["", "positive: |", *(f"  {phrase}" for phrase in finding.positive)]
        if finding.anatomy:
            lines += ["", "anatomy:", "  - phrases: |", *(f"      {p}" for p in finding.anatomy)]
            states = {
                state: label
                for file in self.base.findings[finding.name]
                for anatomy in file.model.anatomy
                for state, label in anatomy.states.items()
            }
            lines += ["    states:", *(f"      {state}: {to}" for state, to in states.items())]
        if finding.exclude:
            lines += ["", "exclude: |", *(f"  {phrase}" for phrase in finding.exclude)]
        return "\n".join([*lines, ""])

    def set_file(self, name: str) -> str:
        """Return the content of set.yaml."""
        info = self.base.info
        columns = self.columns
        hidden = [finding.name for finding in self.findings if finding.name not in columns]
        lines = [
            f"name: {_quoted(name)}",
            'version: "1.0"',
            "about: Imported from a phrases folder of the CheXpert labeler.",
            f"extends: {_quoted(info.name)}",
            "",
            "findings:",
            *(f"  - {_quoted(column)}" for column in columns),
            "",
            "hidden:" if hidden else "hidden: []",
            *(f"  - {_quoted(finding)}" for finding in hidden),
            "",
        ]
        if self.rule is not None and self.rule.name in columns:
            uncounted = set(info.findings) - set(self.rule.unless)
            unless = [finding.name for finding in self.findings if finding.name not in uncounted]
            lines += [
                "no_finding:",
                f"  name: {_quoted(self.rule.name)}",
                "  unless:",
                *(f"    - {_quoted(finding)}" for finding in unless),
                f"  otherwise: {self.rule.otherwise}",
                "",
            ]
        return "\n".join(lines)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that hold something."""
    check_file(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = "cannot be read; make it a readable UTF-8 text file"
        raise PatternFileError(Problem(path, 1, message)) from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.strip().lower()


def _phrase(words: str) -> str:
    r"""Write a line of the CheXpert labeler in the syntax of pattern files.

    >>> _phrase("_mediastinum"), _phrase("chest tube_"), _phrase("rib #")
    ('mediastinum*', 'chest tube', 'rib \\#')

    Raises:
        ValueError: It cannot be written so.
    """
    phrase = " ".join(words.replace("_", " ").split())
    if not phrase.isprintable():
        raise ValueError("it holds a control character")
    if not re.search(r"[^\W_]", phrase):
        raise ValueError("it has no word")
    phrase = _MEANINGFUL.sub(r"\\\g<0>", phrase).replace("...", ". . .")
    if not words.endswith("_") and re.search(r"(?:^|[\s\-])[^\W\d_]+$", phrase):
        phrase += "*"
    parse(phrase)
    return phrase


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    """Say whether `part` stands in `words`; in either a word may be a beginning (`contour*`)."""
    return any(
        all(map(_same, words[at:], part)) for at in range(len(words) - len(part) + 1) if part
    )


def _same(word: str, other: str) -> bool:
    return (
        word == other
        or (word.endswith("*") and other.startswith(word[:-1]))
        or (other.endswith("*") and word.startswith(other[:-1]))
    )


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_") or "finding"


def _quoted(text: str) -> str:
    """Write a text so that YAML reads it as text."""
    plain = re.fullmatch(r"[^\W\d_](?:[\w -]*\w)?", text)
    if plain and text.lower() not in ("true", "false", "null"):
        return text
    return "'" + text.replace("'", "''") + "'"


def _write(target: Path, files: dict[str, str]) -> None:
    """Write a folder whole or not at all."""
    if not target.parent.is_dir():
        raise OutputError(
            f"cannot write {target}: there is no folder {target.parent}; make it first"
        )
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".chexlabel-") as temporary:
            folder = Path(temporary) / "set"
            for name, text in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            if target.exists():
                target.rmdir()
            folder.rename(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"cannot write {target}: {reason}; choose another folder") from error
