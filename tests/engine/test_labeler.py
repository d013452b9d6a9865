"""`Labeler`: labels, evidence, streams and frames, sections, errors, copies."""

from __future__ import annotations

import copy
import itertools
import json
import pickle

import pandas as pd
import pyarrow as pa
import pytest

import chexlabel
from chexlabel import InputError, Label, LabeledReport, Labeler, PatternError, Report, SectionSpan
from chexlabel.errors import ChexlabelError

POSITIVE, NEGATIVE, UNCERTAIN = Label.POSITIVE, Label.NEGATIVE, Label.UNCERTAIN

CHEXPERT_ORDER = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Lesion",
    "Lung Opacity",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)

REPORT = """\
INDICATION: Cough, rule out pneumonia. History of fracture.
COMPARISON: Effusion seen on the film of last week.
FINDINGS: No focal consolidation is seen in either lung. A small left effusion
may be present.
IMPRESSION: Mild pulmonary edema.
"""


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler()


def given(report: LabeledReport) -> dict[str, Label]:
    """Return the labels that are not blank."""
    return {finding: label for finding, label in report.labels.items() if label is not None}


# What other labelers get wrong.


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("No rib fracture", {"Fracture": NEGATIVE}),
        ("No rib fracture.", {"Fracture": NEGATIVE}),
        (
            "Heart and mediastinum normal.",
            {"Cardiomegaly": NEGATIVE, "Enlarged Cardiomediastinum": NEGATIVE},
        ),
        (
            "No pneumothorax, stable cardiomegaly.",
            {"Pneumothorax": NEGATIVE, "Cardiomegaly": POSITIVE},
        ),
        ("Pneumonia cannot be excluded.", {"Pneumonia": UNCERTAIN}),
        ("Resolved edema.", {"Edema": NEGATIVE}),
        ("Pneumothorax: none.", {"Pneumothorax": NEGATIVE}),
    ],
)
def test_known_failures_of_other_labelers(labeler, text, labels) -> None:
    found = given(labeler(text))
    found.pop("No Finding", None)
    assert found == labels


# Labels.


def test_findings_stand_in_the_order_of_chexpert(labeler) -> None:
    assert labeler.findings == CHEXPERT_ORDER
    assert tuple(labeler("No edema.").labels) == CHEXPERT_ORDER


def test_labels_alone_are_those_of_the_full_result(labeler) -> None:
    assert labeler.label(REPORT) == tuple(labeler(REPORT).labels.values())


def test_equal_labels_are_one_object(labeler) -> None:
    assert labeler.label("No edema.") is labeler.label("There is no pulmonary edema.")


@pytest.mark.parametrize("text", ["", " \n\t", "...", "___", "12.5"])
def test_report_without_words_is_blank(labeler, text) -> None:
    assert set(labeler.label(text)) == {None}
    assert labeler(text).mentions == ()


def test_positive_outranks_uncertain_outranks_negative(labeler) -> None:
    negative, uncertain, positive = "No effusion. ", "Possible effusion. ", "Large effusion. "
    for parts, label in [
        ((negative,), NEGATIVE),
        ((negative, uncertain), UNCERTAIN),
        ((negative, uncertain, positive), POSITIVE),
    ]:
        for order in itertools.permutations(parts):
            assert labeler("".join(order)).labels["Pleural Effusion"] is label


def test_no_finding_needs_a_text_without_abnormality(labeler) -> None:
    assert labeler("No pneumothorax. The lungs are clear.").labels["No Finding"] is POSITIVE
    assert labeler("A right chest port ends in the SVC.").labels["No Finding"] is POSITIVE
    assert labeler("Possible effusion.").labels["No Finding"] is None


# Evidence.


def test_evidence_quotes_the_text(labeler) -> None:
    report = labeler(REPORT)
    mentions = {mention.finding: mention for mention in report.mentions}
    assert set(mentions) == {"Consolidation", "Pleural Effusion", "Edema"}
    effusion = mentions["Pleural Effusion"]
    assert effusion.label is UNCERTAIN
    assert effusion.section == "findings"
    assert REPORT[slice(*effusion.sentence)] == "A small left effusion\nmay be present"
    assert REPORT[effusion.start : effusion.end] == effusion.text
    assert effusion.text.endswith("effusion")
    (cue,) = effusion.cues
    assert (cue.kind, cue.text) == ("uncertainty", "may be present")
    assert REPORT[cue.start : cue.end] == cue.text
    assert mentions["Edema"].section == "impression"
    assert mentions["Edema"].cues == ()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Pneumonia or atelectasis.", "alternative", "or"),
        ("Pneumonia versus atelectasis.", "alternative", "versus"),
        ("The heart is enlarged.", "state", "enlarged"),
        ("No effusion on the right, small on the left.", "elision", "small on the left"),
        ("Edema has resolved, the effusion has not.", "reversal", "has not"),
        ("The heart is enlarged, the mediastinum is not.", "reversal", "is not"),
    ],
)
def test_evidence_says_what_a_cue_of_no_kind_does(labeler, text, kind, words) -> None:
    cues = [cue for mention in labeler(text).mentions for cue in mention.cues]
    assert (kind, words) in {(cue.kind, cue.text) for cue in cues}
    told = [decision.rule for trace in labeler.trace(text) for decision in trace.decisions]
    assert any(f'{kind} "{words}"' in rule for rule in told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("No pneu mothorax, small effusion.", ["pneu mothorax", "effusion"]),
        ("No XXXX pneumothorax, ___ effusion.", ["pneumothorax", "effusion"]),
        ("No pneu mothorax, XXXX effusion.", ["pneu mothorax", "effusion"]),
    ],
)
def test_evidence_quotes_around_removed_and_split_words(labeler, text, words) -> None:
    assert [mention.text for mention in labeler(text).mentions] == words


def test_evidence_for_a_finding_are_the_mentions_with_its_label(labeler) -> None:
    report = labeler("No left effusion. Small right effusion. History of effusion.")
    assert [m.label for m in report.mentions] == [NEGATIVE, POSITIVE, None]
    assert [m.start for m in report.evidence("Pleural Effusion")] == [report.mentions[1].start]
    assert report.evidence("Edema") == ()
    with pytest.raises(KeyError):
        report.evidence("Gout")


def test_words_may_speak_of_two_findings(labeler) -> None:
    report = labeler("Small right hydropneumothorax.")
    assert {m.finding for m in report.mentions} == {"Pneumothorax", "Pleural Effusion"}
    assert len({m.text for m in report.mentions}) == 1


def test_mentions_stand_in_text_order(labeler) -> None:
    report = labeler("Heart size is normal, no effusion, and the mediastinum is widened.")
    starts = [mention.start for mention in report.mentions]
    assert len(starts) == 3
    assert starts == sorted(starts)


# Reports and sections.


def test_report_keeps_its_id(labeler) -> None:
    assert labeler(Report("r1", "No edema.")).id == "r1"
    assert labeler("No edema.").id is None


def test_spans_of_the_source_replace_headings(labeler) -> None:
    text = "Edema. No fracture. IMPRESSION: Effusion."
    spans = (SectionSpan("indication", 0, 6), SectionSpan("findings", 7, 19))
    report = Report("r1", text, spans=spans)
    assert given(labeler(report)) == {"No Finding": POSITIVE, "Fracture": NEGATIVE}
    assert labeler.label(report) == tuple(labeler(report).labels.values())


def test_sections_choose_what_counts() -> None:
    assert given(Labeler(sections=["impression"])(REPORT)) == {"Edema": POSITIVE}
    both = Labeler(sections=["Findings", "impression"])(REPORT)
    assert given(both) == given(Labeler()(REPORT))


def test_sections_that_do_not_exist_are_an_error() -> None:
    with pytest.raises(ChexlabelError, match=r"'findngs-2'.*did you mean 'findings'"):
        Labeler(sections=["findngs-2"])


# Streams.


def test_pipe_is_lazy_and_in_order(labeler) -> None:
    taken = []

    def texts():
        for finding in ("edema", "pneumonia", "fracture"):
            taken.append(finding)
            yield f"No {finding}."

    labeled = labeler.pipe(texts())
    assert taken == []
    assert next(labeled).labels["Edema"] is NEGATIVE
    assert taken == ["edema"]
    assert [report.mentions[0].finding for report in labeled] == ["Pneumonia", "Fracture"]


@pytest.mark.parametrize("batch_size", [0, -1])
def test_pipe_refuses_a_batch_of_none(labeler, batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"batch_size must be 1 or more, not {batch_size}"):
        labeler.pipe(["No edema."], batch_size=batch_size)


def test_pipe_takes_texts_and_reports(labeler) -> None:
    assert [r.id for r in labeler.pipe(["No edema.", Report("r2", "Edema.")])] == [None, "r2"]


# DataFrames.


def test_label_frame(labeler) -> None:
    frame = pd.DataFrame(
        {"note": ["No edema.", None, "Possible effusion.", "Fracture."], "age": [1, 2, 3, 4]},
        index=["a", "b", "c", "a"],
    )
    labels = labeler.label_frame(frame, text="note")
    assert list(labels.columns) == list(labeler.findings)
    assert list(labels.index) == ["a", "b", "c", "a"]
    assert set(map(str, labels.dtypes)) == {"Int8"}
    assert labels["Edema"].tolist() == [0, pd.NA, pd.NA, pd.NA]
    assert labels["Pleural Effusion"].tolist() == [pd.NA, pd.NA, -1, pd.NA]
    assert labels["Fracture"].tolist() == [pd.NA, pd.NA, pd.NA, 1]
    assert labels["No Finding"].tolist() == [1, pd.NA, pd.NA, pd.NA]


def test_label_frame_without_rows(labeler) -> None:
    labels = labeler.label_frame(pd.DataFrame({"report": []}))
    assert labels.shape == (0, 14)
    assert list(labels.columns) == list(labeler.findings)


def test_label_frame_names_the_columns_there_are(labeler) -> None:
    with pytest.raises(InputError, match=r"column 'report': .* its columns are: 'note', 'age'"):
        labeler.label_frame(pd.DataFrame({"note": ["No edema."], "age": [40]}))


def test_label_frame_takes_a_series(labeler) -> None:
    labels = labeler.label_frame(pd.Series(["No edema.", float("nan")], index=["a", "b"]))
    assert list(labels.index) == ["a", "b"]
    assert labels["Edema"].tolist() == [0, pd.NA]


def test_label_frame_returns_the_kind_of_frame_it_is_given(labeler) -> None:
    table = pa.table({"report": ["No edema.", None, "Possible edema."]})
    labels = labeler.label_frame(table)
    assert isinstance(labels, pa.Table)
    assert labels.column_names == list(labeler.findings)
    assert labels["Edema"].to_pylist() == [0, None, -1]


def test_label_frame_takes_polars(labeler) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"report": ["No edema.", None]})
    for given_frame in (frame, frame["report"]):
        labels = labeler.label_frame(given_frame)
        assert labels.columns == list(labeler.findings)
        assert set(labels.dtypes) == {pl.Int8}
        assert labels["Edema"].to_list() == [0, None]
    with pytest.raises(TypeError, match=r"not LazyFrame; call its collect\(\) first"):
        labeler.label_frame(frame.lazy())


@pytest.mark.parametrize(
    ("values", "kind"), [([7], "int"), ([b"No edema."], "bytes"), ([["No edema."]], "list")]
)
def test_label_frame_refuses_a_column_that_is_no_text(labeler, values, kind: str) -> None:
    message = rf"column 'id': has {kind} in row 2, not text; name the column of the reports"
    for frame in (
        pd.DataFrame({"id": [None, *values]}, dtype=object),
        pa.table({"id": [None, *values]}),
    ):
        with pytest.raises(InputError, match=message):
            labeler.label_frame(frame, text="id")
    with pytest.raises(InputError, match=f"the Series: has {kind} in row 1"):
        labeler.label_frame(pd.Series(values))


@pytest.mark.parametrize("dtype", [object, float, "string", "Int64", "datetime64[ns]"])
def test_label_frame_takes_a_column_without_any_value(labeler, dtype) -> None:
    labels = labeler.label_frame(pd.Series([None, None], dtype=dtype))
    assert labels.isna().all(axis=None)


@pytest.mark.parametrize(
    "columns",
    [[0, 1], [("a", "id"), ("a", "report")], pd.to_datetime(["2020-01-01", "2021-01-01"])],
)
def test_label_frame_takes_columns_whose_names_are_no_texts(labeler, columns) -> None:
    frame = pd.DataFrame([["x", "No edema."]], columns=columns)
    labels = labeler.label_frame(frame, text=frame.columns[1])
    assert labels["Edema"].tolist() == [0]
    with pytest.raises(InputError, match="column '1': not in the frame; its columns are:"):
        labeler.label_frame(frame, text="1")


def test_label_frame_names_the_columns_that_have_one_name(labeler) -> None:
    frame = pd.DataFrame([["No edema.", "No effusion.", 3]], columns=["report", "report", "age"])
    for twice in (frame, pa.table([["a"], ["b"], [3]], names=list(frame.columns))):
        with pytest.raises(InputError, match=r"columns of the frame have one name: 'report'; "):
            labeler.label_frame(twice)


@pytest.mark.parametrize("frame", [["No edema."], "No edema.", None])
def test_label_frame_refuses_what_is_no_frame(labeler, frame) -> None:
    with pytest.raises(TypeError, match=f"not {type(frame).__name__}$"):
        labeler.label_frame(frame)


# What is no report.


@pytest.mark.parametrize("report", [None, 1.5, b"No edema.", ["No edema."]])
def test_what_is_no_report_is_a_type_error(labeler, report) -> None:
    for call in (labeler, labeler.label):
        with pytest.raises(TypeError, match=f"not {type(report).__name__}$"):
            call(report)


@pytest.mark.parametrize("reports", ["No edema.", b"No edema.", Report("1", "No edema.")])
def test_one_report_is_no_stream(labeler, reports) -> None:
    for call in (labeler.pipe, labeler.label_batch):
        with pytest.raises(TypeError, match="give a list or another iterable of reports"):
            call(reports)


# Labeled reports as values and in notebooks.


def test_to_dict_is_json_and_quotes_the_text(labeler) -> None:
    found = json.loads(json.dumps(labeler(Report("7", "No edema. Small effusion.")).to_dict()))
    assert found["id"] == "7"
    assert {f: v for f, v in found["labels"].items() if v is not None} == {
        "Edema": 0,
        "Pleural Effusion": 1,
    }
    assert [m["text"] for m in found["mentions"]] == ["edema", "effusion"]
    assert found["mentions"][0]["cues"][0]["text"] == "No"


def test_notebook_shows_the_text_marked_and_escaped(labeler) -> None:
    shown = labeler(Report("<7>", "No edema. <b>Small effusion</b>."))._repr_html_()
    assert '<mark class="cx-mention cx-negative"' in shown
    assert "&lt;b&gt;Small" in shown
    assert "<b>" not in shown
    assert "<strong>&lt;7&gt;</strong>" in shown
    assert "prefers-color-scheme" not in shown  # it brings its own paper
    assert "Every finding is blank" in labeler("")._repr_html_()


def test_repr_does_not_quote_the_report(labeler) -> None:
    assert "secret" not in repr(labeler("A secret. No edema."))


# Construction and copies.


def test_unknown_pattern_set_is_an_error(tmp_path) -> None:
    with pytest.raises(PatternError, match="chexpert41"):
        Labeler("chexpert41")
    with pytest.raises(PatternError, match="nowhere"):
        Labeler(tmp_path / "nowhere")


def test_unknown_assertion_is_an_error() -> None:
    with pytest.raises(ValueError, match="'scope' or 'negex'"):
        Labeler(assertion="guess")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda labeler: pickle.loads(pickle.dumps(labeler))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_label_alike(clone) -> None:
    original = Labeler(sections=["impression"])
    labels = original.label(REPORT)
    assert clone(original).label(REPORT) == labels


def test_public_names_are_sorted_and_there() -> None:
    assert chexlabel.Labeler is Labeler
    assert list(chexlabel.__all__) == sorted(chexlabel.__all__)
    assert all(hasattr(chexlabel, name) for name in chexlabel.__all__)
