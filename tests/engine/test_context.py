"""Sentences that speak of findings named before them, and reports that are none. All invented."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chexlabel import Labeler
from chexlabel.engine.context import BOUNDARY, ContextReader
from chexlabel.engine.mask import ANSWERS, REFERS
from chexlabel.engine.references import ReferenceFinder
from chexlabel.labels import Label
from chexlabel.patterns.cache import load_compiled

RULES = load_compiled("chexpert14")
FINDER = ReferenceFinder(RULES.context, RULES.lexicon)
REFERRING = (
    *("it", "has", "since", "resolved", "no", "trace", "of", "remains", "yes", "none", "the"),
    *("latter", "former", "is", "not", "there", "now", "normal", "still", "small", "two", "XXXX"),
    *("neither", "both", "seen", ",", "?", "-", ".", "effusion", "a", "likely", "unchanged", "\n"),
)

CASES: list[tuple[str, dict[str, int]]] = [
    # what was there is gone
    ("There was a small left pneumothorax. It has since resolved.", {"Pneumothorax": 0}),
    ("A right effusion was seen yesterday. No trace of it remains.", {"Pleural Effusion": 0}),
    ("Consolidation was suspected on the left. There is none.", {"Consolidation": 0}),
    ("A mass is mentioned by the clinic. I cannot find it.", {"Lung Lesion": 0}),
    ("Opacity at the left apex. The lordotic view shows nothing there.", {"Lung Opacity": 0}),
    (
        "Pneumothorax and effusion were present. Both are no longer seen.",
        {"Pneumothorax": 0, "Pleural Effusion": 0},
    ),
    ("A chest tube was in place this morning. It has since been removed.", {"Support Devices": 0}),
    ("Edema had developed. After diuresis, it has cleared.", {"Edema": 0}),
    # it is still there
    ("Pulmonary edema was present on admission. It has worsened.", {"Edema": 1}),
    ("Possible rib fracture. The oblique view confirms it.", {"Fracture": 1}),
    ("No effusion yesterday. It is the same today.", {"Pleural Effusion": 0}),
    # the opposite, where the sentence ends with it
    ("The first film showed no pneumothorax. The second one does.", {"Pneumothorax": 1}),
    (
        "The mediastinum looked wide on the portable film. It does not on this PA view.",
        {"Enlarged Cardiomediastinum": 0},
    ),
    ("Scarring is suspected at the left apex. It is not of concern.", {"Lung Opacity": -1}),
    # uncertain, explained away
    ("The outside report mentions a mass. I am not sure that it is real.", {"Lung Lesion": -1}),
    ("Opacity over the left base. This is due to overlying soft tissue.", {}),
    ("Two nodules at the right base. Both are nipple shadows.", {}),
    ("No nodule. This is a nipple shadow.", {"Lung Lesion": 0}),
    # an organ
    ("The heart was enlarged before surgery. It is now normal.", {"Cardiomegaly": 0}),
    ("The heart was normal in March. It is now clearly enlarged.", {"Cardiomegaly": 1}),
    # one of several
    (
        "There is a question of pneumothorax and effusion. The former is not there; the latter is.",
        {"Pneumothorax": 0, "Pleural Effusion": 1},
    ),
    (
        "Cardiomegaly and edema were described. The first persists, the other is gone.",
        {"Cardiomegaly": 1, "Edema": 0},
    ),
    # questions and answers
    ("Edema? Absent.", {"Edema": 0}),
    ("PTX? N. Effusion? Y, small, left.", {"Pneumothorax": 0, "Pleural Effusion": 1}),
    ("Any change in the atelectasis? Slightly less of it.", {"Atelectasis": 1}),
    ("Is the mediastinum enlarged? It is normal.", {"Enlarged Cardiomediastinum": 0}),
    ("And the heart? Normal too.", {"Cardiomegaly": 0}),
    ("Heart enlarged? Not on this film.", {"Cardiomegaly": 0}),
    ("Pneumonia? Perhaps.", {"Pneumonia": -1}),
    ("Pneumonia? No, atelectasis.", {"Pneumonia": 0, "Atelectasis": 1}),
    ("Size of the heart? Cannot be judged.", {"Cardiomegaly": -1}),
    ("Pneumothorax was suspected outside. It is confirmed? No.", {"Pneumothorax": 0}),
    # two sentences back, past one that names nothing
    (
        "A small pneumothorax was seen. Film of poor quality. It has resolved.",
        {"Pneumothorax": 0},
    ),
    # the first sentences name nothing
    (
        "The film of yesterday is at hand. It is unchanged, with a small effusion. No edema.",
        {"Pleural Effusion": 1, "Edema": 0},
    ),
    # what looks like a reference and is none
    ("It is normal.", {}),
    ("None is seen.", {}),
    ("Small effusion. No other finding.", {"Pleural Effusion": 1}),
    ("There is a mass. This is highly suspicious for carcinoma.", {"Lung Lesion": 1}),
    ("Left effusion. The lateral view is normal otherwise.", {"Pleural Effusion": 1}),
    ("Right catheter. It was pulled back and now ends in the SVC.", {"Support Devices": 1}),
]


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler(refine=False)


def stated(labeler: Labeler, text: str) -> dict[str, int]:
    labels = zip(labeler.findings, labeler.label(text), strict=True)
    return {name: int(v) for name, v in labels if v is not None and name != "No Finding"}


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_what_refers_back_decides(labeler: Labeler, text: str, expected: dict[str, int]) -> None:
    assert stated(labeler, text) == expected


def test_all_ways_give_the_same_labels(labeler: Labeler) -> None:
    texts = [text for text, _ in CASES]
    fast = [labeler.label(text) for text in texts]
    assert Labeler(refine=False).label_batch(texts) == fast
    assert [tuple(labeler(text).labels.values()) for text in texts] == fast
    piped = Labeler(refine=False).pipe(texts, batch_size=7)
    assert [tuple(report.labels.values()) for report in piped] == fast


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("Edema has resolved. So has the effusion.", "has resolved"),
        ("Edema has resolved. The effusion too.", "has resolved"),
        ("Edema has resolved. The lungs are dark. The effusion has not.", "has not"),
    ],
)
def test_evidence_quotes_the_verdict_that_is_echoed(labeler: Labeler, text: str, cue: str) -> None:
    *_, effusion = labeler(text).mentions
    assert (effusion.finding, effusion.text) == ("Pleural Effusion", "effusion")
    assert [(c.text, c.start) for c in effusion.cues] == [(cue, text.index(cue))]


def test_evidence_quotes_both_places(labeler: Labeler) -> None:
    text = "FINDINGS: There was a pneumothorax.\n\nIMPRESSION: It has  resolved. Small effusion."
    pneumothorax, effusion = labeler(text).mentions
    assert (pneumothorax.label, pneumothorax.section) == (Label.NEGATIVE, "findings")
    assert text[pneumothorax.start : pneumothorax.end] == pneumothorax.text == "pneumothorax"
    (cue,) = pneumothorax.cues
    assert (cue.kind, cue.text) == ("reference", "It has  resolved")
    assert text[cue.start : cue.end] == cue.text
    start, end = pneumothorax.sentence
    assert text[start:end].startswith("There was")
    assert text[start:end].endswith("resolved")
    assert (effusion.label, effusion.cues) == (Label.POSITIVE, ())


QUOTED = [
    (
        "Small effusion was seen. The film is poor. It has resolved. Edema? No.",
        [("effusion", ["It has resolved"]), ("Edema", ["No"])],
    ),
    (
        "Pneumothorax? No, atelectasis. Pneumonia? Possibly.",
        [("Pneumothorax", ["No"]), ("atelectasis", []), ("Pneumonia", ["Possibly"])],
    ),
    (
        "Effusion? No, the heart. It is now enlarged.",
        [("Effusion", ["No"]), ("heart", ["It is now enlarged"])],
    ),
    # words that were split are put together before the phrases are found
    (
        "Edema and effusion were seen. No atelec tasis, the latter has resolved today.",
        [("Edema", []), ("effusion", ["the latter has resolved"]), ("atelec tasis", ["No"])],
    ),
    (
        "Effusion was seen. It has resolved, no atelec tasis.",
        [("Effusion", ["It has resolved"]), ("atelec tasis", ["no"])],
    ),
]


@pytest.mark.parametrize(("text", "expected"), QUOTED, ids=[text for text, _ in QUOTED])
def test_what_refers_back_is_quoted(
    labeler: Labeler, text: str, expected: list[tuple[str, list[str]]]
) -> None:
    mentions = labeler(text).mentions
    assert [(m.text, [cue.text for cue in m.cues]) for m in mentions] == expected
    assert all(text[m.start : m.end] == m.text for m in mentions)


def test_an_answer_is_named_as_one(labeler: Labeler) -> None:
    (mention,) = labeler("Effusion? None.").mentions
    assert [(cue.kind, cue.text) for cue in mention.cues] == [("answer", "None")]


@pytest.fixture(scope="module")
def reader(labeler: Labeler) -> ContextReader:
    return ContextReader(labeler.patterns.context, labeler.patterns.lexicon)


def test_sentences_that_stand_alone_are_passages_by_themselves(reader: ContextReader) -> None:
    sentences = ["Small effusion", "The heart is normal", "It is unchanged", "Lungs clear"]
    passages = reader.passages(sentences, reader.reach, lambda sentence: "Lungs" not in sentence)
    assert passages == [(0, 1), (1, 3), (3, 4)]
    assert [reader.reach(sentence) for sentence in sentences] == [0, 0, REFERS, 0]
    assert [reader.reach(answer) for answer in ("None", "No, stable")] == [ANSWERS, ANSWERS]


def test_only_what_answers_is_read_with_a_question(reader: ContextReader) -> None:
    for sentences in (["Edema?", "Lungs clear"], ["Mild edema", "None"]):
        assert reader.passages(sentences, reader.reach, lambda _: True) == [(0, 1), (1, 2)]
    for sentences in (["Edema?", "None"], ["Mild edema?", "None"], ["Edema", "None"]):
        assert reader.passages(sentences, reader.reach, lambda _: True) == [(0, 2)]


@pytest.mark.parametrize(
    ("sentence", "asks"),
    [
        ("Any effusion?", True),
        ("Q: effusion?", True),
        ("Is there an effusion?", True),
        ("Has the effusion grown?", True),
        ("Lungs wet?", True),
        ("Any effusion is small", False),
        ("Small effusion?", False),
        ("Anyway, an effusion?", False),
    ],
)
def test_a_question_for_a_finding_is_told_from_a_doubt(
    reader: ContextReader, sentence: str, asks: bool
) -> None:
    assert reader.asks(sentence) is asks


@pytest.mark.parametrize("between", ["The latter", "The  latter", "The\nlatter"])
def test_what_refers_back_is_found_after_a_closed_word(reader: ContextReader, between: str) -> None:
    assert reader.reach(f"No change. {between} has resolved") == REFERS


def test_a_reference_reaches_two_back_only_for_what_speaks(reader: ContextReader) -> None:
    sentences = ["Effusion", "Poor film", "It is gone"]
    assert reader.passages(sentences, reader.reach, sentences[0].__eq__) == [(0, 3)]
    sentences.insert(1, "Rotated")
    assert reader.passages(sentences, reader.reach, sentences[0].__eq__) == [(0, 1), (1, 2), (2, 4)]


def test_a_passage_refers_to_nothing_before_it(reader: ContextReader) -> None:
    assert reader.reach("It is unchanged") == REFERS
    assert reader.reach(BOUNDARY.join(["It is unchanged", "Lungs clear"])) == 0


@pytest.mark.parametrize(
    ("sentence", "leans"),
    [
        ("I have searched for them in vain", True),  # by its pronoun
        ("Neither is where the letter puts it", True),
        ("The left side is up again", True),  # for it names nothing
        ("The heart is up to its old size again", True),
        ("The heart is enlarged again", False),
        ("Small effusion today", False),
        ("Lungs clear", False),
        ("Units of measurement", False),  # no word is looked for within another
        (BOUNDARY.join(["Small effusion", "It has gone"]), False),
    ],
)
def test_a_sentence_leans_on_the_one_before_by_its_words(
    reader: ContextReader, sentence: str, leans: bool
) -> None:
    assert reader.leans(sentence) is leans


def test_the_rules_read_a_leaning_sentence_alone(labeler: Labeler) -> None:
    text = "The letter speaks of two nodules. I have searched for them in vain. Heart normal."
    assert len(labeler.passages(text)) == 3
    passages = labeler.passages(text, leaning=True)
    assert [passage.count(BOUNDARY) for passage in passages] == [1, 0]
    # Read together they say to the rules what they say one by one.
    together, alone = (labeler.judge(some) for some in (passages, labeler.passages(text)))
    assert [j.label for js in together for j in js] == [j.label for js in alone for j in js]


def test_passages_are_bounded(reader: ContextReader) -> None:
    sentences = ["Small effusion", *["It is unchanged"] * 9]
    passages = reader.passages(sentences, reader.reach, lambda _: True)
    assert passages == [(0, 4), (4, 8), (8, 10)]


def test_passages_are_quick(labeler: Labeler) -> None:
    sentences = ["Small effusion", *["It is unchanged"] * 10_000]
    started = time.process_time()
    labeler.label(". ".join(sentences))
    assert time.process_time() - started < 20


def test_context_survives_pickling(labeler: Labeler) -> None:
    text = "Edema? Absent."
    assert pickle.loads(pickle.dumps(labeler)).label(text) == labeler.label(text)  # noqa: S301


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The heart is stable. Normal heart size.", Label.NEGATIVE),
        ("Heart size normal. Impression: Heart unchanged.", Label.NEGATIVE),
        ("The heart is stable. The heart is enlarged.", Label.POSITIVE),
        ("The heart is stable.", Label.UNCERTAIN),
        ("The heart is stable. Borderline heart size.", Label.UNCERTAIN),
        ("Normal heart size. Heart size cannot be assessed.", Label.UNCERTAIN),
    ],
)
def test_stable_counts_only_where_nothing_else_is_said(
    labeler: Labeler, text: str, label: Label
) -> None:
    assert labeler(text).labels["Cardiomegaly"] is label
    assert labeler.label_batch([text])[0][labeler.findings.index("Cardiomegaly")] is label


def test_a_stable_heart_that_is_normal_leaves_the_report_normal(labeler: Labeler) -> None:
    assert labeler("Heart stable. Heart size normal.").labels["No Finding"] is Label.POSITIVE
    assert labeler("Heart stable. Lungs clear.").labels["No Finding"] is None


@pytest.mark.parametrize(
    "text",
    [
        "files/p10/p10000032/s50414267/02aa804e.jpg",
        "https://example.org/image.png",
        "El paciente presenta tos. Sin alteraciones significativas en la imagen.",
        "Kein Nachweis eines Ergusses. Herz normal gross.",
        "No acute intracranial abnormality. The ventricles are normal in size. No midline shift.",
        "Liver and spleen are normal. No hydronephrosis.",
        "12345",
        "see attached",
    ],
)
def test_what_is_no_report_has_no_labels(labeler: Labeler, text: str) -> None:
    assert set(labeler.label(text)) == {None}
    assert set(labeler(text).labels.values()) == {None}
    assert not labeler.recognises(text)


@pytest.mark.parametrize(
    "text",
    [
        "Normal.",
        "NAD",
        "Lungs clear.",
        "No acute disease.",
        "Normal chest radiograph.",
        "No active disease seen.",
        "Unremarkable study.",
        "Otherwise neg.",
        "No acute cardiopulmonary process.",
        "Chest: nil acute.",
        "Within normal limits.",
    ],
)
def test_a_general_statement_is_a_report(labeler: Labeler, text: str) -> None:
    assert labeler(text).labels["No Finding"] is Label.POSITIVE
    assert labeler.recognises(text)


@given(
    st.sampled_from([word for word in REFERRING if word.islower()]),
    st.lists(st.sampled_from(REFERRING), max_size=6),
)
def test_the_quick_look_misses_no_reference_at_the_opening(first: str, others: list[str]) -> None:
    sentence = " ".join([first, *others]).strip()
    if any(found.start == 0 for found in FINDER.fitting(sentence)):
        assert FINDER.begin_with(first)
        assert FINDER.may_be_in(sentence)
