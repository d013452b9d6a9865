"""Reading labelled texts with rules and network side by side, passage by passage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chexlabel import Label, Labeler
from chexlabel_neural.calibrate import ReadText
from chexlabel_neural.classes import CLASS_OF
from chexlabel_neural.corpus import OTHER, Passage
from chexlabel_neural.familiarity import familiarity, unknown_words
from chexlabel_neural.runtime import PassageReader
from chexlabel_neural.withheld import withheld

__all__ = ["LabelledText", "gold_passages", "read_texts"]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text with its true labels.

    Attributes:
        text: the text.
        labels: finding -> label; a finding that is missing is blank.
        source: the set that it is from.
        unknown: findings of which nothing is known.
    """

    text: str
    labels: dict[str, Label]
    source: str
    unknown: frozenset[str] = frozenset({OTHER})


def gold_passages(passages: Iterable[Passage], findings: Sequence[str]) -> list[LabelledText]:
    """Return passages of the corpus as texts with labels."""
    label_of = {value: label for label, value in CLASS_OF.items() if label is not None}
    return [
        LabelledText(
            p.text,
            {f: label_of[v] for f, v in zip(findings, p.labels, strict=True) if v in label_of},
            p.writer,
            frozenset(f for f, v in zip(findings, p.labels, strict=True) if v < 0),
        )
        for p in passages
    ]


def read_texts(
    texts: Sequence[LabelledText], labeler: Labeler, reader: PassageReader, findings: Sequence[str]
) -> list[ReadText]:
    """Read texts passage by passage with rules and network.

    Args:
        texts: with their true labels.
        labeler: of the rules alone.
        reader: runs the network.
        findings: the network's heads.
    """
    numbers = {name: number for number, name in enumerate(labeler.patterns.tracked)}
    columns = {numbers[name]: place for place, name in enumerate(findings) if name in numbers}
    shown = np.array([name in labeler.findings for name in findings])
    lexicon = labeler.patterns.lexicon
    found = []
    for gold in texts:
        passages = labeler.passages(gold.text, leaning=True) or [gold.text]
        rules = np.zeros((len(passages), len(findings)), np.int64)
        held = np.zeros(rules.shape, bool)
        known = np.array([familiarity(p, unknown_words(p, lexicon), lexicon) for p in passages])
        outputs = reader(passages)
        for at, (passage, judgements) in enumerate(
            zip(passages, labeler.judge(passages), strict=True)
        ):
            numbered = withheld(
                passage, judgements, outputs[at].tags, known[at], columns, reader, lexicon
            )
            held[at, [columns[number] for number in numbered & columns.keys()]] = True
            for judgement in judgements:
                column = columns.get(judgement.item.role.finding)
                if column is not None and judgement.label is not None:
                    rules[at, column] = max(rules[at, column], CLASS_OF[judgement.label])
        truth = [
            -1 if name in gold.unknown else CLASS_OF[gold.labels.get(name)] for name in findings
        ]
        logits = np.stack([output.logits for output in outputs]).astype(np.float64)
        found.append(ReadText(rules, logits, np.array(truth), gold.source, shown, held, known))
    return found
