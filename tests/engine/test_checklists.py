"""The marks of checklists: which texts are looked at, and that no word leaves its place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chexlabel.engine.checklists import ChecklistReader
from chexlabel.patterns.section_schema import Answers

READER = ChecklistReader(Answers(yes=["yes", "y", "present"], no=["no", "n", "absent"]))
PIECES = (
    *("edema", "effusion", "yes", "no", "+", "-", "+/-", "-ve", "[x]", "[ ]", "( )", "(x)", "(-)"),
    *("\u2610", "\u2612", "\u2713", "\u274c", "\u2212", "\u00b1", "...", "....", "|", "->", ">>"),
    *(" / ", ":", ",", ";", ".", "#1", "2/", " ", "  ", "\n", "?", "(", ")"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(TEXTS)
def test_every_word_stays_at_its_offset(text: str) -> None:
    plain = READER.plain(text)
    assert len(plain) == len(text)
    for word in ("edema", "effusion"):
        kept = [at for at in range(len(plain)) if plain.startswith(word, at)]
        assert all(text.startswith(word, at) for at in kept)


@settings(max_examples=500)
@given(TEXTS)
def test_what_has_no_hint_has_no_mark(text: str) -> None:
    if not READER._may_hold_marks(text):
        plain = text
        for step in READER._steps:
            plain = step.plain(plain)
        assert plain == text


def test_the_answers_are_data() -> None:
    german = ChecklistReader(Answers(yes=["ja"], no=["nein"]))
    assert german.plain("[ ] ja [x] nein Erguss").split() == ["\u2204", "Erguss"]
    assert READER.plain("[ ] ja [x] nein Erguss").split() == [
        "\u2204",
        "ja",
        "\u2203",
        "nein",
        "Erguss",
    ]
