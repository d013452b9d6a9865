"""Pattern sets: reading, checking, compiling and importing the files that hold the rules."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chexlabel.patterns.check import CheckResult, FailedExample, check_set
    from chexlabel.patterns.compile import PatternSet, load_patterns
    from chexlabel.patterns.importer import ImportResult, import_phrases
    from chexlabel.patterns.inventory import SetSummary, list_sets
    from chexlabel.patterns.load import read_set
    from chexlabel.patterns.problems import PatternFileError, Problem
    from chexlabel.patterns.source import Example, SetSource
    from chexlabel.patterns.walk import PhraseEntry, set_entries

__all__ = [
    "CheckResult",
    "Example",
    "FailedExample",
    "ImportResult",
    "PatternFileError",
    "PatternSet",
    "PhraseEntry",
    "Problem",
    "SetSource",
    "SetSummary",
    "check_set",
    "import_phrases",
    "list_sets",
    "load_patterns",
    "read_set",
    "set_entries",
]

_MODULES = {
    "check": ("CheckResult", "FailedExample", "check_set"),
    "compile": ("PatternSet", "load_patterns"),
    "importer": ("ImportResult", "import_phrases"),
    "inventory": ("SetSummary", "list_sets"),
    "load": ("read_set",),
    "problems": ("PatternFileError", "Problem"),
    "source": ("Example", "SetSource"),
    "walk": ("PhraseEntry", "set_entries"),
}


def __getattr__(name: str) -> object:
    # The engine imports parts of this package: what it does not need is loaded when asked for.
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
