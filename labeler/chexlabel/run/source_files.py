"""Which files a run over many has, and where the output of each of them goes."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chexlabel.errors import InputError, OutputError
from chexlabel.writers import OUTPUT_FORMATS, recognise_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SourceFile", "find_source_files", "is_many", "passed_over", "takes_in"]

_REPORTS = (".txt", ".xml")


class SourceFile(NamedTuple):
    """A file of a run over many.

    Attributes:
        source: the file.
        name: the path of its output within the output folder, "/" between the parts.
    """

    source: str
    name: str


def is_many(sources: Sequence[str], output: str) -> bool:
    """Tell whether these arguments ask for a run over many files, whose output is a folder.

    >>> is_many(["a.csv"], "labels.csv"), is_many(["a.csv", "b.csv"], "o"), is_many(["*.csv"], "o")
    (False, True, True)
    """
    if len(sources) > 1 or output.endswith(("/", os.sep)) or Path(output).is_dir():
        return True
    [source] = sources
    if _is_pattern(source):
        return True
    return Path(source).is_dir() and _holds_tables(source)


def find_source_files(sources: Sequence[str], output_format: str | None = None) -> list[SourceFile]:
    """Return the files that sources stand for, in the order of their outputs' names.

    A folder stands for the tables in it and in its subfolders, a pattern ("*", "?", "[...]", "**")
    for the files that fit it. Hidden files, and those that begin with "_" as Spark's marks do, are
    passed over. What a folder or a pattern has under it keeps its place under the output folder.

    Args:
        sources: files, folders and patterns.
        output_format: one of `OUTPUT_FORMATS` for all outputs; by default that of each input.

    Raises:
        InputError: there is no such file, a folder or pattern has no tables, or a source is
            standard input.
        OutputError: two outputs would have the same name.
    """
    found: dict[str, SourceFile] = {}
    for source in sources:
        for path, name in _files(source):
            file = SourceFile(path, _output_name(name, output_format))
            other = found.setdefault(file.name, file)
            if os.path.realpath(other.source) != os.path.realpath(path):
                remedy = "give the folder that holds both, or label them in two runs"
                if _folder(other.source) == _folder(path):
                    remedy = "label them in two runs, each with an output folder of its own"
                raise OutputError(
                    f"the labels of {other.source} and {path} would both go to {file.name}; "
                    + remedy
                )
    return [found[name] for name in sorted(found)]


def takes_in(source: str, output: Path) -> bool:
    """Tell whether a source stands for an output too, once that is written.

    The next run with the same arguments, as with `--resume`, would label the labels.
    """
    base = Path(*_fixed_parts(Path(source))) if _is_pattern(source) else Path(source)
    target = Path(os.path.realpath(output))
    real = Path(os.path.realpath(base))
    if not base.is_dir() or not target.is_relative_to(real) or _is_hidden(target, real):
        return False
    pattern = Path(source).parts[len(base.parts) :]
    return not pattern or _fits(target.relative_to(real).parts, pattern)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a path fits a pattern, part by part, as `glob` takes it."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def passed_over(sources: Sequence[str]) -> tuple[str, ...]:
    """Name the reports that a run over many files does not read: one line for each folder."""
    notes = []
    for source in sources:
        if not Path(source).is_dir():
            continue
        from chexlabel.readers.folders import counted, named_some

        others = [name for name in _below(source) if _suffix(name) in _REPORTS]
        if others:
            said = f"{counted(others)} passed over: {named_some(others)}"
            notes.append(f"{source} is read for its tables; {said}")
    return tuple(notes)


def _files(source: str) -> Iterator[tuple[str, str]]:
    """Yield the files that a source stands for, with their paths below it."""
    path = Path(source)
    if source == "-":
        raise InputError("standard input is no file among several; label it in a run of its own")
    if path.is_file():
        yield source, path.name
    elif path.is_dir():
        tables = _tables(source, _below(source))
        if not tables:
            raise InputError(
                f"{source} has no tables ({', '.join(OUTPUT_FORMATS)}, also .gz); reports in text "
                "or XML files are labeled folder by folder, each in a run of its own"
            )
        for name in tables:
            yield os.fspath(path / name), name
    elif _is_pattern(source):
        fixed = Path(*_fixed_parts(path))
        from glob import glob

        below = [Path(name) for name in sorted(glob(source, recursive=True))]  # noqa: PTH207
        below = [file for file in below if file.is_file() and not _is_hidden(file, fixed)]
        if not below:
            raise InputError(f"no file fits {source!r}; check the pattern")
        for file in below:
            yield os.fspath(file), file.relative_to(fixed).as_posix()
    else:
        raise InputError(f"{source} does not exist; check the path")


def _folder(path: str) -> str:
    return os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - as `realpath` gives it


def _fixed_parts(path: Path) -> Iterator[str]:
    """Yield the parts of a pattern's path before the first that is a pattern."""
    for part in path.parts:
        if _is_pattern(part):
            return
        yield part


def _is_pattern(source: str) -> bool:
    return any(sign in source for sign in "*?[") and not Path(source).exists()


def _holds_tables(folder: str) -> bool:
    """Tell whether a folder has tables; one with report files is a source by itself."""
    names = _below(folder)
    if any(name.lower().endswith(_REPORTS) for name in names):
        return False
    return bool(_tables(folder, names))


def _below(folder: str) -> list[str]:
    """Return the paths of a folder's files below it, but for hidden ones."""
    from chexlabel.readers.folders import files_below  # a run on one file needs no readers yet

    path = Path(folder)
    return [name for name in sorted(files_below(path)) if not _is_hidden(path / name, path)]


def _tables(folder: str, names: Sequence[str]) -> list[str]:
    from chexlabel.readers.folders import is_table

    return [name for name in names if is_table(name) and Path(folder, name).is_file()]


def _suffix(name: str) -> str:
    """Return a file's ending in lower case, that of gzip aside."""
    return Path(name.lower().removesuffix(".gz")).suffix


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _output_name(name: str, output_format: str | None) -> str:
    """Return a file's output: its own path, where its format can be written."""
    path = Path(name)
    packed = path.suffix.lower() == ".gz"
    bare = path.with_suffix("") if packed else path
    if output_format is not None:
        packed = packed and output_format not in ("parquet", "xlsx")
        return bare.with_suffix(f".{output_format}" + ".gz" * packed).as_posix()
    try:
        recognise_format(name)
    except OutputError:
        return bare.with_suffix(".csv").as_posix()
    return name
