"""The result of a validation, and with it the schema of its JSON.

The models are frozen and refuse unknown fields. `SCHEMA` names the version: fields may be added
within a version; none is renamed, removed or given another meaning.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from chexlabel.validation.evidence_results import ClassName, ReportEvidence

__all__ = [
    "CLASS_NAMES",
    "SCHEMA",
    "Aggregate",
    "BinnedProbability",
    "Comparison",
    "ConfidenceResult",
    "Cooccurrence",
    "Difference",
    "Disagreement",
    "DisagreementList",
    "Distribution",
    "ErrorKind",
    "Figure",
    "FindingDifference",
    "FindingResult",
    "FindingScore",
    "InputFile",
    "LabelCounts",
    "LabelerResult",
    "Rates",
    "ScoreResult",
    "SetScore",
    "Settings",
    "StatsResult",
    "TaskResult",
    "Threshold",
    "ValidationResult",
]

SCHEMA: Final = "chexlabel.validation/2"
CLASS_NAMES: Final = ("positive", "negative", "uncertain", "blank")

TaskName = Literal["positive", "negative", "uncertain", "mention"]
ErrorKind = Literal["missed", "false-alarm", "certainty", "unmentioned", "over-mentioned"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Model):
    """An estimate with its interval; `null` where it is undefined."""

    value: float | None = Field(description="point estimate on all reports")
    low: float | None = Field(default=None, description="lower bound of the interval")
    high: float | None = Field(default=None, description="upper bound of the interval")


class Rates(_Model):
    """Precision, recall and F1."""

    precision: Figure
    recall: Figure
    f1: Figure


class TaskResult(Rates):
    """One task of one finding; recall is the sensitivity."""

    support: int = Field(description="reports that the gold says yes for")
    predicted: int = Field(description="reports that the labeler says yes for")
    tp: int
    fp: int
    fn: int
    tn: int
    specificity: Figure
    npv: Figure = Field(description="negative predictive value")


class Aggregate(_Model):
    """One task over all findings."""

    support: int = Field(description="pairs of report and finding that the gold says yes for")
    findings: int = Field(description="findings that the gold says yes for at least once")
    micro: Rates = Field(description="all pairs pooled")
    macro: Rates = Field(description="mean over these findings")
    weighted: Rates = Field(description="mean over the findings, weighted by support")


class Threshold(_Model):
    """The cut on the confidence that meets a stated sensitivity or specificity."""

    aim: Literal["sensitivity", "specificity"]
    target: float
    threshold: float | None = Field(description="call positive at or above; null: out of reach")
    rounded: float | None = Field(
        description="the number with the fewest decimals, at least 3, that divides the reports so"
    )
    sensitivity: float | None
    specificity: float | None


class BinnedProbability(_Model):
    """One bin of the calibration plot and of the confidence histogram."""

    low: float
    high: float
    count: int
    mean_confidence: float | None
    positive_share: float | None = Field(description="share of gold positives in the bin")


class ConfidenceResult(_Model):
    """How well the confidences rank and how well they are calibrated (task: positive)."""

    positives: int
    negatives: int
    auc: Figure = Field(description="area under the ROC curve")
    average_precision: Figure
    brier: float | None = Field(description="Brier score")
    ece: float | None = Field(description="expected calibration error over the bins")
    bins: list[BinnedProbability]
    roc: list[tuple[float, float]] = Field(description="(1 - specificity, sensitivity)")
    precision_recall: list[tuple[float, float]] = Field(description="(recall, precision)")
    thresholds: list[Threshold]


class FindingResult(_Model):
    """One labeler on one finding."""

    finding: str
    reports: int = Field(description="reports compared under the policy")
    confusion: list[list[int]] = Field(
        description="rows gold, columns predicted, both in the order of `classes`"
    )
    agreement: Figure = Field(description="share of reports with the very label of the gold")
    kappa: Figure = Field(description="Cohen's kappa over the four classes")
    tasks: dict[TaskName, TaskResult]
    confidence: ConfidenceResult | None = None


class LabelCounts(_Model):
    """How often a source gives each label to a finding, before any policy."""

    finding: str
    positive: int
    negative: int
    uncertain: int
    blank: int


class Distribution(_Model):
    """Labels per finding of one source (the gold, or a labeler)."""

    source: str
    reports: int
    findings: list[LabelCounts]


class Cooccurrence(_Model):
    """Which findings are positive together, in one source."""

    source: str
    findings: list[str]
    both: list[list[int]] = Field(description="reports in which both findings are positive")
    correlation: list[list[float | None]] = Field(
        description="Pearson correlation of the positives (phi); null where one never varies"
    )


class LabelerResult(_Model):
    """One labeler against the gold."""

    name: str
    source: str = Field(description="name of the file")
    agreement: Figure = Field(description="share of pairs with the very label of the gold")
    kappa: Figure = Field(description="Cohen's kappa over the pooled pairs")
    tasks: dict[TaskName, Aggregate]
    findings: list[FindingResult]


class Difference(_Model):
    """A figure of the first labeler minus that of the second."""

    micro_f1: Figure
    macro_f1: Figure
    weighted_f1: Figure


class FindingDifference(_Model):
    """Two labelers on one finding, report by report."""

    finding: str
    f1: dict[TaskName, Figure] = Field(description="first minus second")
    disagree: int = Field(description="reports on which the two give different labels")
    only_first_right: int
    only_second_right: int
    both_right: int
    both_wrong: int
    p_value: float | None = Field(description="McNemar's exact test; null without discordant pairs")
    q_value: float | None = Field(description="p after Benjamini and Hochberg over the findings")


class Comparison(_Model):
    """Two labelers on the same gold; differences are first minus second."""

    first: str
    second: str
    agreement: Figure
    kappa: Figure
    tasks: dict[TaskName, Difference]
    findings: list[FindingDifference]


class Disagreement(_Model):
    """A report and a finding for which at least one labeler differs from the gold."""

    id: str
    finding: str
    gold: ClassName
    predicted: list[ClassName] = Field(description="one a labeler, in the order of `labelers`")
    kinds: list[ErrorKind | None] = Field(description="kind of error, null where right")


class DisagreementList(_Model):
    """The disagreements, worst finding first."""

    total: int = Field(description="disagreements in all")
    shown: list[Disagreement]
    evidence: list[ReportEvidence] = Field(
        description="text and mentions of the reports shown; empty without text"
    )
    full_list: str | None = Field(default=None, description="file with all of them, beside this")


class Settings(_Model):
    """What the figures depend on."""

    uncertain: Literal["as-is", "positive", "negative", "ignore"]
    blank: Literal["as-is", "negative", "ignore"]
    policy: str = Field(description="the two policies in words")
    resamples: int = Field(description="bootstrap resamples; 0: no intervals")
    level: float = Field(description="level of the intervals")
    seed: int
    patient_column: str | None = Field(description="column that clusters the resamples")


class InputFile(_Model):
    """A file that was compared, so that it can be told from another of its name."""

    name: str
    sha256: str | None = Field(description="of its bytes; null for a table in memory")


class StatsResult(_Model):
    """What `chexlabel stats` counts: labels without a gold."""

    schema_: Literal["chexlabel.stats/1"] = Field(default="chexlabel.stats/1", alias="schema")
    version: str = Field(description="version of chexlabel")
    title: str
    reports: int
    notes: list[str] = Field(description="what to know of the input")
    findings: list[str]
    distributions: list[Distribution] = Field(description="one a file")
    differing: list[int] | None = Field(
        description="per finding: reports on which the first two files differ"
    )
    cooccurrence: list[Cooccurrence] = Field(description="one a file")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_json(self) -> str:
        """Return the result as JSON text (UTF-8 characters kept, undefined figures `null`)."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


class FindingScore(Rates):
    """One finding of generated against reference reports."""

    finding: str
    support: int = Field(description="reference reports that state it")
    predicted: int = Field(description="generated reports that state it")


class SetScore(_Model):
    """Scores over a set of findings; a rate without cases counts as 0, as in published scores."""

    name: Literal["all", "subset"]
    findings: list[str]
    support: int
    micro: Rates = Field(description="all pairs of report and finding pooled")
    macro: Rates = Field(description="mean over the findings")
    example: Rates = Field(description="mean over the reports (example-based)")
    exact_match: Figure = Field(description="share of reports with all findings alike")
    unseen: int = Field(
        description="findings that no reference states; their rates are 0 in the macro mean"
    )
    empty: int = Field(
        description="reports where neither side states a finding; their example-based rates are 0"
    )


class ScoreResult(_Model):
    """What `chexlabel score` says of generated reports."""

    schema_: Literal["chexlabel.score/1"] = Field(default="chexlabel.score/1", alias="schema")
    version: str = Field(description="version of chexlabel")
    reports: int
    uncertain: Literal["as-is", "positive", "negative", "ignore"]
    resamples: int
    level: float
    seed: int
    notes: list[str]
    sets: list[SetScore]
    findings: list[FindingScore]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


class ValidationResult(_Model):
    """All figures of one validation."""

    schema_: Literal["chexlabel.validation/2"] = Field(default=SCHEMA, alias="schema")
    version: str = Field(description="version of chexlabel")
    title: str
    date: str = Field(description="day on which it was made, as 2026-01-31")
    gold: str = Field(description="name of the gold file")
    inputs: list[InputFile] = Field(description="the gold first, then the labelers' files")
    pattern_set: str | None = Field(
        description="name and version of the pattern set that marked the words; null without text"
    )
    reports: int
    patients: int | None = Field(description="distinct patients, with a patient column")
    settings: Settings
    notes: list[str] = Field(description="what to know of the input")
    classes: list[ClassName] = list(CLASS_NAMES)
    findings: list[str]
    labelers: list[LabelerResult]
    comparisons: list[Comparison]
    distributions: list[Distribution] = Field(description="the gold first, then the labelers")
    differing: list[int] = Field(
        description="per finding: reports on which the first two sources of the distribution "
        "table differ, before any policy; with two labelers these two, else gold and labeler"
    )
    cooccurrence: list[Cooccurrence] = Field(description="the gold first, then the labelers")
    disagreements: DisagreementList

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_json(self) -> str:
        """Return the result as JSON text (UTF-8 characters kept, undefined figures `null`)."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
