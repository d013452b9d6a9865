"""What the result of a validation quotes from a report: mentions, cues, and who decided."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ClassName",
    "EvidenceAttribution",
    "EvidenceCue",
    "EvidenceMention",
    "EvidenceWord",
    "ReportEvidence",
]

ClassName: TypeAlias = Literal["positive", "negative", "uncertain", "blank"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceCue(_Model):
    """The words that decided a mention."""

    kind: str
    text: str
    start: int
    end: int
    pattern: str


class EvidenceMention(_Model):
    """A place where a report speaks of a finding, as chexlabel reads it."""

    finding: str
    label: ClassName
    text: str
    start: int = Field(description="offset in the report's text, in characters")
    end: int
    section: str
    sentence: tuple[int, int] | None = Field(
        default=None, description="offsets of the sentence; null where the evidence has none"
    )
    cues: list[EvidenceCue]
    confidence: float | None = Field(
        default=None, description="calibrated probability, 0 to 1; null by the rules alone"
    )
    source: Literal["rules", "refiner"] = Field(default="rules", description="who decided")


class EvidenceWord(_Model):
    """A word of a sentence and what it speaks for."""

    start: int
    end: int
    score: float = Field(description="how much it speaks for the label; comparable in a sentence")
    kept: bool = Field(description="whether it is of the strong ones")


class EvidenceAttribution(_Model):
    """Which words the refiner's reading of a finding stands on (see `chexlabel.Attribution`)."""

    finding: str
    label: ClassName
    sentence: tuple[int, int]
    words: list[EvidenceWord]
    probability: float = Field(description="of the label, by the net alone")
    without: float = Field(description="the same with the kept words left out")
    method: str


class ReportEvidence(_Model):
    """What there is to see of one report."""

    id: str
    text: str | None = Field(description="null where only evidence was given")
    mentions: list[EvidenceMention]
    labels: dict[str, ClassName] = Field(
        default={}, description="finding -> what chexlabel itself says of it"
    )
    by_rules: list[EvidenceMention] = Field(
        default=[], description="mentions by the rules alone, of findings that the refiner decided"
    )
    attributions: list[EvidenceAttribution] = Field(
        default=[], description="of findings that the refiner decided"
    )
