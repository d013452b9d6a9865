"""From labelled passages to batches of tensors: the rules' spans, noise, and buckets of length."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from chexlabel import Labeler, Mention
from chexlabel_neural.classes import CLASS_OF
from chexlabel_neural.corpus import BLANK, CODES, IGNORED, OTHER, POSITIVE, Passage
from chexlabel_neural.numbers import plain_numbers

__all__ = [
    "Batch",
    "Example",
    "batches",
    "drawn",
    "joined",
    "label_by_rules",
    "varied",
    "with_spans",
]

_CHUNK = 64  # batches that are sorted by length together
_LONGEST_JOINED = 59  # words


@dataclass(frozen=True, slots=True)
class Example:
    """A passage as training sees it.

    Attributes:
        words: the text, cut at white space.
        labels: the class of each finding, or `IGNORED`.
        tags: for each word, the findings that it names, as bits.
        tagged: the findings whose words are known, as bits.
        weight: how much it counts in the loss.
        soft: the teachers' probabilities, float32 [findings, 4], where it has been asked.
    """

    words: tuple[str, ...]
    labels: tuple[int, ...]
    tags: tuple[int, ...]
    tagged: int
    weight: float = 1.0
    soft: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of some examples of like length.

    Attributes:
        ids, mask: int64 [batch, tokens].
        labels: int64 [batch, findings], `IGNORED` where unknown.
        tags: float32 [batch, tokens, findings]; -1 where unknown.
        weight: float32 [batch].
        soft: float32 [batch, findings, 4], or `None`.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor
    tags: Tensor
    weight: Tensor
    soft: Tensor | None


def with_spans(passages: Iterable[Passage], labeler: Labeler) -> list[Example]:
    """Mark in each passage the words that the rules read, where the rules are right.

    Where they are wrong or silent, the words are unknown and teach the tagger nothing. A label for
    other abnormalities that nobody gave is taken from the rules where these find one.
    """
    names = {name: place for place, name in enumerate(CODES.values())}
    examples = []
    for passage in passages:
        report = labeler(passage.text)
        classes = rule_classes(report.mentions)
        labels = list(passage.labels)
        other = names[OTHER]
        if labels[other] == IGNORED and classes[other] != BLANK:
            labels[other] = classes[other]
        right = sum(1 << at for at, gold in enumerate(labels) if gold in (classes[at], BLANK))
        spans = [
            (m.start, m.end, 1 << names[m.finding])
            for m in report.mentions
            if m.finding in names and labels[names[m.finding]] == classes[names[m.finding]] != BLANK
        ]
        words, tags = _tag(passage.text, spans)
        examples.append(Example(words, tuple(labels), tags, right))
    return examples


def label_by_rules(texts: Iterable[str], labeler: Labeler, *, weight: float) -> list[Example]:
    """Take the rules' labels for real sentences, so that the network stays near them."""
    passages = (Passage(text, rule_classes(labeler(text).mentions), "rules") for text in texts)
    return [replace(example, weight=weight) for example in with_spans(passages, labeler)]


def rule_classes(mentions: Iterable[Mention]) -> tuple[int, ...]:
    """Return the classes that the rules' mentions give, for each finding of `CODES`."""
    classes = dict.fromkeys(CODES.values(), BLANK)
    for mention in mentions:
        if mention.label is not None and mention.finding in classes:
            value = CLASS_OF[mention.label]
            classes[mention.finding] = max(classes[mention.finding], value)
    return tuple(classes.values())


def _tag(
    text: str, spans: Sequence[tuple[int, int, int]]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Cut a text into words and mark those that the spans (start, end, finding's bit) touch."""
    words, tags = [], []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        words.append(word)
        tags.append(sum({bit for first, last, bit in spans if first < at and start < last}))
    return tuple(words), tuple(tags)


def drawn(
    examples: Sequence[Example], size: int | None, chance: random.Random
) -> Sequence[Example]:
    """Return so many of the examples, in random order; all, as they stand, if they are no more."""
    if size is None or size >= len(examples):
        return examples
    return chance.sample(examples, size)


def varied(
    example: Example,
    examples: Sequence[Example],
    chance: random.Random,
    *,
    noise: float,
    join: float,
) -> Example:
    """Return an example as it stands, or with another one behind it, or with slips, or both.

    Args:
        example: what to vary.
        examples: of which one may be put behind it.
        chance: of all choices.
        noise: the share that gets the slips of typing.
        join: the share that another example is put behind, where the two are short.
    """
    if chance.random() < join:
        partner = chance.choice(examples)
        if len(example.words) + len(partner.words) <= _LONGEST_JOINED:
            example = joined(example, partner)
    return noisy(example, chance) if chance.random() < noise else example


def joined(one: Example, other: Example) -> Example:
    """Return two passages as one: any positive wins, else any uncertain, else any negative."""
    labels = tuple(
        IGNORED if IGNORED in pair and POSITIVE not in pair else max(pair)
        for pair in zip(one.labels, other.labels, strict=True)
    )
    return Example(
        (*one.words, *other.words),
        labels,
        (*one.tags, *other.tags),
        one.tagged & other.tagged,
        (one.weight + other.weight) / 2,
    )


def noisy(example: Example, chance: random.Random) -> Example:
    """Return the example with the slips of typing: letters, spaces, punctuation, capitals."""
    words, tags = list(example.words), list(example.tags)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(words))
        word = words[at]
        kind = chance.random()
        if kind < 0.5 and len(word) > 4:
            words[at] = _misspelled(word, chance)
        elif kind < 0.6 and at + 1 < len(words):
            words[at : at + 2] = [word + words[at + 1]]
            tags[at : at + 2] = [tags[at] | tags[at + 1]]
        elif kind < 0.7 and len(word) > 6 and word.isalpha():
            cut = chance.randrange(3, len(word) - 2)
            words[at : at + 1] = [word[:cut], word[cut:]]
            tags[at : at + 1] = [tags[at]] * 2
        elif kind < 0.85:
            words[at] = word.rstrip(".,;:") or word
        else:
            words[-1] = words[-1].rstrip(".") or words[-1]
    return replace(example, words=tuple(words), tags=tuple(tags))


def _misspelled(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice("aeiourstln") + word[at + 1 :]


def batches(
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    *,
    size: int,
    seed: int | None = None,
) -> Iterator[Batch]:
    """Yield batches of like length.

    Args:
        examples: what to read; with a `seed` in random order, else as they stand.
        tokenizer: cuts words into pieces.
        size: examples a batch.
        seed: of the order.
    """
    order = list(range(len(examples)))
    if seed is not None:
        random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    for first in range(0, len(order), size * _CHUNK):
        chunk = [examples[at] for at in order[first : first + size * _CHUNK]]
        words = [[plain_numbers(word) for word in example.words] for example in chunk]
        encoded = tokenizer.encode_batch(words, is_pretokenized=True)
        if seed is None:
            places = list(range(len(chunk)))
        else:
            places = sorted(range(len(chunk)), key=lambda at: len(encoded[at].ids))
        groups = [places[at : at + size] for at in range(0, len(places), size)]
        if seed is not None:
            random.Random(seed + first).shuffle(groups)  # noqa: S311
        for group in groups:
            yield _collate([(chunk[at], encoded[at].ids, encoded[at].word_ids) for at in group])


def _collate(rows: Sequence[tuple[Example, list[int], list[int | None]]]) -> Batch:
    length = max(len(ids) for _, ids, _ in rows)
    count = len(rows[0][0].labels)
    ids = np.zeros((len(rows), length), dtype=np.int64)
    mask = np.zeros_like(ids)
    tags = np.full((len(rows), length, count), -1, dtype=np.float32)
    bits = 1 << np.arange(count)
    for row, (example, pieces, word_of) in enumerate(rows):
        ids[row, : len(pieces)] = pieces
        mask[row, : len(pieces)] = 1
        named = np.array([0 if w is None else example.tags[w] for w in word_of])
        known = (example.tagged & bits) != 0
        tags[row, : len(pieces)] = np.where(known, (named[:, None] & bits) != 0, -1)
    told = [example.soft for example, _, _ in rows if example.soft is not None]
    soft = torch.from_numpy(np.stack(told)) if len(told) == len(rows) else None
    return Batch(
        torch.from_numpy(ids),
        torch.from_numpy(mask),
        torch.tensor([example.labels for example, _, _ in rows]),
        torch.from_numpy(tags),
        torch.tensor([example.weight for example, _, _ in rows]),
        soft,
    )
