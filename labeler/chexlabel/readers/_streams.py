"""Bytes and text from files, pipes and gzip, with errors that say where and how to mend it."""

from __future__ import annotations

import io
import os
import stat
import sys
import zlib
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from chexlabel.errors import InputError
from chexlabel.readers._encodings import HEAD_BYTES, codec_of, no_byte_order, undecodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

__all__ = ["ByteStream", "bounded_lines", "longer_than", "longest_line", "open_stream"]


_HELD = 16
"""What has to be held in memory as a whole may be so many times the longest report."""

_GZIP_MAGIC = b"\x1f\x8b"
_DAMAGED = "is damaged or cut short (gzip); fetch or make the file again"


class _Rewound(io.RawIOBase):
    """A stream given from its start again after its head was read, also where it cannot seek.

    It counts what it gives, so that `tell` works on pipes and on unpacked gzip too.
    """

    def __init__(self, head: bytes, rest: io.BufferedIOBase) -> None:
        self._head = head
        self._rest = rest
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        # One read of the source at most, so that a pipe's reports come as they are written.
        chunk = self._head[: len(view)] or self._rest.read1(len(view))
        self._head = self._head[len(view) :]
        view[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._position


class ByteStream(NamedTuple):
    """An open file or pipe, unpacked if it was gzip.

    Attributes:
        name: what messages call it.
        path: its path; `None` for standard input.
        filename: its file name without ".gz"; "stdin" for standard input.
        head: its first `HEAD_BYTES` bytes at most.
        stream: its bytes from the start, the head included.
        packed: whether it was unpacked from gzip.
        max_size: the longest report that is read, in bytes.
        release: what closes the file behind the stream.
        share: returns which share of the file is read, packed as it is; `None` of a pipe.
    """

    name: str
    path: Path | None
    filename: str
    head: bytes
    stream: io.BufferedReader[_Rewound]
    packed: bool
    max_size: int
    release: Callable[[], None]
    share: Callable[[], float | None]

    @property
    def suffix(self) -> str:
        """The file name's extension in lower case, ".gz" aside: ".csv" of "A.CSV.gz"."""
        return Path(self.filename).suffix.lower()

    @property
    def plain_path(self) -> Path | None:
        """The path where it is that of a plain file with these very bytes."""
        plain = self.path is not None and not self.packed and self.path.is_file()
        return self.path if plain else None

    def lines(self, encoding: str) -> Iterator[str]:
        """Return the lines, decoded (see `bounded_lines`), with their ends left as they are."""
        text = io.TextIOWrapper(self.stream, encoding=codec_of(encoding), newline="")
        return bounded_lines(text, longest_line(self.max_size))

    def seekable(self) -> BinaryIO:
        """Return the bytes as a file that can seek, for formats that are read from their end."""
        if self.plain_path is not None:
            return self.plain_path.open("rb")
        return io.BytesIO(self.whole(_HELD * self.max_size))

    def whole(self, limit: int) -> bytes:
        """Return all bytes.

        Raises:
            InputError: when there are more than `limit`, or they cannot be read.
        """
        with self.errors():
            data = self.stream.read(limit + 1)
        if len(data) > limit:
            raise InputError(f"{self.name} is {longer_than(limit)}")
        return data

    @contextmanager
    def errors(self, encoding: str = "utf-8") -> Iterator[None]:
        """Turn what reading and decoding this stream may raise into `InputError`."""
        try:
            with _reading_errors(self.name):
                yield
        except UnicodeDecodeError as error:
            # The decoder gives the place in its last chunk, which ends where the stream stands.
            offset = self.stream.tell() - len(error.object) + error.start
            raise InputError(undecodable(self.name, encoding, offset, error)) from None
        except UnicodeError:  # UTF-16 without the mark that tells its byte order
            raise InputError(no_byte_order(self.name, encoding)) from None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self.stream.close()
        self.release()


def longest_line(max_size: int) -> int:
    """Return how many characters a line may have where a report may have `max_size`.

    A line of a table has more than the report: identifiers, and the marks that escape others.
    """
    return 2 * max_size


def bounded_lines(text: io.TextIOWrapper, longest: int) -> Iterator[str]:
    """Give the lines of a text, of one that is longer than `longest` little more than that.

    It bounds the memory that a line may ask for; who takes the lines tells such a one by its
    length.
    """
    readline = partial(text.readline, longest + 1)
    for line in iter(readline, ""):
        rest = line
        while len(rest) > longest and rest[-1] not in "\r\n":
            rest = readline()
        yield line


def longer_than(limit: int) -> str:
    """Say that something is longer than the limit, and how to allow it."""
    for unit, power in (("GB", 30), ("MB", 20), ("KB", 10)):
        if limit >= 1 << power:
            return f"longer than {limit >> power:,} {unit}; allow more with --max-size"
    return f"longer than {limit} bytes; allow more with --max-size"


def open_stream(source: str, max_size: int) -> ByteStream:
    """Open a file, or standard input for "-", and unpack gzip, which is known by its first bytes.

    Args:
        source: the file's path, or "-".
        max_size: the longest report that is read, in bytes.

    Raises:
        InputError: when there is no such file, or it cannot be read.
    """
    raw: io.BufferedIOBase
    if source == "-":
        name, path, filename, packed = "standard input", None, "stdin", False
        raw, release = sys.stdin.buffer, _nothing  # type: ignore[assignment]
    else:
        name, path, packed = source, Path(source), False
        filename = path.name
        try:
            with _reading_errors(name):
                raw = path.open("rb")
        except ValueError:
            raise InputError(f"{name!r} is not a path: it has a NUL; check the path") from None
        release = raw.close
    file = raw
    try:
        with _reading_errors(name):
            head = raw.read(HEAD_BYTES)
            if head.startswith(_GZIP_MAGIC):
                from gzip import GzipFile

                raw = GzipFile(fileobj=io.BufferedReader(_Rewound(head, raw), HEAD_BYTES))
                head, packed, filename = raw.read(HEAD_BYTES), True, _without_gz(filename)
    except InputError:
        release()
        raise
    stream = io.BufferedReader(_Rewound(head, raw), HEAD_BYTES)
    share = _share_of(file)
    return ByteStream(name, path, filename, head, stream, packed, max_size, release, share)


def _share_of(file: io.BufferedIOBase) -> Callable[[], float | None]:
    """Return the function that tells which share of a file is read."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):  # standard input that is no file
        return lambda: None
    size = status.st_size
    if not stat.S_ISREG(status.st_mode) or not size:
        return lambda: None
    return lambda: 1.0 if file.closed else min(1.0, file.tell() / size)


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """Turn what the file system and gzip may raise into `InputError`."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path") from None
    except (EOFError, zlib.error):
        raise InputError(f"{name} {_DAMAGED}") from None
    except OSError as error:
        from gzip import BadGzipFile

        if isinstance(error, BadGzipFile):
            raise InputError(f"{name} {_DAMAGED}") from None
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None


def _without_gz(filename: str) -> str:
    path = Path(filename)
    suffix = path.suffix.lower()
    if suffix == ".tgz":
        return path.stem + ".tar"
    return path.stem if suffix == ".gz" else filename


def _nothing() -> None:
    """Leave standard input open: it is not ours to close."""
