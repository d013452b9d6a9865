"""The written training text: its labels, its writers, and the split between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from chexlabel.errors import InputError

__all__ = [
    "BLANK",
    "CODES",
    "IGNORED",
    "OTHER",
    "POSITIVE",
    "Passage",
    "Split",
    "read_corpus",
    "read_splits",
]

OTHER = "Other Abnormality"
"""The hidden finding that stands for every abnormality without a label of its own."""

CODES = {
    "EC": "Enlarged Cardiomediastinum",
    "CM": "Cardiomegaly",
    "LL": "Lung Lesion",
    "LO": "Lung Opacity",
    "ED": "Edema",
    "CO": "Consolidation",
    "PN": "Pneumonia",
    "AT": "Atelectasis",
    "PX": "Pneumothorax",
    "PE": "Pleural Effusion",
    "PO": "Pleural Other",
    "FX": "Fracture",
    "SD": "Support Devices",
    "OA": OTHER,
}
"""The corpus files' codes for the findings, in the order of the network's heads."""

BLANK, NEGATIVE, UNCERTAIN, POSITIVE = range(4)
IGNORED = -1
"""Stands for a label that nobody has given; it is left out of training and measuring."""

_VALUES = {"0": NEGATIVE, "-1": UNCERTAIN, "1": POSITIVE}


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with its labels.

    Attributes:
        text: one or a few sentences.
        labels: for each finding of `CODES` in order, its class (0 blank, 1 negative, 2 uncertain,
            3 positive) or `IGNORED`.
        writer: the file that it comes from; each has one writer.
    """

    text: str
    labels: tuple[int, ...]
    writer: str


class Split(BaseModel):
    """`splits.yaml` beside the corpus files: which writers are held out, and for what.

    Attributes:
        dev: files that stop training early and set the refiner's thresholds.
        test: files that are only measured on.
        without_other: files whose writers were not asked for other abnormalities (`OA`).
    """

    model_config = ConfigDict(extra="forbid")

    dev: list[str] = Field(min_length=1)
    test: list[str] = Field(min_length=1)
    without_other: list[str] = []


def read_splits(folder: Path) -> Split:
    """Read which files are held out.

    Raises:
        InputError: The file is missing or malformed.
    """
    path = folder / "splits.yaml"
    try:
        return Split.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(
            f"{path}: cannot be read ({type(error).__name__}); it names the held-out files as "
            "`dev:` and `test:`"
        ) from None


def read_corpus(folder: Path, files: Sequence[str] | None = None) -> list[Passage]:
    """Read the corpus.

    Args:
        folder: where the tab-separated files lie.
        files: names without ending; by default all that no side of the split holds out.

    Raises:
        InputError: A file is missing, or a line has no tab or an unknown code.
    """
    split = read_splits(folder)
    if files is None:
        held = {*split.dev, *split.test}
        files = [path.stem for path in sorted(folder.glob("*.tsv")) if path.stem not in held]
    passages: list[Passage] = []
    for name in files:
        passages += _read(folder / f"{name}.tsv", has_other=name not in split.without_other)
    return passages


def _read(path: Path, *, has_other: bool) -> Iterator[Passage]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such corpus file; correct splits.yaml")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        text, tab, codes = line.partition("\t")
        labels = dict.fromkeys(CODES, BLANK)
        if not has_other:
            labels["OA"] = IGNORED
        for item in filter(None, codes.strip().split(",")):
            code, _, value = item.partition("=")
            if code not in CODES or value not in _VALUES:
                raise InputError(f"{path}:{number}: no such code {item!r}; write e.g. PE=1,PX=0")
            labels[code] = _VALUES[value]
        if not tab or not text.strip():
            raise InputError(f"{path}:{number}: write text, a tab, and the codes")
        yield Passage(text, tuple(labels.values()), path.stem)
