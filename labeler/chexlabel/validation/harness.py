"""`validate`: from label files to a `ValidationResult`; and `describe`, the same without a gold."""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chexlabel._extras import optional_imports
from chexlabel._version import __version__
from chexlabel.errors import ValidationError
from chexlabel.validation.alignment import (
    Aligned,
    align,
    patients_note,
    read_columns,
)
from chexlabel.validation.comparison import compare
from chexlabel.validation.curves import Aims, judge_confidences
from chexlabel.validation.disagreements import choose, disagreements, worst_first
from chexlabel.validation.distribution import cooccurrence, distribution
from chexlabel.validation.evidence import collect_evidence
from chexlabel.validation.evidence_results import ReportEvidence
from chexlabel.validation.findings import choose_findings
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.matching import check_ids
from chexlabel.validation.metrics import judge
from chexlabel.validation.options import Matching, Reports, Resampling
from chexlabel.validation.resampling import resample
from chexlabel.validation.results import (
    Comparison,
    ConfidenceResult,
    Disagreement,
    DisagreementList,
    InputFile,
    LabelerResult,
    Settings,
    StatsResult,
    ValidationResult,
)
from chexlabel.validation.tables import (
    LabelFile,
    LabelSource,
    column_key,
    file_stem,
    read_label_file,
)
from chexlabel.validation.values import LEFT_OUT, Codes, Policy

__all__ = ["Validation", "describe", "validate"]


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation's result, and what is too long for it.

    Attributes:
        result: all figures, and the disagreements up to the limit.
        disagreements: all disagreements.
    """

    result: ValidationResult
    disagreements: Sequence[Disagreement] = field(repr=False)


@optional_imports()
def validate(
    labels: LabelSource | Mapping[str, LabelSource],
    gold: LabelSource,
    *,
    policy: Policy = Policy(),  # noqa: B008 (frozen)
    matching: Matching = Matching(),  # noqa: B008
    resampling: Resampling = Resampling(),  # noqa: B008
    aims: Aims = Aims(),  # noqa: B008
    reports: Reports = Reports(),  # noqa: B008
    title: str = "Validation of report labels",
) -> Validation:
    """Judge one labeler, or several on the same reports, against manual labels.

    Args:
        labels: the labels (path, DataFrame or `LabelFile`), or labeler name -> labels.
        gold: the manual labels.
        policy: what uncertain and blank labels count as.
        matching: how the files are brought together.
        resampling: the bootstrap.
        aims: thresholds on the confidences to look for.
        reports: the reports' text, for the disagreements.
        title: title of the report.

    The report bears today's date in UTC, or that of SOURCE_DATE_EPOCH in the environment, for
    reports that are the same byte for byte.

    Raises:
        ValidationError: the files cannot be compared; the message says why and what to do.
        MissingExtraError: a package of the extra `validate` is not installed.
    """
    date = _today()
    prepared = _prepare(labels, gold, policy, matching, resampling)
    aligned, truth, predicted = prepared.aligned, prepared.truth, prepared.predicted
    judged, comparisons = _judge_all(prepared, aims)
    listed = disagreements(
        aligned.ids, aligned.findings, worst_first(judged, aligned.findings), truth, predicted
    )
    shown = choose(listed, reports.limit)
    notes = [*aligned.notes, *_advice(prepared, aims)]
    evidence = _evidence(shown, reports, aligned.id_columns, notes, by_row=matching.by_row)
    sources = aligned.sources(prepared.gold.name)
    result = ValidationResult(
        version=__version__,
        title=title,
        date=date.isoformat(),
        gold=prepared.gold.name,
        inputs=[
            InputFile(name=file.name, sha256=file.sha256)
            for file in (prepared.gold, *(file for _, file in prepared.files))
        ],
        pattern_set=_pattern_set(reports) if evidence and not reports.evidence else None,
        reports=len(aligned.ids),
        patients=prepared.bootstrap.clusters if aligned.patient_column else None,
        settings=_settings(prepared),
        notes=notes,
        findings=list(aligned.findings),
        labelers=judged,
        comparisons=comparisons,
        distributions=[distribution(name, aligned.findings, codes) for name, codes in sources],
        differing=_differing(sources[1:] if len(sources) > 2 else sources),
        cooccurrence=[cooccurrence(name, aligned.findings, codes) for name, codes in sources],
        disagreements=DisagreementList(total=len(listed), shown=shown, evidence=evidence),
    )
    return Validation(result, listed)


def describe(
    labels: LabelSource | Mapping[str, LabelSource],
    *,
    matching: Matching = Matching(),  # noqa: B008
    title: str = "Distribution of report labels",
) -> StatsResult:
    """Count the labels of one or more files, without a gold.

    Two or more files are brought together as `matching` says, and the reports on which the first
    two differ are counted.

    Raises:
        ValidationError: the files cannot be read or brought together.
    """
    files = _read_all(labels)
    notes: list[str] = []
    if len(files) == 1:
        name, file = files[0]
        if not matching.by_row:
            check_ids(file, matching.id_column, notes)
        used = {column_key(c) for c in (matching.id_column, matching.patient_column) if c}
        findings = choose_findings(file, (), matching.findings, used, notes)
        sources = [(name, read_columns(file, findings, None, notes))]
        differing = None
    else:
        (name, file), *others = files
        aligned = align(
            file,
            others,
            findings=matching.findings,
            id_column=matching.id_column,
            by_row=matching.by_row,
            allow_missing=matching.allow_missing,
        )
        findings, notes = aligned.findings, list(aligned.notes)
        sources = aligned.sources(name)
        differing = _differing(sources)
    return StatsResult(
        version=__version__,
        title=title,
        reports=len(sources[0][1]),
        notes=notes,
        findings=list(findings),
        distributions=[distribution(name, findings, codes) for name, codes in sources],
        differing=differing,
        cooccurrence=[cooccurrence(name, findings, codes) for name, codes in sources],
    )


class _Prepared(NamedTuple):
    """All that the figures come from: the files brought together, and the policy applied.

    Attributes:
        gold: the gold's file.
        files: (name, labels) of each labeler.
        aligned: their labels, row for row.
        policy: what uncertain and blank labels count as.
        bootstrap: the resamples.
        truth: the gold's codes under the policy, shape [reports, findings].
        predicted: the same of each labeler.
    """

    gold: LabelFile
    files: Sequence[tuple[str, LabelFile]]
    aligned: Aligned
    policy: Policy
    bootstrap: Bootstrap
    truth: Codes
    predicted: Sequence[Codes]


def _prepare(
    labels: LabelSource | Mapping[str, LabelSource],
    gold: LabelSource,
    policy: Policy,
    matching: Matching,
    resampling: Resampling,
) -> _Prepared:
    gold_file = read_label_file(gold, name=None if _has_name(gold) else "gold")
    files = _read_all(labels)
    aligned = align(
        gold_file,
        files,
        findings=matching.findings,
        id_column=matching.id_column,
        patient_column=matching.patient_column,
        by_row=matching.by_row,
        allow_missing=matching.allow_missing,
    )
    clusters = int(aligned.clusters.max()) + 1
    bootstrap = Bootstrap(clusters, resampling.resamples, resampling.level, resampling.seed)
    truth = policy.merge_gold(aligned.gold)
    if (truth == LEFT_OUT).all():
        raise ValidationError(
            f"{gold_file.name}: every label is left out by the policy ({policy.describe()}); "
            "choose another --uncertain or --blank"
        )
    predicted = [policy.merge(labeler.codes) for labeler in aligned.labelers]
    return _Prepared(gold_file, files, aligned, policy, bootstrap, truth, predicted)


def _judge_all(prepared: _Prepared, aims: Aims) -> tuple[list[LabelerResult], list[Comparison]]:
    """Judge every labeler, and compare each two of them, on the same resamples."""
    aligned, bootstrap = prepared.aligned, prepared.bootstrap
    truth, predicted = prepared.truth, prepared.predicted
    tasks = prepared.policy.tasks()
    resampled = resample(truth, predicted, aligned.clusters, bootstrap)
    judged = []
    for labeler, (_, file), codes, samples in zip(
        aligned.labelers, prepared.files, predicted, resampled, strict=True
    ):
        scored = judge(
            labeler.name, file.name, aligned.findings, truth, codes, tasks, samples, bootstrap
        )
        if labeler.confidences:
            curves = judge_confidences(
                aligned.findings, truth, labeler.confidences, aligned.clusters, bootstrap, aims
            )
            scored = _with_curves(scored, curves)
        judged.append(scored)
    comparisons = [
        compare(
            judged[i],
            judged[j],
            truth,
            (predicted[i], predicted[j]),
            (resampled[i], resampled[j]),
            tasks,
            bootstrap,
        )
        for i, j in itertools.combinations(range(len(judged)), 2)
    ]
    return judged, comparisons


def _with_curves(labeler: LabelerResult, curves: Mapping[str, ConfidenceResult]) -> LabelerResult:
    findings = [
        found.model_copy(update={"confidence": curves.get(found.finding)})
        for found in labeler.findings
    ]
    return labeler.model_copy(update={"findings": findings})


def _differing(sources: Sequence[tuple[str, Codes]]) -> list[int]:
    """Count, by finding, the reports on which the first two sources differ."""
    (_, first), (_, second), *_ = sources
    differing: list[int] = (first != second).sum(axis=0).tolist()
    return differing


def _advice(prepared: _Prepared, aims: Aims) -> Iterator[str]:
    """Yield what was asked for and cannot be, and what could be asked for."""
    aligned = prepared.aligned
    if aligned.patient_column is None:
        note = patients_note([prepared.gold, *(file for _, file in prepared.files)])
        if note is not None:
            yield note
    if aims != Aims() and not any(labeler.confidences for labeler in aligned.labelers):
        yield (
            "No threshold was looked for: the labels have no column '<finding>_prob' of a finding."
        )


def _evidence(
    shown: Sequence[Disagreement],
    reports: Reports,
    label_id_columns: Sequence[str],
    notes: list[str],
    *,
    by_row: bool,
) -> list[ReportEvidence]:
    """Look up the text and the mentions of the disagreements shown."""
    questions: dict[str, list[str]] = {}
    for item in shown:
        questions.setdefault(item.id, []).append(item.finding)
    return collect_evidence(
        questions,
        reports=reports.reports,
        evidence=reports.evidence,
        id_column=reports.id_column,
        label_id_columns=label_id_columns,
        reading={
            "text_column": reports.text_column,
            "format": reports.format,
            "encoding": reports.encoding,
        },
        patterns=reports.patterns,
        by_row=by_row,
        notes=notes,
    )


def _settings(prepared: _Prepared) -> Settings:
    policy, bootstrap = prepared.policy, prepared.bootstrap
    return Settings(
        uncertain=policy.uncertain.value,
        blank=policy.blank.value,
        policy=policy.describe(),
        resamples=bootstrap.resamples,
        level=bootstrap.level,
        seed=bootstrap.seed,
        patient_column=prepared.aligned.patient_column,
    )


def _today() -> datetime.date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch.isdecimal():
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    except (OSError, OverflowError, ValueError):
        raise ValidationError(
            f"SOURCE_DATE_EPOCH is {epoch[:20]}, which is no day in seconds since 1970; mend it in "
            "the environment, or leave it out"
        ) from None


def _pattern_set(reports: Reports) -> str:
    from chexlabel.patterns import load_patterns

    chosen = load_patterns(reports.patterns)
    return f"{chosen.name} {chosen.version}"


def _read_all(labels: LabelSource | Mapping[str, LabelSource]) -> list[tuple[str, LabelFile]]:
    if isinstance(labels, Mapping):
        if not labels:
            raise ValidationError("no labels to judge; give at least one file")
        return [
            (name, read_label_file(source, name=None if _has_name(source) else name))
            for name, source in labels.items()
        ]
    file = read_label_file(labels)
    return [(file_stem(file.name), file)]


def _has_name(source: object) -> bool:
    return isinstance(source, str | os.PathLike | LabelFile)
