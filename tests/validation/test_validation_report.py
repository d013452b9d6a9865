"""The report: the same content in three forms, nothing from outside, no text that should not be."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chexlabel.errors import OutputError, ValidationError
from chexlabel.validation import (
    Aims,
    BlankPolicy,
    Policy,
    Reports,
    Resampling,
    UncertainPolicy,
    Validation,
    ValidationResult,
    describe,
    validate,
)
from chexlabel.validation.report import render, write_report
from chexlabel.validation.report.markdown_syntax import escape
from chexlabel.validation.report.wording import grade, percent, signed, with_interval
from chexlabel.validation.results import Figure, ScoreResult, StatsResult
from places import ROOT
from validation_tables import write_labels, write_table

HOSTILE = "Small <script>alert(1)</script> left pleural effusion. ``` No edema & <img src=x>."
NAME = 'ours <b>"x"</b>'


def mention(finding: str, label: int, words: str, negation: str = "") -> dict[str, Any]:
    """A mention of `words` in the hostile report, as `chexlabel label --evidence` writes it."""
    start = HOSTILE.index(words)
    cues = []
    if negation:
        at = HOSTILE.index(negation)
        cues.append(
            {"kind": "negation", "text": negation, "start": at, "end": at + len(negation)}
            | {"pattern": negation}
        )
    return {
        "finding": finding,
        "label": label,
        "text": words,
        "start": start,
        "end": start + len(words),
        "section": "body",
        "cues": cues,
    }


def write_evidence(path: Path, ids: Sequence[str], mentions: Sequence[dict[str, Any]]) -> None:
    records = [{"id": i, "labels": {}, "mentions": mentions} for i in ids]
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")


def make(folder: Path, **options: Any) -> Validation:
    gold = write_labels(
        folder / "gold.csv", {"Edema": "+-?.+", "Pleural Effusion": "+++--", "Hernia": "....."}
    )
    first = write_labels(
        folder / "first.csv",
        {"Edema": "+-?..", "Pleural Effusion": "++.--", "Hernia": "....."},
        Edema_prob=[0.9, 0.2, 0.6, 0.1, 0.4],
    )
    second = write_labels(
        folder / "second.csv", {"Edema": "+--.+", "Pleural Effusion": "-++-+", "Hernia": "....+"}
    )
    ids = [f"r{i}" for i in range(1, 6)]
    write_table(folder / "reports.csv", {"id": ids, "report": [HOSTILE] * 5})
    mentions = [mention("Pleural Effusion", 1, "effusion"), mention("Edema", 0, "edema", "No")]
    write_evidence(folder / "evidence.jsonl", ids, mentions)
    options.setdefault("reports", Reports(folder / "reports.csv", folder / "evidence.jsonl"))
    return validate(
        {NAME: first, "theirs": second},
        gold,
        resampling=Resampling(50),
        aims=Aims(sensitivity=0.9),
        **options,
    )


@pytest.fixture
def validation(tmp_path: Path) -> Validation:
    return make(tmp_path)


class Page(HTMLParser):
    """What of a page could fetch or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def pages(validation: Validation, tmp_path: Path) -> list[str]:
    return [
        render(validation.result, "html"),
        render(describe(tmp_path / "gold.csv"), "html"),
    ]


def test_pages_load_nothing_and_their_policy_admits_only_their_own_code(
    validation: Validation, tmp_path: Path
) -> None:
    for text in pages(validation, tmp_path):
        page = Page(text)
        names = {tag for tag, _ in page.tags}
        assert not names & {"img", "link", "iframe", "object", "embed", "base", "image", "use"}
        for tag, attributes in page.tags:
            assert not {"src", "srcset", "style", "action", "onclick", "onload"} & set(attributes)
            href = attributes.get("href")
            assert href is None or href.startswith("#"), (tag, href)
        assert "http://" not in text
        assert "https://" not in text
        assert "url(" not in text
        assert "@import" not in text
        (policy,) = [
            attributes["content"] or ""
            for tag, attributes in page.tags
            if attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        for kind in ("style", "script"):
            (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy


def test_report_text_names_and_ids_are_escaped(validation: Validation) -> None:
    text = render(validation.result, "html")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<img" not in text
    assert "<b>" not in text.replace("<b>+</b>", "").replace("<b>\N{MINUS SIGN}</b>", "").replace(
        "<b>?</b>", ""
    ).replace("<b>\N{WHITE CIRCLE}</b>", "")
    assert "ours &lt;b&gt;" in text


def test_words_behind_a_disagreement_are_marked(validation: Validation) -> None:
    text = render(validation.result, "html")
    assert 'class="cx-mention cx-positive"' in text
    assert 'class="cx-mention cx-negative"' in text
    assert 'class="cx-cue"' in text


def test_every_link_has_its_target_and_every_id_is_there_once(validation: Validation) -> None:
    page = Page(render(validation.result, "html"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.tags:
        if tag == "a":
            assert (attributes["href"] or "")[1:] in ids


def test_the_verdict_comes_first_and_names_the_counts(validation: Validation) -> None:
    text = render(validation.result, "html")
    order = [
        text.index(f'<section id="{name}"') for name in ("verdict", "figures", "disagreements")
    ]
    assert order == sorted(order)
    # Edema + and +, effusion +, +, +: the first labeler finds three of the five.
    assert "Of 5 positive findings in the gold labels" in text
    assert "found 3 (60 %) and raised 0 false alarms" in text


def test_the_policy_and_the_settings_are_named_in_all_forms(validation: Validation) -> None:
    for form in ("html", "markdown", "json"):
        text = render(validation.result, form)
        assert "Uncertain is a class of its own" in text
        assert "50" in text


def test_json_is_the_result_and_fits_its_schema(validation: Validation) -> None:
    text = render(validation.result, "json")
    data = json.loads(text)
    assert data["schema"] == "chexlabel.validation/2"
    assert "NaN" not in text
    assert ValidationResult.model_validate_json(text) == validation.result
    first = data["labelers"][0]["findings"][1]["tasks"]["positive"]
    assert (first["tp"], first["fp"], first["fn"], first["tn"]) == (2, 0, 1, 2)


def test_the_published_schemas_are_up_to_date() -> None:
    # Written by: python docs/schemas.py
    for name, model in (
        ("validation", ValidationResult),
        ("stats", StatsResult),
        ("score", ScoreResult),
    ):
        published = json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text("utf-8"))
        assert published == model.model_json_schema(mode="serialization"), name


def test_markdown_has_the_figures_and_keeps_text_in_its_fence(validation: Validation) -> None:
    text = render(validation.result, "markdown")
    effusion = validation.result.labelers[0].findings[1].tasks["positive"].f1
    assert f"| {with_interval(effusion)} |" in text
    assert f"````text\n{HOSTILE}\n````" in text
    assert "ours \\<b\\>" in text
    for line in text.splitlines():
        if line.startswith("|---"):
            width = line.count("|")
        elif line.startswith("| ") and "```" not in line:
            assert line.replace("\\|", "").count("|") >= 3
    assert width


def test_without_text_no_form_holds_any(tmp_path: Path) -> None:
    result = make(tmp_path, reports=Reports()).result
    assert result.disagreements.shown
    for form in ("html", "markdown", "json"):
        text = render(result, form)
        assert "effusion. " not in text
        assert "script&gt;alert" not in text


def test_a_long_list_is_cut_and_written_beside(tmp_path: Path) -> None:
    validation = make(tmp_path, reports=Reports(limit=2))
    total = validation.result.disagreements.total
    assert total > 2
    written = write_report(validation, tmp_path / "out.html", tmp_path / "out.md")
    assert [Path(path).name for path in written] == [
        "out.disagreements.csv",
        "out.html",
        "out.md",
    ]
    rows = (tmp_path / "out.disagreements.csv").read_text("utf-8").splitlines()
    assert len(rows) == total + 1
    page = (tmp_path / "out.html").read_text("utf-8")
    assert f"Shown: 2 of {total}" in page
    assert "out.disagreements.csv" in page
    assert page.count("<article") == 2
    assert f"Shown: 2 of {total}" in (tmp_path / "out.md").read_text("utf-8")


def test_files_are_written_all_or_none(tmp_path: Path, validation: Validation) -> None:
    (tmp_path / "there.md").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already"):
        write_report(validation, tmp_path / "new.html", tmp_path / "there.md")
    assert not (tmp_path / "new.html").exists()
    with pytest.raises(OutputError, match="unknown kind of report"):
        write_report(validation, tmp_path / "new.html", tmp_path / "new.pdf")
    assert not (tmp_path / "new.html").exists()
    write_report(validation, tmp_path / "there.md", force=True)
    assert "Verdict" in (tmp_path / "there.md").read_text("utf-8")


def test_the_report_is_the_same_every_time(tmp_path: Path) -> None:
    assert render(make(tmp_path).result, "html") == render(make(tmp_path).result, "html")


def test_evidence_must_belong_to_the_reports(tmp_path: Path) -> None:
    make(tmp_path)
    path = tmp_path / "wrong.jsonl"
    ids = [f"r{i}" for i in range(1, 6)]
    write_evidence(path, ids, [mention("Edema", 0, "edema") | {"start": 0, "end": 5}])
    with pytest.raises(ValidationError, match="does not quote its text"):
        make(tmp_path, reports=Reports(tmp_path / "reports.csv", path))
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(ValidationError, match=r"wrong\.jsonl, line 1"):
        make(tmp_path, reports=Reports(evidence=path))


def test_evidence_without_the_reports_shows_its_own_words(tmp_path: Path) -> None:
    make(tmp_path)
    text = render(
        make(tmp_path, reports=Reports(evidence=tmp_path / "evidence.jsonl")).result, "html"
    )
    assert (
        "\N{LEFT DOUBLE QUOTATION MARK}edema\N{RIGHT DOUBLE QUOTATION MARK}, negation: No" in text
    )
    assert "<img" not in text


def test_without_evidence_the_reports_are_labeled(tmp_path: Path) -> None:
    make(tmp_path)
    result = make(tmp_path, reports=Reports(tmp_path / "reports.csv")).result
    found = {m.finding: m.label for m in result.disagreements.evidence[0].mentions}
    assert found == {"Pleural Effusion": "positive", "Edema": "negative"}


def test_reports_with_other_ids_are_an_error(tmp_path: Path) -> None:
    make(tmp_path)
    other = write_table(tmp_path / "other.csv", {"id": ["a"], "report": ["b"]})
    with pytest.raises(ValidationError, match="has none of the"):
        make(tmp_path, reports=Reports(other))


def test_ten_thousand_reports_make_a_page_of_reasonable_size(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    columns = [f"Finding {i}" for i in range(14)]
    gold = {c: "".join(generator.choice(list("+-?."), 10_000)) for c in columns}
    labels = {
        c: "".join(s if generator.random() < 0.95 else "." for s in signs)
        for c, signs in gold.items()
    }
    validation = validate(
        write_labels(tmp_path / "l.csv", labels),
        write_labels(tmp_path / "g.csv", gold),
        resampling=Resampling(20),
    )
    assert validation.result.disagreements.total > 4000
    assert len(render(validation.result, "html")) < 2_000_000


@pytest.mark.parametrize("uncertain", list(UncertainPolicy))
@pytest.mark.parametrize("blank", list(BlankPolicy))
def test_every_policy_has_its_report(
    tmp_path: Path, uncertain: UncertainPolicy, blank: BlankPolicy
) -> None:
    result = make(tmp_path, policy=Policy(uncertain, blank)).result
    tasks = set(result.labelers[0].tasks)
    assert ("uncertain" in tasks) == (uncertain == "as-is")
    assert ("mention" in tasks) == (blank == "as-is")
    for form in ("html", "markdown"):
        text = render(result, form)
        assert ("F1 uncertain" in text) == ("uncertain" in tasks)
        assert ("F1 mentioned at all" in text) == ("mention" in tasks)
    assert f"--uncertain {uncertain} --blank {blank}" in render(result, "html")


def test_many_labelers_and_no_positive_at_all(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "--.?"})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": "-..."})
    result = validate(dict.fromkeys("abcde", labels), gold, resampling=Resampling(20)).result
    assert len(result.comparisons) == 10
    for form in ("html", "markdown", "json"):
        assert "nan" not in render(result, form)


def test_a_perfect_labeler_has_a_report_too(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-?."})
    result = validate(gold, gold, resampling=Resampling(10)).result
    for form in ("html", "markdown"):
        assert "None: every label is that of the gold." in render(result, form)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "\N{EN DASH}"),
        (1, "100 %"),
        (0.9996, ">99.9 %"),
        (0.996, "99.6 %"),
        (0.0004, "<0.1 %"),
        (0, "0 %"),
    ],
)
def test_percentages_are_never_rounded_to_all_or_nothing(value: float | None, written: str) -> None:
    assert percent(value) == written


def test_differences_have_signs() -> None:
    assert signed(0.0311) == "+0.031"
    assert signed(-0.0311) == "\N{MINUS SIGN}0.031"
    assert signed(-0.0001) == "0.000"
    assert with_interval(Figure(value=0.5, low=-0.1, high=0.6)) == (
        "0.500 (\N{MINUS SIGN}0.100 to 0.600)"
    )


def test_the_verdict_stands_on_the_lower_bound(validation: Validation) -> None:
    findings = {f.finding: f.tasks["positive"] for f in validation.result.labelers[0].findings}
    assert grade(findings["Hernia"]).name == "No cases"
    effusion = findings["Pleural Effusion"]  # 2 of 3 found: F1 0.8, of three cases
    assert grade(effusion).name == "Weak"

    def with_bounds(value: float, low: float | None) -> str:
        figure = Figure(value=value, low=low, high=None if low is None else 1.0)
        return grade(effusion.model_copy(update={"f1": figure})).name

    assert with_bounds(0.8, None) == "Fair"  # without intervals the F1 itself
    assert with_bounds(1.0, 0.908) == "Good"
    assert with_bounds(0.98, 0.951) == "Excellent"


def test_missed_and_false_alarms_are_the_same_wherever_they_stand(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "++?-.+"})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": "+?+++."})
    result = validate(labels, gold, resampling=Resampling(0)).result
    task = result.labelers[0].findings[0].tasks["positive"]
    kinds = [kind for item in result.disagreements.shown for kind in item.kinds]
    assert (task.fn, kinds.count("missed")) == (2, 2)
    assert (task.fp, kinds.count("false-alarm")) == (3, 3)


def test_what_was_compared_is_named_by_its_hash_and_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime.datetime(2026, 1, 31, 23, 59, tzinfo=datetime.UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(day.timestamp())))
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-"})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": "--"})
    reports = write_table(tmp_path / "reports.csv", {"id": ["r1", "r2"], "report": ["Edema."] * 2})
    result = validate(labels, gold, resampling=Resampling(0), reports=Reports(reports)).result
    assert result.date == "2026-01-31"
    assert [file.name for file in result.inputs] == ["gold.csv", "labels.csv"]
    digest = hashlib.sha256(gold.read_bytes()).hexdigest()
    assert result.inputs[0].sha256 == digest
    assert result.pattern_set == "chexpert14 1.0"
    for chosen in ("html", "markdown"):
        page = render(result, chosen)
        for part in ("2026-01-31", digest, "chexpert14 1.0"):
            assert part in page


def test_the_day_can_be_set_for_reports_that_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-"})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert validate(gold, gold, resampling=Resampling(0)).result.date == "1970-01-02"
    frame = pd.read_csv(gold)
    result = validate(frame, frame, resampling=Resampling(0)).result
    assert [file.sha256 for file in result.inputs] == [None, None]


def test_findings_without_a_case_have_none_and_no_score(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-+", "Hernia": "..."})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": "+-+", "Hernia": "+.."})
    result = validate(labels, gold, resampling=Resampling(0)).result
    row = next(line for line in render(result, "markdown").splitlines() if "| Hernia" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:6] == ["none in gold", "0", "1", "\N{EN DASH}"]


def test_plots_side_by_side_have_one_axis(validation: Validation) -> None:
    page = render(validation.result, "html")
    figures = page[page.index('<section id="figures">') : page.index('<section id="errors">')]
    plots = re.findall(r"<svg.*?</svg>", figures, re.DOTALL)
    axes = [re.findall(r'class="tick"[^>]*>(\d\.\d)<', plot) for plot in plots]
    axes = [axis for axis in axes if axis]  # a key of the legend has none
    assert len(axes) == 5
    assert all(axis == axes[0] for axis in axes)


def test_markdown_escapes() -> None:
    assert escape("a|b\n*c* <d>") == r"a\|b \*c\* \<d\>"
