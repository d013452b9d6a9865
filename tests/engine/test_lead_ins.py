"""What stands below a line that leads in to it, and markup: no word leaves its place."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chexlabel import Labeler
from chexlabel.engine.lead_ins import LeadIns
from chexlabel.engine.markup import plain_markup
from chexlabel.patterns.cache import load_compiled

LEAD_INS = LeadIns(load_compiled("chexpert14").lexicon)
LINES = (
    *(
        "No evidence of:",
        "No sign of",
        "Normal:",
        "HEART",
        "Heart:",
        "Effusion",
        "Lungs are clear.",
    ),
    *(
        "- effusion",
        "\u2022 pneumothorax.",
        "2) edema;",
        "* enlarged",
        "\u2203 normal",
        "\u2204 wide",
    ),
    *("", "  enlarged", "no", "-", "Old X. Negative for:\r"),
)
MARKUP = (
    "<b>",
    "</b>",
    "<br/>",
    "</td>",
    "<p class='x'>",
    "**",
    "&nbsp;",
    "<5",
    "heart",
    " ",
    "\n",
)


@given(st.lists(st.sampled_from(LINES), max_size=8).map("\n".join))
def test_every_word_stays_at_its_offset(text: str) -> None:
    joined = LEAD_INS.join(text)
    assert len(joined) == len(text)
    assert all(new == old for new, old in zip(joined, text, strict=True) if old.isalpha())


@given(st.lists(st.sampled_from(MARKUP), max_size=12).map("".join))
def test_markup_is_as_long_as_it_was(text: str) -> None:
    plain = plain_markup(text)
    assert len(plain) == len(text)
    assert plain.count("heart") == text.count("heart")
    assert plain_markup(plain) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Findings:\n- effusion\n- edema",
        "Impression: as before\n1. effusion",
        "Heart\nNo effusion.",
        "Lungs clear, heart\nenlarged",
    ],
)
def test_other_lines_are_left_alone(text: str) -> None:
    assert LEAD_INS.join(text) == text


def test_evidence_quotes_the_report_as_it_is() -> None:
    text = "<b>No evidence of:</b>\n- effusion\n- pneumothorax"
    report = Labeler(refine=False)(text)
    quoted = [(mention.text, mention.cues[0].text) for mention in report.mentions]
    assert quoted == [("effusion", "No evidence of"), ("pneumothorax", "No evidence of")]
    assert all(text[m.start : m.end] == m.text for m in report.mentions)


def test_a_list_without_end_is_not_joined_without_end() -> None:
    joined = LEAD_INS.join("No evidence of:\n" + "- edema\n" * 5000)
    assert joined.startswith("No evidence of:   edema \u2228 edema")
    assert max(map(len, joined.split("\n"))) < 5000


def test_options_that_nobody_ticked_take_no_longer_than_others() -> None:
    started = time.process_time()
    LEAD_INS.join("HEART\n" + "\u2204 wide     " * 40 + "x")  # once 5 times as long with each
    assert time.process_time() - started < 1
