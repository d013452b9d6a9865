"""Sets that extend others: what is taken over, what is replaced, what is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chexlabel import Labeler
from chexlabel.patterns import PatternFileError, read_set
from pattern_sets import ROOT, said, write_child, write_root, write_set

if TYPE_CHECKING:
    from pathlib import Path


def problems(patterns: Path) -> list[str]:
    with pytest.raises(PatternFileError) as caught:
        read_set(patterns)
    return [f"{p.file.relative_to(patterns)}:{p.line}: {p.message}" for p in caught.value.problems]


def test_a_set_that_changes_nothing_says_the_same(tmp_path: Path) -> None:
    child = write_child(tmp_path, {})
    assert Labeler(child).findings == ("Rash", "Cough")
    text = "No rash. Possible cough."
    assert said(child, text) == said(tmp_path / "root", text) == {"Rash": 0, "Cough": -1}


def test_a_cue_is_overridden(tmp_path: Path) -> None:
    child = write_child(
        tmp_path, {"assertion/ours.yaml": "kind: doubt\nbefore: |\n  no\n  dubious\n"}
    )
    assert said(child, "No rash.") == {"Rash": -1}
    assert said(child, "Dubious rash.") == {"Rash": -1}
    assert said(child, "Without rash.") == {"Rash": 0}


def test_a_kinds_settings_are_stated_once(tmp_path: Path) -> None:
    child = write_child(
        tmp_path,
        {
            "assertion/near.yaml": "kind: doubt\nbefore: dubious\n",
            "assertion/nearer.yaml": "kind: doubt\nreach: 1\nbefore: doubtful\n",
            "assertion/new.yaml": "kind: denial\nbefore: nay\n",
        },
    )
    by_name = {file.path.name: file.model for file in read_set(child).assertion}
    assert {(m.effect, m.reach, m.restarts) for m in (by_name["near.yaml"],)} == {
        ("uncertain", 3, False)
    }
    assert by_name["nearer.yaml"].reach == 1
    assert (by_name["new.yaml"].effect, by_name["new.yaml"].restarts) == ("negative", True)
    assert said(child, "Dubious old sort of rash.") == {"Rash": -1}
    assert said(child, "Doubtful old sort of rash.") == {"Rash": 1}


def test_a_new_kind_of_cue_takes_its_place_in_the_order(tmp_path: Path) -> None:
    files = {"assertion/past.yaml": "kind: past\neffect: none\nbefore: earlier\n"}
    child = write_child(tmp_path, files | {"structure.yaml": "order: [past, ...]\n"})
    assert said(child, "No earlier rash.") == {}
    child = write_child(tmp_path, files | {"structure.yaml": "order: [..., past]\n"})
    assert said(child, "No earlier rash.") == {"Rash": 0}


def test_a_cue_is_taken_away(tmp_path: Path) -> None:
    files = {
        "assertion/nothing.yaml": "kind: nothing\neffect: neutral\nbefore: without\n",
        "structure.yaml": "order: [nothing, ...]\n",
    }
    child = write_child(tmp_path, files)
    assert said(child, "Without rash.") == {"Rash": 1}
    assert said(child, "No rash.") == {"Rash": 0}


def test_words_of_the_structure_are_added(tmp_path: Path) -> None:
    assert said(write_child(tmp_path, {}), "No rash still cough.") == {"Rash": 0, "Cough": 0}
    child = write_child(tmp_path, {"structure.yaml": "terminators: still\n"})
    assert said(child, "No rash still cough.") == {"Rash": 0, "Cough": 1}
    assert said(child, "No rash but cough.") == {"Rash": 0, "Cough": 1}


HIVES = "finding: Hives\npositive: hives\n"


def test_a_finding_is_added(tmp_path: Path) -> None:
    settings = "findings: [..., Hives]"
    child = write_child(tmp_path, {"findings/hives.yaml": HIVES}, settings)
    assert Labeler(child).findings == ("Rash", "Cough", "Hives")
    assert said(child, "No hives. Rash.") == {"Rash": 1, "Hives": 0}


def test_a_finding_that_is_not_listed_gives_no_label(tmp_path: Path) -> None:
    child = write_child(tmp_path, {"findings/hives.yaml": HIVES})
    assert said(child, "No hives. Rash.") == {"Rash": 1}


def test_a_file_replaces_a_finding_of_that_name(tmp_path: Path) -> None:
    child = write_child(tmp_path, {"findings/skin.yaml": "finding: Rash\npositive: exanthem\n"})
    assert said(child, "Rash.") == {}
    assert said(child, "Exanthem.") == {"Rash": 1}


def test_a_file_adds_to_a_finding_of_that_name(tmp_path: Path) -> None:
    more = "finding: Rash\nextends: [Rash]\npositive: exanthem\nexclude: red skin\n"
    child = write_child(tmp_path, {"findings/skin.yaml": more})
    assert said(child, "Rash.") == said(child, "Exanthem.") == {"Rash": 1}
    assert said(child, "Red skin.") == {}


def test_a_finding_extends_others_of_another_name(tmp_path: Path) -> None:
    irritation = "finding: Irritation\nextends: [Rash, Cough]\nuncertain: itching\n"
    child = write_child(
        tmp_path, {"findings/irritation.yaml": irritation}, "findings: [Irritation]"
    )
    assert Labeler(child).findings == ("Irritation",)
    for text, label in (("Coughing.", 1), ("No rash.", 0), ("Itching.", -1)):
        assert said(child, text) == {"Irritation": label}


def test_findings_extend_each_other_within_a_set(tmp_path: Path) -> None:
    files = {
        "findings/a.yaml": "finding: A\nextends: [B]\npositive: aaa\n",
        "findings/b.yaml": "finding: B\nextends: [C]\npositive: bbb\n",
        "findings/c.yaml": "finding: C\npositive: ccc\n",
    }
    child = write_child(tmp_path, files, "findings: [A, B, C]")
    assert said(child, "ccc") == {"A": 1, "B": 1, "C": 1}
    assert said(child, "bbb") == {"A": 1, "B": 1}


def test_lists_are_replaced_or_spliced(tmp_path: Path) -> None:
    files = {"findings/hives.yaml": HIVES}
    for listed, expected in (
        ("[Cough]", ("Cough",)),
        ("[Hives, ...]", ("Hives", "Rash", "Cough")),
        ("[..., Hives]", ("Rash", "Cough", "Hives")),
        ("[Cough, ...]", ("Cough", "Rash")),
    ):
        child = write_child(tmp_path, files, f"findings: {listed}")
        assert Labeler(child).findings == expected


NO_FINDING = """\
        name: root
        version: "1"
        findings: [Healthy, Rash]
        hidden: [Cough]
        no_finding: {name: Healthy, unless: [Rash, Cough]}
        uncertain: {Rash: positive}
        alternatives: positive
        groups: {skin: [Rash], all: [Healthy, Rash]}
        """


def test_what_set_yaml_leaves_out_is_taken_over(tmp_path: Path) -> None:
    write_root(tmp_path, {"set.yaml": NO_FINDING})
    child = write_child(tmp_path, {"findings/hives.yaml": HIVES}, "findings: [..., Hives]")
    info = read_set(child).info
    assert (info.name, info.version) == ("child", "1")
    assert info.hidden == ["Cough"]
    assert info.uncertain == {"Rash": "positive"}
    assert info.groups == {"skin": ["Rash"], "all": ["Healthy", "Rash"]}
    assert said(child, "Possible rash.") == {"Rash": 1}
    assert said(child, "Hives or cough.") == {"Hives": 1}
    assert said(child, "Cough.") == {}
    assert said(child, "Hives.") == {"Healthy": 1, "Hives": 1}


def test_the_rule_for_no_finding_is_extended(tmp_path: Path) -> None:
    write_root(tmp_path, {"set.yaml": NO_FINDING})
    settings = """\
        findings: [..., Hives]
        no_finding: {name: Healthy, unless: [..., Hives], otherwise: negative}
        uncertain: {Hives: blank}
        groups: {skin: [Rash, Hives]}
        """
    child = write_child(tmp_path, {"findings/hives.yaml": HIVES}, settings)
    assert said(child, "Hives.") == {"Healthy": 0, "Hives": 1}
    assert said(child, "Possible hives.") == {"Healthy": 0}
    info = read_set(child).info
    assert info.uncertain == {"Rash": "positive", "Hives": "blank"}
    assert info.groups == {"skin": ["Rash", "Hives"], "all": ["Healthy", "Rash"]}


def test_what_is_said_of_findings_that_are_not_put_out_is_left_behind(tmp_path: Path) -> None:
    write_root(tmp_path, {"set.yaml": NO_FINDING})
    child = write_child(tmp_path, {}, "findings: [Cough]\nhidden: []\n")
    info = read_set(child).info
    assert (info.no_finding, info.uncertain, info.groups) == (None, {}, {})
    assert said(child, "Possible cough.") == {"Cough": -1}


def test_the_rule_for_no_finding_is_dropped(tmp_path: Path) -> None:
    write_root(tmp_path, {"set.yaml": NO_FINDING})
    child = write_child(tmp_path, {}, "findings: [Rash]\nno_finding: null\n")
    assert said(child, "Cough.") == {}


def test_states_and_spelling_are_added(tmp_path: Path) -> None:
    write_root(
        tmp_path,
        {
            "states.yaml": "states: {red: red, pale: pale}\n",
            "spelling.yaml": "terms: redness\nnot_misspelled: ''\ncorrections: {rsh: rash}\n",
            "findings/rash.yaml": """\
                finding: Rash
                positive: [rash, redness]
                anatomy:
                  - phrases: skin
                    states: {red: positive, pale: negative}
                """,
        },
    )
    child = write_child(
        tmp_path,
        {
            "states.yaml": "states: {red: flushed, pale: red}\n",
            "spelling.yaml": "corrections: {ruddy: redness}\nnot_misspelled: ridness\n",
        },
    )
    assert said(child, "The skin is flushed.") == {"Rash": 1}
    assert said(child, "The skin is red.") == {"Rash": 0}
    assert said(child, "Rednes. No rsh.") == {"Rash": 1}
    assert said(child, "No rsh.") == said(child, "No ruddy.") == {"Rash": 0}
    assert said(child, "No ridness.") == {}
    assert said(tmp_path / "root", "No ridness.") == {"Rash": 0}


def test_sections_are_added(tmp_path: Path) -> None:
    text = "Plan: rash. Befund: red skin. Therapy: cough"
    # Where nothing else reports, what looks like the items of a checklist does.
    assert said(write_child(tmp_path, {}), text) == {"Rash": 1, "Cough": 1}
    child = write_child(
        tmp_path,
        {
            "sections.yaml": """\
                sections:
                  - {name: findings, headings: [..., befund]}
                  - {name: therapy, role: context, headings: [therapy]}
                """
        },
    )
    assert said(child, text) == {"Rash": 1}
    replaced = """\
        counted: [..., plan]
        sections:
          - {name: findings, headings: [befund]}
        """
    child = write_child(tmp_path, {"sections.yaml": replaced})
    assert said(child, "Plan: rash. Befund: no cough.") == {"Rash": 1, "Cough": 0}
    assert said(child, "Findings: cough. Befund: rash.") == {"Rash": 1}


def test_sets_extend_sets_that_extend_sets(tmp_path: Path) -> None:
    write_child(tmp_path, {"findings/hives.yaml": HIVES}, "findings: [..., Hives]")
    grandchild = write_set(
        tmp_path / "grandchild",
        {
            "set.yaml": 'name: g\nversion: "1"\nextends: child\nfindings: [..., Wheal]\n',
            "findings/wheal.yaml": "finding: Wheal\nextends: [Hives]\npositive: wheals\n",
        },
    )
    assert Labeler(grandchild).findings == ("Rash", "Cough", "Hives", "Wheal")
    assert said(grandchild, "No hives.") == {"Hives": 0, "Wheal": 0}


def test_a_shipped_set_is_extended_from_anywhere(tmp_path: Path) -> None:
    info = 'name: ours\nversion: "1"\nextends: chexpert14\n'
    ours = write_set(tmp_path / "ours", {"set.yaml": info})
    assert Labeler(ours).findings == Labeler().findings


def test_a_folder_named_like_a_shipped_set_may_extend_that(tmp_path: Path) -> None:
    info = 'name: chexpert14\nversion: "our own"\nextends: chexpert14\nfindings: [Edema]\n'
    ours = write_set(tmp_path / "chexpert14", {"set.yaml": info})
    assert Labeler(ours).findings == ("Edema",)
    assert len(Labeler("chexpert14").findings) == 14


# settings of the child's set.yaml, its other files, the problems
MISTAKES = {
    "unknown finding": (
        "findings: [Rash, Rush]",
        {},
        ["set.yaml:4: no file in findings/ defines 'Rush'; add one, or choose from: Cough, Rash"],
    ),
    "unknown hidden finding": (
        "hidden:\n  - Rush",
        {},
        ["set.yaml:5: no file in findings/ defines 'Rush'; add one, or choose from: Cough, Rash"],
    ),
    "a finding twice": (
        "findings:\n  - Rash\n  - Rash",
        {},
        ["set.yaml:6: 'Rash' stands twice; remove one"],
    ),
    "no-finding label that is not listed": (
        "no_finding:\n  name: Healthy\n  unless: [Rash]",
        {},
        [
            "set.yaml:5: no_finding.name: `findings` does not list 'Healthy'; add it there, "
            "or choose from: Rash, Cough"
        ],
    ),
    "unknown finding in the rule": (
        "findings: [Healthy, ...]\nno_finding:\n  name: Healthy\n  unless: [Rush]",
        {},
        ["set.yaml:7: no file in findings/ defines 'Rush'; add one, or choose from: Cough, Rash"],
    ),
    "nothing to splice": (
        "no_finding:\n  name: Rash\n  unless: [...]",
        {},
        ["set.yaml:6: `...` stands for the list of the set that is extended; none is"],
    ),
    "policy for an unknown finding": (
        "uncertain: {Rush: blank}",
        {},
        [
            "set.yaml:4: `findings` does not list 'Rush'; correct the name, "
            "or choose from: Rash, Cough"
        ],
    ),
    "group with an unknown finding": (
        "groups:\n  skin:\n    - Rush",
        {},
        [
            "set.yaml:6: `findings` does not list 'Rush'; correct the name, "
            "or choose from: Rash, Cough"
        ],
    ),
    "two files for a finding": (
        "findings: [..., Hives]",
        {"findings/a.yaml": HIVES, "findings/b.yaml": HIVES},
        ["findings/b.yaml:1: 'Hives' is defined in a.yaml too; merge the two files"],
    ),
    "finding that extends an unknown one": (
        "findings: [Hives]",
        {"findings/hives.yaml": "finding: Hives\nextends:\n  - Rush\n"},
        ["findings/hives.yaml:3: there is no finding 'Rush' to extend; choose from: Cough, Rash"],
    ),
    "finding that extends itself": (
        "findings: [Hives]",
        {"findings/hives.yaml": "finding: Hives\nextends: [Hives]\n"},
        ["findings/hives.yaml:2: there is no finding 'Hives' to extend; choose from: Cough, Rash"],
    ),
    "findings that extend each other": (
        "findings: [A, B]",
        {
            "findings/a.yaml": "finding: A\nextends: [B]\n",
            "findings/b.yaml": "finding: B\nextends: [A]\n",
        },
        [
            "findings/b.yaml:2: 'B' and 'A' extend each other; remove one of the two",
            "findings/a.yaml:2: 'A' and 'B' extend each other; remove one of the two",
        ],
    ),
    "kind without a place": (
        "",
        {"assertion/past.yaml": "about: x\nkind: past\neffect: none\nbefore: earlier\n"},
        [
            "assertion/past.yaml:2: kind: `order` in structure.yaml does not list 'past'; "
            "add it there, or choose from: denial, doubt"
        ],
    ),
    "inherited kind without a place": (
        "",
        {"structure.yaml": "about: x\norder: [denial]\n"},
        ["structure.yaml:2: order: does not list 'doubt', which the base set has cues of; add it"],
    ),
    "kind without an effect": (
        "",
        {"assertion/past.yaml": "kind: past\nbefore: earlier\n"},
        [
            "assertion/past.yaml:1: effect: is missing; say what a cue of the new kind 'past' "
            "does, or choose a kind that is there: denial, doubt"
        ],
    ),
    "unknown kind to turn": (
        "",
        {"assertion/ours.yaml": "kind: doubt\nturns: {gone: positive}\nbefore: dubious\n"},
        [
            "assertion/ours.yaml:2: turns: there is no kind of cue 'gone'; correct the name, or "
            "choose from: denial, doubt"
        ],
    ),
    "unknown kind to ignore": (
        "",
        {"findings/rash.yaml": "finding: Rash\npositive: rash\nignore_cues: [histery]\n"},
        [
            "findings/rash.yaml:3: ignore_cues: there is no kind of cue 'histery'; correct the "
            "name, or choose from: denial, doubt"
        ],
    ),
    "unknown state": (
        "",
        {
            "states.yaml": "states: {red: red}\n",
            "findings/rash.yaml": """\
                finding: Rash
                anatomy:
                  - phrases: skin
                    states:
                      red: positive
                      read: positive
                """,
        },
        [
            "findings/rash.yaml:6: states.yaml has no state 'read'; add it there, "
            "or choose from: red"
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_remedy(name: str, tmp_path: Path) -> None:
    settings, files, expected = MISTAKES[name]
    assert problems(write_child(tmp_path, files, settings)) == expected


def test_an_empty_effect_is_that_of_the_kind(tmp_path: Path) -> None:
    files = {"assertion/more.yaml": "kind: denial\neffect:\nbefore: nay\n"}
    assert said(write_child(tmp_path, files), "Nay rash. Cough.") == {"Rash": 0, "Cough": 1}


def test_a_kind_has_one_effect(tmp_path: Path) -> None:
    files = {"assertion/more.yaml": "kind: denial\neffect: none\nbefore: nay\n"}
    (problem,) = problems(write_child(tmp_path, files))
    assert problem == (
        f"assertion/more.yaml:2: effect: {tmp_path}/child/../root/assertion/denial.yaml gives "
        "'denial' the effect 'negative'; leave `effect` out, or name another kind"
    ).replace("child/../", "")


def test_a_circle_of_sets(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        info = f'name: {name}\nversion: "1"\nextends: {other}\n'
        write_set(tmp_path / name, {"set.yaml": info})
    with pytest.raises(PatternFileError) as caught:
        read_set(tmp_path / "a")
    assert str(caught.value) == (
        f"{tmp_path}/c/set.yaml:3: the sets extend one another in a circle; remove one `extends`"
    )


def test_a_set_that_extends_itself(tmp_path: Path) -> None:
    info = 'name: a\nversion: "1"\nextends: a\n'
    (problem,) = problems(write_set(tmp_path / "a", {"set.yaml": info}))
    assert problem.startswith("set.yaml:3: there is no set 'a': neither a folder beside this one ")


def test_a_set_that_extends_nothing_that_is_there(tmp_path: Path) -> None:
    info = 'name: a\nversion: "1"\nextends: chexpert41\n'
    (problem,) = problems(write_set(tmp_path / "a", {"set.yaml": info}))
    assert problem.startswith("set.yaml:3: there is no set 'chexpert41': neither a folder beside ")
    assert "chexpert14" in problem


def test_a_problem_of_the_set_underneath_is_told(tmp_path: Path) -> None:
    write_root(tmp_path, {"findings/rash.yaml": "finding: Rash\nfoo: 1\n"})
    with pytest.raises(PatternFileError) as caught:
        read_set(write_child(tmp_path, {}))
    assert str(caught.value).startswith(f"{tmp_path}/root/findings/rash.yaml:2: foo: not a known")


@pytest.mark.parametrize("name", ["structure.yaml", "sections.yaml"])
def test_a_whole_set_needs_structure_and_sections(name: str, tmp_path: Path) -> None:
    root = write_root(tmp_path)
    (root / name).unlink()
    assert f"set.yaml:1: {name} is missing; add it, or extend a set that has it" in problems(root)


def test_a_whole_set_needs_the_whole_structure(tmp_path: Path) -> None:
    lines = ROOT["structure.yaml"].splitlines(keepends=True)
    content = "".join(line for line in lines if not line.startswith("verbs"))
    assert problems(write_root(tmp_path, {"structure.yaml": content})) == [
        "structure.yaml:1: verbs: is missing; add it, empty if need be"
    ]


def test_a_whole_set_needs_findings(tmp_path: Path) -> None:
    root = write_root(tmp_path, {"set.yaml": 'name: root\nversion: "1"\n'})
    assert problems(root) == ["set.yaml:1: findings: is missing; list the labels in output order"]
