"""The files of a model folder, and its card as labeling takes it.

`chexlabel_neural.refiner_file` has the layout of the card and checks it. That of the model that
ships was checked when it was made: read here it is what it was then, without pydantic, which takes
longer to load than the net.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from chexlabel.errors import RefinerError

if TYPE_CHECKING:
    from chexlabel_neural.refiner_file import RefinerFile

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
    "read_released_card",
]

REFINER_FILE: Final = "refiner.json"
ONNX: Final = "model.onnx"
WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
GATE: Final = "gate.npy"
TOKENIZER: Final = "tokenizer.json"
VOCABULARY: Final = "vocabulary.txt"
"""The words of the training text, lower case, one a line; may be missing."""


_CARD: Final = (
    "name",
    "version",
    "pattern_set",
    "pattern_hash",
    "findings",
    "temperature",
    "rules_weight",
    "policy",
    "familiar_policy",
    "read_policy",
    "span_threshold",
    "max_tokens",
    "gate",
    "sha256",
)
"""What labeling needs of a card."""


class _Card(SimpleNamespace):
    """What a `RefinerFile` holds, as it was written."""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


def read_released_card(folder: Path) -> RefinerFile:
    """Read the `refiner.json` of the model that ships.

    Raises:
        RefinerError: it is missing, no JSON, or does not fit the layout.
    """
    try:
        data: dict[str, Any] = json.loads((folder / REFINER_FILE).read_bytes())
        card = _Card(**{key: data[key] for key in _CARD})
        card.gate = card.gate and SimpleNamespace(**card.gate)
        return cast("RefinerFile", card)
    except (OSError, ValueError, KeyError, TypeError):
        from chexlabel_neural.refiner_file import read_refiner_file

        return read_refiner_file(folder)  # says what is wrong with it, and where


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
