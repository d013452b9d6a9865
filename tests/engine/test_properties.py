"""What holds for every text: quotes, and what labels do not depend on.

The texts are recombined from the sample reports, or thrown together from the words that the rules
turn on. The examples are the same in every run; to explore others, say how many:
`EXAMPLES=5000 pytest tests/engine/test_properties.py`.
"""

from __future__ import annotations

import copy
import csv
import os
import pickle
import random
import re
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chexlabel import Label, Labeler, Mention, Report, SectionSpan
from chexlabel.engine.memo import Memo
from chexlabel.patterns import read_set

EXPLORED = os.environ.get("EXAMPLES")
EXAMPLES = settings(
    max_examples=int(EXPLORED or 200), derandomize=EXPLORED is None, database=None, deadline=None
)
WEAK = {
    phrase.text
    for file in read_set("chexpert14").states
    for state in file.model.weak
    for phrase in file.phrases("states", state)
}
RANK = {None: 0, Label.NEGATIVE: 1, Label.UNCERTAIN: 2, Label.POSITIVE: 3}


def read_samples() -> list[str]:
    text = (resources.files("chexlabel") / "data/samples/reports.csv").read_text("utf-8")
    return [row["report"] for row in csv.DictReader(StringIO(text))]


SAMPLES = read_samples()
SENTENCES = sorted(
    {
        " ".join(sentence.split())
        for report in SAMPLES
        for sentence in re.split(r"(?<=[a-z])\.\s+|\n\s*\n", report)
        if re.fullmatch(r"[^:.?()_/]*[a-z]", sentence.strip())
    }
)
WORDS = [
    word
    for line in (
        "no not without new possible probable may cannot resolved removed unlikely prior",
        "stable small acute is are has been seen be there this which that and or nor but with",
        "versus except for of to in the a effusion effusions pneumothorax atelectasis opacity",
        "opacities consolidation pneumonia edema fracture nodule mass cardiomegaly",
        "hydropneumothorax pericardial pleural thickening heart size mediastinum cardiac",
        "silhouette normal enlarged widened borderline unremarkable tube catheter pacemaker",
        "line evidence change increase history suspicion concern exclude excluded infection",
        "lung lungs left right XXXX ___ [**Name**] 1.2 3 cm Dr. approx. w/o r/o s/p c/w",
        "pnuemothorax FINDINGS: IMPRESSION: INDICATION: COMPARISON:",
    )
    for word in line.split()
]
MARKS = [" ", " ", " ", ", ", ". ", "; ", ": ", "\n", "\n\n", " - ", "/", " (", ") ", "? ", "."]

words = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(MARKS)), max_size=30).map(
    lambda pairs: "".join(word + mark for word, mark in pairs)
)
sentences = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6)
paragraphs = sentences.map(lambda parts: ". ".join(parts) + ".")
recombined = st.tuples(paragraphs, paragraphs).map(
    lambda pair: f"FINDINGS:\n\n{pair[0]}\n\nIMPRESSION:\n\n{pair[1]}\n"
)
reports = st.one_of(st.sampled_from(SAMPLES), paragraphs, recombined, words)
any_text = st.one_of(reports, st.tuples(st.text(), words, st.text(), words, st.text()).map("".join))


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler()


def test_there_are_sentences_to_recombine() -> None:
    assert len(SENTENCES) > 200


# Quotes.


@EXAMPLES
@given(text=any_text)
def test_offsets_quote_the_text(labeler, text) -> None:
    report = labeler(text)
    for mention in report.mentions:
        start, end = mention.sentence
        assert 0 <= start <= mention.start < mention.end <= end <= len(text)
        assert text[mention.start : mention.end] == mention.text
        for cue in mention.cues:
            assert start <= cue.start < cue.end <= end
            assert text[cue.start : cue.end] == cue.text
        assert [c.start for c in mention.cues] == sorted(c.start for c in mention.cues)
    places = [(m.sentence, m.start) for m in report.mentions]
    assert places == sorted(places)


@EXAMPLES
@given(text=any_text)
def test_labels_alone_are_those_of_the_full_result(labeler, text) -> None:
    assert labeler.label(text) == tuple(labeler(text).labels.values())


@EXAMPLES
@given(text=any_text)
def test_every_label_has_its_evidence(labeler, text) -> None:
    report = labeler(text)
    for finding, label in report.labels.items():
        if finding != "No Finding":
            assert (label is None) == (report.evidence(finding) == ())
            mentions = [m for m in report.mentions if m.finding == finding]
            stated = {m.label for m in mentions if not is_weak(m)} - {None}
            stated = stated or {m.label for m in mentions}
            assert RANK[label] == max((RANK[other] for other in stated), default=0)


def is_weak(mention: Mention) -> bool:
    """Tell a state that counts only where nothing else is said: "the heart is stable"."""
    return mention.label is Label.UNCERTAIN and any(c.pattern in WEAK for c in mention.cues)


# What labels do not depend on.


DRESSES = {
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "more blank lines": lambda text: "\n\n" + re.sub(r"\n[^\S\n]*\n", "\n\n \n", text) + "\n\n",
    "blank lines of blanks": lambda text: re.sub(r"\n[^\S\n]*\n", "\n\t  \n", text),
}
in_any_dress = pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES.keys())


@in_any_dress
@EXAMPLES
@given(text=reports)
def test_letter_case_line_ends_and_blank_lines_do_not_matter(labeler, dress, text) -> None:
    assert labeler.label(dress(text)) == labeler.label(text)


@in_any_dress
def test_letter_case_line_ends_and_blank_lines_of_samples_do_not_matter(labeler, dress) -> None:
    for text in SAMPLES:
        assert labeler.label(dress(text)) == labeler.label(text)


@settings(EXAMPLES, max_examples=20)
@given(texts=st.lists(reports, max_size=8), seed=st.integers(0, 99))
def test_order_of_the_reports_does_not_matter(labeler, texts, seed) -> None:
    labels = {text: labeler.label(text) for text in texts}
    shuffled = random.Random(seed).sample(texts, len(texts))  # noqa: S311
    fresh = copy.copy(labeler)  # without what the first remembers
    assert {text: fresh.label(text) for text in shuffled} == labels


@EXAMPLES
@given(parts=sentences)
def test_each_sentence_speaks_for_itself(labeler, parts) -> None:
    reports = [labeler(part + ".") for part in parts]
    together = labeler(". ".join(parts) + ".")
    mentions = [mention for report in reports for mention in report.mentions]
    for finding, label in together.labels.items():
        stated = {m.label for m in mentions if m.finding == finding and not is_weak(m)} - {None}
        stated = stated or {report.labels[finding] for report in reports}
        if finding != "No Finding":
            assert RANK[label] == max(RANK[other] for other in stated)
    abnormal = [
        report.labels["No Finding"] is None
        for report, part in zip(reports, parts, strict=True)
        if labeler.recognises(part) and not any(map(is_weak, report.mentions))
    ]
    if together.labels["No Finding"] is Label.POSITIVE:
        assert not any(abnormal)


@EXAMPLES
@given(parts=st.lists(paragraphs, min_size=1, max_size=3))
def test_sections_of_the_source_are_read_like_headed_ones(labeler, parts) -> None:
    spans, text = [], ""
    for part in parts:
        spans.append(SectionSpan("findings", len(text), len(text) + len(part)))
        text += part + "\n\n"
    by_spans = labeler(Report("r", text, spans=tuple(spans)))
    assert by_spans.labels == labeler("FINDINGS:\n" + text).labels


# Copies, threads, memory.


def test_equal_labels_are_one_object(labeler) -> None:
    seen: dict[tuple[Label | None, ...], tuple[Label | None, ...]] = {}
    for text in (*SAMPLES, *SENTENCES):
        labels = labeler.label(text)
        assert seen.setdefault(labels, labels) is labels
    assert len(seen) > 50


def test_pickled_labeler_labels_alike(labeler) -> None:
    copy = pickle.loads(pickle.dumps(labeler))  # noqa: S301
    assert [copy(text) for text in SAMPLES] == [labeler(text) for text in SAMPLES]


def test_threads_label_alike(labeler) -> None:
    texts = [*SAMPLES, *SENTENCES] * 2
    shared = Labeler()  # its memory and its automaton grow while the threads read them
    with ThreadPoolExecutor(8) as pool:
        labels = list(pool.map(shared.label, texts))
        evidence = list(pool.map(shared, texts))
    assert labels == [labeler.label(text) for text in texts]
    assert evidence == [labeler(text) for text in texts]


def test_memory_by_sentence_is_bounded(labeler) -> None:
    forgetful = Labeler()
    for memo in vars(forgetful).values():
        if isinstance(memo, Memo):
            memo._generation = 50
    for text in (*SENTENCES, *SAMPLES, *SENTENCES):
        assert forgetful.label(text) == labeler.label(text)
        assert forgetful(text) == labeler(text)
        young = [v for v in vars(forgetful).values() if isinstance(v, Memo)]
        memories = [*young, *(memo._old for memo in young)]
        assert memories
        assert all(len(memory) <= 51 for memory in memories)
