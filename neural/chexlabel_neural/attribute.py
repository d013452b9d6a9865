"""Which words the net's reading of a sentence stands on.

With PyTorch and captum by integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365), from a
sentence of padding to the sentence as it is; without them by leaving out one word after the other.
Of the words those of the strong cluster are kept, and the reading is done again without them: a
label that stays was not explained.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chexlabel.engine.match import token_offsets
from chexlabel.labels import AttributedWord, Attribution, LabeledReport, Mention
from chexlabel_neural.classes import CLASS_OF

if TYPE_CHECKING:
    from chexlabel_neural.refine import RefinerJudge

__all__ = ["INTEGRATED_GRADIENTS", "LEAVE_ONE_OUT", "attribute", "strong_cluster"]

INTEGRATED_GRADIENTS: Final = "integrated gradients"
LEAVE_ONE_OUT: Final = "leaving out"

Scores: TypeAlias = NDArray[np.float64]
Spans: TypeAlias = Sequence[tuple[int, int]]

_STEPS = 32


def attribute(
    text: str,
    labeled: LabeledReport,
    judge: RefinerJudge,
    threshold: float | None = None,
    method: str | None = None,
    findings: Collection[str] | None = None,
) -> tuple[Attribution, ...]:
    """Attribute each label that the net has a head for to the words of its deciding sentence.

    Args:
        text: the report as given to the labeler.
        labeled: its labels and mentions.
        judge: the refiner that read it.
        threshold: the least score of a word that is kept, as a share of the strongest one's, 0 to
            1; by default the strong one of two clusters of words is kept.
        method: `INTEGRATED_GRADIENTS` or `LEAVE_ONE_OUT`; by default the first where it is
            installed.
        findings: those to look at; by default all.

    Returns:
        One attribution for each finding that has a mention with the report's label, in the order of
        the findings.

    Raises:
        ValueError: the threshold is not from 0 to 1.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be from 0 to 1, not {threshold}")
    deciding = {
        column: mention
        for column, finding in enumerate(judge.names)
        if findings is None or finding in findings
        if (mention := _deciding(labeled, finding)) is not None
    }
    if not deciding:  # loading PyTorch takes seconds
        return ()
    if method is None:
        installed = all(map(find_spec, ("torch", "captum", "transformers", "onnx")))
        can_run = installed and judge.reader.opened_with is not None
        method = INTEGRATED_GRADIENTS if can_run else LEAVE_ONE_OUT
    score = _integrated_gradients(judge) if method == INTEGRATED_GRADIENTS else _leaving_out
    return tuple(
        _attribution(
            text, mention, judge, column, CLASS_OF[mention.label], threshold, score, method
        )
        for column, mention in deciding.items()
    )


def strong_cluster(scores: Sequence[float], threshold: float | None = None) -> list[int]:
    """Return the places of the strong scores; those at or below 0 are noise.

    Args:
        scores: of words.
        threshold: the least score as a share of the highest; by default the cut between two
            clusters with the least variance within them (Otsu 1979, doi:10.1109/TSMC.1979.4310076).

    >>> strong_cluster([0.1, 2.0, 0.0, 1.8, 0.2])
    [1, 3]
    >>> strong_cluster([0.1, 2.0, 0.0, 1.8, 0.2], threshold=0.1)
    [1, 3, 4]
    """
    positive = sorted((score for score in scores if score > 0), reverse=True)
    if not positive:
        return []
    if threshold is not None:
        least = threshold * positive[0]
    else:
        values = np.array([*positive, 0.0])  # what says nothing is of the weak cluster

        def within(cut: int) -> float:
            return float(values[:cut].var() * cut + values[cut:].var() * (len(values) - cut))

        least = positive[min(range(1, len(values)), key=within) - 1]
    return [place for place, score in enumerate(scores) if score > 0 and score >= least]


def _deciding(labeled: LabeledReport, finding: str) -> Mention | None:
    """Return the surest mention that carries the report's label, a blank one if the refiner's."""
    label = labeled.labels.get(finding)
    mentions = [
        mention
        for mention in labeled.mentions
        if mention.finding == finding
        and mention.label == label
        and (label is not None or mention.source == "refiner")
    ]
    return max(mentions, key=lambda mention: mention.confidence or 0.0, default=None)


_Scorer: TypeAlias = Callable[["RefinerJudge", str, Spans, int, int], Scores]


def _attribution(
    text: str,
    mention: Mention,
    judge: RefinerJudge,
    column: int,
    place: int,
    threshold: float | None,
    score: _Scorer,
    method: str,
) -> Attribution:
    first, last = mention.sentence
    passage = text[first:last]
    words = token_offsets(passage)
    scores = score(judge, passage, words, column, place).tolist()
    kept = set(strong_cluster(scores, threshold))
    without = _without(passage, [words[at] for at in sorted(kept)])
    probabilities = judge.net_probabilities([passage, without])[:, column, place]
    return Attribution(
        finding=mention.finding,
        label=mention.label,
        sentence=mention.sentence,
        words=tuple(
            AttributedWord(first + start, first + end, scores[at], at in kept)
            for at, (start, end) in enumerate(words)
        ),
        probability=float(probabilities[0]),
        without=float(probabilities[1]),
        method=method,
    )


def _leaving_out(
    judge: RefinerJudge, passage: str, words: Spans, column: int, place: int
) -> Scores:
    """Return how much each word's absence takes from the label's log-odds."""
    variants = [passage, *(_without(passage, [word]) for word in words)]
    chances = judge.net_probabilities(variants)[:, column, place].astype(np.float64)
    chances = chances.clip(1e-6, 1 - 1e-6)
    odds = np.log(chances / (1 - chances))
    result: Scores = odds[0] - odds[1:]
    return result


def _without(passage: str, words: Spans) -> str:
    for start, end in reversed(words):
        passage = f"{passage[:start]} {passage[end:]}"
    return passage


def _integrated_gradients(judge: RefinerJudge) -> _Scorer:
    """Return a scorer by captum's integrated gradients over the word embeddings."""
    import torch
    from captum.attr import LayerIntegratedGradients

    from chexlabel_neural.runtime import TorchNet

    assert judge.reader.opened_with is not None  # noqa: S101 (for the reader)
    model: Any = TorchNet(judge.reader.opened_with[0], "cpu").model
    tokenizer = judge.reader.tokenizer

    def score(_: RefinerJudge, passage: str, words: Spans, column: int, place: int) -> Scores:
        encoding = judge.reader.pieces(passage)
        ids = torch.tensor([encoding.ids])
        blank = torch.full_like(ids, tokenizer.padding)
        blank[:, [0, -1]] = ids[:, [0, -1]]
        head = int(judge.heads[column])

        def margin(pieces: Any) -> Any:
            output = model(pieces, torch.ones_like(pieces))
            logits = output.labels[:, head]
            others = torch.cat([logits[:, :place], logits[:, place + 1 :]], dim=1)
            return logits[:, place] - others.logsumexp(dim=1)

        gradients = LayerIntegratedGradients(margin, model.encoder.embeddings.word_embeddings)
        pieces = gradients.attribute(ids, baselines=blank, n_steps=_STEPS).sum(-1)[0]
        return _by_word(pieces.detach().numpy(), encoding.offsets, words)

    return score


def _by_word(pieces: NDArray[np.float32], offsets: Spans, words: Spans) -> Scores:
    """Sum the scores of wordpieces by the words that they are of."""
    scores = np.zeros(len(words))
    for value, (start, end) in zip(pieces.tolist(), offsets, strict=True):
        for at, (first, last) in enumerate(words):
            if start < end and start < last and end > first:
                scores[at] += value
                break
    return scores
