"""Huge, odd or senseless text is labeled like any other, in time linear in its length."""

from __future__ import annotations

import gc
import time
import tracemalloc

import pytest

from chexlabel import Label, LabeledReport, Labeler

pytestmark = pytest.mark.no_cover


POSITIVE, NEGATIVE = Label.POSITIVE, Label.NEGATIVE

QUOTIENT = 3.5
"""The most that doubling a text may multiply the time by: 2 if linear, 4 if quadratic."""

SMALL = 20_000  # characters
ATTEMPTS = 3


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler()


def check_quotes(text: str, report: LabeledReport) -> None:
    for mention in report.mentions:
        for quoted in (mention, *mention.cues):
            assert text[quoted.start : quoted.end] == quoted.text


# Time. Each text is a unit that is repeated; the units are chosen to make the stages look far.

UNITS = {
    "cues": "no ",
    "commas": ",",
    "full stops": ".",
    "colons": ":",
    "brackets": "(",
    "closing brackets": "1) ",
    "list numbers": "1. ",
    "question marks": "? ",
    "bullets": "\u2022 ",
    "hyphens": "-",
    "underscores": "_",
    "removed words": "XXXX ",
    "unclosed removed words": "[** ",
    "slashes": "a/",
    "spaces": " ",
    "line breaks": "\n",
    "old line breaks": "\r",
    "blank lines": "no\n\n",
    "short lines": "no effusion\n",
    "digits": "1",
    "decimals": "1.2",
    "one word": "pneumo",
    "misspelled words": "pnuemothroax ",
    "headings": "FINDINGS:\n",
    "lists below a denial": "No:\n- edema\n- mass\n",
    "organs above their states": "HEART\nEnlarged\n",
    "rows of a table": "\nEdema | x | |",
    "cells of a row": "Edema | x | ",
    "gaps before a box": "no                    [ ] x",
    "gaps before a sign": "a                     +",
    "boxes that nobody ticked": "HEART\n[ ] wide     [ ] enlarged     \n",
    "elements": "<a>edema</a>",
    "headings in a line": "FINDINGS: ",
    "half headings": "FINAL REPORT ",
    "words before a colon": "the lungs and the heart ",
    "mentions": "effusion ",
    "listed mentions": "effusion, ",
    "mentions after or": "effusion or ",
    "mentions after versus": "effusion versus ",
    "mentions after and": "effusion and ",
    "mentions of two findings": "hydropneumothorax ",
    "mentions that do not count": "pericardial effusion ",
    "negated mentions": "no effusion ",
    "hedged mentions": "possible effusion ",
    "mentions with a cue after": "effusion has resolved ",
    "listed mentions with a cue after": "effusion, edema and fracture has resolved ",
    "cues between commas": "possible, ",
    "anatomy": "heart ",
    "anatomy without states": "heart and mediastinum ",
    "anatomy with states before": "normal heart ",
    "anatomy with states after": "heart enlarged ",
    "anatomy and mentions": "mediastinum effusion normal ",
    "states": "normal ",
    "verbs": "effusion is ",
    "clauses": "effusion, there is edema, ",
    "relative clauses": "effusion, which is small, ",
    "long gaps": "thickening of the ",
}


def hostile(unit: str, size: int, number: int) -> str:
    """Return a text about `size` long, a mention at either end so that no stage may pass it over.

    Texts with different numbers differ, so that none is remembered.
    """
    return f"Effusion {number} {unit * (size // len(unit))} edema"


def seconds(labeler: Labeler, text: str) -> float:
    """Return how long a text takes, with the evidence."""
    started = time.process_time()
    labeler(text)
    return time.process_time() - started


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_time_is_linear_in_the_text(labeler, unit) -> None:
    texts = [
        hostile(unit, size, number) for number in range(ATTEMPTS) for size in (SMALL, 2 * SMALL)
    ]
    labeler(hostile(unit, SMALL, ATTEMPTS))  # the automaton grows with the first
    gc.disable()
    try:
        times = [seconds(labeler, text) for text in texts]
    finally:
        gc.enable()
    once, twice = min(times[::2]), min(times[1::2])
    # Below some milliseconds noise decides, but then nothing stalls either.
    assert twice < max(QUOTIENT * once, 0.02), f"{once:.4f} s, twice the text {twice:.4f} s"


# What comes out.


def test_huge_report(labeler) -> None:
    text = "There is no pleural effusion. The heart is normal in size. " * 85_000 + "Edema."
    assert len(text) > 5_000_000
    report = labeler(text)
    assert report.labels["Pleural Effusion"] is NEGATIVE
    assert report.labels["Cardiomegaly"] is NEGATIVE
    assert report.labels["Edema"] is POSITIVE
    assert len(report.mentions) == 2 * 85_000 + 1
    check_quotes(text, report)
    assert labeler.label(text) == tuple(report.labels.values())


def test_huge_sentence(labeler) -> None:
    text = "no " * 100_000
    assert set(labeler.label(text)) <= {None, POSITIVE}  # at most No Finding
    text += "effusion"
    assert labeler(text).labels["Pleural Effusion"] is NEGATIVE


def test_fifty_thousand_mentions_in_a_sentence(labeler) -> None:
    text = "No " + "effusion, " * 50_000 + "or edema."
    report = labeler(text)
    assert len(report.mentions) == 50_001
    assert report.labels["Pleural Effusion"] is NEGATIVE
    check_quotes(text, report)


def test_huge_sentences_are_not_kept(labeler) -> None:
    """The memory by sentence is for those that come again."""
    labeler("Edema.")
    tracemalloc.start()
    try:
        for number in range(20):
            labeler.label(f"effusion {number} " + "x" * 200_000)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000


@pytest.mark.parametrize("filler", ["\0", "\x0b\x0c", "\x1b", "\ufeff", "\u200b", "\ud800"])
def test_control_characters(labeler, filler) -> None:
    text = f"{filler}No effusion.{filler} There is {filler} edema.{filler}"
    report = labeler(text)
    assert report.labels["Pleural Effusion"] is NEGATIVE
    assert report.labels["Edema"] is POSITIVE
    check_quotes(text, report)


@pytest.mark.parametrize(
    "filler",
    [
        "\u05e8\u05d9\u05d0\u05d5\u05ea \u05e0\u05e7\u05d9\u05d5\u05ea",  # right to left
        "\u0627\u0644\u0631\u0626\u062a\u0627\u0646",
        "\u202e\u2067\u2069",  # bidirectional controls
        "\U0001fac1\U0001f468\u200d\u2695\ufe0f",  # emoji, one of them joined from two
        "\u0130\u0130\u0130",  # grows when it is lowered
        "\ufb01\u00df\u01c5",  # ligatures and letters of mixed case
        "e\u0301\u0302\u0303" * 20,  # letters with marks
        "\u80ba\u708e",
    ],
)
def test_scripts_and_signs(labeler, filler) -> None:
    text = f"{filler} No effusion. {filler}: edema {filler}. {filler}"
    report = labeler(text)
    assert report.labels["Pleural Effusion"] is NEGATIVE
    assert report.labels["Edema"] is POSITIVE
    check_quotes(text, report)
    assert labeler.label(text) == tuple(report.labels.values())


def test_text_without_letters_is_blank(labeler) -> None:
    for text in ("\0" * 100_000, "," * 100_000, "1 2. 3) " * 10_000, "\U0001fac1" * 1000):
        assert set(labeler.label(text)) == {None}


def test_one_letter_alone_grows_in_lower_case() -> None:
    """The engine keeps every character at its place by leaving this one as it is."""
    assert [c for c in map(chr, range(0x110000)) if len(c.lower()) != 1] == ["\u0130"]


def test_words_beside_a_letter_that_grows_are_read(labeler) -> None:
    text = "\u0130\u0130 NO EFFUSION \u0130, EDEMA"
    report = labeler(text)
    assert report.labels["Pleural Effusion"] is NEGATIVE
    assert {mention.text for mention in report.mentions} >= {"EFFUSION", "EDEMA"}
    check_quotes(text, report)
