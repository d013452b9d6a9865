"""Clinical-efficacy scores: do generated reports state the findings of the reference reports?

Both sides are labeled, and the labels compared as if the references' were the gold: the protocol
of Chen et al. 2020 (arXiv:2010.16056) and of the F1-CheXbert metric (Smit et al. 2020,
arXiv:2004.09167; Delbrouck et al. 2022), with this package's rules in CheXbert's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from chexlabel._extras import optional_imports
from chexlabel._version import __version__
from chexlabel.errors import ValidationError
from chexlabel.labels import LABEL_WORDS
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.proportions import f1_figure, share_figure
from chexlabel.validation.resampling import confusion_counts, rates, task_counts
from chexlabel.validation.results import Figure, FindingScore, Rates, ScoreResult, SetScore
from chexlabel.validation.texts import TextSource, read_pairs
from chexlabel.validation.values import LEFT_OUT, Codes, LabelClass, Policy, Task, UncertainPolicy

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from chexlabel.engine.labeler import Labeler
    from chexlabel.report import Report

    Bools: TypeAlias = NDArray[np.bool_]
    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["USUAL_FINDINGS", "label_codes", "score", "score_codes", "usual_subset"]

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

_CODE: Final = {label: LabelClass.of(label) for label in LABEL_WORDS}


@optional_imports()
def score(  # noqa: PLR0913 - the options of the command
    references: str | os.PathLike[str],
    generated: str | os.PathLike[str],
    *,
    uncertain: UncertainPolicy = UncertainPolicy.POSITIVE,
    subset: Sequence[str] | None = None,
    patterns: str | os.PathLike[str] = "chexpert14",
    id_column: str | None = None,
    text_column: str | None = None,
    generated_text_column: str | None = None,
    format: str | None = None,  # noqa: A002 - the name that the command's --format has
    encoding: str = "utf-8",
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
        format: format of both files, one that the readers know or "lines" (one report a line);
            by default recognised, and "lines" for a file that ends in .txt.
        encoding: of text files.
        by_row: the n-th rows belong together; so they do where both files have lines.
        allow_missing: go on with the reports that both files have.
        resamples: bootstrap resamples of reports; 0 for no intervals.
        level: level of the intervals.
        seed: seed of the resamples.

    Raises:
        InputError: a file cannot be read.
        MissingExtraError: a package of the extra `validate` is not installed.
        ValidationError: a file is missing, or the reports of the two files do not correspond.
    """
    from chexlabel.engine.labeler import Labeler

    pairs, notes = read_pairs(
        TextSource(references, format, id_column, text_column, encoding),
        TextSource(generated, format, id_column, generated_text_column or text_column, encoding),
        by_row=by_row,
        allow_missing=allow_missing,
    )
    unreadable = sum(report.error is not None for pair in pairs for report in pair)
    if unreadable:
        notes.append(f"{unreadable} reports could not be read and count as saying nothing.")
    labeler = Labeler(patterns)
    return score_codes(
        labeler.findings,
        label_codes(labeler, [reference for reference, _ in pairs]),
        label_codes(labeler, [answer for _, answer in pairs]),
        subset=subset,
        uncertain=uncertain,
        bootstrap=Bootstrap(len(pairs), resamples, level, seed),
        notes=notes,
    )


def usual_subset(findings: Sequence[str], subset: Sequence[str] | None) -> Sequence[str] | None:
    """Return the smaller set of findings: those asked for, each once, or the usual if all there.

    Raises:
        ValidationError: the subset names a finding that there is none of.
    """
    if subset is None:
        return USUAL_FINDINGS if set(USUAL_FINDINGS) <= set(findings) else None
    unknown = [finding for finding in subset if finding not in findings]
    if unknown:
        raise ValidationError(
            f"no finding {unknown[0]!r} in the pattern set; it has {', '.join(findings)}"
        )
    return tuple(dict.fromkeys(subset))


def label_codes(labeler: Labeler, reports: Sequence[str | Report]) -> Codes:
    """Label reports: label classes, shape [reports, findings]."""
    rows = labeler.label_batch(reports)
    codes = np.array([[_CODE[label] for label in row] for row in rows], dtype=np.int8)
    return codes.reshape(len(rows), len(labeler.findings))


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

    Args:
        findings: names of the columns.
        gold: the references' labels.
        predicted: the generated reports' labels.
        subset: findings of the smaller set; default as `usual_subset` chooses.
        uncertain: what an uncertain label counts as.
        bootstrap: the resamples.
        notes: what to know of the input.

    Raises:
        ValidationError: the subset names a finding that there is none of.
    """
    subset = usual_subset(findings, subset)
    policy = Policy(uncertain)
    truth, answer = policy.merge_gold(gold), policy.merge(predicted)
    everything = list(range(len(findings)))
    sets: list[tuple[Literal["all", "subset"], list[int]]] = [("all", everything)]
    if subset:
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
        scores.append(
            FindingScore(
                finding=finding,
                support=int(yes.sum()),
                predicted=int(said.sum()),
                **_share_figures(yes, said, samples[..., i], bootstrap),
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
        micro=Rates(**_share_figures(yes, said, micro, bootstrap)),
        macro=Rates(**_figures(_estimates(yes, said, "macro"), macro, bootstrap)),
        example=Rates(**_figures(_estimates(yes, said, "samples"), example[:3], bootstrap)),
        exact_match=share_figure(int(exact.sum()), len(exact), len(exact), example[3], bootstrap),
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


def _share_figures(
    yes: Bools, said: Bools, samples: Floats, bootstrap: Bootstrap
) -> dict[str, Figure]:
    """Return pooled precision, recall and F1 with Wilson intervals; a rate without cases is 0."""
    estimates = _estimates(yes, said, "micro")
    hits = int((yes & said).sum())
    found = {}
    for name, value, cases, sampled in zip(
        ("precision", "recall", "f1"), estimates, (said, yes, yes | said), samples, strict=True
    ):
        interval = f1_figure if name == "f1" else share_figure
        reports = int(cases.any(axis=1).sum())
        bounds = interval(hits, int(cases.sum()), reports, sampled, bootstrap)
        found[name] = Figure(value=value, low=bounds.low, high=bounds.high)
    return found
