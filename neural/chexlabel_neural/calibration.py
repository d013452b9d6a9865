"""Calibrating a model folder: from held-out text to refiner.json."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chexlabel import Labeler
from chexlabel.engine.context import ContextReader
from chexlabel.engine.judgement import REFINER
from chexlabel.engine.judges.rules import RulesJudge
from chexlabel.errors import InputError
from chexlabel.patterns.lineage import pattern_hash
from chexlabel.patterns.load import find_set
from chexlabel_neural.calibrate import (
    Policies,
    ReadText,
    choose_policies,
    fit_temperatures,
    repaired_and_broken,
)
from chexlabel_neural.corpus import CODES, read_corpus, read_splits
from chexlabel_neural.evaluate import read_gold
from chexlabel_neural.gate import Look, fit_gate
from chexlabel_neural.measure import LabelledText, gold_passages, read_texts
from chexlabel_neural.model_folder import GATE, file_hashes
from chexlabel_neural.probabilities import calibration_error, softmax
from chexlabel_neural.recipe import Recipe
from chexlabel_neural.refiner_file import GateFile, RefinerFile, write_refiner_file
from chexlabel_neural.runtime import open_net
from chexlabel_neural.select import select_refiner
from chexlabel_neural.sources import composed_statements, real_sentences

__all__ = ["Figures", "calibrate_model"]

_ORDINARY = 10
"""How often a sentence of a real report counts when the gate is fitted."""

_LEAST = 200  # single passages of held-out writers, for a temperature that means something


@dataclass(frozen=True, slots=True)
class Figures:
    """What calibration came to, on the text that it was made with.

    Attributes:
        texts: how many texts.
        before: share with all labels right by the rules.
        after: share after the refiner's changes.
        repaired: texts that the changes set right.
        broken: texts that they spoil.
        error: expected calibration error on the held-out writers.
    """

    texts: int
    before: float
    after: float
    repaired: int
    broken: int
    error: float

    @property
    def line(self) -> str:
        """The figures in one line."""
        return (
            f"{self.texts:,} texts, all labels right {self.before:.1%} by the rules and "
            f"{self.after:.1%} refined ({self.repaired} repaired, {self.broken} broken); "
            f"calibration error {self.error:.3f}"
        )


def calibrate_model(recipe: Recipe, folder: Path, more: Sequence[Path] = ()) -> Figures:
    """Set temperatures and thresholds of a model folder and write its refiner.json.

    Args:
        recipe: names the pattern set and the held-out writers.
        folder: the model folder.
        more: further labelled texts for the thresholds, as `chexlabel_neural.evaluate` takes them.

    Raises:
        InputError: There is too little held-out text, or a file cannot be read.
    """
    findings = list(CODES.values())
    labeler = Labeler(recipe.patterns, refine=False)
    # The folder has no refiner.json yet, or one that does not fit any more.
    uncalibrated = _refiner_file(recipe, folder, dict.fromkeys(findings, 1.0), Policies({}, {}, {}))
    reader = open_net(folder, uncalibrated, "cpu")
    held = gold_passages(read_corpus(recipe.corpus, read_splits(recipe.corpus).dev), findings)
    gold = [text for path in (*recipe.gold, *more) for text in _labelled(path)]
    chance = random.Random(recipe.seed + 1)  # noqa: S311 - no secret
    statements = composed_statements(recipe.patterns, labeler, recipe.composed_gold, chance)
    composed = gold_passages(statements, findings)
    held_out = read_texts(held, labeler, reader, findings)
    read = [*held_out, *read_texts([*gold, *composed], labeler, reader, findings)]

    single = [r for r in held_out if len(r.rules) == 1]
    if len(single) < _LEAST:
        raise InputError(
            f"{recipe.corpus}: {len(single)} single sentences of held-out writers are too few to "
            f"calibrate on; name more files as `dev:` in splits.yaml ({_LEAST} or more)"
        )
    logits, truth = np.concatenate([r.logits for r in single]), np.stack([r.gold for r in single])
    temperatures = fit_temperatures(logits, truth)
    known = truth >= 0
    probable = softmax(logits / temperatures[None, :, None])[known]
    error = calibration_error(probable.max(-1), probable.argmax(-1) == truth[known])
    policies = choose_policies(read, findings, temperatures, weights=recipe.gold_weights)
    by_finding = {f: round(float(t), 4) for f, t in zip(findings, temperatures, strict=True)}
    file = _refiner_file(recipe, folder, by_finding, policies)
    write_refiner_file(file, folder)
    if recipe.gate_loss is not None:
        _add_gate(recipe, labeler, folder, file, [text.text for text in (*held, *gold)])
    return _figures(read, findings, policies, temperatures, error)


def _add_gate(
    recipe: Recipe, labeler: Labeler, folder: Path, file: RefinerFile, unseen: Sequence[str]
) -> None:
    """Fit the gate on all text of the recipe, and set it on texts that it has not seen."""
    assert recipe.gate_loss is not None  # noqa: S101 (for the reader)
    patterns = labeler.patterns
    rules = RulesJudge(patterns.lexicon, ContextReader(patterns.context, patterns.lexicon))
    refiner, _ = select_refiner(rules, patterns, folder, "auto")
    assert refiner is not None  # noqa: S101 (the file is of this set)

    def looked_at(texts: Iterable[str]) -> tuple[list[Look], list[bool]]:
        """Return what the gate sees of the passages, and whether the net changes one's label."""
        passages = sorted({p for text in texts for p in labeler.passages(text, leaning=True)})
        looks = refiner.look(passages, list(rules(passages)))
        return looks, [any(each.source == REFINER for each in found) for found in refiner(passages)]

    chance = random.Random(recipe.seed + 2)  # noqa: S311 - no secret
    statements = composed_statements(recipe.patterns, labeler, recipe.composed_gold // 4, chance)
    written = [passage.text for passage in (*read_corpus(recipe.corpus), *statements)]
    looks, changed = looked_at(written)
    held, held_changed = looked_at(unseen)
    ordinary, ordinary_changed = looked_at(real_sentences(recipe.reports, labeler))
    # What the gate is to save is the reading of ordinary sentences, so they count more.
    looks += _ORDINARY * ordinary
    changed += _ORDINARY * ordinary_changed
    if not any(held_changed) or not any(changed):
        return
    gate = fit_gate(looks, changed, seed=recipe.seed)
    gate.write(folder / GATE)
    scores = gate.scores(held)[np.array(held_changed)]
    least = float(np.quantile(scores, recipe.gate_loss))
    gated = file.model_copy(
        update={"gate": GateFile(file=GATE, least=round(least, 4)), "sha256": file_hashes(folder)}
    )
    write_refiner_file(gated, folder)


def _labelled(path: Path) -> list[LabelledText]:
    """Read further labelled texts; nothing is known of their other abnormalities."""
    return [LabelledText(gold.text, dict(gold.labels), path.stem) for gold in read_gold(path)]


def _refiner_file(
    recipe: Recipe, folder: Path, temperature: dict[str, float], policies: Policies
) -> RefinerFile:
    """Return the content of a folder's `refiner.json`, with the hashes of its other files."""
    patterns = find_set(recipe.patterns)
    return RefinerFile(
        name=recipe.name,
        version=recipe.version,
        about=recipe.about,
        pattern_set=patterns.name,
        pattern_hash=pattern_hash(patterns),
        findings=tuple(CODES.values()),
        temperature=temperature,
        policy=policies.strange,
        familiar_policy=policies.familiar,
        read_policy=policies.read,
        sha256=file_hashes(folder),
    )


def _figures(
    read: Sequence[ReadText],
    findings: Sequence[str],
    policies: Policies,
    temperatures: np.ndarray[tuple[int], np.dtype[np.float64]],
    error: float,
) -> Figures:
    before, repaired, broken = repaired_and_broken(read, findings, policies, temperatures)
    count = len(read)
    after = before + repaired - broken
    return Figures(count, before / count, after / count, repaired, broken, error)
