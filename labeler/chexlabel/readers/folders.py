"""The files of a folder and its subfolders, and how those that are not read are named."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from chexlabel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["counted", "files_below", "is_hidden", "is_table", "named_some", "printable"]

_TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx", ".xlsm")
_UPWARD = (".", "..")
_NAMED = 3


def files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of the files in a folder and its subfolders, "/" between the parts.

    Links to folders are followed. Each folder is entered once, and a link to it only where it is
    not met on its own: so no link leads in a circle, and none gives a report twice. Folders whose
    name begins with a dot are passed over.

    Raises:
        InputError: when a folder cannot be read.
    """
    entered: set[tuple[int, int]] = set()
    starts = deque([folder])
    while starts:
        for parent, children, files in os.walk(starts.popleft(), onerror=_fail):
            here = Path(parent)
            status = here.stat()
            if (status.st_dev, status.st_ino) in entered:
                children.clear()
                continue
            entered.add((status.st_dev, status.st_ino))
            children[:] = sorted(child for child in children if not child.startswith("."))
            starts.extend(here / child for child in children if (here / child).is_symlink())
            below = here.relative_to(folder).as_posix()
            prefix = "" if below == "." else below + "/"
            yield from (prefix + file for file in files)


def is_table(path: str) -> bool:
    """Tell whether a path is that of a table, neither hidden nor in a hidden folder."""
    return path.lower().removesuffix(".gz").endswith(_TABLES) and not is_hidden(path)


def is_hidden(path: str) -> bool:
    """Tell whether a file is hidden, or in a hidden folder."""
    return any(part.startswith(".") and part not in _UPWARD for part in path.split("/"))


def printable(path: str) -> str:
    """Return a path without the half characters by which Python keeps names that are not UTF-8."""
    return path.encode("utf-8", "replace").decode()


def counted(paths: Sequence[str]) -> str:
    """Say how many other files there are, as the subject of a sentence."""
    return "1 other file is" if len(paths) == 1 else f"{len(paths):,} other files are"


def named_some(paths: Sequence[str]) -> str:
    """Name the first few of some files, and say whether there are more."""
    return ", ".join(map(printable, paths[:_NAMED])) + (", ..." if len(paths) > _NAMED else "")


def _fail(error: OSError) -> NoReturn:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}")
