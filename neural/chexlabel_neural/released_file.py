"""The `refiner.json` of the model that ships, as labeling takes it.

`chexlabel_neural.refiner_file` has the layout of the file and checks it. That of the model that
ships was checked when it was made: read here it is what it was then, without pydantic, which takes
longer to load than the net.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from chexlabel_neural.model_folder import REFINER_FILE

if TYPE_CHECKING:
    from chexlabel_neural.refiner_file import RefinerFile

__all__ = ["read_released_file"]

_KEYS: Final = (
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
"""What labeling needs of the file."""


class _ReleasedFile(SimpleNamespace):
    """What a `RefinerFile` holds, as it was written."""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


def read_released_file(folder: Path) -> RefinerFile:
    """Read the `refiner.json` of the model that ships.

    Raises:
        RefinerError: it is missing, no JSON, or does not fit the layout.
    """
    try:
        data: dict[str, Any] = json.loads((folder / REFINER_FILE).read_bytes())
        file = _ReleasedFile(**{key: data[key] for key in _KEYS})
        file.gate = file.gate and SimpleNamespace(**file.gate)
        return cast("RefinerFile", file)
    except (OSError, ValueError, KeyError, TypeError):
        from chexlabel_neural.refiner_file import read_refiner_file

        return read_refiner_file(folder)  # says what is wrong with it, and where
