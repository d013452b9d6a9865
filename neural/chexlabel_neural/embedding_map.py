"""A map of sentences as the net sees them, for the model card.

    python -m chexlabel_neural.embedding_map MODEL texts.jsonl -o map.json

The mean of the net's token states of each text, brought to two dimensions by t-SNE (van der Maaten
and Hinton 2008, "Visualizing data using t-SNE", JMLR 9:2579). No text goes into the map.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from chexlabel import Label
from chexlabel.errors import ChexlabelError, InputError

if TYPE_CHECKING:
    from chexlabel_neural.evaluate import GoldText

__all__ = ["EmbeddingMap", "embed", "embedding_map"]

_NOTHING = "nothing positive"
_BATCH = 64
_LEAST = 10  # texts: t-SNE of fewer shows nothing


class EmbeddingMap(BaseModel):
    """Points of a map, each coordinate between 0 and 1.

    Attributes:
        names: what a point may be, in the order of the legend.
        labels: what each point is, one of `names`.
        x: a coordinate a point.
        y: a coordinate a point.
    """

    model_config = ConfigDict(extra="forbid")

    names: list[str]
    labels: list[str]
    x: list[float]
    y: list[float]


def embedding_map(folder: Path, texts: Sequence[GoldText], *, seed: int = 1) -> EmbeddingMap:
    """Place texts by what a model makes of them.

    Args:
        folder: the model.
        texts: with their labels, by the first positive one of which they are named.
        seed: of t-SNE.

    Raises:
        InputError: there are fewer than ten texts.
        RefinerError: the folder is broken.
    """
    if len(texts) < _LEAST:
        raise InputError(f"{len(texts)} texts are too few for a map; give {_LEAST} or more")
    from sklearn.manifold import TSNE

    from chexlabel_neural.refiner_file import read_refiner_file

    findings = read_refiner_file(folder).findings
    states = embed(folder, [text.text for text in texts])
    perplexity = min(30.0, (len(texts) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    places: NDArray[Any] = tsne.fit_transform(states)
    low, high = places.min(axis=0), places.max(axis=0)
    x, y = ((places - low) / np.maximum(high - low, 1e-9)).T
    labels = [_name(text.labels, findings) for text in texts]
    names = [name for name in (_NOTHING, *findings) if name in set(labels)]
    return EmbeddingMap(
        names=names, labels=labels, x=[round(v, 4) for v in x.tolist()],
        y=[round(v, 4) for v in y.tolist()],
    )  # fmt: skip


def embed(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the mean of the net's token states of each text, float [texts, width]."""
    import torch

    from chexlabel_neural.export import load_refiner
    from chexlabel_neural.model_folder import TOKENIZER
    from chexlabel_neural.numbers import plain_numbers
    from chexlabel_neural.refiner_file import read_refiner_file
    from chexlabel_neural.wordpiece import WordPiece

    tokenizer = WordPiece.read(folder / TOKENIZER, read_refiner_file(folder).max_tokens)
    encoder = load_refiner(folder).encoder
    found = []
    with torch.inference_mode():
        for start in range(0, len(texts), _BATCH):
            some = [plain_numbers(text) for text in texts[start : start + _BATCH]]
            rows = [torch.tensor(tokenizer.ids(text)) for text in some]
            ids = torch.nn.utils.rnn.pad_sequence(rows, True, tokenizer.padding)
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], True)
            states = encoder(input_ids=ids, attention_mask=mask)[0]
            sums = (states * mask.unsqueeze(-1)).sum(dim=1)
            found.append((sums / mask.sum(dim=1, keepdim=True)).numpy())
    return np.concatenate(found)


def _name(labels: Mapping[str, Label], findings: Sequence[str]) -> str:
    return next((name for name in findings if labels.get(name) is Label.POSITIVE), _NOTHING)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the map of a set of texts; return the exit status."""
    from chexlabel_neural.evaluate import read_gold

    parser = argparse.ArgumentParser(prog="python -m chexlabel_neural.embedding_map")
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("texts", type=Path, help="JSON Lines with `text` and `labels`")
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    try:
        found = embedding_map(args.model, read_gold(args.texts))
    except ChexlabelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    args.output.write_text(found.model_dump_json() + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
