"""Gathering what a recipe trains on: written, real and composed text, and the held-out writers."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chexlabel import Label, Labeler
from chexlabel.composition import Grammar, Members
from chexlabel.composition.check import is_clean
from chexlabel.composition.grammar import Statement
from chexlabel.errors import InputError
from chexlabel.patterns.load import read_set
from chexlabel.readers import open_reports
from chexlabel_neural.classes import CLASS_OF
from chexlabel_neural.corpus import BLANK, CODES, IGNORED, OTHER, Passage, read_corpus, read_splits
from chexlabel_neural.data import Example, label_by_rules, with_spans
from chexlabel_neural.familiarity import words_of
from chexlabel_neural.recipe import Recipe

__all__ = ["Sources", "composed_statements", "gather", "real_sentences"]

_LENGTHS = range(8, 400)  # characters of a real sentence that is worth reading
_SILENT = 0.3  # share of the real sentences without any finding that is kept


@dataclass(frozen=True, slots=True)
class Sources:
    """The text of a run.

    Attributes:
        written: of the corpus, its held-out writers left out.
        real: sentences of real reports, as the rules read them.
        composed: statements with labels known from how they are made, in words that some writer
            used.
        dev: of the writers held out to stop training and set thresholds.
    """

    written: list[Example]
    real: list[Example]
    composed: list[Example]
    dev: list[Example]

    @property
    def training(self) -> list[Example]:
        """All that a network is trained on."""
        return [*self.written, *self.real, *self.composed]


def gather(recipe: Recipe) -> Sources:
    """Read and make the text of a run.

    Raises:
        InputError: The corpus or a file of reports cannot be read.
    """
    labeler = Labeler(recipe.patterns, refine=False)
    chance = random.Random(recipe.seed)  # noqa: S311 - no secret
    sentences = sorted(real_sentences(recipe.reports, labeler))
    chance.shuffle(sentences)
    real = label_by_rules(sentences, labeler, weight=recipe.real_weight)
    # Where the rules find nothing, a finding in words unknown to them would teach blindness.
    real = [e for e in real if any(v > 0 for v in e.labels) or chance.random() < _SILENT]
    statements = composed_statements(recipe.patterns, labeler, recipe.composed, chance)
    passages = read_corpus(recipe.corpus)
    words = {word for passage in passages for word in words_of(passage.text)}
    # Phrases of the set are often stems ("pneumopath*"): a network learns nothing of these.
    spoken = (passage for passage in statements if words.issuperset(words_of(passage.text)))
    dev = read_corpus(recipe.corpus, read_splits(recipe.corpus).dev)
    return Sources(
        written=with_spans(passages, labeler),
        real=real[: recipe.real],
        composed=with_spans(spoken, labeler),
        dev=with_spans(dev, labeler),
    )


def real_sentences(files: Iterable[Path], labeler: Labeler) -> set[str]:
    """Return the distinct passages of reports that labels come from, as a refiner reads them.

    Raises:
        InputError: A file is not there or cannot be read.
    """
    sentences: set[str] = set()
    for file in files:
        if not file.exists():
            raise InputError(f"{file}: no such reports; correct `reports:` or leave it out")
        with open_reports(file) as source:
            for report in source:
                passages = labeler.passages(report, leaning=True)
                sentences.update(" ".join(passage.split()) for passage in passages)
    return {sentence for sentence in sentences if len(sentence) in _LENGTHS}


def composed_statements(
    patterns: str, labeler: Labeler, count: int, chance: random.Random
) -> Iterator[Passage]:
    """Yield statements of the set's phrases, one in three a pair, one in eight of an organ.

    Left out are those in which words of two members make a phrase of the set, and those that say of
    one organ that it is as before and how it is: they say something else than their members do.
    """
    source = read_set(patterns)
    grammar = Grammar(source, Members(source, labeler, chance), chance)
    names = list(CODES.values())
    drawn = (_drawn(grammar, number, chance) for number in itertools.count())
    clean = (each for each in drawn if is_clean(labeler, each) and _is_settled(each))
    for statement in itertools.islice(clean, count):
        labels = [CLASS_OF[statement.says.get(name)] for name in names]
        if labels[names.index(OTHER)] == BLANK:
            labels[names.index(OTHER)] = IGNORED
        yield Passage(statement.text, tuple(labels), "composed")


def _drawn(grammar: Grammar, number: int, chance: random.Random) -> Statement:
    if number % 8 == 0:
        return grammar.pair(organ=True)
    if number % 3 == 0:
        return grammar.pair()
    return grammar.single(chance.choice(grammar.frames))


def _is_settled(statement: Statement) -> bool:
    """Tell whether no finding that is uncertain stands in two members of a statement."""
    named = Counter(name for member in statement.members for name in member.says)
    return all(
        named[name] < 2 for name, label in statement.says.items() if label is Label.UNCERTAIN
    )
