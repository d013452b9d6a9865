"""The files of a model folder: their names, and whether they are those that were released."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from chexlabel.errors import RefinerError

__all__ = [
    "CONFIG",
    "GATE",
    "ONNX",
    "REFINER_FILE",
    "TOKENIZER",
    "VOCABULARY",
    "WEIGHTS",
    "check_files",
    "file_hashes",
]

REFINER_FILE: Final = "refiner.json"
ONNX: Final = "model.onnx"
WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
GATE: Final = "gate.npy"
TOKENIZER: Final = "tokenizer.json"
VOCABULARY: Final = "vocabulary.txt"
"""The words of the training text, lower case, one a line; may be missing."""


def file_hashes(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """Return the SHA-256 of files of a folder: those named, or all but `refiner.json`."""
    if names is None:
        names = (p.name for p in folder.iterdir() if p.is_file() and p.name != REFINER_FILE)
    hashes: dict[str, str] = {}
    for name in sorted(names):
        with (folder / name).open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def check_files(folder: Path, names: Iterable[str], hashes: Mapping[str, str]) -> None:
    """Make sure that files are there and are those that the model was released with.

    Raises:
        RefinerError: one is missing, unnamed in `hashes`, or another file.
    """
    names = list(names)
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise RefinerError(
            f"refiner {folder}: {', '.join(missing)} missing; fetch the whole folder again"
        )
    found = file_hashes(folder, names)
    if changed := [name for name in names if found[name] != hashes.get(name)]:
        raise RefinerError(
            f"refiner {folder}: {', '.join(changed)} is not the file that {REFINER_FILE} names "
            "(its SHA-256 differs); fetch the whole folder again"
        )
