"""`chexlabel patterns check`, `list` and `show`, and their Python twins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import chexlabel.patterns
from chexlabel import Label, PatternError
from chexlabel.cli import main
from chexlabel.patterns import check_set, list_sets, read_set, set_entries
from chexlabel.patterns.load import find_set
from pattern_sets import ROOT, write_child, write_root

EXAMPLES = """\
examples:
  positive: |
    Red skin.
  negative: No rash.
  uncertain: |
    Possible rash.
  blank: |
    Cough.
"""


def checked(path: Path) -> tuple[list[str], list[str]]:
    """Return the errors and warnings about a set as `file:line: message`."""
    result = check_set(path)

    def lines(problems) -> list[str]:
        return [f"{p.file.relative_to(path)}:{p.line}: {p.message}" for p in problems]

    return lines(result.errors), lines(result.warnings)


def test_a_set_without_faults(tmp_path: Path) -> None:
    rash = "finding: Rash\npositive: [rash, red skin]\n" + EXAMPLES
    root = write_root(tmp_path, {"findings/rash.yaml": rash})
    result = check_set(root)
    assert result.ok
    assert (result.errors, result.warnings, result.failures, result.changed) == ((), (), (), ())
    assert result.examples == 4
    assert result.summary is not None
    assert (result.summary.name, result.summary.findings) == ("root", ("Rash", "Cough"))


def test_examples_that_fail(tmp_path: Path) -> None:
    rash = """\
        finding: Rash
        positive: rash
        examples:
          positive: |
            Rash.
            No rash.
          blank: [Possible rash]
          uncertain: Itching.
        """
    result = check_set(write_root(tmp_path, {"findings/rash.yaml": rash}))
    assert not result.ok
    assert [(f.example.line, f.example.label, f.got) for f in result.failures] == [
        (6, Label.POSITIVE, Label.NEGATIVE),
        (8, Label.UNCERTAIN, None),
        (7, None, Label.UNCERTAIN),
    ]
    assert [failure.problem.message for failure in result.failures] == [
        "Rash: expected positive, got negative (`rash`, denial `no`)",
        "Rash: expected uncertain, got blank (no phrase matches)",
        "Rash: expected blank, got uncertain (`rash`, doubt `possible`)",
    ]
    assert result.examples == 4


def test_examples_are_about_their_own_finding_before_set_yamls_policy(tmp_path: Path) -> None:
    changes = {
        "set.yaml": 'name: r\nversion: "1"\nfindings: [Cough]\nhidden: [Rash]\n'
        "uncertain: {Cough: positive}\n",
        "findings/rash.yaml": "finding: Rash\npositive: rash\n"
        "examples: {negative: No rash and no cough.}\n",
        "findings/cough.yaml": "finding: Cough\npositive: cough\n"
        "examples: {uncertain: Possible cough.}\n",
    }
    result = check_set(write_root(tmp_path, changes))
    assert result.ok
    assert result.examples == 2


def test_the_strongest_mention_decides_an_example(tmp_path: Path) -> None:
    rash = "finding: Rash\npositive: rash\nexamples: {positive: 'No rash here, but rash there.'}\n"
    assert check_set(write_root(tmp_path, {"findings/rash.yaml": rash})).ok


def test_only_the_sets_own_examples_count_and_changes_are_told(tmp_path: Path) -> None:
    rash = "finding: Rash\npositive: [rash, red skin]\n" + EXAMPLES
    cough = "finding: Cough\npositive: cough\nexamples: {negative: No cough.}\n"
    write_root(tmp_path, {"findings/rash.yaml": rash, "findings/cough.yaml": cough})
    child = write_child(
        tmp_path,
        {
            "assertion/ours.yaml": "kind: doubt\nbefore: no\n",
            "findings/cough.yaml": cough.replace("negative", "uncertain"),
        },
    )
    result = check_set(child)
    assert result.ok
    assert result.examples == 1
    assert [change.problem.message for change in result.changed] == [
        "Rash: expected negative, got uncertain (`rash`, doubt `no`)"
    ]
    assert result.changed[0].problem.file == tmp_path / "root/findings/rash.yaml"


# files of the root set that are changed, the errors, the warnings
FINDINGS: dict[str, tuple[dict[str, str], list[str], list[str]]] = {
    "a malformed phrase": (
        {"findings/rash.yaml": "finding: Rash\npositive: |\n  rash\n  {red skin\n  sore]\n"},
        [
            "findings/rash.yaml:4: `{red skin`: a `}` is missing",
            "findings/rash.yaml:5: `sore]`: `]` closes nothing; remove it or open it before",
        ],
        [],
    ),
    "two meanings in a finding": (
        {
            "findings/rash.yaml": "finding: Rash\npositive: '{red|sore} skin'\n"
            "exclude: |\n  sore [old] skin\n"
        },
        [
            "findings/rash.yaml:4: `sore skin` is 'exclude' here but 'positive' in line 2; "
            "remove it from one of the two"
        ],
        [],
    ),
    "two states": (
        {
            "states.yaml": "states:\n  red: flushed\n  pale: |\n    white\n    flushed\n",
            "findings/rash.yaml": """\
                finding: Rash
                anatomy:
                  - {phrases: skin, states: {red: positive, pale: negative}}
                """,
        },
        [
            "states.yaml:5: `flushed` is 'pale' here but 'red' in line 2; "
            "remove it from one of the two"
        ],
        [],
    ),
    "two kinds of cue": (
        {"assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nafter: |\n  ?\n  [very] no\n"},
        [
            "assertion/doubt.yaml:5: `no` is a cue of doubt here but a cue of denial in "
            "denial.yaml:5; remove it from one of the two"
        ],
        [],
    ),
    "a cue that is a part of the structure too": (
        {"assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nbefore: or\n"},
        [
            "assertion/doubt.yaml:3: `or` is a cue of doubt here but 'disjunctions' in "
            "structure.yaml:{disjunctions}; remove it from one of the two"
        ],
        [],
    ),
    "the same meaning twice, a cue in both directions, a verb that is a cue": (
        {
            "findings/rash.yaml": "finding: Rash\npositive: [rash, 'rash [skin]', rash]\n",
            "assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nbefore: [query, is]\n"
            "after: query\n",
        },
        [],
        [],
    ),
    "a phrase that never matches": (
        {"findings/rash.yaml": "finding: Rash\npositive: |\n  rash\n  [old] xxx rash\n"},
        [
            "findings/rash.yaml:4: `xxx rash` can never match: `xxx` is never a word of a text; "
            "reword it"
        ],
        [],
    ),
    "a phrase with too many meanings": (
        {"findings/rash.yaml": "finding: Rash\npositive: rash" + " {a|b|c|d|e|f|g|h}" * 6 + "\n"},
        [],
        ["findings/rash.yaml:2: stands for 262,144 sequences of words; split it in two"],
    ),
    "a cue that hides another": (
        {
            "assertion/denial.yaml": "kind: denial\neffect: negative\nbefore: |\n  no\n  has no\n",
            "assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nbefore: no new\n",
        },
        [],
        [
            "assertion/denial.yaml:5: in `has no new` this denial hides a cue of doubt "
            "(doubt.yaml:3); add the whole there, or shorten this"
        ],
    ),
    "a cue whose longer form is listed": (
        {
            "assertion/denial.yaml": "kind: denial\neffect: negative\nbefore: |\n  no\n  has no\n",
            "assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nbefore: '[has] no new'\n",
        },
        [],
        [],
    ),
    "a state that no anatomy has": (
        {"states.yaml": "states:\n  red: red\n"},
        [],
        ["states.yaml:2: no anatomy has the state 'red'"],
    ),
    "a finding that is not listed": (
        {"findings/hives.yaml": "about: x\nfinding: Hives\nexamples: {positive: Hives.}\n"},
        [],
        [
            "findings/hives.yaml:2: 'Hives' is not looked for; "
            "list it in `findings` or `hidden` of set.yaml"
        ],
    ),
    "files that are not read": (
        {
            "findings/hives.yml": "",
            "sektions.yaml": "",
            "assertion/old/no.yaml": "",
            "readme.md": "",
        },
        [],
        [
            f"{file}:1: is not read; move or rename it (a set has set.yaml, structure.yaml, "
            "sections.yaml, states.yaml, spelling.yaml, context.yaml, recognition.yaml, "
            "composition.yaml, words.yaml, findings/*.yaml, assertion/*.yaml)"
            for file in ("assertion/old/no.yaml", "findings/hives.yml", "sektions.yaml")
        ],
    ),
}


HIDING = {
    "assertion/denial.yaml": "kind: denial\neffect: negative\nbefore: |\n  no\n  has no\n",
    "assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nbefore: no new\n",
}
ACCEPTING = """\
    name: root
    version: "1"
    findings: [Rash, Cough]
    accepted:
      - file: assertion/FILE.yaml
        warning: in `WORDS` this denial hides a cue of doubt
        reason: Nobody writes so.
    """


def accepting(file: str, words: str) -> dict[str, str]:
    """Return a set.yaml that accepts a warning on a file of cues."""
    return {"set.yaml": ACCEPTING.replace("FILE", file).replace("WORDS", words)}


def test_a_warning_that_is_accepted_is_not_given(tmp_path: Path) -> None:
    root = write_root(tmp_path, HIDING | accepting("denial", "has no new"))
    assert checked(root) == ([], [])


@pytest.mark.parametrize(("file", "words"), [("doubt", "has no new"), ("denial", "had no new")])
def test_only_the_warning_that_is_named_is_accepted(file: str, words: str, tmp_path: Path) -> None:
    errors, warnings = checked(write_root(tmp_path, HIDING | accepting(file, words)))
    assert errors == []
    assert [warning.partition(": ")[0] for warning in warnings] == [
        "assertion/denial.yaml:5",
        "set.yaml:5",
    ]


def test_what_is_accepted_in_vain_is_a_warning(tmp_path: Path) -> None:
    assert checked(write_root(tmp_path, accepting("denial", "has no new"))) == (
        [],
        ["set.yaml:5: accepts a warning that the check does not give any more; remove it"],
    )


def test_in_a_set_with_errors_nothing_is_accepted_in_vain(tmp_path: Path) -> None:
    broken = {"findings/rash.yaml": "finding: Rash\npositive: 'rash {red'\n"}
    errors, warnings = checked(write_root(tmp_path, broken | accepting("denial", "has no new")))
    assert len(errors) == 1
    assert warnings == []


def test_a_set_does_not_inherit_what_another_accepts(tmp_path: Path) -> None:
    write_root(tmp_path, HIDING | accepting("denial", "has no new"))
    assert checked(write_child(tmp_path, {})) == ([], [])


def test_an_accepted_warning_needs_its_reason(tmp_path: Path) -> None:
    changes = {"set.yaml": ACCEPTING.replace("        reason: Nobody writes so.\n", "")}
    errors, _ = checked(write_root(tmp_path, changes))
    assert errors == ["set.yaml:5: accepted.0.reason: is missing; add it"]


@pytest.mark.parametrize("name", FINDINGS)
def test_what_the_check_finds(name: str, tmp_path: Path) -> None:
    changes, errors, warnings = FINDINGS[name]
    keys = [line.partition(":")[0] for line in ROOT["structure.yaml"].splitlines()]
    place = str(keys.index("disjunctions") + 1)
    errors = [error.replace("{disjunctions}", place) for error in errors]
    assert checked(write_root(tmp_path, changes)) == (errors, warnings)


def test_overriding_the_set_underneath_is_no_contradiction(tmp_path: Path) -> None:
    child = write_child(
        tmp_path,
        {
            "assertion/ours.yaml": "kind: doubt\nbefore: no\n",
            "findings/rash.yaml": "finding: Rash\nextends: [Rash]\nexclude: red skin\n",
            "findings/hives.yaml": "finding: Hives\nextends: [Rash]\nexclude: rash\n",
        },
        "findings: [..., Hives]",
    )
    assert checked(child) == ([], [])


def test_cues_of_the_set_underneath_that_hide_own_ones(tmp_path: Path) -> None:
    denial = "kind: denial\neffect: negative\nbefore: |\n  no\n  {has|is} no\n  had no\n"
    write_root(tmp_path, {"assertion/denial.yaml": denial})
    child = write_child(tmp_path, {"assertion/ours.yaml": "kind: doubt\nbefore: no new\n"})
    assert checked(child) == (
        [],
        [
            "assertion/ours.yaml:2: in `has no new` a longer cue of denial hides this doubt "
            "(denial.yaml:5 and 1 more); add the whole here"
        ],
    )


def test_all_errors_of_all_files_are_told_and_no_example_is_run(tmp_path: Path) -> None:
    changes = {
        "findings/rash.yaml": "finding: Rash\npostive: rash\nexamples: {positive: Itching.}\n",
        "assertion/doubt.yaml": "kind: doubt\neffect: uncertain\nbefore: 3\n",
        "findings/hives.yml": "",
    }
    result = check_set(write_root(tmp_path, changes))
    assert [(p.file.name, p.line) for p in result.errors] == [("rash.yaml", 2), ("doubt.yaml", 3)]
    assert [p.file.name for p in result.warnings] == ["hives.yml"]
    assert (result.summary, result.examples, result.failures) == (None, 0, ())
    assert not result.ok


def test_the_command_says_that_all_is_well(tmp_path: Path, capsys, monkeypatch) -> None:
    rash = "finding: Rash\npositive: [rash, red skin]\n" + EXAMPLES
    write_root(tmp_path, {"findings/rash.yaml": rash})
    monkeypatch.chdir(tmp_path)
    assert main(["patterns", "check", "root"]) == 0
    output = capsys.readouterr()
    assert output.out == ("root: 2 findings: 0 errors, 0 warnings, 0 of 4 examples failed\n")
    assert output.err == ""


def test_the_command_lists_what_it_finds(tmp_path: Path, capsys, monkeypatch) -> None:
    cough = "finding: Cough\npositive: cough\nexamples: {negative: No cough.}\n"
    write_root(tmp_path, {"findings/cough.yaml": cough})
    rash = "finding: Rash\npositive: rash\nexamples:\n  blank: Rash.\n"
    files = {"findings/rash.yaml": rash, "assertion/a.yaml": "kind: doubt\nbefore: no\n"}
    write_child(tmp_path, files | {"states.yaml": "states: {red: red}\n"})
    monkeypatch.chdir(tmp_path)
    assert main(["patterns", "check", "child"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "child/states.yaml:1: warning: no anatomy has the state 'red'",
        "child/findings/rash.yaml:4: example: Rash: expected blank, got positive (`rash`)",
        "root/findings/cough.yaml:3: changed: Cough: expected negative, got uncertain "
        "(`cough`, doubt `no`)",
        "child: 2 findings: 0 errors, 1 warning, 1 of 1 example failed, "
        "1 inherited example changed",
    ]


def test_the_command_ends_with_2_on_errors(tmp_path: Path, capsys, monkeypatch) -> None:
    rash = "finding: Rash\nfoo: bar\n"
    write_root(tmp_path, {"findings/rash.yaml": rash, "assertion/doubt.yaml": "kind: doubt\n"})
    monkeypatch.chdir(tmp_path)
    assert main(["patterns", "check", "root"]) == 2
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("root/findings/rash.yaml:2: error: foo: not a known key; ")
    assert last == "root: 1 error, 0 warnings, 0 of 0 examples failed"


def test_the_command_on_no_set(tmp_path: Path, capsys) -> None:
    assert main(["patterns", "check", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"chexlabel: error: pattern set '{tmp_path}': neither a shipped set (")
    assert error.count("\n") == 1


def test_listing_the_shipped_sets(capsys) -> None:
    sets = {known.name: known for known in list_sets()}
    assert sets["chexpert14"].findings[0] == "No Finding"
    assert len(sets["chexpert14"].findings) == 14
    assert sets["chexpert14"].phrases > 1000
    assert main(["patterns", "list"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "VERSION", "FINDINGS", "PHRASES", "EXAMPLES", "FOLDER"]
    assert [row.split()[0] for row in rows] == list(sets)
    known = sets["chexpert14"]
    expected = ["chexpert14", known.version, "14", f"{known.phrases:,}", f"{known.examples:,}"]
    assert rows[list(sets).index("chexpert14")].split()[:5] == expected


def test_showing_a_set(tmp_path: Path, capsys, monkeypatch) -> None:
    files = {"findings/rash.yaml": "finding: Rash\nextends: [Rash]\nexclude: rash decision\n"}
    child = write_child(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    assert main(["patterns", "show", "child", "rash"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "root/findings/rash.yaml:3: Rash: positive: rash",
        "root/findings/rash.yaml:4: Rash: positive: red skin",
        "child/findings/rash.yaml:3: Rash: exclude: rash decision",
    ]
    assert main(["patterns", "show", "child", "denial"]) == 0
    assert "root/assertion/denial.yaml:5: denial: before: no\n" in capsys.readouterr().out
    assert main(["patterns", "show", "child"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(set_entries(read_set(child)))) == 12
    assert "root/structure.yaml:2: structure: terminators: but" in lines


def test_the_phrases_of_a_set_by_its_name_or_folder() -> None:
    by_name, by_folder = list(set_entries("nih14")), list(set_entries(find_set("nih14")))
    phrases = [entry.phrase for entry in set_entries(read_set("nih14"))]
    assert [entry.phrase for entry in by_name] == [entry.phrase for entry in by_folder] == phrases
    with pytest.raises(PatternError, match="nowhere"):
        list(set_entries("nowhere"))


def test_showing_anatomy_with_its_states(capsys) -> None:
    assert main(["patterns", "show", "chexpert14", "cardiomegaly"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heart = next(line for line in lines if line.endswith(": heart"))
    assert ": Cardiomegaly: anatomy (enlarged positive, " in heart
    assert heart.partition("/findings/cardiomegaly.yaml:")[0].endswith("chexpert14")


def test_showing_a_part_that_is_not_there(tmp_path: Path, capsys) -> None:
    root = write_root(tmp_path)
    assert main(["patterns", "show", str(root), "rush"]) == 2
    assert capsys.readouterr().err == (
        f"chexlabel: error: {root} has no part 'rush'; did you mean 'Rash'? "
        "it has: Rash, Cough, structure, denial, doubt\n"
    )


@pytest.mark.parametrize("command", ["label", "explain"])
def test_a_set_with_errors_stops_before_anything_is_labeled(
    command: str, tmp_path: Path, capsys
) -> None:
    root = write_root(tmp_path, {"findings/rash.yaml": "finding: Rash\nfoo: bar\nbar: foo\n"})
    source, labels = tmp_path / "reports.csv", tmp_path / "labels.csv"
    source.write_text("id,report\n1,Rash.\n")
    output = ["-o", str(labels)] if command == "label" else []
    assert main([command, str(source), "--patterns", str(root), *output]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"chexlabel: error: {root}/findings/rash.yaml:2: foo: not a known key")
    assert error.count("\n") == 1
    assert not labels.exists()


def test_the_package_and_its_help_import_nothing_heavy() -> None:
    code = (
        "import sys; import chexlabel.patterns; from chexlabel.cli import main; "
        "status = main(['patterns', 'check', '--help']); "
        "found = {'pydantic', 'yaml', 'pandas', 'spacy', 'torch'} & set(sys.modules); "
        "sys.exit(' '.join(sorted(found)) or status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_packages_names_are_there() -> None:
    assert all(getattr(chexlabel.patterns, name) is not None for name in chexlabel.patterns.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = chexlabel.patterns.nothing


def test_a_command_is_needed(capsys) -> None:
    assert main(["patterns"]) == 2
    assert capsys.readouterr().err == (
        "chexlabel: error: the following arguments are required: COMMAND; "
        "see chexlabel patterns --help\n"
    )


def test_checking_needs_a_set() -> None:
    with pytest.raises(PatternError, match="neither a shipped set"):
        check_set("chexpert41")
