"""The stages of reading a sentence, each by itself: clauses and lists, scopes, decision, trace."""

from __future__ import annotations

import pytest

from chexlabel import Labeler
from chexlabel.cli import main
from chexlabel.engine.inner_words import without_inner_words
from chexlabel.engine.junctions import Junction, junction_at
from chexlabel.engine.match import find_matches, symbolize
from chexlabel.engine.trace import ClauseTrace, Trace
from chexlabel.labels import Label
from chexlabel.patterns.roles import Tag


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler(refine=False)


def read(labeler: Labeler, text: str) -> Trace:
    (found,) = labeler.trace(text)
    return found


def clauses(labeler: Labeler, text: str) -> list[tuple[str, str]]:
    return [(clause.text, clause.rule) for clause in read(labeler, text).clauses]


# Each sentence with what its second clause is, and the rule that opens it there.
OPENINGS = [
    ("No pneumothorax but effusion is seen.", "but effusion is seen", "terminator"),
    ("Atelectasis, there is edema.", ", there is edema", "there is"),
    ("Cardiomegaly, possible edema.", ", possible edema", "a cue of its own"),
    ("Effusion or no pneumothorax.", "or no pneumothorax", "a cue of its own"),
    ("No nodule, there may be edema or effusion.", ", there may be edema or effusion",
     "a cue of its own"),
    ("No pneumothorax, stable cardiomegaly.", ", stable cardiomegaly",
     "presented as being there"),
    ("No effusion, heart size is normal.", ", heart size is normal", "an organ begins"),
    ("No effusion, lungs are without edema.", ", lungs are without edema", "a verb with a subject"),
    ("Atelectasis, effusion without pneumothorax.", ", effusion without pneumothorax",
     "a cue after the subject"),
    ("No pneumothorax, the chest tube has a kink.", ", the chest tube has a kink",
     "a verb after the subject"),
    ("No effusion, edema has resolved.", ", edema has resolved", "a verdict of its own"),
    ("No mass is seen, effusion is seen.", ", effusion is seen", "a verb of its own"),
    ("No pneumothorax, chest tube unchanged.", ", chest tube unchanged", "a state of its own"),
    ("No effusion is seen, left basilar atelectasis.", ", left basilar atelectasis",
     "the list before was finished"),
    ("No infiltrate or effusion, cardiomegaly.", ", cardiomegaly", "the list before was finished"),
    ("No pneumothorax mild edema.", "mild edema", "presented without a comma"),
    ("Effusion Y edema N.", "edema N", "follows an answer"),
    ("No effusion on the right, small on the left.", "small on the left", "left out its noun"),
    ("Effusion has resolved and so has edema.", "and so has edema", "echoes the verdict before"),
    ("Effusion has resolved as has edema.", "as has edema", "echoes the verdict before"),
    ("Effusion has resolved, edema too.", ", edema too", "echoes the verdict before"),
    ("Mass with fluid, possible erosion.", ", possible erosion", "a cue of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "second", "rule"), OPENINGS)
def test_a_clause_begins(labeler: Labeler, text: str, second: str, rule: str) -> None:
    first, other = clauses(labeler, text)
    assert first[1] == "begins the sentence"
    assert other == (second, rule)


@pytest.mark.parametrize(
    "text",
    [
        "No effusion, pneumothorax, or mass.",
        "No focal, mild consolidation.",
        "No nodule, small effusion, or mass.",
        "No infiltrate or effusion, mass, or nodule.",
        "No effusion, mediastinal widening or mass.",
        "No cardiomegaly, enlarged mediastinum, or edema.",
        "Opacity may represent pneumonia and mild edema.",
        "Atelectasis, possible.",
        "Effusion, nodule and mass are seen.",
        "Effusion, enlarged heart and edema have resolved.",
        "Effusion, mediastinal nodule and edema have resolved.",
        "Pneumonia, however, is suspected.",
        "Pleural fluid or thickening.",
        "There is no effusion, mass, or pneumothorax seen.",
        "Effusion - no.",
        "No effusion on the right, small left mass, or nodule.",
        "No focal, thickened markings or mass.",
        "No edema, shadow in bilateral mid zones, or mass.",
    ],
)
def test_a_list_goes_on(labeler: Labeler, text: str) -> None:
    assert len(clauses(labeler, text)) == 1


def scopes(clause: ClauseTrace) -> list[tuple[str, str, bool]]:
    return [(scope.cue, scope.governed, scope.is_verdict) for scope in clause.scopes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion or mass.", [("No", "effusion or mass.", False)]),
        ("No pneumothorax with small effusion.", [("No", "pneumothorax", False)]),
        ("No pneumothorax after placement of a chest tube.", [("No", "pneumothorax", False)]),
        ("Effusion and edema have resolved.",
         [("have resolved", "Effusion and edema", True)]),
        ("No evidence of edema without effusion.",
         [("No evidence of", "edema", False), ("without", "effusion.", False)]),
    ],
)  # fmt: skip
def test_how_far_a_cue_governs(
    labeler: Labeler, text: str, expected: list[tuple[str, str, bool]]
) -> None:
    (clause,) = read(labeler, text).clauses
    found = [(cue, words.rstrip("."), back) for cue, words, back in scopes(clause)]
    assert found == [(cue, words.rstrip("."), back) for cue, words, back in expected]


# Every sentence says what the engine's comments say of it: words -> label.
SAID = [
    ("Opacity which may reflect crowding or pneumonia.", {"opacity": 1, "pneumonia": -1}),
    ("A PICC, for which pneumothorax is a consideration.", {"picc": 1, "pneumothorax": -1}),
    ("Pneumonia superimposed on edema cannot be excluded.", {"pneumonia": -1, "edema": 1}),
    ("Effusion with negative cultures.", {"effusion": 1}),
    ("Nodule versus vessel on end.", {"nodule": -1}),
    ("No change in edema or effusion.", {"edema": 1, "effusion": 1}),
    ("Atelectasis, effusion has resolved.", {"atelectasis": 1, "effusion": 0}),
    ("Atelectasis, edema and effusion have resolved.",
     {"atelectasis": 0, "edema": 0, "effusion": 0}),
    ("Atelectasis, edema, effusion have resolved.",
     {"atelectasis": 0, "edema": 0, "effusion": 0}),
    ("Along with edema, atelectasis, effusion have resolved.",
     {"edema": 1, "atelectasis": 0, "effusion": 0}),
    ("Except for the drain, all tubes have been removed.", {"drain": 1, "tubes": 0}),
    ("Atelectasis, with infection less likely.", {"atelectasis": 1, "infection": -1}),
    ("Pneumonia, however, is suspected.", {"pneumonia": -1}),
    ("There is mild or moderate edema.", {"edema": 1}),
    ("Effusion and mild or moderate edema.", {"effusion": 1, "edema": 1}),
    ("No mild or moderate edema.", {"edema": 0}),
    ("Atelectasis, edema, or effusion.", {"atelectasis": -1, "edema": -1, "effusion": -1}),
    ("Cardiomegaly; atelectasis or pneumonia at the base.",
     {"cardiomegaly": 1, "atelectasis": -1, "pneumonia": -1}),
    ("Enlarged heart and effusion have resolved.", {"heart": 0, "effusion": 0}),
    ("No enlarged heart or effusion.", {"heart": 0, "effusion": 0}),
    ("Enlarged heart cannot be excluded.", {"heart": -1}),
    ("Normal heart and effusion cannot be excluded.", {"heart": 0, "effusion": -1}),
    ("No infiltrate or effusion, cardiomegaly.",
     {"infiltrate": 0, "effusion": 0, "cardiomegaly": 1}),
    ("No effusion or pneumothorax, PICC in the SVC.",
     {"effusion": 0, "pneumothorax": 0, "picc": 1}),
    ("Opacity suspected to represent pneumonia.", {"opacity": 1, "pneumonia": -1}),
    ("If there is concern for small nodule, mass, large effusion, or edema, CT may be obtained.",
     {"nodule": None, "mass": None, "effusion": None, "edema": None}),
    ("Effusion, which could be an empyema, and edema.", {"effusion": 1, "edema": 1}),
    ("Heart failure and edema are not seen.", {"heart failure": 0, "edema": 0}),
    ("The mediastinum is negative for mass.", {"mass": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SAID, ids=[text for text, _ in SAID])
def test_what_is_said(labeler: Labeler, text: str, expected: dict[str, int | None]) -> None:
    decisions = read(labeler, text).decisions
    got = {decision.words.lower(): decision.label for decision in decisions}
    assert {words: got.get(words, "missing") for words in expected} == expected


DECIDED = [
    ("Possible edema is suspected.", [("edema", ["Possible", "is suspected"])]),
    ("No edema is not seen.", [("edema", ["No", "is not seen"])]),
    ("Possible effusion has resolved.", [("effusion", ["has resolved"])]),
    (
        "The mediastinum keeps to its normal bounds; the lungs keep free of consolidation.",
        [("mediastinum", ["normal"]), ("consolidation", ["free of"])],
    ),
]


@pytest.mark.parametrize(("text", "expected"), DECIDED, ids=[text for text, _ in DECIDED])
def test_the_strongest_cues_decide_and_stand_in_text_order(
    labeler: Labeler, text: str, expected: list[tuple[str, list[str]]]
) -> None:
    mentions = labeler(text).mentions
    assert [(m.text, [cue.text for cue in m.cues]) for m in mentions] == expected


def junction(labeler: Labeler, text: str, at: int) -> Junction:
    lexicon = labeler.patterns.lexicon
    return junction_at(find_matches(symbolize(text, lexicon), lexicon) or [], at)


def test_words_in_a_row_make_one_junction(labeler: Labeler) -> None:
    assert junction(labeler, "effusion, and mass", 1) == (Tag.CONJUNCTION, 1, 3, 2, True)
    assert junction(labeler, "effusion or, mass", 1) == (Tag.DISJUNCTION, 1, 3, 1, True)
    assert junction(labeler, "effusion and mass", 1) == (Tag.CONJUNCTION, 1, 2, 1, False)
    assert junction(labeler, "effusion, then and mass", 1) == (Tag.SEPARATOR, 1, 2, 1, True)


def label(labeler: Labeler, text: str, finding: str) -> Label | None:
    return labeler(text).labels[finding]


def test_of_many_cues_the_oldest_ends(labeler: Labeler) -> None:
    text = "If there is {}effusion, CT."
    assert label(labeler, text.format("probable " * 7), "Pleural Effusion") is None
    assert label(labeler, text.format("probable " * 8), "Pleural Effusion") is Label.UNCERTAIN


def test_a_verdict_reaches_as_far_as_its_kind(labeler: Labeler) -> None:
    text = "Effusion {}was seen previously."
    assert label(labeler, text.format("basal " * 3), "Pleural Effusion") is None
    assert label(labeler, text.format("basal " * 9), "Pleural Effusion") is Label.POSITIVE


def test_an_introduction_is_short(labeler: Labeler) -> None:
    text = "Except for the {}drain, all tubes have been removed."
    assert label(labeler, text.format("bilateral " * 47), "Support Devices") is Label.POSITIVE
    assert label(labeler, text.format("bilateral " * 48), "Support Devices") is Label.NEGATIVE


def test_a_longer_phrase_hides_the_organ_in_it() -> None:
    labeler = Labeler("nih14", refine=False)
    assert label(labeler, "Heart failure, enlarged.", "Cardiomegaly") is None
    assert label(labeler, "Heart, enlarged.", "Cardiomegaly") is Label.POSITIVE


def test_only_longer_words_of_a_finding_hide_an_organ(labeler: Labeler) -> None:
    lexicon = labeler.patterns.lexicon
    heart, finding = find_matches(symbolize("heart effusion", lexicon), lexicon) or []
    organ = heart._replace(end=2)
    longer, equal = finding._replace(start=0, end=3), finding._replace(start=0, end=2)
    assert without_inner_words([longer, organ], 3) == [longer]
    assert without_inner_words([equal, organ], 3) == [equal, organ]


def test_the_command_shows_how_a_sentence_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--trace", "No effusion or mass, edema has resolved."]) == 0
    assert capsys.readouterr().out == (
        "No effusion or mass, edema has resolved\n"
        '  clause 1 (begins the sentence): "No effusion or mass"\n'
        "    list: effusion | mass\n"
        '    scope: "No" (negation) over "effusion or mass"\n'
        '  clause 2 (a verdict of its own): ", edema has resolved"\n'
        '    scope: "has resolved" (resolution) back over ", edema"\n'
        '  Pleural Effusion negative: "effusion" by negation "No"\n'
        '  Lung Lesion negative: "mass" by negation "No"\n'
        '  Edema negative: "edema" by resolution "has resolved"\n'
    )


def test_a_state_that_is_a_cue_too_is_told_once(labeler: Labeler) -> None:
    (mention,) = labeler("Borderline heart size.").mentions
    assert [cue.text for cue in mention.cues] == ["Borderline"]


def test_a_report_without_findings_has_no_trace(labeler: Labeler) -> None:
    assert list(labeler.trace("The patient is rotated.")) == []
