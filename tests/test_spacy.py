"""The spaCy component "chexlabel", and negspacy's NegEx as an assertion back end."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
import spacy
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

import chexlabel.spacy
from chexlabel import Label, Labeler, Mention, PatternError
from chexlabel.errors import ChexlabelError
from chexlabel.spacy import displacy_data, displacy_options
from places import ROOT

POSITIVE, NEGATIVE, UNCERTAIN = Label.POSITIVE, Label.NEGATIVE, Label.UNCERTAIN

REPORT = "FINDINGS: No focal consolidation. History of pneumonia.\nIMPRESSION: Left effusion."


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("chexlabel")
    return nlp


@pytest.fixture(scope="module")
def negex() -> Labeler:
    return Labeler(assertion="negex")


# The component.


def test_component_gives_spans_and_labels(nlp) -> None:
    doc = nlp(REPORT)
    assert [(span.text, span.label_) for span in doc.spans["chexlabel"]] == [
        ("consolidation", "Consolidation"),
        ("pneumonia", "Pneumonia"),
        ("effusion", "Pleural Effusion"),
    ]
    assert doc._.chexlabel == Labeler()(REPORT)
    assert doc._.chexlabel.labels["Pleural Effusion"] is POSITIVE


def test_span_knows_its_mention(nlp) -> None:
    doc = nlp(REPORT)
    mentions = [span._.chexlabel for span in doc.spans["chexlabel"]]
    assert mentions == list(doc._.chexlabel.mentions)
    assert [mention.label for mention in mentions] == [NEGATIVE, None, POSITIVE]
    (cue,) = mentions[0].cues
    assert (cue.kind, cue.text) == ("negation", "No")


def test_spans_are_widened_to_tokens(nlp) -> None:
    doc = nlp("There is pneumothorax+effusion.")  # one token to spaCy
    spans = doc.spans["chexlabel"]
    assert {span.text for span in spans} == {"pneumothorax+effusion"}
    assert [span._.chexlabel.text for span in spans] == ["pneumothorax", "effusion"]


def test_two_findings_in_the_same_words_are_two_spans(nlp) -> None:
    doc = nlp("No hydropneumothorax.")
    spans = doc.spans["chexlabel"]
    assert {span.label_ for span in spans} == {"Pneumothorax", "Pleural Effusion"}
    assert all(span._.chexlabel.finding == span.label_ for span in spans)


def test_displacy_tells_a_denied_span_from_a_stated_one(nlp) -> None:
    data = displacy_data(nlp(REPORT))
    names = [span["label"] for span in data["spans"]]
    assert names == [
        "\N{MINUS SIGN} Consolidation",
        "\N{WHITE CIRCLE} Pneumonia",
        "+ Pleural Effusion",
    ]
    options = displacy_options(data)
    assert len(set(options["colors"].values())) == 3
    page = displacy.render(data, style="span", manual=True, options=options)
    assert all(name in page and options["colors"][name] in page for name in names)
    with pytest.raises(ValueError, match=r"add_pipe\(\"chexlabel\"\)"):
        displacy_data(spacy.blank("en")("No effusion."))


def test_other_spans_and_docs_have_no_mention(nlp) -> None:
    doc = nlp("No effusion.")
    assert doc[0:1]._.chexlabel is None
    assert doc.char_span(3, 11, "Gout", span_id="0")._.chexlabel is None
    assert doc.char_span(0, 2, "Pleural Effusion", span_id="0")._.chexlabel is None
    assert doc.char_span(3, 11, "Pleural Effusion", span_id="7")._.chexlabel is None
    other = nlp.make_doc("No effusion.")
    assert other._.chexlabel is None
    assert other[1:2]._.chexlabel is None


def test_component_takes_the_labeler_s_arguments() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("chexlabel", config={"sections": ["impression"], "assertion": "negex"})
    doc = nlp("FINDINGS: Edema.\nIMPRESSION: Possible effusion.")
    assert [span.label_ for span in doc.spans["chexlabel"]] == ["Pleural Effusion"]
    assert doc._.chexlabel.labels["Pleural Effusion"] is POSITIVE  # NegEx knows no uncertainty


def test_wrong_arguments_are_errors() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(PatternError, match="chexpert41"):
        nlp.add_pipe("chexlabel", config={"patterns": "chexpert41"})
    with pytest.raises(ChexlabelError, match="no section"):
        nlp.add_pipe("chexlabel", config={"sections": ["footer"]})
    with pytest.raises(ValueError, match="assertion"):  # spaCy's own check of the configuration
        nlp.add_pipe("chexlabel", config={"assertion": "guess"})
    assert nlp.pipe_names == []


@pytest.mark.parametrize("processes", [1, 2])
def test_component_in_a_stream(nlp, processes) -> None:
    texts = ["No edema.", "", "Edema \U0001fac1.", "Possible edema."]
    docs = list(nlp.pipe(texts, n_process=processes, batch_size=2))
    assert [doc._.chexlabel.labels["Edema"] for doc in docs] == [
        NEGATIVE,
        None,
        POSITIVE,
        UNCERTAIN,
    ]
    assert [doc._.chexlabel for doc in docs] == list(Labeler().pipe(texts))
    assert docs[2].spans["chexlabel"][0]._.chexlabel == docs[2]._.chexlabel.mentions[0]


def test_labels_survive_serialisation_of_docs(nlp) -> None:
    doc = nlp(REPORT)
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    store = DocBin(store_user_data=True, docs=[doc])
    (unpacked,) = DocBin().from_bytes(store.to_bytes()).get_docs(nlp.vocab)
    for copy in (again, unpacked):
        assert copy._.chexlabel == doc._.chexlabel
        mentions = [span._.chexlabel for span in copy.spans["chexlabel"]]
        assert mentions == list(doc._.chexlabel.mentions)


def test_what_the_refiner_says_is_kept(tmp_path, monkeypatch) -> None:
    from tiny_model import needs_runtime, write_tiny_model

    needs_runtime()
    monkeypatch.setenv("CHEXLABEL_REFINER", str(write_tiny_model(tmp_path / "model")))
    nlp = spacy.blank("en")
    nlp.add_pipe("chexlabel")
    doc, expected = nlp("Wetness."), Labeler()("Wetness.")
    assert expected.refiner is not None
    assert expected.confidence("Edema") is not None
    assert doc._.chexlabel == expected
    assert Doc(nlp.vocab).from_bytes(doc.to_bytes())._.chexlabel == expected


def test_merging_docs_quotes_no_report(nlp) -> None:
    with pytest.warns(UserWarning, match="chexlabel") as warned:
        merged = Doc.from_docs([nlp("SMITH has an effusion."), nlp("No edema.")])
    assert not [each for each in warned if "effusion" in str(each.message)]
    assert merged._.chexlabel is None
    assert nlp(merged)._.chexlabel == Labeler()(merged.text)


def test_pipeline_can_be_saved(tmp_path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("chexlabel", config={"sections": ["impression"]})
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    assert loaded.get_pipe_meta("chexlabel").factory == "chexlabel"
    text = "FINDINGS: Edema.\nIMPRESSION: No effusion."
    assert loaded(text)._.chexlabel == nlp(text)._.chexlabel
    assert loaded(text)._.chexlabel.labels["Edema"] is None
    restored = nlp.from_bytes(nlp.to_bytes())
    assert restored(text)._.chexlabel == loaded(text)._.chexlabel


def test_pipeline_can_be_pickled(nlp) -> None:
    copy = pickle.loads(pickle.dumps(nlp))  # noqa: S301
    assert copy(REPORT)._.chexlabel == nlp(REPORT)._.chexlabel


def test_entry_point_names_the_factory() -> None:
    """With the package installed, spaCy finds the component without an import."""
    pyproject = ROOT / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    module, _, attribute = project["entry-points"]["spacy_factories"]["chexlabel"].partition(":")
    assert getattr(importlib.import_module(module), attribute) is chexlabel.spacy.make_component


def test_labeler_does_not_load_spacy() -> None:
    code = "import sys, chexlabel; chexlabel.Labeler()('Edema.'); print('spacy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "False\n", result.stderr


# NegEx.


def decided(labeler: Labeler, text: str) -> list[tuple[str, Label | None, list[str]]]:
    """Return finding, label and cue texts of every mention."""
    return [(m.finding, m.label, [c.text for c in m.cues]) for m in labeler(text).mentions]


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("No effusion.", [("Pleural Effusion", NEGATIVE, ["No"])]),
        ("Small effusion.", [("Pleural Effusion", POSITIVE, [])]),
        (
            "There is no evidence of edema or effusion.",
            [
                ("Edema", NEGATIVE, ["no evidence of"]),
                ("Pleural Effusion", NEGATIVE, ["no evidence of"]),
            ],
        ),
        ("Pneumothorax was ruled out.", [("Pneumothorax", NEGATIVE, ["was ruled out"])]),
        (
            "No effusion but mild edema.",
            [("Pleural Effusion", NEGATIVE, ["No"]), ("Edema", POSITIVE, [])],
        ),
        ("No change in effusion.", [("Pleural Effusion", POSITIVE, [])]),
        ("Without ___ XXXX pneumothorax.", [("Pneumothorax", NEGATIVE, ["Without"])]),
        ("r/o pneumonia", [("Pneumonia", NEGATIVE, ["r/o"])]),
        ("The patient doesn't have pneumonia.", [("Pneumonia", NEGATIVE, ["doesn't"])]),
    ],
)
def test_negex_negates(negex, text, mentions) -> None:
    assert decided(negex, text) == mentions


def test_negex_takes_no_other_cue_of_the_pattern_set(negex) -> None:
    text = "Possible pneumonia. Resolved edema. History of effusion. Pneumothorax or fracture."
    by_negex = [label for _, label, _ in decided(negex, text)]
    by_scope = [label for _, label, _ in decided(Labeler(), text)]
    assert by_negex == [POSITIVE] * 5
    assert by_scope == [UNCERTAIN, NEGATIVE, None, UNCERTAIN, UNCERTAIN]


def test_negex_leaves_anatomy_its_state(negex) -> None:
    text = "Heart size is normal. The mediastinum is widened."
    assert [label for _, label, _ in decided(negex, text)] == [NEGATIVE, POSITIVE]
    assert decided(negex, "No enlargement of the heart.")[0][1] is NEGATIVE


def test_negex_cues_quote_the_text(negex) -> None:
    text = "Clear lungs.  There is NO\n XXXX pleural  effusion, and no fracture (ribs)."
    report = negex(text)
    assert [mention.label for mention in report.mentions] == [NEGATIVE, NEGATIVE]
    for mention in report.mentions:
        for quoted in (mention, *mention.cues):
            assert text[quoted.start : quoted.end] == quoted.text


def test_negex_labels_alone_are_those_of_the_full_result(negex) -> None:
    for text in ("No effusion, edema.", "Effusion is unlikely.", "", "Clear lungs."):
        assert negex.label(text) == tuple(negex(text).labels.values())


def test_negex_can_be_pickled_and_shared_by_threads(negex) -> None:
    texts = [f"{'No' if i % 2 else 'Some'} effusion of {i} ml." for i in range(400)]
    alone = [negex(text) for text in texts]
    copy = pickle.loads(pickle.dumps(Labeler(assertion="negex")))  # noqa: S301
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(copy, texts))
    assert together == alone
    assert [report.labels["Pleural Effusion"] for report in alone] == [POSITIVE, NEGATIVE] * 200


def test_negex_reads_sentences_of_any_length(negex) -> None:
    text = "word " * 250_000 + "no effusion"  # spaCy refuses a million characters by default
    mention: Mention
    (mention,) = negex(text).mentions
    assert mention.label is NEGATIVE
