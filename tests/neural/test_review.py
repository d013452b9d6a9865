"""The review queue: what is likely wrong comes first, with both readings."""

from __future__ import annotations

from pathlib import Path

import pytest

from chexlabel import InputError, Label, Labeler, OutputError, label_file
from chexlabel.cli import main
from chexlabel.run.review import report_risk, review_file, review_queue

_REPORTS = """\
id,report
sure,Heart size is normal. No pneumothorax.
changed,General wetness <b>of both bases</b>.
torn,"Pulmonary edema. Dryness. Dryness and maybewet. Bugs, nobugs."
empty,
"""


@pytest.fixture(scope="module")
def refined(tiny_model: Path) -> Labeler:
    return Labeler(refine=tiny_model)


@pytest.fixture
def labels(tmp_path: Path, refined: Labeler) -> Path:
    (tmp_path / "reports.csv").write_text(_REPORTS, "utf-8")
    output = tmp_path / "labels.csv"
    label_file(tmp_path / "reports.csv", output, labeler=refined, confidence=True, keep_text=True)
    return output


def test_the_most_doubtful_comes_first_and_what_is_empty_last(
    labels: Path, refined: Labeler
) -> None:
    queue = review_queue(labels, labeler=refined)
    assert (queue[0].report.id, queue[-1].report.id) == ("torn", "empty")
    assert [item.risk for item in queue] == sorted((item.risk for item in queue), reverse=True)
    changed = next(item for item in queue if item.report.id == "changed")
    edema = next(doubt for doubt in changed.doubts if doubt.finding == "Edema")
    assert (edema.by_rules, edema.label) == (None, Label.POSITIVE)
    assert changed.by_rules.labels["Edema"] is None
    assert len(review_queue(labels, count=2, labeler=refined)) == 2


def test_the_page_shows_both_readings_and_escapes_the_reports(
    labels: Path, refined: Labeler, tmp_path: Path
) -> None:
    page = tmp_path / "queue.html"
    assert review_file(labels, page, count=3, labeler=refined) == 3
    text = page.read_text("utf-8")
    assert text.count("<article>") == 3
    assert "&lt;b&gt;of both bases" in text
    assert "The rules read" in text
    assert "tiny 0.1" in text
    assert "<script" not in text


def test_only_the_first_reports_of_a_long_page_are_open(
    labels: Path, refined: Labeler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chexlabel.render.review._OPEN", 2)
    review_file(labels, tmp_path / "queue.html", count=3, labeler=refined)
    text = (tmp_path / "queue.html").read_text("utf-8")
    assert (text.count("<details open>"), text.count("<details>")) == (2, 1)
    assert "The first 2 are open" in text


def test_the_command_takes_the_texts_from_the_labeled_file(
    tmp_path: Path, labels: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labels.is_file()
    bare, page = tmp_path / "bare.csv", tmp_path / "queue.html"
    reports = tmp_path / "reports.csv"
    model = ["--refiner", str(tiny_model)]
    assert main([str(reports), "-o", str(bare), "--confidence", "-q", *model]) == 0
    assert main(["review", str(bare), "-n", "2", "-o", str(page), *model]) == 2
    assert "--reports" in capsys.readouterr().err
    arguments = ["review", str(bare), "--reports", str(reports), "-n", "2", "-o", str(page), *model]
    assert main(arguments) == 0
    assert "2 reports to review" in capsys.readouterr().err
    assert page.read_text("utf-8").count("<article>") == 2
    reports.write_text(_REPORTS.replace("torn", "other"), "utf-8")
    assert main([*arguments, "-f"]) == 2
    assert "'id' differs" in capsys.readouterr().err
    reports.write_text(_REPORTS + "more,Effusion.\n", "utf-8")
    assert main([*arguments, "-f"]) == 2
    assert "5 reports" in capsys.readouterr().err


def test_what_the_errors_of_the_texts_ask_for_can_be_stated(
    tmp_path: Path, refined: Labeler, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports, labels, page = (tmp_path / name for name in ("r.csv", "l.csv", "queue.html"))
    reports.write_bytes(
        _REPORTS.replace("report", "Befund").replace("sure", "sûr").encode("cp1252")
    )
    options = {"text_column": "Befund", "encoding": "cp1252"}
    label_file(reports, labels, labeler=refined, confidence=True, **options)
    arguments = ["review", str(labels), "--reports", str(reports), "-o", str(page)]
    arguments += ["--refiner", str(tiny_model)]
    for option in (["--encoding", "cp1252"], ["--text-column", "Befund"]):
        assert main(arguments) == 2
        assert option[0] in capsys.readouterr().err
        arguments += option
    assert main(arguments) == 0
    assert "sûr" in page.read_text("utf-8")
    queue = review_queue(labels, reports=reports, labeler=refined, **options)
    assert {item.report.id for item in queue} == {"sûr", "changed", "torn", "empty"}
    for function in (review_queue, lambda *given, **names: review_file(*given, page, **names)):
        with pytest.raises(TypeError, match="'text_colum'; did you mean 'text_column'"):
            function(labels, text_colum="Befund")


def test_labels_without_confidences_are_refused(
    tmp_path: Path, labels: Path, refined: Labeler, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labels.is_file()
    plain = tmp_path / "plain.csv"
    label_file(tmp_path / "reports.csv", plain, labeler=refined)
    with pytest.raises(InputError, match="has no confidences"):
        review_queue(plain, labeler=refined)
    assert main(["review", str(labels), "-o", "-", "--no-refine"]) == 2
    assert "need the refiner" in capsys.readouterr().err
    assert main(["review", str(labels), "-o", "-", "-n", "0"]) == 2


def test_risk_is_that_of_any_wrong_label() -> None:
    assert report_risk([]) == 0
    assert report_risk([0.5, 0.5]) == pytest.approx(0.75)
    assert report_risk([0.0]) == pytest.approx(1, abs=1e-5)


def test_the_review_curve_counts_ties_by_half() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")
    from chexlabel_neural.review import review_curve

    curve = review_curve([0.5, 0.5], [True, False])
    assert (curve.auroc, curve.half) == (0.5, 0.5)
    generator = numpy.random.default_rng(8)
    risks = generator.random(400)
    wrong = generator.random(400) < risks / 2
    curve = review_curve(risks, wrong)
    pairs = [(a, b) for a in risks[wrong] for b in risks[~wrong]]
    assert curve.auroc == pytest.approx(sum(a > b for a, b in pairs) / len(pairs))
    assert curve.half < 0.5
    with pytest.raises(ValueError, match="both right and wrong"):
        review_curve([0.1], [True])


@pytest.mark.parametrize("replaced", ["labels.csv", "reports.csv"])
def test_a_page_replaces_neither_labels_nor_reports(
    labels: Path, refined: Labeler, replaced: str
) -> None:
    page, reports = labels.with_name(replaced), labels.with_name("reports.csv")
    before = page.read_bytes()
    with pytest.raises(OutputError, match="is the input itself"):
        review_file(labels, page, reports=reports, labeler=refined, force=True)
    assert page.read_bytes() == before


def test_the_labels_may_be_a_workbook(tmp_path: Path, refined: Labeler) -> None:
    pytest.importorskip("openpyxl")
    (tmp_path / "reports.csv").write_text(_REPORTS, "utf-8")
    book = tmp_path / "labels.xlsx"
    label_file(tmp_path / "reports.csv", book, labeler=refined, confidence=True, keep_text=True)
    assert [item.report.id for item in review_queue(book, count=1, labeler=refined)] == ["torn"]
