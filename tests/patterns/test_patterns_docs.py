"""docs/pattern-files.md says what the schema says, and names every key.

After a change: `CHEXLABEL_UPDATE_DOCS=1 python -m pytest tests/patterns/test_patterns_docs.py`.
"""

from __future__ import annotations

import doctest
import os
import re
import types
from importlib import import_module
from typing import Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from chexlabel.patterns import composition_schema, context_schema, read_set, schema, section_schema
from chexlabel.patterns.schema import Phrases
from chexlabel.patterns.spelling import _ONE_SLIP, _TWO_SLIPS
from places import ROOT

PAGE = ROOT / "docs" / "pattern-files.md"
MODELS = {
    name: model
    for module in (schema, composition_schema, context_schema, section_schema)
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, BaseModel) and not name.startswith("_")
    if model.model_fields  # not those that others stand on
}
BLOCK = re.compile(
    r"(<!-- (?P<mark>keys: \w+|order) -->\n).*?(?=<!-- (?:keys: \w+|end) -->\n|\n5\. )", re.S
)

# where each model stands
PLACES = {
    "SetFile": "set.yaml",
    "NoFinding": "set.yaml: `no_finding`",
    "AcceptedWarning": "set.yaml: `accepted`",
    "FindingFile": "findings/*.yaml",
    "Anatomy": "findings/*.yaml: `anatomy`",
    "Part": "findings/*.yaml: `parts`",
    "Examples": "findings/*.yaml: `examples`",
    "AssertionFile": "assertion/*.yaml",
    "StructureFile": "structure.yaml",
    "StatesFile": "states.yaml",
    "SpellingFile": "spelling.yaml",
    "WordsFile": "words.yaml",
    "CompositionFile": "composition.yaml",
    "Joins": "composition.yaml: `joins`",
    "Organs": "composition.yaml: `organs`",
    "SoundAlike": "spelling.yaml: `sound_alikes`",
    "ContextFile": "context.yaml",
    "Reference": "context.yaml: `references` and `answers`",
    "RecognitionFile": "recognition.yaml",
    "SectionsFile": "sections.yaml",
    "Section": "sections.yaml: `sections`",
    "Unheaded": "sections.yaml: `unheaded`",
    "ViewHeadings": "sections.yaml: `view_headings`",
    "History": "sections.yaml: `history`",
    "Answers": "sections.yaml: `answers`",
    "Sentences": "sections.yaml: `sentences`",
    "LineWidth": "sections.yaml: `line_width` of `sentences`",
}


def kind(annotation: object) -> str:
    """Say in words what a key's value is."""
    if annotation == Phrases:
        return "phrases"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin in (Union, types.UnionType):
        words = " or ".join(kind(a) for a in arguments if a is not types.NoneType)
        return words.replace("phrases or list of words", "phrases")
    if origin is list:
        inner = kind(arguments[0])
        return "list" if inner == "text" else f"list of {inner}"
    if origin is dict:
        return f"pairs of a name and {kind(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys (below)"
    simple = {str: "text", int: "number", bool: "`true` or `false`"}
    return simple.get(annotation, "") or kind(arguments[0])


def table(name: str) -> str:
    """Return the reference of one model."""
    place = PLACES[name]
    file, _, key = place.partition(": ")
    title = f"### `{file}`" + (f": {key}" if key else "")
    rows = ["| key | value | meaning |", "| --- | --- | --- |"]
    for field, info in MODELS[name].model_fields.items():
        value = kind(info.annotation) + (", required" if info.is_required() else "")
        meaning = (info.description or "").replace("|", r"\|")
        rows.append(f"| `{field}` | {value} | {meaning} |")
    return "\n".join([title, "", *rows])


def order() -> str:
    """Return the order in which the kinds of cue of chexpert14 decide."""
    source = read_set("chexpert14")
    assert source.structure is not None
    about = {file.model.kind: file.model for file in source.assertion}
    rows = [
        f"   | {kind} | {about[kind].effect} | {' '.join(about[kind].about.split())} |"
        for kind in source.structure.model.order
    ]
    return "\n".join(["   | kind | effect | what it is |", "   | --- | --- | --- |", *rows])


def content(mark: str) -> str:
    if mark == "order":
        return f"\n{order()}\n"
    return f"\n{table(mark.removeprefix('keys: '))}\n\n"


def test_the_page_has_the_reference_of_every_file() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert {match["mark"] for match in BLOCK.finditer(page)} == {
        "order",
        *(f"keys: {name}" for name in MODELS),
    }
    expected = BLOCK.sub(lambda match: match[1] + content(match["mark"]), page)
    if os.environ.get("CHEXLABEL_UPDATE_DOCS"):
        PAGE.write_text(expected, encoding="utf-8")
        page = expected
    assert page == expected


@pytest.mark.parametrize("name", MODELS)
def test_every_key_is_described(name: str) -> None:
    assert [key for key, info in MODELS[name].model_fields.items() if not info.description] == []


@pytest.mark.parametrize("name", ["syntax", "spelling", "importer", "check", "word_lists"])
def test_the_examples_of_a_module(name: str) -> None:
    failed, attempted = doctest.testmod(import_module(f"chexlabel.patterns.{name}"))
    assert (failed, attempted > 0) == (0, True)


def test_the_page_states_the_limits_of_spelling() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"from {_ONE_SLIP} letters on, with two from {_TWO_SLIPS} letters on" in page
