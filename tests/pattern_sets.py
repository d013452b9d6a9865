"""Pattern sets that tests write, and what they say."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from chexlabel import Labeler
from chexlabel.patterns.schema import StructureFile
from chexlabel.patterns.section_schema import Sentences

if TYPE_CHECKING:
    from pathlib import Path

_STRUCTURE = {
    "order": "[denial, doubt]",
    "terminators": "but",
    "separators": "','",
    "conjunctions": "and",
    "disjunctions": "or",
    "verbs": "is",
}

ROOT = {
    "set.yaml": """\
        name: root
        version: "1"
        findings: [Rash, Cough]
        """,
    "findings/rash.yaml": """\
        finding: Rash
        positive: |
          rash
          red skin
        """,
    "findings/cough.yaml": """\
        finding: Cough
        positive: |
          cough*
        """,
    "assertion/denial.yaml": """\
        kind: denial
        effect: negative
        restarts: true
        before: |
          no
          without
        """,
    "assertion/doubt.yaml": """\
        kind: doubt
        effect: uncertain
        reach: 3
        before: possible
        """,
    "structure.yaml": "".join(
        f"{key}: {_STRUCTURE.get(key, repr(''))}\n"
        for key in StructureFile.model_fields
        if key != "about"
    ),
    "sections.yaml": """\
        counted: [findings]
        fallback: [body]
        unheaded: {name: body, becomes: findings, before: []}
        sections:
          - {name: findings, role: content, headings: [findings]}
          - {name: plan, role: context, headings: [plan]}
        view_headings: {opens: findings, key_words: [views], words: []}
        sentences: {line_width: {minimum: 40, maximum: 132}, LISTS}
        """.replace(
        "LISTS", ", ".join(f"{key}: []" for key in Sentences.model_fields if key != "line_width")
    ),
}
"""A whole set that extends no other: small, and without anything of chest X-rays."""


def write_set(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of a set; return its folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def write_root(tmp_path: Path, changes: dict[str, str] | None = None) -> Path:
    """Write the small whole set, with files added or replaced."""
    return write_set(tmp_path / "root", ROOT | (changes or {}))


def write_child(tmp_path: Path, files: dict[str, str], settings: str = "") -> Path:
    """Write a set that extends the small one."""
    if not (tmp_path / "root").exists():
        write_root(tmp_path)
    info = f'name: child\nversion: "1"\nextends: root\n{dedent(settings)}'
    return write_set(tmp_path / "child", {"set.yaml": info} | files)


def said(patterns: Path | str, text: str) -> dict[str, int]:
    """Return the findings that a set labels in a text, with their labels as numbers."""
    labels = Labeler(patterns)(text).labels
    return {finding: int(label) for finding, label in labels.items() if label is not None}
