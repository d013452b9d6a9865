"""Label free-text chest X-ray reports for 14 findings: fast, explainable, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chexlabel._version import __version__
from chexlabel.errors import (
    ChexlabelError,
    InputError,
    MissingExtraError,
    OutputError,
    PatternError,
    RefinerError,
    ValidationError,
)
from chexlabel.labels import Cue, Label, LabeledReport, Mention, SectionSpan
from chexlabel.report import Report

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler
    from chexlabel.run.label_file import Summary, label_file
    from chexlabel.run.review import review_file

__all__ = [
    "ChexlabelError",
    "Cue",
    "InputError",
    "Label",
    "LabeledReport",
    "Labeler",
    "Mention",
    "MissingExtraError",
    "OutputError",
    "PatternError",
    "RefinerError",
    "Report",
    "SectionSpan",
    "Summary",
    "ValidationError",
    "__version__",
    "label_file",
    "review_file",
]

_LAZY = {
    "Labeler": "chexlabel.engine.labeler",
    "Summary": "chexlabel.run.label_file",
    "label_file": "chexlabel.run.label_file",
    "review_file": "chexlabel.run.review",
}


def __getattr__(name: str) -> object:
    # The engine loads the YAML and schema libraries: only when a labeler is asked for.
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
