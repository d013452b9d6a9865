"""Where pattern sets are: those that ship with the package, and those given by their folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from chexlabel.errors import PatternError

__all__ = [
    "available_sets",
    "compiled_folder",
    "find_base",
    "find_set",
    "lasting_name",
    "sets_folder",
]

_PACKAGED = Path(__file__).parents[1] / "data" / "patterns"
_CHECKOUT = Path(__file__).parents[3] / "patterns"  # an editable install reads the repository's


def sets_folder() -> Path:
    """Return the folder of the pattern sets that ship with the package."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def compiled_folder() -> Path:
    """Return the folder of the compiled sets that ship; a clone has none."""
    return sets_folder().parent / "compiled"


def available_sets() -> dict[str, Path]:
    """Return the pattern sets that ship with the package: name -> folder."""
    return {path.parent.name: path.parent for path in sorted(sets_folder().glob("*/set.yaml"))}


def find_set(patterns: str | os.PathLike[str]) -> Path:
    """Return the folder of a pattern set given by the name of a shipped one or by its path.

    Raises:
        PatternError: There is no such set.
    """
    shipped = available_sets()
    if isinstance(patterns, str) and patterns in shipped:
        return shipped[patterns]
    path = Path(patterns)
    with suppress(OSError):  # too long for a name
        if (path / "set.yaml").is_file():
            return path
    raise PatternError(
        f"pattern set {os.fspath(patterns)!r}: neither a shipped set ({', '.join(shipped)}) nor a "
        "folder with a set.yaml; see `chexlabel patterns list`"
    )


def lasting_name(patterns: str | os.PathLike[str]) -> str:
    """Return what names the same set in a process that runs in another folder.

    Args:
        patterns: as for `find_set`.
    """
    if isinstance(patterns, str) and patterns in available_sets():
        return patterns
    return os.path.abspath(patterns)  # noqa: PTH100 - with the links that the user chose


def find_base(folder: Path, name: str) -> Path | None:
    """Return the folder of the set that one extends: one beside it, or one that ships.

    Args:
        folder: the folder of the set that extends it.
        name: the name that its set.yaml gives.
    """
    beside = folder.parent / name
    if beside.resolve() != folder.resolve() and (beside / "set.yaml").is_file():
        return beside
    return available_sets().get(name)
