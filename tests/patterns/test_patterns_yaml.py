"""Reading pattern files: YAML 1.2, and every mistake named with its file, line and remedy."""

from __future__ import annotations

import pickle
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from chexlabel import Labeler, PatternError
from chexlabel.patterns import PatternFileError, Problem, read_set
from chexlabel.patterns._yaml import read_yaml
from chexlabel.patterns.load import find_set
from pattern_sets import said, write_child, write_root

if TYPE_CHECKING:
    from pathlib import Path


def problems(patterns: Path) -> list[str]:
    """Return the problems of a set as `file:line: message`, the file without its folder."""
    with pytest.raises(PatternFileError) as caught:
        read_set(patterns)
    return [f"{p.file.relative_to(patterns)}:{p.line}: {p.message}" for p in caught.value.problems]


def test_yaml_1_2_keeps_words_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("[no, No, off, y, yes, on, 1:30, 010, 1_000, 2024-01-01, 0o17, <<, =, no one]")
    data, _ = read_yaml(path)
    words = "no No off y yes on 1:30 010 1_000 2024-01-01 0o17 << ="
    assert data == [*words.split(), "no one"]


def test_yaml_1_2_knows_numbers_truth_and_nothing(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("[true, False, 12, -3, 1.5, .5, 1e3, 1.5e3, ~, null, '']")
    data, _ = read_yaml(path)
    assert data == [True, False, 12, -3, 1.5, 0.5, 1000.0, 1500.0, None, None, ""]


def test_no_is_a_word_in_pattern_files(tmp_path: Path) -> None:
    child = write_child(
        tmp_path,
        {
            "assertion/more.yaml": """\
                kind: denial
                before: [nay, no]
                after: no
                """
        },
    )
    assert said(child, "rash: no") == {"Rash": 0}
    assert said(child, "nay rash") == {"Rash": 0}


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    root = write_root(tmp_path)
    path = root / "findings/rash.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert said(root, "No red skin.") == {"Rash": 0}


# file, its content, the problems
MISTAKES = {
    "duplicate key": (
        "findings/rash.yaml",
        "finding: Rash\npositive: rash\nabout: x\npositive: red skin\n",
        [
            "4: not valid YAML: the key 'positive' stands twice (first in line 2); "
            "mend the line, or quote text that holds a special character"
        ],
    ),
    "duplicate key deeper down": (
        "findings/rash.yaml",
        "finding: Rash\nexamples:\n  blank: a\n  blank: b\n",
        [
            "4: not valid YAML: the key 'blank' stands twice (first in line 3); "
            "mend the line, or quote text that holds a special character"
        ],
    ),
    "key that is no word": (
        "findings/rash.yaml",
        "finding: Rash\n? [a, b]\n: c\n",
        [
            "2: not valid YAML: a key must be a word; "
            "mend the line, or quote text that holds a special character"
        ],
    ),
    "colon in a text": (
        "findings/rash.yaml",
        "finding: Rash\nabout: what: it is\n",
        [
            "2: not valid YAML: mapping values are not allowed in this context; "
            "mend the line, or quote text that holds a special character"
        ],
    ),
    "tab": (
        "findings/rash.yaml",
        "finding: Rash\nexamples:\n\tblank: x\n",
        [
            "3: not valid YAML: found character that cannot start any token; "
            "mend the line, or quote text that holds a special character"
        ],
    ),
    "object": (
        "findings/rash.yaml",
        "finding: !!python/object:os.system rash\n",
        ["1: a tag (`!...`) means nothing here; remove it or quote the text"],
    ),
    "two documents": (
        "findings/rash.yaml",
        "finding: Rash\n---\nfinding: Cough\n",
        [
            "2: not valid YAML: but found another document; "
            "mend the line, or quote text that holds a special character"
        ],
    ),
    "empty file": ("findings/rash.yaml", "", ["1: the file is empty; fill it, or remove it"]),
    "only a remark": (
        "findings/rash.yaml",
        "# later\n",
        ["1: the file is empty; fill it, or remove it"],
    ),
    "a list": (
        "assertion/denial.yaml",
        "- no\n",
        [
            "1: must have keys (kind, about, effect, before, after, reach, restarts, "
            "encloses, blank_for, turns)"
        ],
    ),
    "unknown key": (
        "findings/rash.yaml",
        "finding: Rash\npostive: rash\n",
        [
            "2: postive: not a known key; did you mean 'positive'? known here: finding, about, "
            "extends, positive, uncertain, negative, anatomy, parts, exclude, ignore_cues, examples"
        ],
    ),
    "unknown key deeper down": (
        "findings/rash.yaml",
        "finding: Rash\npositive: rash\nexamples:\n  maybe: rash\n",
        ["4: examples.maybe: not a known key; known here: positive, negative, uncertain, blank"],
    ),
    "missing key": (
        "findings/rash.yaml",
        "positive: rash\n",
        ["1: finding: is missing; add it"],
    ),
    "key without a value": (
        "findings/rash.yaml",
        "finding: Rash\npositive:\n  # all gone\n",
        ["2: positive: is empty; fill it, or remove the key"],
    ),
    "number for a text": (
        "set.yaml",
        "name: root\nversion: 1.10\nfindings: [Rash]\n",
        ["2: version: is not text but a number or true/false; put it in quotes"],
    ),
    "number in a list of phrases": (
        "findings/rash.yaml",
        "finding: Rash\npositive:\n  - rash\n  - 12\n",
        ["4: positive.1: is not text but a number or true/false; put it in quotes"],
    ),
    "mapping for phrases": (
        "findings/rash.yaml",
        "finding: Rash\npositive:\n  rash: red\n",
        ["2: positive: must be text"],
    ),
    "text for a list": (
        "set.yaml",
        'name: root\nversion: "1"\nfindings: Rash\n',
        ["3: findings: must be a list; put `- ` before each item"],
    ),
    "list for a mapping": (
        "states.yaml",
        "states: [red]\n",
        ["1: states: must be pairs of a name and a value (`name: value`)"],
    ),
    "list for keys": (
        "findings/rash.yaml",
        "finding: Rash\npositive: rash\nexamples: [rash]\n",
        ["3: examples: must have keys (positive, negative, uncertain, blank)"],
    ),
    "wrong word": (
        "set.yaml",
        'name: root\nversion: "1"\nfindings: [Rash]\n'
        "no_finding:\n  name: Rash\n  unless: []\n  otherwise: no\n",
        ["7: no_finding.otherwise: must be 'blank' or 'negative'"],
    ),
    "wrong word among those of labels": (
        "set.yaml",
        'name: root\nversion: "1"\nfindings: [Rash, Cough]\nuncertain: {Cough: maybe}\n',
        ["4: uncertain.Cough: must be 'positive', 'negative', 'uncertain' or 'blank'"],
    ),
    "not a number": (
        "assertion/doubt.yaml",
        "kind: doubt\neffect: uncertain\nreach: far\n",
        [
            "3: reach: Input should be a valid integer, unable to parse string as an integer",
        ],
    ),
    "empty name": (
        "findings/rash.yaml",
        "finding: ''\n",
        ["1: finding: must not be empty; fill it"],
    ),
    "anatomy without states": (
        "findings/rash.yaml",
        "finding: Rash\nanatomy:\n  - phrases: skin\n    states: {}\n",
        ["4: anatomy.0.states: must not be empty; fill it"],
    ),
    "phrases without a block": (
        "findings/rash.yaml",
        "finding: Rash\npositive:\n  rash\n  red skin\nexclude: >\n  rash decision\n",
        [
            "3: its lines would be joined into one; write `|` after the key",
            "5: its lines would be joined into one; write `|` after the key",
        ],
    ),
    "several at once": (
        "findings/rash.yaml",
        "finding: 3\npostive: rash\nexamples: {blank: 7}\n",
        [
            "1: finding: is not text but a number or true/false; put it in quotes",
            "2: postive: not a known key; did you mean 'positive'? known here: finding, about, "
            "extends, positive, uncertain, negative, anatomy, parts, exclude, ignore_cues, "
            "examples",
            "3: examples.blank: is not text but a number or true/false; put it in quotes",
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_remedy(name: str, tmp_path: Path) -> None:
    file, content, expected = MISTAKES[name]
    root = write_root(tmp_path, {file: content})
    found = [problem for problem in problems(root) if problem.startswith(f"{file}:")]
    assert [problem.removeprefix(f"{file}:") for problem in found][: len(expected)] == expected


def test_a_mistake_in_a_file_that_the_base_completes(tmp_path: Path) -> None:
    content = """\
        sections:
          - name: plan
            headings: [plan, therapy]
          - name: findings
            headings:
              - red
              - ...
              - Befund
            rôle: content
        """
    child = write_child(tmp_path, {"sections.yaml": content})
    assert problems(child) == [
        "sections.yaml:8: sections.1.headings.2: must be lower case, without a colon and with "
        "single spaces",
        "sections.yaml:9: sections.1.rôle: not a known key; did you mean 'role'? known here: name, "
        "role, headings, anywhere, markers, one_line, counts_as",
    ]


def test_text_over_several_lines_may_explain(tmp_path: Path) -> None:
    about = "finding: Rash\nabout:\n  what\n  it is\npositive: rash\n"
    assert said(write_root(tmp_path, {"findings/rash.yaml": about}), "Rash.") == {"Rash": 1}


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    root = write_root(tmp_path)
    (root / "findings/rash.yaml").write_bytes(b"finding: Rash\nabout: Entz\xfcndung\n")
    assert problems(root) == ["findings/rash.yaml:2: not UTF-8 text; save the file as UTF-8"]


def test_a_control_character(tmp_path: Path) -> None:
    root = write_root(tmp_path)
    (root / "findings/rash.yaml").write_bytes(b"finding: Rash\npositive: |\n  rash\x00\n")
    assert problems(root) == ["findings/rash.yaml:3: holds the control character U+0000; remove it"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    root = write_root(tmp_path)
    (root / "states.yaml").mkdir()
    assert problems(root) == [
        "states.yaml:1: cannot be read (Is a directory); make it a readable file"
    ]


def test_deep_nesting_does_not_crash(tmp_path: Path) -> None:
    for opening in ("[", "- ", "{a: ", "? "):
        root = write_root(tmp_path, {"findings/rash.yaml": "\n" + opening * 100_000})
        assert problems(root) == [
            "findings/rash.yaml:2: nested too deep; pattern files have a few levels only"
        ]


def test_all_problems_of_all_files_are_found(tmp_path: Path) -> None:
    changes = {
        "findings/rash.yaml": "finding: Rash\nfoo: 1\nbar: 2\n",
        "assertion/doubt.yaml": "kind: [doubt\n",
        "states.yaml": "{}\n",
    }
    root = write_root(tmp_path, changes)
    assert [problem.partition(": ")[0] for problem in problems(root)] == [
        "findings/rash.yaml:2",
        "findings/rash.yaml:3",
        "assertion/doubt.yaml:2",
        "states.yaml:1",
    ]


def test_the_labeler_names_the_first_problem_and_counts_the_rest(tmp_path: Path) -> None:
    root = write_root(tmp_path, {"findings/rash.yaml": "finding: Rash\nfoo: 1\nbar: 2\n"})
    with pytest.raises(PatternError) as caught:
        Labeler(root)
    message = str(caught.value)
    assert message.startswith(f"{root}/findings/rash.yaml:2: foo: not a known key; ")
    assert message.endswith(" (and 1 more: `chexlabel patterns check` lists them)")
    assert "\n" not in message


def test_the_error_survives_the_way_from_a_worker(tmp_path: Path) -> None:
    error = PatternFileError(Problem(tmp_path, 3, "what"), Problem(tmp_path, 4, "why"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own bytes
    assert str(again) == str(error)
    assert again.problems == error.problems


def test_a_set_that_is_not_there(tmp_path: Path) -> None:
    for nowhere in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(PatternError, match=r"neither a shipped set \(chexpert14") as caught:
            find_set(nowhere)
        assert str(nowhere) in str(caught.value)


def test_the_lines_of_phrases(tmp_path: Path) -> None:
    content = """\
        # a remark

        finding: Rash
        positive: |
          rash    # the usual word
          # nothing here

          red skin
        uncertain: |-
          redness
        exclude: rash decision
        anatomy:
          - phrases:
              - skin
              - "hide"
            states: {red: positive}
        examples: {blank: None.}
        """
    root = write_root(
        tmp_path,
        {"findings/rash.yaml": content, "states.yaml": dedent("states:\n  red: red\n")},
    )
    source = read_set(root)
    (file,) = source.findings["Rash"]
    found = [
        (phrase.text, phrase.line)
        for location in (("positive",), ("uncertain",), ("exclude",), ("anatomy", 0, "phrases"))
        for phrase in file.phrases(*location)
    ]
    assert found == [
        ("rash", 5),
        ("red skin", 8),
        ("redness", 10),
        ("rash decision", 11),
        ("skin", 14),
        ("hide", 15),
    ]
    assert [(e.finding, e.text, e.label, e.line) for e in source.examples] == [
        ("Rash", "None.", None, 17)
    ]
