"""From what the sentences probably say to what the report probably says.

Sentences are taken as independent, and a report is what its strongest sentence is (any positive,
else any uncertain, else any negative). With the chance of a sentence to say at most "uncertain", at
most "negative", and nothing, the report's chances to say at most so are their products: the
noisy-or of Bayesian networks by steps (Pearl, "Probabilistic Reasoning in Intelligent Systems",
1988).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chexlabel.labels import Label
from chexlabel.patterns.pattern_set import PatternSet

__all__ = ["report_probabilities"]

Chances = Mapping[Label | None, float]


def report_probabilities(
    tables: Sequence[Any],
    refined: frozenset[int],
    patterns: PatternSet,
    labels: Sequence[Label | None],
) -> dict[str, Chances]:
    """Return the probabilities of a report's labels.

    Args:
        tables: a sentence each, [findings, 4]: blank, negative, uncertain, positive; at least one.
        refined: the numbers of the findings that the tables know.
        patterns: the pattern set.
        labels: the report's labels; they stand for the findings that the tables do not know.

    Returns:
        Finding -> label -> probability, for the findings of the output that are known. The label
        for "no abnormality" is as probable as that none of the findings that rule it out is
        positive or uncertain.
    """
    import numpy as np

    # [sentences, findings]: at most blank, at most negative, at most uncertain.
    below = np.prod(np.cumsum(np.stack(tables).astype(np.float64), axis=2)[:, :, :3], axis=0)
    found: dict[str, Chances] = {}
    for name, number in zip(patterns.findings, patterns.columns, strict=True):
        if number in refined:
            blank, negative, uncertain = (float(chance) for chance in below[number])
            found[name] = {
                None: blank,
                Label.NEGATIVE: max(negative - blank, 0.0),
                Label.UNCERTAIN: max(uncertain - negative, 0.0),
                Label.POSITIVE: max(1 - uncertain, 0.0),
            }
    rule = patterns.no_finding
    if rule is not None and refined.intersection(rule.unless):
        by_rules = set(rule.unless) - refined
        abnormal = any(
            label in (Label.POSITIVE, Label.UNCERTAIN)
            for label, number in zip(labels, patterns.columns, strict=True)
            if number in by_rules
        )
        known = [below[number, 1] for number in rule.unless if number in refined]
        normal = 0.0 if abnormal else float(np.prod(known))
        chances: dict[Label | None, float] = dict.fromkeys((None, *Label), 0.0)
        chances[rule.otherwise] = 1 - normal
        chances[Label.POSITIVE] = normal
        found[patterns.findings[rule.column]] = chances
    return found
