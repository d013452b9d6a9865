"""Report files in a folder, in a zip or tar archive, or alone, one after another.

Only .txt and .xml files are taken; tables beside them are named. Archives are never unpacked to
disk; members that are no plain files (links, devices) are passed over, and so are hidden files such
as the "._1.xml" that macOS adds to archives.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from stat import S_ISLNK
from typing import TYPE_CHECKING, Self

from chexlabel.errors import InputError, one_line
from chexlabel.readers._source import ReportSource
from chexlabel.readers._streams import longer_than
from chexlabel.readers.folders import (
    counted,
    files_below,
    is_hidden,
    is_table,
    named_some,
    printable,
)

if TYPE_CHECKING:
    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = [
    "FileSet",
    "open_file",
    "open_folder",
    "open_tar",
    "open_zip",
    "report_source",
]

_SUFFIXES = (".txt", ".xml")

# So many reports of a tar archive are looked at to tell what it holds.
_LOOK_AHEAD = 32

_DIGITS = re.compile(r"([0-9]+)")

Entry = tuple[str, Callable[[], bytes]]


@dataclass(slots=True)
class FileSet:
    """The files of a source, in a stable order.

    Folders and zip archives are in natural order ("2.xml" before "10.xml"), tar archives in the
    order of the archive, because they are read as a stream.

    Attributes:
        name: what messages call the source.
        prefix: the absolute path before the files' paths, with its last slash; empty in archives.
        paths: the files' paths within the source, "/" between the parts; of a tar archive the
            first ones.
        entries: each file's path and the function that reads it, to be called before the next
            entry is taken. It raises `OSError` if this one file cannot be read, and `InputError`
            if the whole source is damaged.
        complete: whether `paths` holds all files.
        alone: whether the source is this one file, so that what is wrong with it is an error.
        close: closes the source.
        tables: the tables beside the files, which are passed over; of a tar archive none are known.
    """

    name: str
    prefix: str
    paths: list[str]
    entries: Iterable[Entry]
    complete: bool
    alone: bool
    close: Callable[[], None]
    tables: list[str] = field(default_factory=list)


def open_folder(folder: Path, name: str, max_size: int) -> FileSet:
    """List a folder with its subfolders.

    Args:
        folder: the folder.
        name: what messages call it.
        max_size: the longest file that is read, in bytes.

    Raises:
        InputError: when a folder cannot be read.
    """
    found = sorted(files_below(folder), key=_natural_order)
    paths = list(filter(_is_report, found))

    def read(path: str) -> bytes:
        place = folder / path
        if not place.is_file():  # a pipe or a device would be waited for
            raise OSError(None, "not a plain file, or a link to none")
        _check_size(place.stat().st_size, max_size)
        return place.read_bytes()

    prefix = folder.absolute().as_posix().rstrip("/") + "/"
    return FileSet(
        name=name,
        prefix=prefix,
        paths=paths,
        entries=_entries(paths, read),
        complete=True,
        alone=False,
        close=_nothing,
        tables=list(filter(is_table, found)),
    )


def open_file(stream: ByteStream) -> FileSet:
    """Take one file, or standard input, as a set of one."""

    def read(_path: str) -> bytes:
        return stream.whole(stream.max_size)

    prefix = "" if stream.path is None else stream.path.absolute().parent.as_posix() + "/"
    paths = [stream.filename]
    return FileSet(
        name=stream.name,
        prefix=prefix,
        paths=paths,
        entries=_entries(paths, read),
        complete=True,
        alone=True,
        close=stream.close,
    )


def open_archive(stream: ByteStream) -> zipfile.ZipFile:
    """Open a zip archive, or what is one underneath.

    Raises:
        InputError: when it is damaged.
    """
    # What is opened by its path is closed with the archive; bytes in memory need no closing.
    source = stream.plain_path or stream.seekable()
    with _damage(stream.name):
        return zipfile.ZipFile(source)


def open_zip(stream: ByteStream, archive: zipfile.ZipFile) -> FileSet:
    """Take the report files of a zip archive.

    Raises:
        InputError: when it is encrypted, or an office document.
    """

    def close() -> None:
        archive.close()
        stream.close()

    plain = [
        member
        for member in archive.infolist()
        if member.filename and not member.is_dir() and not S_ISLNK(member.external_attr >> 16)
    ]
    members = {member.filename: member for member in plain}
    times = Counter(member.filename for member in plain)
    problem = None
    if "[Content_Types].xml" in members:
        problem = "is an office document; save its sheet as .xlsx or CSV"
    elif any(member.flag_bits & 1 for member in members.values()):
        problem = "is encrypted; unpack it first"
    if problem is not None:
        close()
        raise InputError(f"{stream.name} {problem}")

    def read(path: str) -> bytes:
        if times[path] > 1:
            raise OSError(None, f"it is {times[path]} times in the archive; keep one")
        _check_size(members[path].file_size, stream.max_size)
        with _damage(stream.name):
            return archive.read(members[path])

    paths = sorted(filter(_is_report, members), key=_natural_order)
    return FileSet(
        name=stream.name,
        prefix="",
        paths=paths,
        entries=_entries(paths, read),
        complete=True,
        alone=False,
        close=close,
        tables=sorted(filter(is_table, members), key=_natural_order),
    )


def open_tar(stream: ByteStream) -> FileSet:
    """Open a tar archive as a stream.

    Raises:
        InputError: when it is damaged.
    """
    entries = _tar_entries(stream)
    first = list(islice(entries, _LOOK_AHEAD))
    return FileSet(
        name=stream.name,
        prefix="",
        paths=[path for path, _ in first],
        entries=chain(first, entries),
        complete=len(first) < _LOOK_AHEAD,
        alone=False,
        close=stream.close,
    )


def report_source(
    files: FileSet,
    wanted: Callable[[str], bool],
    parse: Callable[[str, bytes], Report],
    failed: Callable[[str, str], Report],
    *,
    format: str,  # noqa: A002 (as in `open_reports`)
    id_columns: tuple[str, ...],
    none: str,
) -> ReportSource:
    """Make a source of the wanted files of a set.

    A file that cannot be read or parsed gives a report that says so; where it is the source
    itself, it is an error, raised at once.

    Args:
        files: the files.
        wanted: tells by its path whether a file is a report.
        parse: makes a report of a file's path and bytes; raises `InputError` if it cannot.
        failed: makes the report for a file that cannot be read, from its path and the reason.
        format: the format's name.
        id_columns: names of the identifying columns.
        none: what to say of a set without a report: what it lacks, and the remedy.

    Raises:
        InputError: when no file is wanted, or the one file that is the source cannot be read.
    """
    total = sum(map(wanted, files.paths))
    if not total and files.complete:
        raise InputError(f"{files.name} has no {none}")
    reports: Iterable[Report]
    if files.alone:
        reports = [parse(path, read()) for path, read in files.entries]
    else:
        reports = _stream_files(files.entries, wanted, parse, failed)
    source = ReportSource(
        reports,
        format=format,
        id_columns=id_columns,
        total=total if files.complete else None,
        close=files.close,
    )
    source.note = _passed_over(files, wanted, format)
    return source


def _passed_over(files: FileSet, wanted: Callable[[str], bool], format: str) -> str:  # noqa: A002
    others = [path for path in files.paths if not wanted(path)] + files.tables
    if not others or not files.complete:
        return ""
    return f"{files.name} is read as {format}; {counted(others)} passed over: {named_some(others)}"


def _stream_files(
    entries: Iterable[Entry],
    wanted: Callable[[str], bool],
    parse: Callable[[str, bytes], Report],
    failed: Callable[[str, str], Report],
) -> Iterator[Report]:
    for path, read in entries:
        if not wanted(path):
            continue
        try:
            data = read()
        except OSError as error:
            reason = f"{path} cannot be read: {error.strerror or error}"
            yield failed(path, one_line(reason))
            continue
        try:
            report = parse(path, data)
        except InputError as error:
            report = failed(path, one_line(str(error)))
        yield report


def _tar_entries(stream: ByteStream) -> Iterator[Entry]:
    seen: set[int] = set()
    with (
        _damage(stream.name),
        stream.errors(),
        tarfile.open(fileobj=stream.stream, mode="r|", tarinfo=_StrictMember) as archive,
    ):
        while (member := archive.next()) is not None:
            # The archive remembers all members it has passed, which would fill the memory.
            archive.members.clear()  # type: ignore[attr-defined]
            path = member.name.removeprefix("./")
            if not member.isreg() or not _is_report(path):
                continue
            known = hash(path)  # millions of paths would fill the memory, their hashes do not
            if known in seen:
                problem: str | None = "it is there before; keep one"
            else:
                problem = _too_long(member.size, stream.max_size)
            seen.add(known)
            content = archive.extractfile(member) if problem is None else None
            data = b"" if content is None else content.read()
            yield printable(path), partial(_given, data, problem)


def _given(data: bytes, problem: str | None) -> bytes:
    if problem is not None:
        raise OSError(None, problem)
    return data


def _check_size(size: int, limit: int) -> None:
    problem = _too_long(size, limit)
    if problem is not None:
        raise OSError(None, problem)


def _too_long(size: int, limit: int) -> str | None:
    return f"it is {longer_than(limit)}" if size > limit else None


class _StrictMember(tarfile.TarInfo):
    """A member of a tar archive whose damaged header is an error, not the archive's end.

    Nor is the file's end the archive's: a whole archive ends with blocks of zeros.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if isinstance(error, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
                raise
            raise tarfile.ReadError(str(error)) from None


@contextmanager
def _damage(name: str, close: Callable[[], None] | None = None) -> Iterator[None]:
    """Turn what a damaged archive makes the standard library raise into `InputError`.

    Args:
        name: what messages call the archive.
        close: closes the archive, where nobody else will after the error.
    """
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        NotImplementedError,  # a compression that Python does not know
        OSError,
        ValueError,  # a damaged offset or name
    ):
        if close is not None:
            close()
        raise InputError(
            f"{name} is a damaged or cut short archive; fetch or make it again"
        ) from None


def _entries(paths: Iterable[str], read: Callable[[str], bytes]) -> Iterator[Entry]:
    return ((printable(path), partial(read, path)) for path in paths)


def _is_report(path: str) -> bool:
    """Tell whether a path is that of a text or XML file, neither hidden nor in a hidden folder."""
    return path.lower().endswith(_SUFFIXES) and not is_hidden(path)


def _natural_order(path: str) -> list[str | int]:
    # Splitting at a group gives text and digits in turn, so that like is compared with like.
    return [int(part) if i % 2 else part for i, part in enumerate(_DIGITS.split(path))]


def _nothing() -> None:
    """Close nothing: a folder is opened file by file."""
