"""What refining is worth: rules alone and rules with refiner, on sets of texts with gold labels.

    python -m chexlabel_neural.evaluate MODEL styles=styles.jsonl wording=wording.jsonl -o FILE

A set is JSON Lines: "text", "labels" (finding -> 1, 0, -1; blank ones are left out) and, if need
be, "style". Where no text of a set has the label for "no abnormality", that label is not judged.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from chexlabel import Label, LabeledReport, Labeler
from chexlabel.errors import ChexlabelError, InputError
from chexlabel.run.review import report_risk
from chexlabel_neural.classes import CLASS_OF, transition
from chexlabel_neural.probabilities import calibration_error
from chexlabel_neural.review import review_curve

__all__ = ["Changes", "GoldText", "Review", "SetMetrics", "Share", "evaluate", "read_gold"]

_SEED = 20
_RESAMPLES = 2000
_BINS = 10


@dataclass(frozen=True, slots=True)
class GoldText:
    """A text with its gold labels.

    Attributes:
        text: the text.
        labels: finding -> label; one that is missing is blank.
        style: what kind of text it is; may be empty.
    """

    text: str
    labels: Mapping[str, Label]
    style: str = ""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Share(_Strict):
    """The share of texts with all labels right, by the rules alone and with the refiner."""

    texts: int
    rules: float
    refined: float


class Changes(_Strict):
    """Cells (a finding of a text) that the refiner set right, and that it set wrong."""

    repaired: int = 0
    broken: int = 0


class Review(_Strict):
    """How well the confidences find the texts with a wrong label (see `review_curve`)."""

    auroc: float
    half: float
    read: list[float]
    found: list[float]


class SetMetrics(_Strict):
    """The figures of one set.

    Attributes:
        name: the set's name.
        share: of texts with all labels right.
        difference: refined less rules, of these shares.
        interval: 95 % interval of the difference, by the paired bootstrap over texts (Efron and
            Tibshirani 1993; percentiles).
        changes: of all cells.
        by_style: style -> share.
        by_finding: finding -> changes.
        by_transition: "blank>positive", ... -> changes.
        calibration_error: expected calibration error of the refined labels' confidences over ten
            equal bins (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602).
        review: `None` where every text is right, or every one wrong.
    """

    name: str
    share: Share
    difference: float
    interval: Annotated[list[float], Field(min_length=2, max_length=2)]
    changes: Changes
    by_style: dict[str, Share] = {}
    by_finding: dict[str, Changes] = {}
    by_transition: dict[str, Changes] = {}
    calibration_error: float | None = None
    review: Review | None = None


def read_gold(path: Path) -> list[GoldText]:
    """Read a set from JSON Lines.

    Raises:
        InputError: it cannot be read, or a line does not fit.
    """
    found = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    found.append(_gold_text(line, f"{path.name}, line {number}"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    if not found:
        raise InputError(f"{path}: holds no texts")
    return found


def _gold_text(line: str, where: str) -> GoldText:
    try:
        data = json.loads(line)
        labels = {name: Label(int(value)) for name, value in data["labels"].items()}
        style = data.get("style") or data.get("group") or ""
        return GoldText(str(data["text"]), labels, str(style))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where}: not an object with 'text' and 'labels' of 1, 0, -1 ({type(error).__name__})"
        ) from None


@dataclass
class _Tally:
    """What is counted text by text.

    Attributes:
        right_by_rules: of each text, whether the rules have all its labels right.
        right: the same of the refined labels.
        by_finding: finding -> changes.
        by_transition: "blank>positive", ... -> changes.
        confidences: of each refined label that has one.
        correct: whether it is right.
        risks: of each text, how likely one of its labels is wrong.
    """

    right_by_rules: list[bool] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    by_finding: dict[str, Changes] = field(default_factory=lambda: defaultdict(Changes))
    by_transition: dict[str, Changes] = field(default_factory=lambda: defaultdict(Changes))
    confidences: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    risks: list[float] = field(default_factory=list)


def evaluate(
    name: str,
    texts: Sequence[GoldText],
    rules: Labeler,
    refined: Labeler,
    *,
    resamples: int = _RESAMPLES,
) -> SetMetrics:
    """Measure rules alone against rules with refiner.

    Args:
        name: what to call the set.
        texts: the set.
        rules: the labeler without refiner.
        refined: the labeler with it.
        resamples: of the bootstrap, which is seeded.
    """
    judged = _judged(texts, refined)
    tally = _Tally()
    refined.read_ahead(gold.text for gold in texts)
    for gold in texts:
        _add(tally, gold, rules(gold.text), refined(gold.text), judged)
    by_rules, right = np.array(tally.right_by_rules), np.array(tally.right)
    gain = right.astype(np.float64) - by_rules
    generator = np.random.default_rng(_SEED)
    drawn = generator.integers(len(gain), size=(resamples, len(gain)))
    low, high = np.percentile(gain[drawn].mean(axis=1), [2.5, 97.5])
    changes = tally.by_finding.values()
    return SetMetrics(
        name=name,
        share=_share(by_rules, right),
        difference=float(gain.mean()),
        interval=[float(low), float(high)],
        changes=Changes(
            repaired=sum(c.repaired for c in changes), broken=sum(c.broken for c in changes)
        ),
        by_style=_by_style(texts, by_rules, right),
        by_finding={f: tally.by_finding[f] for f in judged if f in tally.by_finding},
        by_transition=dict(sorted(tally.by_transition.items())),
        calibration_error=_calibration_error(tally),
        review=_review(tally.risks, right),
    )


def _judged(texts: Sequence[GoldText], labeler: Labeler) -> list[str]:
    rule = labeler.patterns.no_finding
    left_out = labeler.findings[rule.column] if rule else None
    if any(left_out in gold.labels for gold in texts):
        left_out = None
    return [finding for finding in labeler.findings if finding != left_out]


def _add(
    tally: _Tally,
    gold: GoldText,
    by_rules: LabeledReport,
    labeled: LabeledReport,
    judged: Sequence[str],
) -> None:
    all_right_by_rules = all_right = True
    confidences: list[float] = []
    for finding in judged:
        true = gold.labels.get(finding)
        before, after = by_rules.labels[finding], labeled.labels[finding]
        all_right_by_rules &= before == true
        all_right &= after == true
        if before != after:
            change = transition(CLASS_OF[before], CLASS_OF[after])
            for changes in (tally.by_finding[finding], tally.by_transition[change]):
                changes.repaired += after == true
                changes.broken += before == true
        confidence = labeled.confidence(finding)
        if confidence is not None:
            confidences.append(confidence)
            tally.correct.append(after == true)
    tally.right_by_rules.append(all_right_by_rules)
    tally.right.append(all_right)
    tally.confidences += confidences
    tally.risks.append(report_risk(confidences))


def _share(by_rules: NDArray[np.bool_], right: NDArray[np.bool_]) -> Share:
    return Share(texts=len(right), rules=float(by_rules.mean()), refined=float(right.mean()))


def _by_style(
    texts: Sequence[GoldText], by_rules: NDArray[np.bool_], right: NDArray[np.bool_]
) -> dict[str, Share]:
    styles = np.array([gold.style for gold in texts])
    return {
        str(style): _share(by_rules[styles == style], right[styles == style])
        for style in np.unique(styles)
        if style
    }


def _calibration_error(tally: _Tally) -> float | None:
    if not tally.confidences:
        return None
    return calibration_error(np.array(tally.confidences), np.array(tally.correct), _BINS)


def _review(risks: Sequence[float], right: NDArray[np.bool_]) -> Review | None:
    if right.all() or not right.any():
        return None
    curve = review_curve(risks, [not fine for fine in right.tolist()])
    return Review(
        auroc=curve.auroc, half=curve.half, read=list(curve.read), found=list(curve.found)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure sets and write their figures; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chexlabel_neural.evaluate")
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("sets", nargs="+", metavar="NAME=FILE", help="JSON Lines with gold labels")
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    try:
        sets = dict(_named(args.sets))
        rules, refined = Labeler(refine=False), Labeler(refine=args.model)
        found = [evaluate(name, read_gold(path), rules, refined) for name, path in sets.items()]
    except ChexlabelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for metrics in found:
        share, changes = metrics.share, metrics.changes
        print(
            f"{metrics.name}: rules {share.rules:.3f}, refined {share.refined:.3f} "
            f"({changes.repaired} repaired, {changes.broken} broken)"
        )
    content = [metrics.model_dump(mode="json") for metrics in found]
    args.output.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return 0


def _named(sets: Iterable[str]) -> Iterable[tuple[str, Path]]:
    for given in sets:
        name, equals, path = given.partition("=")
        if not equals:
            raise InputError(f"{given!r}: give NAME=FILE")
        yield name, Path(path)


if __name__ == "__main__":
    sys.exit(main())
