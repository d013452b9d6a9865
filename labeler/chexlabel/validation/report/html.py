"""One HTML file that needs nothing else: no other file, no network, no script from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from chexlabel.render.attribution import (
    ATTRIBUTION_CSS,
    attributed_words_html,
    attribution_check,
)
from chexlabel.render.highlight import HIGHLIGHT_CSS, highlight_html, html_text
from chexlabel.validation.disagreements import KINDS, error_kind, worst_first
from chexlabel.validation.evidence_conversion import to_mentions
from chexlabel.validation.report import charts, curve_charts, wording
from chexlabel.validation.report.deciding_sentences import deciding_sentences
from chexlabel.validation.results import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from chexlabel.validation.evidence_results import ReportEvidence
    from chexlabel.validation.report.deciding_sentences import DecidingSentence
    from chexlabel.validation.results import (
        Comparison,
        Disagreement,
        FindingResult,
        LabelerResult,
        ScoreResult,
        StatsResult,
        TaskName,
        ValidationResult,
    )

__all__ = ["render_score", "render_stats", "render_validation"]


class _ShownSentence(NamedTuple):
    """A deciding sentence as the page shows it: by the rules, by the refiner, and its words."""

    rules: Markup
    silent: bool
    refined: Markup | None
    confidence: float | None
    words: Markup | None
    check: str


class _Case(NamedTuple):
    """A disagreement as the page shows it."""

    item: Disagreement
    errors: Sequence[str]
    text: Markup | None
    sentences: Sequence[_ShownSentence]
    quotes: Sequence[str]
    silent: bool


def render_validation(result: ValidationResult) -> str:
    """Render a validation as a page."""
    main = result.labelers[0]
    shown = result.disagreements.shown
    return _render(
        "validation.html.j2",
        result.title,
        result=result,
        main=main,
        headline=wording.headline(result, main),
        order=worst_first(result.labelers, result.findings),
        forests=_forests(result),
        kappas=_kappa_forest(result),
        errors=[(labeler.name, _error_bars(result, labeler)) for labeler in result.labelers],
        differences=[_difference_forests(result, c) for c in result.comparisons],
        confidences=[c for c in (_confidence_plots(labeler) for labeler in result.labelers) if c],
        maps=[charts.heat_map(table) for table in result.cooccurrence],
        label_bars=charts.label_bars(result.distributions, "Labels of each finding"),
        differing_between=_differing_between(result),
        cases=_cases(result),
        finding_counts=Counter(item.finding for item in shown),
        kind_counts=Counter(k for item in shown for k in dict.fromkeys(item.kinds) if k),
    )


def render_stats(result: StatsResult) -> str:
    """Render label counts as a page."""
    names = [d.source for d in result.distributions]
    return _render(
        "stats.html.j2",
        result.title,
        result=result,
        maps=[charts.heat_map(table) for table in result.cooccurrence],
        label_bars=charts.label_bars(result.distributions, "Labels of each finding"),
        differing_between=names[:2] if result.differing is not None else None,
    )


def render_score(result: ScoreResult, title: str) -> str:
    """Render clinical-efficacy scores as a page."""
    rows = [charts.Row(f.finding, [f.f1], cases=f.support > 0) for f in result.findings]
    rows += [
        charts.Row(f"Micro, {len(s.findings)} findings", [s.micro.f1], total=True)
        for s in result.sets
    ]
    forest = charts.forest(rows, ["generated reports"], "F1 of each finding")
    return _render("score.html.j2", title, result=result, forest=forest)


def _render(template: str, title: str, **context: object) -> str:
    css = HIGHLIGHT_CSS + ATTRIBUTION_CSS + _asset("report.css")
    script = _asset("report.js")
    page: str = (
        _environment()
        .get_template(template)
        .render(
            title=title,
            css=Markup(css),  # noqa: S704 (our own files, no input in them)
            script=Markup(script),  # noqa: S704
            css_hash=_hash(css),
            script_hash=_hash(script),
            words=wording,
            kinds=KINDS,
            classes=CLASS_NAMES,
            **context,
        )
    )
    return page


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("chexlabel.validation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["range_bar"] = charts.range_bar
    environment.filters["shade"] = _shade
    return environment


def _asset(name: str) -> str:
    return (files("chexlabel.validation.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """Return the source expression by which a content policy admits an inline element."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _shade(value: int, row: Sequence[int]) -> str:
    """Return the shade, 0 to 5, of a confusion matrix cell by its share of the row."""
    total = sum(row)
    return str(min(5, 1 + int(value / total * 4.999)) if value and total else 0)


def _tasks(result: ValidationResult) -> Sequence[TaskName]:
    return list(result.labelers[0].tasks)


def _forests(result: ValidationResult) -> list[tuple[str, Markup]]:
    """Draw the F1 of each task, all on one axis."""
    names = [labeler.name for labeler in result.labelers]
    rows = {task: _task_rows(result, task) for task in _tasks(result)}
    everything = [row for drawn in rows.values() for row in drawn]
    return [
        (
            title := wording.TASK_TITLES[task],
            charts.forest(drawn, names, f"F1 of the task {title.lower()}", beside=everything),
        )
        for task, drawn in rows.items()
    ]


def _task_rows(result: ValidationResult, task: TaskName) -> list[charts.Row]:
    rows = [
        charts.Row(
            finding,
            [labeler.findings[i].tasks[task].f1 for labeler in result.labelers],
            cases=result.labelers[0].findings[i].tasks[task].support > 0,
        )
        for i, finding in enumerate(result.findings)
    ]
    totals = [labeler.tasks[task] for labeler in result.labelers]
    rows.append(charts.Row("All (micro)", [total.micro.f1 for total in totals], total=True))
    rows.append(charts.Row("All (macro)", [total.macro.f1 for total in totals], total=True))
    return rows


def _kappa_forest(result: ValidationResult) -> Markup:
    rows = [
        charts.Row(finding, [labeler.findings[i].kappa for labeler in result.labelers])
        for i, finding in enumerate(result.findings)
    ]
    rows.append(charts.Row("All (pooled)", [b.kappa for b in result.labelers], total=True))
    names = [labeler.name for labeler in result.labelers]
    everything = [row for task in _tasks(result) for row in _task_rows(result, task)]
    return charts.forest(rows, names, "Cohen's kappa of each finding", beside=everything)


def _error_bars(result: ValidationResult, labeler: LabelerResult) -> Markup:
    by_name = {f.finding: f for f in labeler.findings}

    def kinds(finding: FindingResult) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for gold, row in enumerate(finding.confusion):
            for predicted, cases in enumerate(row):
                kind = error_kind(gold, predicted)
                if kind:
                    counts[kind] += cases
        return counts

    bars = [(name, kinds(by_name[name])) for name in worst_first(result.labelers, result.findings)]
    bars.sort(key=lambda bar: -sum(bar[1].values()))
    return charts.error_bars(bars, f"Errors of {labeler.name} by kind")


def _difference_forests(
    result: ValidationResult, comparison: Comparison
) -> tuple[Comparison, list[tuple[str, Markup]]]:
    rows = {
        task: [
            *(
                charts.Row(f.finding, [f.f1[task]], cases=truth.tasks[task].support > 0)
                for f, truth in zip(comparison.findings, result.labelers[0].findings, strict=True)
            ),
            charts.Row("All (micro)", [comparison.tasks[task].micro_f1], total=True),
            charts.Row("All (macro)", [comparison.tasks[task].macro_f1], total=True),
        ]
        for task in _tasks(result)
    }
    everything = [row for drawn in rows.values() for row in drawn]
    plots = []
    for task, drawn in rows.items():
        title = wording.TASK_TITLES[task]
        label = f"Difference in F1, {comparison.first} minus {comparison.second}: {title.lower()}"
        plot = charts.forest(drawn, [comparison.first], label, difference=True, beside=everything)
        plots.append((title, plot))
    return comparison, plots


def _confidence_plots(
    labeler: LabelerResult,
) -> tuple[LabelerResult, list[tuple[FindingResult, list[Markup]]]] | None:
    plots = [
        (
            finding,
            [
                curve_charts.curve_plot(finding.confidence, "roc", finding.finding),
                curve_charts.curve_plot(finding.confidence, "pr", finding.finding),
                curve_charts.calibration_plot(finding.confidence, finding.finding),
                curve_charts.confidence_histogram(finding.confidence, finding.finding),
            ],
        )
        for finding in labeler.findings
        if finding.confidence is not None
    ]
    return (labeler, plots) if plots else None


def _differing_between(result: ValidationResult) -> list[str]:
    names = [d.source for d in result.distributions]
    return names[1:3] if len(names) > 2 else names[:2]


def _cases(result: ValidationResult) -> list[tuple[str, list[_Case]]]:
    evidence = {e.id: e for e in result.disagreements.evidence}
    mentioned = {m.finding for e in evidence.values() for m in e.mentions}
    return [
        (finding, [_case(item, evidence, finding in mentioned) for item in items])
        for finding, items in groupby(result.disagreements.shown, key=lambda item: item.finding)
    ]


def _case(item: Disagreement, evidence: Mapping[str, ReportEvidence], has_mentions: bool) -> _Case:
    found = evidence.get(item.id)
    errors = list(dict.fromkeys(kind for kind in item.kinds if kind))
    if found is None:
        return _Case(item, errors, None, (), (), False)
    # A finding that no report mentions follows from the others ("No Finding"): show them all.
    mentions = to_mentions(found, item.finding if has_mentions else None)
    if found.text is None:
        quotes = [
            f"\N{LEFT DOUBLE QUOTATION MARK}{m.text}\N{RIGHT DOUBLE QUOTATION MARK}"
            + "".join(f", {reason}" for reason in wording.reasons(m))
            for m in mentions
        ]
        return _Case(item, errors, None, (), quotes, has_mentions and not mentions)
    # highlight_html escapes the text and marks it up; its own tests hold it to that.
    text = highlight_html(found.text, mentions) if mentions else html_text(found.text)
    silent = has_mentions and not mentions
    sentences = [_shown(sentence) for sentence in deciding_sentences(found, item.finding)]
    return _Case(item, errors, Markup(text), sentences, (), silent)  # noqa: S704


def _shown(sentence: DecidingSentence) -> _ShownSentence:
    attribution = sentence.attribution
    words = "" if attribution is None else attributed_words_html(sentence.text, attribution)
    # All three functions escape the text.
    return _ShownSentence(
        rules=Markup(highlight_html(sentence.text, sentence.by_rules)),  # noqa: S704
        silent=not sentence.by_rules,
        refined=Markup(highlight_html(sentence.text, sentence.refined))  # noqa: S704
        if sentence.refined
        else None,
        confidence=max((m.confidence or 0.0 for m in sentence.refined), default=None),
        words=Markup(words) if words else None,  # noqa: S704
        check="" if attribution is None else attribution_check(attribution),
    )
