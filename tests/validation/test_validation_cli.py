"""The commands `validate`, `stats` and `score`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chexlabel.cli import main
from validation_tables import write_labels, write_table


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_labels(Path("gold.csv"), {"Edema": "++--", "Fracture": "+..."})
    write_labels(Path("labels.csv"), {"Edema": "+---", "Fracture": "+..."})
    Path("lines.txt").write_text("No edema.\n", "utf-8")
    write_labels(Path("other.csv"), {"Edema": "++-+", "Fracture": "...."})
    return tmp_path


def test_validate_prints_the_figures_and_writes_the_reports(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outputs = ["-o", "r.html", "-o", "r.md", "-o", "r.json"]
    assert main(["validate", "labels.csv", "gold.csv", *outputs, "--resamples", "20"]) == 0
    out, err = capsys.readouterr()
    edema = next(line.split() for line in out.splitlines() if line.startswith("Edema"))
    assert edema[1:3] == ["0.667", "2"]
    assert "Uncertain is a class of its own" in out
    assert "wrote r.html" in err
    data = json.loads(Path("r.json").read_text("utf-8"))
    assert data["labelers"][0]["name"] == "labels"
    assert data["settings"]["resamples"] == 20
    assert Path("r.html").read_text("utf-8").startswith("<!doctype html>")


def test_validate_compares(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["validate", "labels.csv", "gold.csv", "--name", "ours", "--resamples", "20"]
    assert main([*command, "--compare", "theirs=other.csv", "-o", "r.json"]) == 0
    assert "ours minus theirs" in capsys.readouterr().out
    data = json.loads(Path("r.json").read_text("utf-8"))
    assert [labeler["name"] for labeler in data["labelers"]] == ["ours", "theirs"]
    assert main([*command, "--compare", "ours=other.csv"]) == 2
    assert "two labelers are called 'ours'" in capsys.readouterr().err


def test_validate_takes_its_policies_from_the_command_line() -> None:
    command = ["validate", "labels.csv", "gold.csv", "-q", "-o", "r.json", "--resamples", "0"]
    assert main([*command, "--uncertain", "positive", "--blank", "negative"]) == 0
    data = json.loads(Path("r.json").read_text("utf-8"))
    assert data["settings"]["uncertain"] == "positive"
    assert data["settings"]["blank"] == "negative"
    assert set(data["labelers"][0]["tasks"]) == {"positive", "negative"}


def test_no_text_wins_over_reports() -> None:
    ids = ["r1", "r2", "r3", "r4"]
    write_table(Path("reports.csv"), {"id": ids, "report": ["There is pulmonary edema."] * 4})
    command = ["validate", "labels.csv", "gold.csv", "-q", "--reports", "reports.csv"]
    assert main([*command, "--resamples", "0", "-o", "with.md"]) == 0
    assert "There is pulmonary" in Path("with.md").read_text("utf-8")
    assert main([*command, "--resamples", "0", "-o", "without.md", "--no-text"]) == 0
    assert "There is pulmonary" not in Path("without.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["validate", "none.csv", "gold.csv"], "no such file"),
        (["validate", "labels.csv", "gold.csv", "-o", "r.pdf"], "use .html, .md or .json"),
        (["validate", "labels.csv", "gold.csv", "--findings", ","], "--findings names none"),
        (["validate", "labels.csv", "gold.csv", "--level", "95"], "interval level 95"),
        (["validate", "labels.csv", "gold.csv", "--resamples", "-1"], "0 or more"),
        (["stats", "labels.csv", "-o", "r.csv"], "use .html, .md or .json"),
        (["stats", "none"], "none: no such file"),
        (["validate", "labels.csv", "gold.csv", "--compare", "x="], "--compare x= lacks"),
        (["validate", "labels.csv", "gold.csv", "--compare", "=other.csv"], "write NAME=FILE"),
        (["score", "none.csv", "none.csv"], "none.csv"),
        (["score", "none", "lines.txt"], "none: no such file"),
        (["stats", "labels.csv", "labels.csv"], "labels.csv is named twice"),
        (["validate", "labels.csv", "gold.csv", "--text-column", "x"], "leave it out"),
        (["validate", "labels.csv", "gold.csv", "--patterns", "x"], "--patterns says how"),
        (["validate", "labels.csv", "gold.csv", "--report-id-column", "x"], "--report-id-column"),
    ],
)
def test_errors_are_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("option", ["--reports", "--evidence"])
def test_a_mistyped_file_is_found_where_there_is_no_disagreement_too(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["validate", "gold.csv", "gold.csv", "--resamples", "0", "-o", "r.html"]
    assert main([*command, option, "nosuch"]) == 2
    assert "nosuch" in capsys.readouterr().err
    assert not Path("r.html").exists()


def test_one_report_named_twice_leaves_none(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["validate", "labels.csv", "gold.csv", "--resamples", "0"]
    assert main([*command, "-o", "r.html", "-o", "./r.html"]) == 2
    assert "r.html are one file" in capsys.readouterr().err
    assert not Path("r.html").exists()


def test_versions_in_file_names_tell_labelers_apart() -> None:
    for name in ("v1.0.csv", "v1.1.csv"):
        Path(name).write_bytes(Path("labels.csv").read_bytes())
    command = ["validate", "v1.0.csv", "gold.csv", "--compare", "v1.1.csv", "--resamples", "0"]
    assert main([*command, "-q", "-o", "r.json"]) == 0
    data = json.loads(Path("r.json").read_text("utf-8"))
    assert [labeler["name"] for labeler in data["labelers"]] == ["v1.0", "v1.1"]


def test_a_day_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 17)
    assert main(["validate", "labels.csv", "gold.csv"]) == 2
    assert "SOURCE_DATE_EPOCH" in capsys.readouterr().err


def test_stats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "labels.csv", "-o", "s.html", "-o", "s.md", "-o", "s.json"]) == 0
    out = capsys.readouterr().out
    edema = next(line.split() for line in out.splitlines() if line.startswith("Edema"))
    assert edema[1:5] == ["1", "25.0", "%", "3"]
    assert json.loads(Path("s.json").read_text("utf-8"))["schema"] == "chexlabel.stats/1"
    assert "Findings that occur together" in Path("s.html").read_text("utf-8")
    assert main(["stats", "labels.csv", "gold.csv"]) == 0
    assert "labels.csv and gold.csv disagree" in capsys.readouterr().out


def test_score(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(Path("a.csv"), {"id": ["1"], "report": ["Left pleural effusion."]})
    write_table(Path("b.csv"), {"id": ["1"], "report": ["Pleural effusion. Cardiomegaly."]})
    outputs = ["-o", "s.html", "-o", "s.md", "-o", "s.json"]
    assert main(["score", "a.csv", "b.csv", *outputs, "--resamples", "10"]) == 0
    out = capsys.readouterr().out
    assert "14 findings" in out
    assert "5 findings" in out
    assert "Uncertain labels: positive." in out
    data = json.loads(Path("s.json").read_text("utf-8"))
    assert data["schema"] == "chexlabel.score/1"
    assert data["sets"][1]["micro"]["precision"]["value"] == 0.5
    assert "Clinical efficacy" in Path("s.html").read_text("utf-8")
    assert "Example-based" in Path("s.md").read_text("utf-8")
    assert main(["score", "a.csv", "b.csv", "--subset", "Edema", "--resamples", "0"]) == 0
    assert "1 findings" in capsys.readouterr().out


def test_a_report_does_not_replace_an_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.json"
    texts.write_text('{"id": "r1", "report": "No edema."}\n', "utf-8")
    table = str(tmp_path / "labels.csv")
    for command in (["validate", table, table, "--reports"], ["score", table]):
        assert main([*command, str(texts), "-o", str(texts), "--force"]) == 2
        assert "is the input itself" in capsys.readouterr().err
    assert texts.read_text("utf-8").startswith("{")
