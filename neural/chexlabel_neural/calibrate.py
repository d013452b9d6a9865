"""Calibration: how sure the network must be, by kind of change, before it changes the rules' label.

Two steps. The logits are divided by a temperature a finding, so that the probabilities mean what
they say (Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599). Then each
transition ("blank>positive", ...) gets the lowest threshold at which it repairs more than it
breaks, on text that neither the rules nor the network was made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chexlabel_neural.classes import TRANSITIONS, transition
from chexlabel_neural.probabilities import softmax

__all__ = [
    "Policies",
    "Policy",
    "ReadText",
    "choose_policies",
    "fit_temperatures",
    "refined",
    "repaired_and_broken",
]

Floats = NDArray[np.float64]
Policy = dict[str, dict[str, float]]
"""Finding -> transition -> the least probability of the new label."""


class Policies(NamedTuple):
    """The policies by `Familiarity`.

    Attributes:
        strange: where a passage holds words that the rules do not know.
        familiar: where they know every word.
        read: where they read it through.
    """

    strange: Policy
    familiar: Policy
    read: Policy


_OFF = 2.0  # above every probability: never
_GRID = (0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999)


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text as rules and network read it, passage by passage, with its true labels.

    Attributes:
        rules: the rules' classes, int [passages, findings].
        logits: the network's, float [passages, findings, 4].
        gold: the true classes, int [findings]; -1 where unknown.
        source: the set that the text is from.
        shown: which findings are written and so count for the whole text, bool [findings].
        withheld: where the network has no say (see `chexlabel_neural.withheld`), bool
            [passages, findings].
        familiarity: the `Familiarity` of each passage, int [passages].
    """

    rules: NDArray[np.int64]
    logits: Floats
    gold: NDArray[np.int64]
    source: str
    shown: NDArray[np.bool_]
    withheld: NDArray[np.bool_]
    familiarity: NDArray[np.int64]


def fit_temperatures(logits: Floats, gold: NDArray[np.int64]) -> Floats:
    """Return for each finding the temperature with the least log loss.

    Args:
        logits: of single passages, float [passages, findings, 4].
        gold: true classes, int [passages, findings]; -1 where unknown.
    """
    grid = np.geomspace(0.5, 4.0, 43)
    best = np.ones(gold.shape[1])
    for finding in range(gold.shape[1]):
        known = gold[:, finding] >= 0
        rows, truth = logits[known, finding], gold[known, finding]
        losses = [
            -np.log(softmax(rows / t)[np.arange(len(truth)), truth] + 1e-9).mean() for t in grid
        ]
        best[finding] = grid[int(np.argmin(losses))]
    return best


def refined(
    rules: NDArray[np.int64],
    probabilities: Floats,
    thresholds: Floats,
    withheld: NDArray[np.bool_],
    familiarity: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the classes after the changes that the thresholds allow, int [passages, findings].

    Args:
        rules: int [passages, findings].
        probabilities: float [passages, findings, 4].
        thresholds: float [3 (`Familiarity`), findings, 4 (from), 4 (to)]; above 1 for a change that
            is off.
        withheld: where nothing may be changed, bool [passages, findings].
        familiarity: the `Familiarity` of each passage, int [passages].
    """
    wanted = probabilities.argmax(-1)
    sure = probabilities.max(-1)
    findings = np.arange(rules.shape[1])[None, :]
    changed = (sure >= thresholds[familiarity[:, None], findings, rules, wanted]) & ~withheld
    return np.where(changed, wanted, rules)


def choose_policies(
    texts: Sequence[ReadText],
    findings: Sequence[str],
    temperatures: Floats,
    *,
    cost: float = 2.0,
    least: int = 2,
    weights: Mapping[str, float] | None = None,
) -> Policies:
    """Choose the thresholds by ascending one transition at a time.

    A transition begins with one threshold for all findings; a finding for which it does harm is
    then set stricter or switched off.

    Args:
        texts: those to calibrate on.
        findings: the heads' names.
        temperatures: a finding each.
        cost: how many repaired cells a broken one outweighs.
        least: the fewest repaired cells for which a transition is switched on.
        weights: what a text of each source counts; 1 where it is missing.
    """
    cells = _Cells(texts, temperatures, weights or {})
    thresholds = np.full((len(Policies._fields), len(findings), 4, 4), _OFF)
    for _ in range(2):
        for level, (old, new) in product(range(len(thresholds)), TRANSITIONS.values()):
            _choose(cells, thresholds, (level, old, new), cost, least)
    for place in product(*map(range, thresholds.shape)):
        _tighten(cells, thresholds, place, cost)
    return Policies(*(_as_policy(table, findings) for table in thresholds))


def _as_policy(table: Floats, findings: Sequence[str]) -> Policy:
    return {
        name: {
            transition(old, new): float(table[at, old, new])
            for old, new in TRANSITIONS.values()
            if table[at, old, new] <= 1
        }
        for at, name in enumerate(findings)
    }


def _as_table(policy: Policy, findings: Sequence[str]) -> Floats:
    table = np.full((len(findings), 4, 4), _OFF)
    for at, name in enumerate(findings):
        for change, least in policy.get(name, {}).items():
            table[at, *TRANSITIONS[change]] = least
    return table


class _Cells:
    """All texts side by side, with what each one's label becomes under given thresholds."""

    def __init__(
        self, texts: Sequence[ReadText], temperatures: Floats, weights: Mapping[str, float]
    ) -> None:
        self.rules = np.concatenate([text.rules for text in texts])
        self.withheld = np.concatenate([text.withheld for text in texts])
        self.familiarity = np.concatenate([text.familiarity for text in texts])
        logits = np.concatenate([text.logits for text in texts])
        self.probabilities = softmax(logits / temperatures[None, :, None])
        lengths = [len(text.rules) for text in texts]
        self.starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        self.gold = np.stack([text.gold for text in texts])
        self.known = self.gold >= 0
        self.weight = np.array([weights.get(text.source, 1.0) for text in texts])[:, None]
        self.before = self.texts(self.rules) == self.gold

    def texts(self, passages: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the classes of whole texts: the greatest of their passages (positive wins)."""
        return np.asarray(np.maximum.reduceat(passages, self.starts, axis=0))

    def score(
        self, thresholds: Floats, cost: float, finding: int | None = None
    ) -> tuple[float, int, int]:
        """Return weighted gain, cells repaired and cells broken."""
        labels = refined(
            self.rules, self.probabilities, thresholds, self.withheld, self.familiarity
        )
        after = self.texts(labels) == self.gold
        repaired = after & ~self.before & self.known
        broken = ~after & self.before & self.known
        if finding is not None:
            repaired, broken = repaired[:, [finding]], broken[:, [finding]]
        gain = (repaired * self.weight).sum() - cost * (broken * self.weight).sum()
        return float(gain), int(repaired.sum()), int(broken.sum())


def _choose(
    cells: _Cells, thresholds: Floats, change: tuple[int, int, int], cost: float, least: int
) -> None:
    """Set one transition's threshold, for all findings, to where it gains most.

    `change` is the `Familiarity`, and the classes before and after.
    """
    level, old, new = change
    thresholds[level, :, old, new] = _OFF
    base, repaired, _ = cells.score(thresholds, cost)
    best, chosen = base, _OFF
    for value in _GRID:
        thresholds[level, :, old, new] = value
        gain, now, _ = cells.score(thresholds, cost)
        if gain > best + 1e-9 and now - repaired >= least:
            best, chosen = gain, value
    thresholds[level, :, old, new] = chosen


def _tighten(cells: _Cells, thresholds: Floats, place: tuple[int, ...], cost: float) -> None:
    """Make one threshold stricter where that gains, or switch the transition off.

    `place` is a place in the thresholds (see `refined`).
    """
    common = thresholds[place]
    if common > 1:
        return
    finding = place[1]
    best, chosen = cells.score(thresholds, cost, finding)[0], common
    for value in (*(v for v in _GRID if v > common), _OFF):
        thresholds[place] = value
        gain = cells.score(thresholds, cost, finding)[0]
        if gain > best + 1e-9:
            best, chosen = gain, value
    thresholds[place] = chosen


def repaired_and_broken(
    texts: Sequence[ReadText], findings: Sequence[str], policies: Policies, temperatures: Floats
) -> tuple[int, int, int]:
    """Count the texts with all labels right by the rules, those repaired, and those broken."""
    thresholds = np.stack([_as_table(policy, findings) for policy in policies])
    right = repaired = broken = 0
    for text in texts:
        probabilities = softmax(text.logits / temperatures[None, :, None])
        labels = refined(
            text.rules, probabilities, thresholds, text.withheld, text.familiarity
        ).max(0)
        counts = (text.gold >= 0) & text.shown
        before = (text.rules.max(0) == text.gold)[counts].all()
        after = (labels == text.gold)[counts].all()
        right += int(before)
        repaired += int(after and not before)
        broken += int(before and not after)
    return right, repaired, broken
