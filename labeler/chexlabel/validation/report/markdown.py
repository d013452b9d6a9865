"""The report as Markdown (GitHub's tables), for a repository, a wiki or a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chexlabel.validation.report import wording
from chexlabel.validation.report.markdown_cases import disagreements
from chexlabel.validation.report.markdown_syntax import escape, table
from chexlabel.validation.report.wording import cases, count, number, share, signed, with_interval
from chexlabel.validation.results import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chexlabel.validation.results import (
        Comparison,
        Cooccurrence,
        Distribution,
        Figure,
        LabelerResult,
        ScoreResult,
        StatsResult,
        ValidationResult,
    )

__all__ = ["render_score", "render_stats", "render_validation"]


def render_validation(result: ValidationResult) -> str:
    """Render a validation."""
    main = result.labelers[0]
    s = result.settings
    names = ", ".join(f"**{escape(labeler.name)}**" for labeler in result.labelers)
    patients = f" of {count(result.patients)} patients" if result.patients is not None else ""
    parts = [
        f"# {escape(result.title)}",
        f"{names} against the gold labels **{escape(result.gold)}**: {count(result.reports)} "
        f"reports{patients}, {len(result.findings)} findings.",
        _files(result),
        f"{s.policy} {_intervals(s.resamples, s.level, result.patients is not None)}",
        *_notes(result.notes),
        "## Verdict",
        escape(" ".join(wording.headline(result, main))),
    ]
    if len(result.labelers) > 1:
        parts.append(_scoreboard(result))
    for labeler in result.labelers:
        if len(result.labelers) > 1:
            parts.append(f"### {escape(labeler.name)}")
        parts.append(_verdict(labeler))
    steps = ", ".join(
        f"{g.name} {f'from {g.least:.2f}' if g.least else 'below'}" for g in wording.GRADES
    )
    parts.append(
        f"Verdict: {'the lower bound of the' if s.resamples else 'the'} F1 of the positive task in "
        f"a word ({steps}); a reading aid, no clinical "
        f"standard. \\*: under {wording.FEW} positives in the gold."
    )
    for comparison in result.comparisons:
        parts += _comparison(comparison)
    parts.append("## Figures")
    for labeler in result.labelers:
        parts += _figures(labeler)
    parts.append("## Confusion matrices")
    parts.append("Rows: gold. Columns: predicted. Order: " + ", ".join(CLASS_NAMES) + ".")
    parts += [_confusions(labeler) for labeler in result.labelers]
    parts += [part for labeler in result.labelers for part in _confidences(labeler)]
    parts.append("## Labels")
    names_of = [d.source for d in result.distributions]
    pair = names_of[1:3] if len(names_of) > 2 else names_of[:2]
    parts += _labels(result.distributions, result.differing, pair, result.cooccurrence)
    parts += disagreements(result)
    return "\n\n".join(parts) + "\n"


def render_stats(result: StatsResult) -> str:
    """Render label counts."""
    pair = [d.source for d in result.distributions][:2]
    parts = [
        f"# {escape(result.title)}",
        f"{count(result.reports)} reports, {len(result.findings)} findings.",
        *_notes(result.notes),
        *_labels(result.distributions, result.differing, pair, result.cooccurrence),
    ]
    return "\n\n".join(parts) + "\n"


def render_score(result: ScoreResult, title: str) -> str:
    """Render clinical-efficacy scores."""
    parts = [
        f"# {escape(title)}",
        f"{count(result.reports)} generated reports against their references. Uncertain labels: "
        f"{result.uncertain}. {_intervals(result.resamples, result.level, False)}",
        *_notes(result.notes),
    ]
    for chosen in result.sets:
        parts.append(f"## {len(chosen.findings)} findings")
        if chosen.name == "subset":
            parts.append(escape(", ".join(chosen.findings)))
        rows = [
            (name, *(with_interval(f) for f in (r.precision, r.recall, r.f1)))
            for name, r in (
                ("Micro", chosen.micro),
                ("Macro", chosen.macro),
                ("Example-based", chosen.example),
            )
        ]
        parts.append(table(("Average", "Precision", "Recall", "F1"), rows))
        parts.append(
            f"All {len(chosen.findings)} findings alike in {with_interval(chosen.exact_match)} of "
            f"the reports; {chosen.unseen} of the findings are in no reference and count as 0 in "
            f"the macro mean; {count(chosen.empty)} reports state none of them on either side and "
            "count as 0 in the example-based rates."
        )
    parts.append("## Each finding")
    parts.append(
        table(
            ("Finding", "In references", "In generated", "Precision", "Recall", "F1"),
            [
                (
                    escape(f.finding),
                    cases(f.support),
                    cases(f.predicted),
                    *(with_interval(x) for x in (f.precision, f.recall, f.f1)),
                )
                for f in result.findings
            ],
        )
    )
    return "\n\n".join(parts) + "\n"


def _intervals(resamples: int, level: float, patients: bool) -> str:
    if not resamples:
        return "No intervals were computed."
    unit = "patients" if patients else "reports"
    return (
        f"In brackets: {100 * level:g} % intervals (Wilson and bootstrap, {count(resamples)} "
        f"resamples of {unit})."
    )


def _notes(notes: Sequence[str]) -> list[str]:
    return ["\n".join(f"> - {escape(note)}" for note in notes)] if notes else []


def _scoreboard(result: ValidationResult) -> str:
    tasks = list(result.labelers[0].tasks)
    head = ["Labeler", *(f"F1 {wording.TASK_TITLES[t].lower()} (micro)" for t in tasks)]
    head += ["F1 positive (macro)", "Same label", "Kappa"]
    rows = [
        [
            escape(labeler.name),
            *(with_interval(labeler.tasks[t].micro.f1) for t in tasks),
            with_interval(labeler.tasks["positive"].macro.f1),
            with_interval(labeler.agreement),
            with_interval(labeler.kappa),
        ]
        for labeler in result.labelers
    ]
    return table(head, rows)


def _verdict(labeler: LabelerResult) -> str:
    rows = []
    for f in labeler.findings:
        task = f.tasks["positive"]
        few = "\\*" if 0 < task.support < wording.FEW else ""
        rows.append(
            (
                escape(f.finding),
                wording.grade(task).name + few,
                f"{count(task.tp)} of {count(task.support)}" if task.support else "none in gold",
                count(task.fn),
                count(task.fp),
                with_interval(task.f1) if task.support else wording.UNDEFINED,
                with_interval(f.kappa),
            )
        )
    total = labeler.tasks["positive"]
    hits = sum(f.tasks["positive"].tp for f in labeler.findings)
    alarms = sum(f.tasks["positive"].fp for f in labeler.findings)
    rows.append(
        (
            "**All, pooled (micro)**",
            "",
            f"{count(hits)} of {count(total.support)}",
            count(total.support - hits),
            count(alarms),
            with_interval(total.micro.f1),
            with_interval(labeler.kappa),
        )
    )
    rows.append(("**Mean (macro)**", "", "", "", "", with_interval(total.macro.f1), ""))
    return table(("Finding", "Verdict", "Found", "Missed", "False alarms", "F1", "Kappa"), rows)


def _comparison(comparison: Comparison) -> Iterator[str]:
    first, second = escape(comparison.first), escape(comparison.second)
    yield f"## {first} against {second}"
    yield f"Differences are {first} minus {second}, on the same reports and resamples."
    rows = [
        (
            wording.TASK_TITLES[task],
            *(_difference(x) for x in (d.micro_f1, d.macro_f1, d.weighted_f1)),
        )
        for task, d in comparison.tasks.items()
    ]
    rows.append(("Same label as gold", _difference(comparison.agreement), "", ""))
    rows.append(("Kappa", _difference(comparison.kappa), "", ""))
    yield table(("Task", "F1 micro", "F1 macro", "F1 weighted"), rows)
    yield table(
        (
            "Finding",
            "F1 positive",
            "Differ",
            f"Only {first} right",
            f"Only {second} right",
            "Both wrong",
            "Both right",
            "McNemar p",
            "q",
        ),
        [
            (
                escape(f.finding),
                _difference(f.f1["positive"]),
                count(f.disagree),
                count(f.only_first_right),
                count(f.only_second_right),
                count(f.both_wrong),
                count(f.both_right),
                wording.p_value(f.p_value).replace("<", "&lt;"),
                wording.p_value(f.q_value).replace("<", "&lt;"),
            )
            for f in comparison.findings
        ],
    )


def _difference(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return signed(figure.value)
    return f"{signed(figure.value)} ({signed(figure.low)} to {signed(figure.high)})"


def _files(result: ValidationResult) -> str:
    """Say what was compared and when, so that the report can be told from another."""
    parts = [f"{result.date}."]
    for role, file in zip(["Gold", *["Labels"] * len(result.labelers)], result.inputs, strict=True):
        digest = f", sha256 `{file.sha256}`" if file.sha256 else ""
        parts.append(f"{role}: {escape(file.name)}{digest}.")
    if result.pattern_set:
        parts.append(f"Words marked by the pattern set {escape(result.pattern_set)}.")
    return " ".join(parts)


def _figures(labeler: LabelerResult) -> Iterator[str]:
    head = ("Finding", "Support", "Predicted", "Precision", "Recall", "F1", "Specificity", "NPV")
    for task, total in labeler.tasks.items():
        yield f"### {escape(labeler.name)}: {wording.TASK_TITLES[task].lower()}"
        rows = []
        for f in labeler.findings:
            t = f.tasks[task]
            cells = [escape(f.finding), cases(t.support), cases(t.predicted)]
            f1 = with_interval(t.f1) if t.support else wording.UNDEFINED
            cells += [with_interval(t.precision), with_interval(t.recall), f1]
            cells += [with_interval(t.specificity), with_interval(t.npv)]
            rows.append(cells)
        for name, r in (
            ("**Micro**", total.micro),
            (f"**Macro ({total.findings} findings)**", total.macro),
            ("**Weighted by support**", total.weighted),
        ):
            figures = map(with_interval, (r.precision, r.recall, r.f1))
            rows.append([name, count(total.support), "", *figures, "", ""])
        yield table(head, rows)


def _confusions(labeler: LabelerResult) -> str:
    arrow = "\N{RIGHTWARDS ARROW}"
    head = ["Finding", *(f"{g[:3]}{arrow}{p[:3]}" for g in CLASS_NAMES for p in CLASS_NAMES)]
    rows = [
        [escape(f.finding), *(count(cell) for row in f.confusion for cell in row)]
        for f in labeler.findings
    ]
    return f"{escape(labeler.name)}, gold{arrow}predicted:\n\n{table(head, rows)}"


def _confidences(labeler: LabelerResult) -> Iterator[str]:
    judged = [(f.finding, f.confidence) for f in labeler.findings if f.confidence is not None]
    if not judged:
        return
    yield f"## Confidence: {escape(labeler.name)}"
    cuts = next((c.thresholds for _, c in judged if c.thresholds), [])
    head = ["Finding", "Positives", "ROC AUC", "Average precision", "ECE", "Brier"]
    head += [f"Threshold for {cut.aim} {wording.percent(cut.target)}" for cut in cuts]
    rows = []
    for finding, c in judged:
        row = [
            escape(finding),
            count(c.positives),
            with_interval(c.auc),
            with_interval(c.average_precision),
            number(c.ece),
            number(c.brier),
        ]
        row += [
            f"{wording.threshold(cut.rounded)} (sens. {wording.percent(cut.sensitivity)}, "
            f"spec. {wording.percent(cut.specificity)})"
            for cut in c.thresholds
        ]
        rows.append(row + [wording.UNDEFINED] * (len(head) - len(row)))
    yield table(head, rows)


def _labels(
    distributions: Sequence[Distribution],
    differing: Sequence[int] | None,
    pair: Sequence[str],
    tables: Sequence[Cooccurrence],
) -> Iterator[str]:
    head = ["Finding"]
    for source in distributions:
        head += [f"{escape(source.source)}: {name}, n (%)" for name in CLASS_NAMES]
    if differing is not None:
        head.append(f"Disagree ({' and '.join(map(escape, pair))}), n (%)")
    rows = []
    for i, labels in enumerate(distributions[0].findings):
        row = [escape(labels.finding)]
        for source in distributions:
            counts = source.findings[i].model_dump()
            row += [f"{count(counts[c])} ({share(counts[c], source.reports)})" for c in CLASS_NAMES]
        if differing is not None:
            row.append(f"{count(differing[i])} ({share(differing[i], distributions[0].reports)})")
        rows.append(row)
    yield table(head, rows)
    for together in tables:
        yield f"Correlation of the positives, {escape(together.source)}:"
        yield table(
            ["", *map(escape, together.findings)],
            [
                [escape(name), *(signed(value, 2) for value in row)]
                for name, row in zip(together.findings, together.correlation, strict=True)
            ],
        )
