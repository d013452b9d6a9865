"""The phrase syntax, and what its phrases match in sentences."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chexlabel import Labeler
from chexlabel.patterns.lexicon import Lexicon, Node
from chexlabel.patterns.roles import Role, Tag
from chexlabel.patterns.spelling import Speller, distance
from chexlabel.patterns.syntax import END, count, expand, parse, phrase_lines, tokenize
from pattern_sets import said, write_root

# phrase, sentences that it matches, sentences that it does not match
MATCHES = {
    "words": (
        "red skin",
        ["Red skin.", "RED SKIN", "red-skin", "a red  skin patch", "red XXXX skin", "red ___ skin"],
        ["reds skin", "red skins", "redskin", "red, skin", "red old skin", "skin red"],
    ),
    "words over a line break": (
        "red skin",
        ["The patient who was seen here today has a visible red\nskin again."],
        [],
    ),
    "alternatives": (
        "{red|very pale} {skin|lip}",
        ["red skin", "red lip", "very pale skin"],
        ["pale skin", "red", "very red", "red very pale"],
    ),
    "optional words": (
        "red [and {sore|itchy}] skin",
        ["red skin", "red and sore skin", "red and itchy skin"],
        ["red and skin", "red sore skin"],
    ),
    "optional words at the edges": ("[very] red [skin]", ["red", "very red", "red skin"], ["very"]),
    "nested brackets": (
        "{red [and sore]|pale} skin",
        ["red skin", "red and sore skin", "pale skin"],
        ["pale and sore skin"],
    ),
    "beginning of a word": (
        "exanthem*",
        ["exanthem", "exanthema", "exanthems", "Exanthematous"],
        ["enanthem", "an exam"],
    ),
    "beginning within a phrase": ("red* skin", ["reddish skin", "red skin"], ["skin"]),
    "gap": (
        "redness ... skin",
        ["redness skin", "redness of the skin", "redness of the whole hairy skin"],
        [
            "redness of one two three four skin",
            "redness, skin",
            "redness and skin",
            "redness is skin",
        ],
    ),
    "marks": ("rash : w/o itch", ["rash: w/o itch", "rash : w/o itch"], ["rash w/o itch"]),
    "marks with a meaning of their own": (r"rash \# \[2\]", ["rash #[2]", "rash # [2]"], ["rash"]),
    "the end of the sentence": (
        "rash {,|$}",
        ["rash", "a rash.", "Rash. Itch.", "rash, itch"],
        ["rash itch", "rash < end", "rash $ 5"],
    ),
    "a mark at the end of the sentence": (r"rash \$", ["rash $"], ["rash", "rash 5"]),
    "a dash beside a bracket": (
        "rash {-|:} itch",
        ["rash - itch", "rash: itch"],
        ["rash itch", "rash-itch"],
    ),
    "numbers": ("t12 1.5", ["T12 1.5", "t 12 1.5"], ["t12 15", "t12 1 5"]),
    "hyphens": ("skin-deep", ["skin deep", "skin-deep"], ["skindeep"]),
    "apostrophes": ("can't itch", ["can't itch"], ["cant itch"]),
    "other scripts": ("Exanthème", ["exanthème", "EXANTHÈME"], ["exantheme"]),
}


@pytest.mark.parametrize("name", MATCHES)
def test_a_phrase_matches(name: str, tmp_path) -> None:
    phrase, matching, others = MATCHES[name]
    rash = f"finding: Rash\npositive: |\n  {phrase}\n"
    labeler = Labeler(write_root(tmp_path, {"findings/rash.yaml": rash}))
    assert [text for text in matching if labeler(text).labels["Rash"] is None] == []
    assert [text for text in others if labeler(text).labels["Rash"] is not None] == []


def test_the_longest_of_overlapping_phrases_counts(tmp_path) -> None:
    content = """\
        finding: Rash
        positive: |
          red skin
          red skin of the neck
          cold red
        exclude: |
          red skin of
        """
    labeler = Labeler(write_root(tmp_path, {"findings/rash.yaml": content}))

    def patterns(text: str) -> list[str]:
        return [mention.pattern for mention in labeler(text).mentions]

    assert patterns("Red skin of the neck.") == ["red skin of the neck"]
    assert patterns("Red skin of the nose.") == []
    assert patterns("Red skin on the nose.") == ["red skin"]
    assert patterns("Cold red skin.") == ["cold red"]


def test_words_spelled_out_outdo_beginnings(tmp_path) -> None:
    content = (
        "finding: Rash\npositive: |\n  rash\n  rash*\n  rashed*\nexclude: |\n  rashly\n  ra*\n"
    )
    root = write_root(tmp_path, {"findings/rash.yaml": content})
    assert said(root, "rash") == {"Rash": 1}
    assert said(root, "rashly") == {}


SPELLING = """\
terms: |
  exanthema
  blisters
not_misspelled: |
  bluster
  blister
corrections:
  xma: eczema
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("exanthema", True),
        ("exanthma", True),
        ("exxanthmea", True),
        ("EXANTEHMA", True),
        ("exhema", False),
        ("anthema", False),
        ("blisers", True),
        ("blitsers", True),
        ("bliers", False),
        ("bluster", False),
        ("xma", True),
        ("eczma", False),
    ],
)
def test_misspellings_are_forgiven(text: str, found: bool, tmp_path) -> None:
    rash = "finding: Rash\npositive: [exanthema, blisters, eczema]\n"
    root = write_root(tmp_path, {"findings/rash.yaml": rash, "spelling.yaml": SPELLING})
    assert said(root, f"Old {text} again.") == ({"Rash": 1} if found else {})


MALFORMED = {
    "a {b": "a `}` is missing",
    "a [b": "a `]` is missing",
    "a b}": "`}` closes nothing; remove it or open it before",
    "{a] b": "a `}` is missing",
    "a] b": "`]` closes nothing; remove it or open it before",
    "a|b": "`|` stands outside brackets; write {a|b}",
    "": "the phrase has no word that must be there; write one outside [brackets]",
    "[a] [b]": "the phrase has no word that must be there; write one outside [brackets]",
    "{|a}": "the phrase has no word that must be there; write one outside [brackets]",
    "a {b|[c]}": "[] alone within brackets; put it beside them",
    "... a": "`...` needs a word that must be there on both sides",
    "a ...": "`...` needs a word that must be there on both sides",
    "a ... [b]": "`...` needs a word that must be there on both sides",
    "a {... b|c}": "`...` needs a word that must be there on both sides",
    "a *": "`*` stands for the rest of a word; write it right after letters",
    "$": "the phrase has no word that must be there; write one outside [brackets]",
    "[a] $": "the phrase has no word that must be there; write one outside [brackets]",
    "a $ b": "`$` stands for the end of the sentence; nothing can follow it",
    "a {b|$} c": "`$` stands for the end of the sentence; nothing can follow it",
    "a {$ b|c}": "`$` stands for the end of the sentence; nothing can follow it",
    "12* a": "`*` stands for the rest of a word; write it right after letters",
}


@pytest.mark.parametrize("phrase", MALFORMED)
def test_a_malformed_phrase_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse(phrase)
    assert str(caught.value) == MALFORMED[phrase]


def test_remarks() -> None:
    block = "a  # one\n\n# two\n  b \\# c\n"
    assert list(phrase_lines(block)) == [(0, "a"), (3, "b \\# c")]
    assert expand("b \\# c") == {("b", "#", "c")}


def test_counting_the_words_that_a_phrase_stands_for() -> None:
    phrase = "{a|b [c]} ... [{d|e}] f*"
    assert count(parse(phrase)) == 9
    assert len(expand(phrase)) == 9
    assert ("b", "c", "...", "e", "f*") in expand(phrase)


PHRASES = st.text(alphabet="ab {}[]|*.$#\\:-'1é\u2014", max_size=30)


@given(PHRASES)
def test_any_text_is_parsed_or_refused(phrase: str) -> None:
    try:
        elements = parse(phrase)
    except ValueError:
        return
    assert len(expand(phrase)) <= count(elements)
    assert all(expand(phrase))


@given(st.lists(PHRASES, max_size=5))
@example(["1:", "1$"])  # the end of a text is no word to look for
def test_a_lexicon_finds_what_its_phrases_stand_for(phrases: list[str]) -> None:
    lexicon = Lexicon(Speller([], [], {}))
    expected = set()
    for number, phrase in enumerate(phrases):
        try:
            elements = parse(phrase)
        except ValueError:
            continue
        lexicon.add(elements, Role(Tag.MENTION, number, phrase))
        if "..." not in phrase:
            expected |= {(number, words) for words in expand(phrase)}
    lexicon.freeze()
    for number, words in expected:
        text = " ".join(word.removesuffix("*") for word in words if word != END)
        symbols = [lexicon.symbols[token] for token in tokenize(f" {text} ")]
        assert not lexicon.keys.isdisjoint(symbols)
        node: Node | None = lexicon.start
        for symbol in [*symbols, END] if words[-1] == END else symbols:
            assert node is not None
            node = node.step(symbol)
        assert node is not None
        assert number in {role.layer for role in node.roles}


@given(st.text(alphabet="abcd", max_size=7), st.text(alphabet="abcd", max_size=7))
def test_the_distance_of_words(a: str, b: str) -> None:
    slips = distance(a, b, 99)
    assert slips == distance(b, a, 99)
    assert (slips == 0) == (a == b)
    assert abs(len(a) - len(b)) <= slips <= max(len(a), len(b))
    for limit in range(4):
        assert min(distance(a, b, limit), limit + 1) == min(slips, limit + 1)
