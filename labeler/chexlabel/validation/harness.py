"""`validate`: from label files to a `ValidationResult`; and `describe`, the same without a gold."""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chexlabel._extras import optional_imports
from chexlabel._version import __version__
from chexlabel.errors import ValidationError
from chexlabel.validation.alignment import (
    Aligned,
    align,
    label_columns,
    read_columns,
)
from chexlabel.validation.comparison import compare
from chexlabel.validation.curves import Aims, judge_confidences
from chexlabel.validation.disagreements import choose, disagreements
from chexlabel.validation.distribution import cooccurrence, distribution
from chexlabel.validation.evidence import collect_evidence
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.metrics import judge
from chexlabel.validation.resampling import resample
from chexlabel.validation.results import (
    Comparison,
    Disagreement,
    DisagreementList,
    InputFile,
    LabelerResult,
    Settings,
    StatsResult,
    ValidationResult,
)
from chexlabel.validation.tables import LabelFile, LabelSource, read_label_file
from chexlabel.validation.values import LEFT_OUT, Codes, Policy

__all__ = ["Matching", "Reports", "Resampling", "Validation", "describe", "validate"]


@dataclass(frozen=True, slots=True)
class Matching:
    """How rows and columns of the files are brought together.

    Attributes:
        findings: the findings to compare; default the gold's label columns.
        id_column: the column of the reports' ids; default the first known one all files share.
        patient_column: the column that names the patient; resamples then draw patients.
        by_row: the n-th rows belong together; ids are not looked at.
        allow_missing: go on with the reports that all files have.
    """

    findings: Sequence[str] | None = None
    id_column: str | None = None
    patient_column: str | None = None
    by_row: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class Resampling:
    """The bootstrap: number of resamples (0: no intervals), level of the interval, seed."""

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reports:
    """Where the text of the disagreements comes from, and how many are shown.

    Attributes:
        reports: file of reports, in any format that the labeler reads.
        evidence: evidence file of `chexlabel label --evidence`.
        id_column: column of the ids in them.
        text_column: column of the text in the reports file.
        format: its format, as the readers name it; by default it is recognised.
        encoding: its text encoding.
        patterns: pattern set that finds the mentions when there is no evidence file.
        limit: number of disagreements shown; the rest is counted only.
    """

    reports: str | os.PathLike[str] | None = None
    evidence: str | os.PathLike[str] | None = None
    id_column: str | None = None
    text_column: str | None = None
    format: str | None = None
    encoding: str = "utf-8"
    patterns: str | os.PathLike[str] = "chexpert14"
    limit: int = 500


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
    matching: Matching = Matching(),
    resampling: Resampling = Resampling(),
    aims: Aims = Aims(),  # noqa: B008
    reports: Reports = Reports(),
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
    judged, comparisons = _judge_all(aligned, files, truth, predicted, policy, bootstrap, aims)
    sources = [(gold_file.name, aligned.gold)]
    sources += [(labeler.name, labeler.codes) for labeler in aligned.labelers]
    pair = sources[1:3] if len(sources) > 2 else sources[:2]
    result = ValidationResult(
        version=__version__,
        title=title,
        date=_today().isoformat(),
        gold=gold_file.name,
        inputs=[
            InputFile(name=file.name, sha256=file.sha256)
            for file in (gold_file, *(file for _, file in files))
        ],
        pattern_set=None,
        reports=len(aligned.ids),
        patients=clusters if aligned.patient_column else None,
        settings=Settings(
            uncertain=policy.uncertain.value,
            blank=policy.blank.value,
            policy=policy.describe(),
            resamples=resampling.resamples,
            level=resampling.level,
            seed=resampling.seed,
            patient_column=aligned.patient_column,
        ),
        notes=list(aligned.notes),
        findings=list(aligned.findings),
        labelers=judged,
        comparisons=comparisons,
        distributions=[distribution(name, aligned.findings, codes) for name, codes in sources],
        differing=(pair[0][1] != pair[1][1]).sum(axis=0).tolist(),
        cooccurrence=[cooccurrence(name, aligned.findings, codes) for name, codes in sources],
        disagreements=DisagreementList(total=0, shown=[], evidence=[]),
    )
    listed = disagreements(aligned.ids, aligned.findings, result.worst_first(), truth, predicted)
    shown = choose(listed, reports.limit)
    questions: dict[str, list[str]] = {}
    for item in shown:
        questions.setdefault(item.id, []).append(item.finding)
    evidence = collect_evidence(
        questions,
        reports=reports.reports,
        evidence=reports.evidence,
        id_column=reports.id_column,
        reading={
            "text_column": reports.text_column,
            "format": reports.format,
            "encoding": reports.encoding,
        },
        patterns=reports.patterns,
        by_row=matching.by_row,
    )
    result = result.model_copy(
        update={
            "pattern_set": _pattern_set(reports) if evidence and not reports.evidence else None,
            "disagreements": DisagreementList(total=len(listed), shown=shown, evidence=evidence),
        }
    )
    return Validation(result, listed)


def describe(
    labels: LabelSource | Mapping[str, LabelSource],
    *,
    matching: Matching = Matching(),
    title: str = "Distribution of report labels",
) -> StatsResult:
    """Count the labels of one or more files, without a gold.

    With two or more files, they are brought together by id and the disagreement of the first two
    is counted.

    Raises:
        ValidationError: the files cannot be read or brought together.
    """
    files = _read_all(labels)
    notes: list[str] = []
    if len(files) == 1:
        name, file = files[0]
        used, unused = label_columns(file)
        findings = tuple(matching.findings or used)
        if unused and not matching.findings:
            notes.append(f"{file.name}: columns that hold no label, left out: {', '.join(unused)}.")
        if not findings:
            raise ValidationError(f"{file.name}: no column holds labels; name them with --findings")
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
        sources = [(name, aligned.gold)]
        sources += [(labeler.name, labeler.codes) for labeler in aligned.labelers]
        differing = (sources[0][1] != sources[1][1]).sum(axis=0).tolist()
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


def _today() -> datetime.date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdecimal():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    return datetime.datetime.now(datetime.UTC).date()


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
    return [(file.name.split(".")[0], file)]


def _has_name(source: object) -> bool:
    return isinstance(source, str | os.PathLike | LabelFile)


def _judge_all(
    aligned: Aligned,
    files: Sequence[tuple[str, LabelFile]],
    truth: Codes,
    predicted: Sequence[Codes],
    policy: Policy,
    bootstrap: Bootstrap,
    aims: Aims,
) -> tuple[list[LabelerResult], list[Comparison]]:
    tasks = policy.tasks()
    resampled = resample(truth, predicted, aligned.clusters, bootstrap)
    judged = []
    for labeler, (_, file), codes, samples in zip(
        aligned.labelers, files, predicted, resampled, strict=True
    ):
        scored = judge(
            labeler.name, file.name, aligned.findings, truth, codes, tasks, samples, bootstrap
        )
        if labeler.confidences:
            curves = judge_confidences(
                aligned.findings, truth, labeler.confidences, aligned.clusters, bootstrap, aims
            )
            scored = scored.model_copy(
                update={
                    "findings": [
                        f.model_copy(update={"confidence": curves.get(f.finding)})
                        for f in scored.findings
                    ]
                }
            )
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
