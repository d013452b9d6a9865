"""Clinical-efficacy scores: do generated reports state the findings of the reference reports?

Both sides are labeled, and the labels compared as if the references' were the gold: the protocol
of Chen et al. 2020 (arXiv:2010.16056) and of the F1-CheXbert metric (Smit et al. 2020,
arXiv:2004.09167; Delbrouck et al. 2022), with this package's rules in CheXbert's place.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from chexlabel._version import __version__
from chexlabel.errors import ValidationError
from chexlabel.validation.alignment import show_ids
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.metrics import confusion_counts, rates, task_counts
from chexlabel.validation.results import Figure, FindingScore, Rates, ScoreResult, SetScore
from chexlabel.validation.values import LEFT_OUT, Codes, LabelClass, Policy, Task, UncertainPolicy

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from chexlabel.labels import Label
    from chexlabel.report import Report

    Bools: TypeAlias = NDArray[np.bool_]
    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["USUAL_FINDINGS", "score", "score_codes"]

USUAL_FINDINGS: Final = (
    "Cardiomegaly",
    "Edema",
    "Consolidation",
    "Atelectasis",
    "Pleural Effusion",
)
"""The five findings of the CheXpert competition (Irvin et al. 2019), the usual subset.

The one place in the package's code that names findings; `subset=` and `--subset` override it.
"""

_CODE: Final = {
    1: LabelClass.POSITIVE,
    0: LabelClass.NEGATIVE,
    -1: LabelClass.UNCERTAIN,
    None: LabelClass.BLANK,
}


def score(
    references: str | os.PathLike[str],
    generated: str | os.PathLike[str],
    *,
    uncertain: UncertainPolicy = UncertainPolicy.POSITIVE,
    subset: Sequence[str] | None = None,
    patterns: str | os.PathLike[str] = "chexpert14",
    id_column: str | None = None,
    text_column: str | None = None,
    generated_text_column: str | None = None,
    by_row: bool = False,
    allow_missing: bool = False,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ScoreResult:
    """Label reference and generated reports and compare what they state.

    Args:
        references: the reports written by radiologists.
        generated: the reports to score.
        uncertain: what an uncertain label counts as: "positive", as F1-CheXbert counts it;
            "negative" and "as-is" both mean not positive; "ignore" leaves out the pairs whose
            reference is uncertain.
        subset: the findings of the smaller set; default `USUAL_FINDINGS` as far as the pattern
            set has them all.
        patterns: the pattern set to label with.
        id_column: column of the ids, in both files.
        text_column: column of the text, in both files.
        generated_text_column: column of the text in `generated`, where it is another.
        by_row: the n-th rows belong together.
        allow_missing: go on with the reports that both files have.
        resamples: bootstrap resamples of reports; 0 for no intervals.
        level: level of the intervals.
        seed: seed of the resamples.

    Raises:
        InputError: a file cannot be read.
        ValidationError: the reports of the two files do not correspond.
    """
    from chexlabel.engine.labeler import Labeler

    texts = _read(references, id_column, text_column, by_row)
    answers = _read(generated, id_column, generated_text_column or text_column, by_row)
    ids, notes = _match(texts, answers, by_row=by_row, allow_missing=allow_missing)
    unreadable = sum(r[key].error is not None for key in ids for r in (texts, answers))
    if unreadable:
        notes.append(f"{unreadable} reports could not be read and count as saying nothing.")
    labeler = Labeler(patterns)
    findings = labeler.findings
    gold = _codes([labeler.label(texts[key]) for key in ids])
    predicted = _codes([labeler.label(answers[key]) for key in ids])
    if subset is None and set(USUAL_FINDINGS) <= set(findings):
        subset = USUAL_FINDINGS
    return score_codes(
        findings,
        gold,
        predicted,
        subset=subset,
        uncertain=uncertain,
        bootstrap=Bootstrap(len(ids), resamples, level, seed),
        notes=notes,
    )


def score_codes(
    findings: Sequence[str],
    gold: Codes,
    predicted: Codes,
    *,
    subset: Sequence[str] | None,
    uncertain: UncertainPolicy,
    bootstrap: Bootstrap,
    notes: Sequence[str] = (),
) -> ScoreResult:
    """Score label classes, shape [reports, findings], already at hand.

    Raises:
        ValidationError: the subset names a finding that there is none of.
    """
    policy = Policy(uncertain)
    truth, answer = policy.merge_gold(gold), policy.merge(predicted)
    everything = list(range(len(findings)))
    sets: list[tuple[Literal["all", "subset"], list[int]]] = [("all", everything)]
    if subset:
        unknown = [finding for finding in subset if finding not in findings]
        if unknown:
            raise ValidationError(
                f"no finding {unknown[0]!r} in the pattern set; it has {', '.join(findings)}"
            )
        sets.append(("subset", [list(findings).index(finding) for finding in subset]))
    per_finding = _per_finding(findings, truth, answer, bootstrap)
    return ScoreResult(
        version=__version__,
        reports=len(gold),
        uncertain=uncertain.value,
        resamples=bootstrap.resamples,
        level=bootstrap.level,
        seed=bootstrap.seed,
        notes=list(notes),
        findings=per_finding,
        sets=[
            _score_set(name, findings, columns, truth, answer, bootstrap) for name, columns in sets
        ],
    )


def _per_finding(
    findings: Sequence[str], truth: Codes, answer: Codes, bootstrap: Bootstrap
) -> list[FindingScore]:
    samples = _sampled_rates(_resampled(truth, answer, bootstrap))
    scores = []
    for i, finding in enumerate(findings):
        yes, said = _positives(truth[:, [i]], answer[:, [i]])
        estimates = _estimates(yes, said, "micro")
        scores.append(
            FindingScore(
                finding=finding,
                support=int(yes.sum()),
                predicted=int(said.sum()),
                **_figures(estimates, samples[..., i], bootstrap),
            )
        )
    return scores


def _score_set(
    name: Literal["all", "subset"],
    findings: Sequence[str],
    columns: Sequence[int],
    truth: Codes,
    answer: Codes,
    bootstrap: Bootstrap,
) -> SetScore:
    truth, answer = truth[:, columns], answer[:, columns]
    yes, said = _positives(truth, answer)
    confusion = _resampled(truth, answer, bootstrap)
    micro = _sampled_rates(confusion.sum(axis=1))
    macro = _sampled_rates(confusion).mean(axis=-1)
    exact = (yes == said).all(axis=1)
    per_report = np.column_stack([*_report_rates(yes, said), exact]).astype(np.float32)
    example = bootstrap.totals(per_report).T / len(yes)
    return SetScore(
        name=name,
        findings=[findings[i] for i in columns],
        support=int(yes.sum()),
        micro=Rates(**_figures(_estimates(yes, said, "micro"), micro, bootstrap)),
        macro=Rates(**_figures(_estimates(yes, said, "macro"), macro, bootstrap)),
        example=Rates(**_figures(_estimates(yes, said, "samples"), example[:3], bootstrap)),
        exact_match=bootstrap.figure(float(exact.mean()), example[3]),
        unseen=int((~yes.any(axis=0)).sum()),
        empty=int((~yes.any(axis=1) & ~said.any(axis=1)).sum()),
    )


def _positives(truth: Codes, answer: Codes) -> tuple[Bools, Bools]:
    # A pair left out is a "no" on both sides, and so counts in no precision and no recall.
    kept = truth != LEFT_OUT
    return (truth == LabelClass.POSITIVE) & kept, (answer == LabelClass.POSITIVE) & kept


def _resampled(truth: Codes, answer: Codes, bootstrap: Bootstrap) -> Floats:
    return bootstrap.totals(confusion_counts(truth, answer, np.arange(len(truth))))


def _sampled_rates(confusion: Floats) -> Floats:
    """Precision, recall and F1 of resampled matrices, shape [3, ...]; 0 where undefined."""
    found = rates(*task_counts(confusion, Task.POSITIVE))
    return np.nan_to_num(np.stack([found.precision, found.recall, found.f1]))


def _report_rates(yes: Bools, said: Bools) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of each report over its findings; 0 where undefined."""
    both = (yes & said).sum(axis=1).astype(np.float64)
    found = rates(both, said.sum(axis=1) - both, yes.sum(axis=1) - both, np.zeros(len(yes)))
    return np.nan_to_num(found.precision), np.nan_to_num(found.recall), np.nan_to_num(found.f1)


def _estimates(yes: Bools, said: Bools, average: str) -> tuple[float, float, float]:
    from sklearn.metrics import precision_recall_fscore_support

    if yes.shape[1] == 1:  # scikit-learn takes a single column for a plain yes-or-no question
        yes, said, average = yes[:, 0], said[:, 0], "binary"
    precision, recall, f1, _ = precision_recall_fscore_support(
        yes, said, average=average, zero_division=0.0
    )
    return float(precision), float(recall), float(f1)


def _figures(
    estimates: tuple[float, float, float], samples: Floats, bootstrap: Bootstrap
) -> dict[str, Figure]:
    return {
        name: bootstrap.figure(value, sample)
        for name, value, sample in zip(
            ("precision", "recall", "f1"), estimates, samples, strict=True
        )
    }


def _read(
    source: str | os.PathLike[str],
    id_column: str | None,
    text_column: str | None,
    by_row: bool,
) -> dict[str, Report]:
    from chexlabel.readers import open_reports

    reports: dict[str, Report] = {}
    twice: dict[str, None] = {}
    with open_reports(source, id_column=id_column, text_column=text_column) as stream:
        for row, report in enumerate(stream, 1):
            key = str(row) if by_row else report.id
            if key in reports:
                twice[key] = None
            reports[key] = report
    if twice:
        raise ValidationError(
            f"{Path(source).name}: {len(twice)} ids occur more than once ({show_ids(twice)}); "
            "keep one row a report, or pass --by-row"
        )
    if not reports:
        raise ValidationError(f"{Path(source).name}: holds no report; give one with reports")
    return reports


def _match(
    references: Mapping[str, Report],
    generated: Mapping[str, Report],
    *,
    by_row: bool,
    allow_missing: bool,
) -> tuple[list[str], list[str]]:
    """Return the ids in both, and notes on what is left out."""
    common = [key for key in references if key in generated]
    missing = [key for key in references if key not in generated]
    extra = [key for key in generated if key not in references]
    parts = []
    if missing:
        parts.append(f"{len(missing)} references have no generated report ({show_ids(missing)})")
    if extra:
        parts.append(f"{len(extra)} generated reports have no reference ({show_ids(extra)})")
    if not common or (parts and by_row):
        remedy = "give files of the same length" if by_row else "check --id-column or pass --by-row"
        raise ValidationError(f"the reports do not correspond: {'; '.join(parts)}; {remedy}")
    if parts and not allow_missing:
        raise ValidationError(
            f"report ids do not match: {'; '.join(parts)}; pass --allow-missing to score the "
            f"{len(common)} they share"
        )
    return common, [f"Left out: {'; '.join(parts)}."] if parts else []


def _codes(labels: Sequence[Sequence[Label | None]]) -> Codes:
    return np.array([[_CODE[label] for label in row] for row in labels], dtype=np.int8)
