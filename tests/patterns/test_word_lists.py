"""Word lists: what phrases name, what sets that extend others make of them, what is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chexlabel import Labeler
from chexlabel.cli import main
from chexlabel.errors import PatternError
from chexlabel.patterns import check_set, load_patterns, read_set, set_entries
from chexlabel.patterns.cache import load_compiled
from pattern_sets import said, write_child, write_root, write_set

RASH = "finding: Rash\npositive: |\n  {red|<sore>} <surface>\n"
WORDS = """\
lists:
  sore: |
    sore
    <very> itchy
  very: [very, badly]
  surface: |
    skin
    lip*
"""


def root(tmp_path: Path, words: str = WORDS, rash: str = RASH, **files: str) -> Path:
    return write_root(tmp_path, {"words.yaml": words, "findings/rash.yaml": rash} | files)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Red skin.", True),
        ("Sore lips.", True),
        ("Badly itchy skin.", True),
        ("Very sore skin.", True),  # "sore skin" stands in it
        ("Itchy skin.", False),
        ("Very red itch on the skin.", False),
    ],
)
def test_a_phrase_matches_any_line_of_a_list(text: str, found: bool, tmp_path: Path) -> None:
    assert said(str(root(tmp_path)), text) == ({"Rash": 1} if found else {})


def test_a_phrase_is_quoted_as_its_file_writes_it(tmp_path: Path, capsys) -> None:
    folder = root(tmp_path)
    (mention,) = Labeler(folder)("Very itchy lips.").mentions
    assert mention.pattern == "{red|<sore>} <surface>"
    (entry,) = (entry for entry in set_entries(folder) if entry.group == "Rash")
    assert entry.phrase.full == "{red|{sore|{very|badly} itchy}} {skin|lip*}"
    assert main(["patterns", "show", str(folder), "words"]) == 0
    assert "words.yaml:4: words: sore: <very> itchy\n" in capsys.readouterr().out


def test_every_kind_of_file_may_name_lists(tmp_path: Path) -> None:
    files = {
        "words.yaml": "lists: {word: [zig, zag]}\n",
        "findings/rash.yaml": (
            "finding: Rash\npositive: pink <word>\nanatomy:\n"
            "  - {phrases: <word> skin, states: {hurt: positive}}\n"
        ),
        "states.yaml": "states: {hurt: <word> hurt}\n",
        "assertion/denial.yaml": "kind: denial\neffect: negative\nbefore: un <word>\n",
        "spelling.yaml": "terms: <word>zag\n",
        "context.yaml": "references:\n  - {effect: absent, phrases: gone <word>}\n",
        "recognition.yaml": "anywhere: <word> film\n",
    }
    folder = write_root(tmp_path, files)
    assert said(folder, "Pink zag.") == {"Rash": 1}
    assert said(folder, "Zig skin zag hurt.") == {"Rash": 1}
    assert said(folder, "Un zig pink zag.") == {"Rash": 0}
    assert said(folder, "Pink zag. Gone zig.") == {"Rash": 0}


def test_a_mark_that_names_no_list(tmp_path: Path) -> None:
    folder = root(tmp_path, rash="finding: Rash\npositive: |\n  rash < 2\n  \\<surface> rash\n")
    assert said(folder, "Rash < 2 cm") == {"Rash": 1}
    assert said(folder, "<surface> rash") == {"Rash": 1}
    assert said(folder, "lip rash") == {}


def test_a_phrase_whose_line_ends_in_a_bar_goes_on(tmp_path: Path) -> None:
    rash = """\
        finding: Rash
        positive: |
          {red|     # inflamed
           sore|
           # and what is only called so
           itchy} skin
          spots
          \\|
        """
    folder = root(tmp_path, words="lists: {}", rash=rash)
    phrases = [entry.phrase for entry in set_entries(folder) if entry.group == "Rash"]
    assert [(phrase.text, phrase.line) for phrase in phrases] == [
        ("{red|sore|itchy} skin", 3),
        ("spots", 7),
        ("\\|", 8),
    ]


# Sets that extend others.


def test_a_set_inherits_lists_and_may_change_them(tmp_path: Path) -> None:
    root(tmp_path)
    child = write_child(
        tmp_path,
        {
            "words.yaml": "lists:\n  surface: |\n    ...\n    toe\n  very: [quite]\n",
            "findings/cough.yaml": "finding: Cough\nextends: [Cough]\npositive: <sore> throat\n",
        },
    )
    assert said(child, "Red toe.") == {"Rash": 1}  # the base's phrase, the child's word
    assert said(child, "Red lip.") == {"Rash": 1}
    assert said(child, "Sore throat.") == {"Cough": 1}
    assert said(child, "Quite itchy throat.") == {"Cough": 1}
    assert said(child, "Quite itchy skin, badly itchy throat.") == {"Rash": 1}
    assert said(tmp_path / "root", "Red toe.") == {}


def test_a_line_that_is_listed_again_stands_once(tmp_path: Path) -> None:
    root(tmp_path)
    child = write_child(tmp_path, {"words.yaml": "lists: {surface: [skin, ..., toe]}\n"})
    lines = read_set(child).word_lists.lines["surface"]
    assert [(line.text, line.file.parent.name) for line in lines] == [
        ("skin", "child"),
        ("lip*", "root"),
        ("toe", "child"),
    ]


def test_what_a_changed_list_says_counts_as_added(tmp_path: Path) -> None:
    root(tmp_path)
    child = write_child(tmp_path, {"words.yaml": "lists: {surface: [..., toe]}\n"})
    assert load_patterns(child).lineage[1].added == (("Rash", "{red|<sore>} <surface>"),)
    same = write_set(tmp_path / "same", {"set.yaml": 'name: same\nversion: "1"\nextends: root\n'})
    before = load_patterns(same).lineage
    assert before[1].added == ()
    root(tmp_path, words=WORDS + "    toe\n")
    assert load_patterns(same).lineage[1].sha256 != before[1].sha256


def test_a_compiled_set_is_made_anew_when_a_list_changes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CHEXLABEL_CACHE", str(tmp_path / "cache"))
    root(tmp_path)
    child = write_child(tmp_path, {})
    assert "toe" not in load_compiled(child).lexicon.keys
    assert said(child, "Red toe.") == {}
    root(tmp_path, words=WORDS + "    toe\n")
    assert said(child, "Red toe.") == {"Rash": 1}


# What is wrong.


@pytest.mark.parametrize(
    ("words", "line", "message"),
    [
        ("lists:\n  a: <bb>\n  bbb: x\n", 2, "no word list 'bb'; did you mean <bbb>? (write"),
        ("lists:\n  a: <q>\n", 2, "there is no word list 'q'; add it to words.yaml"),
        ("lists:\n  a: x\n  b: <c>\n  c: <b> y\n", 3, " 'b', 'c' name one another in a circle"),
        ("lists:\n  a: |\n    x\n    <a> y\n", 2, "the list 'a' names itself; remove that line"),
        ("lists:\n  a: |\n    x\n    {y\n", 4, "`{y`: a `}` is missing"),
        ("lists:\n  a: |\n    x} {y\n", 3, "closes nothing"),
        ("lists:\n  a: '[x]'\n", 2, "has no word that must be there"),
        ("lists:\n  a: ''\n", 2, "the list 'a' is empty; fill it"),
        ("lists:\n  a: |\n    ...\n", 3, "`...` stands for the list of the set that is extended"),
        ("lists:\n  a <b>: x\n", 2, "a list's name has letters, digits, spaces and hyphens"),
        ("lists:\n  a: {b: c}\n", 2, "lists.a: must be text"),
        ("lists: {}\nlist:\n  a: b\n", 2, "not a known key; did you mean 'lists'?"),
    ],
)  # fmt: skip
def test_a_faulty_list(tmp_path: Path, words: str, line: int, message: str) -> None:
    folder = root(tmp_path, words=words, rash="finding: Rash\npositive: rash\n")
    with pytest.raises(PatternError) as caught:
        read_set(folder)
    assert str(caught.value).startswith(f"{folder / 'words.yaml'}:{line}: ")
    assert message in str(caught.value)


def test_a_phrase_that_names_no_list(tmp_path: Path) -> None:
    folder = root(tmp_path, rash="finding: Rash\npositive: |\n  rash\n  red <surfaces>\n")
    (problem,) = check_set(folder).errors
    assert (problem.file.name, problem.line) == ("rash.yaml", 4)
    assert problem.message == (
        "`red <surfaces>`: there is no word list 'surfaces'; did you mean <surface>? "
        "(write `\\<` for the mark itself)"
    )


def test_a_fault_in_a_file_that_two_findings_share_is_told_once(tmp_path: Path) -> None:
    folder = root(tmp_path, rash="finding: Rash\npositive: red <surfaces>\n")
    (folder / "findings" / "cough.yaml").write_text("finding: Cough\nextends: [Rash]\n")
    assert len(check_set(folder).errors) == 1


def test_a_circle_through_the_lists_of_two_sets(tmp_path: Path) -> None:
    root(tmp_path)
    child = write_child(tmp_path, {"words.yaml": "lists: {very: <sore>}\n"})
    with pytest.raises(PatternError, match=r"child.words\.yaml:1: the lists 'sore', 'very' name"):
        read_set(child)


def test_a_list_that_nothing_names_is_warned_of(tmp_path: Path) -> None:
    folder = root(tmp_path, words=WORDS + "  toes: toe\n")
    assert [str(problem) for problem in check_set(folder).warnings] == [
        f"{folder / 'words.yaml'}:9: no phrase names the word list 'toes'"
    ]


# Sets of strangers.

DOUBLED = "lists:\n  a0: xx\n" + "".join(f"  a{n}: <a{n - 1}> <a{n - 1}>\n" for n in range(1, 60))
CHAINED = "lists:\n  a0: xx\n" + "".join(f"  a{n}: <a{n - 1}>\n" for n in range(1, 1000))
MANY = "lists:\n" + "".join(f"  a{n}: x\n" for n in range(80_000))
LONG = f"lists:\n  a: [{', '.join(f'w{n}' for n in range(300))}]\n"


@pytest.mark.parametrize(
    ("words", "phrases", "message"),
    [
        (DOUBLED, "rash\n", "is longer than 2,000 characters with its lists written out"),
        (CHAINED, "rash\n", "is longer than 2,000 characters with its lists written out"),
        (MANY, "rash\n", "lists: must have 1000 entries at most"),
        (LONG, "<a> <a>\n", "is longer than 2,000 characters with its lists written out"),
        (LONG, "<a> " * 200_000, "is longer than 2,000 characters with its lists written out"),
        (LONG, "<a>\n  " * 100_000, "the phrases have more than 1,000,000 characters"),
        ("lists: {a: x}\n", "{<a>" * 400, "nested too deep"),
        ("lists: {a: x}\n", "<a" * 400_000, "longer than 2,000 characters"),
        ("lists: {a: x}\n", "{a|\n  " * 100_000, "longer than 2,000 characters"),
    ],
)
def test_lists_made_to_hurt(tmp_path: Path, words: str, phrases: str, message: str) -> None:
    folder = root(tmp_path, words, rash=f"finding: Rash\npositive: |\n  {phrases}")
    started = time.monotonic()
    with pytest.raises(PatternError) as caught:
        load_patterns(folder)
    assert message in str(caught.value)
    assert time.monotonic() - started < 60


def test_lists_as_long_as_may_be_are_compiled(tmp_path: Path) -> None:
    rash = "finding: Rash\npositive: |\n" + "  <a> rash\n" * 600
    started = time.monotonic()
    load_patterns(root(tmp_path, words=LONG, rash=rash))
    assert time.monotonic() - started < 60
