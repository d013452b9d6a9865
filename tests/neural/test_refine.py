"""The refiner as a judge: which labels it changes, with what evidence and confidence."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

from chexlabel import Label, Labeler
from chexlabel_neural.familiarity import Familiarity, familiarity, unknown_words
from tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def refined(tiny_model: Path) -> Labeler:
    return Labeler(refine=tiny_model)


@pytest.fixture(scope="module")
def rules() -> Labeler:
    return Labeler(refine=False)


def test_a_blank_becomes_a_value_that_quotes_the_tagged_words(refined: Labeler) -> None:
    text = "IMPRESSION: Some general wetness of both bases."
    report = refined(text)
    assert report.labels["Edema"] is Label.POSITIVE
    assert report.labels["No Finding"] is None
    (mention,) = report.evidence("Edema")
    assert (mention.text, mention.source) == ("wetness", "refiner")
    assert text[mention.start : mention.end] == mention.text
    assert text[slice(*mention.sentence)] == "Some general wetness of both bases"
    assert mention.confidence is not None
    assert mention.confidence > 0.99
    assert report.source("Edema") == "refiner"
    assert report.refiner == "tiny 0.1"


def test_a_value_becomes_another_value(refined: Labeler, rules: Labeler) -> None:
    text = "Pulmonary edema, dryness dryness."
    assert rules.label(text) != refined.label(text)
    report = refined(text)
    assert report.labels["Edema"] is Label.NEGATIVE
    assert [m.label for m in report.mentions if m.finding == "Edema"] == [Label.NEGATIVE]


def test_a_value_becomes_blank_and_its_mention_counts_for_nothing(refined: Labeler) -> None:
    report = refined("Unsaid pneumothorax.")
    assert report.labels["Pneumothorax"] is None
    (mention,) = [m for m in report.mentions if m.finding == "Pneumothorax"]
    assert (mention.label, mention.source, mention.text) == (None, "refiner", "pneumothorax")
    assert report.source("Pneumothorax") == "refiner"


def test_the_net_reads_a_leaning_sentence_with_the_one_before(refined: Labeler) -> None:
    alone = "Left pneumothorax. Unsaid on the right."
    leaning = "Left pneumothorax. They call it unsaid."
    for labels in (refined.label, lambda text: tuple(refined(text).labels.values())):
        place = refined.findings.index("Pneumothorax")
        assert labels(alone)[place] is Label.POSITIVE
        assert labels(leaning)[place] is None
    assert [labels[place] for labels in refined.label_batch([alone, leaning])] == [1, None]
    (mention,) = [m for m in refined(leaning).mentions if m.finding == "Pneumothorax"]
    assert (mention.text, mention.source) == ("pneumothorax", "refiner")


def test_where_the_net_says_nothing_the_rules_stand(refined: Labeler, rules: Labeler) -> None:
    text = "FINDINGS: Stable cardiomegaly. No effusion. Old rib fracture.\nIMPRESSION: No edema."
    assert refined.label(text)[1:5] == rules.label(text)[1:5]
    report = refined(text)
    assert report.labels["Cardiomegaly"] is Label.POSITIVE
    assert report.source("Cardiomegaly") == "rules"
    assert report.confidence("Cardiomegaly") is None  # the tiny net has no head for it


def test_a_transition_that_the_card_leaves_out_is_off(tmp_path: Path, tiny_model: Path) -> None:
    assert tiny_model.is_dir()
    policy = {"Edema": {"blank>positive": 0.9}}
    labeler = Labeler(refine=write_tiny_model(tmp_path / "m", policy=policy))
    assert labeler("Wetness.").labels["Edema"] is Label.POSITIVE
    assert labeler("Maybewet.").labels["Edema"] is None
    assert labeler("Bugs.").labels["Pneumonia"] is None
    assert labeler("Pulmonary edema, dryness.").labels["Edema"] is Label.POSITIVE


def test_a_threshold_is_met_by_the_tempered_probability(tmp_path: Path, tiny_model: Path) -> None:
    assert tiny_model.is_dir()
    # Logits 16 to 6: tempered by 10 the odds are e : 1, by 1 they are e^10 : 1.
    for temperature, label in ((10.0, None), (1.0, Label.POSITIVE)):
        card = dict.fromkeys(("Edema", "Pneumonia", "Pneumothorax", "Other Abnormality"), 1.0)
        folder = tmp_path / str(temperature)
        write_tiny_model(folder, temperature=card | {"Edema": temperature})
        assert Labeler(refine=folder)("Wetness.").labels["Edema"] is label


def test_report_probabilities_are_those_of_independent_sentences(refined: Labeler) -> None:
    one, two = refined("Wetness."), refined("Wetness. Maybewet.")
    for report in (one, two):
        for finding in ("Edema", "Pneumonia", "Pneumothorax", "No Finding"):
            assert sum(report.probabilities[finding].values()) == pytest.approx(1, abs=1e-5)
    assert one.confidence("Edema") == pytest.approx(1, abs=1e-3)
    assert two.labels["Edema"] is Label.POSITIVE
    blank = refined("Heart.").probabilities["Pneumonia"]
    three = refined("Heart. Hearts. Heart size.").probabilities["Pneumonia"]
    assert three[None] == pytest.approx(blank[None] ** 3, rel=1e-5)
    assert 0 < three[Label.POSITIVE] < 3 * blank[Label.POSITIVE]
    assert refined("").probabilities == {}


def test_labels_are_the_same_one_by_one_in_batches_and_with_evidence(refined: Labeler) -> None:
    texts = [
        "Wetness.", "No edema. Bugs.", "", "Nobugs and unsaid pneumothorax.", "XXXX", "Wetness.",
        "Long " * 300 + "wetness.", "Maybewet. Dryness.", "\ud800 wetness",
    ]  # fmt: skip
    one = [refined.label(text) for text in texts]
    assert refined.label_batch(texts) == one
    fresh = pickle.loads(pickle.dumps(refined))  # noqa: S301 - our own
    assert fresh.refiner == refined.refiner
    assert [tuple(r.labels.values()) for r in fresh.pipe(texts, batch_size=4)] == one
    assert one[0] == one[5]
    assert one[0] != one[1]


def test_a_passage_that_is_cut_off_is_left_to_the_rules(refined: Labeler) -> None:
    assert refined("word " * 30 + "wetness").labels["Edema"] is Label.POSITIVE
    assert refined("word " * 300 + "wetness").labels["Edema"] is None
    assert refined("word " * 300 + "pulmonary edema").labels["Edema"] is Label.POSITIVE


def test_what_the_rules_read_in_words_strange_to_the_net_stays(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "m")
    (folder / "vocabulary.txt").write_text("pulmonary\nedema\ndryness\nis\nthere\n", "utf-8")
    labeler = Labeler(refine=write_tiny_model(folder))
    assert labeler("There is pulmonary edema, dryness.").labels["Edema"] is Label.NEGATIVE
    assert labeler("There is pulmonary oedema, dryness.").labels["Edema"] is Label.POSITIVE
    assert labeler("There is dryness.").labels["Edema"] is Label.NEGATIVE


@pytest.mark.parametrize(
    ("policy", "asked", "answer"),
    [("familiar_policy", "unknown_words", 0), ("read_policy", "familiarity", Familiarity.READ)],
)
def test_where_the_rules_know_a_passage_another_policy_holds(
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    asked: str,
    answer: int,
) -> None:
    assert tiny_model.is_dir()
    labeler = Labeler(refine=write_tiny_model(tmp_path / "m", **{policy: {}}))
    assert labeler("General wetness.").labels["Edema"] is Label.POSITIVE
    monkeypatch.setattr(f"chexlabel_neural.refine.{asked}", lambda *_: answer)
    assert labeler("Some general wetness.").labels["Edema"] is None


def test_words_that_the_rules_read_as_one_finding_are_not_made_another(refined: Labeler) -> None:
    labels = refined("Large hydrothorax.").labels
    assert labels["Pleural Effusion"] is Label.POSITIVE
    assert labels["Edema"] is None
    # Where the rules have not read every word, the net may know better.
    assert refined("Large hydrothorax as the vessels told.").labels["Edema"] is Label.POSITIVE


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("No large wetness.", Familiarity.STRANGE),
        ("No pneumothorax or pleural effusion.", Familiarity.READ),
        ("No pneumothorax.\x1eThere is a small left pleural effusion.", Familiarity.READ),
        ("A small effusion is what the right lung was under before.", Familiarity.FAMILIAR),
        ("As before.", Familiarity.FAMILIAR),
    ],
)
def test_how_well_the_rules_know_a_passage(
    rules: Labeler, passage: str, expected: Familiarity
) -> None:
    lexicon = rules.patterns.lexicon
    assert familiarity(passage, unknown_words(passage, lexicon), lexicon) is expected


def test_words_that_the_rules_do_not_know_are_counted(rules: Labeler) -> None:
    lexicon = rules.patterns.lexicon
    assert unknown_words("No large left pneumothorax, 3 cm.", lexicon) == 0
    assert unknown_words("No large left wetness, wetness.", lexicon) == 2
    assert unknown_words("No pneumothorax.", None) == 2


def test_strange_text_gets_low_confidence_and_no_change(tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "m"
    write_tiny_model(folder)
    known = "the heart is normal lungs are clear no acute disease wetness general some"
    (folder / "vocabulary.txt").write_text("\n".join(known.split()), "utf-8")
    labeler = Labeler(refine=write_tiny_model(folder))
    plain = Labeler(refine=tiny_model)
    english = "The heart is normal. Lungs are clear."
    texts = {
        "Spanish": "Corazón de tamaño normal. Sin derrame pleural.",
        "German": "Herz normal groß. Kein Erguss, keine Stauung.",
    }
    for text in texts.values():
        assert _confidence(labeler, text, "Edema") < 0.7
        assert _confidence(plain, text, "Edema") > 0.95
        # What is no English report has no label at all, or one that nobody is sure of.
        named = labeler(text).labels["No Finding"]
        assert named is None or _confidence(labeler, text, "No Finding") < 0.5
    assert _confidence(labeler, english, "Edema") > 0.95
    assert labeler("Some general wetness.").labels["Edema"] is Label.POSITIVE
    assert labeler("Keinerlei wetness beidseits gesehen.").labels["Edema"] is None


def _confidence(labeler: Labeler, text: str, finding: str) -> float:
    confidence = labeler(text).confidence(finding)
    assert confidence is not None
    return confidence
