"""Bytes and text from files, pipes and gzip, with errors that say where and how to mend it."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import stat
import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chexlabel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

__all__ = [
    "HEAD_BYTES",
    "ByteStream",
    "check_encoding",
    "decode",
    "decode_head",
    "longer_than",
    "marked_encoding",
    "open_stream",
]

HEAD_BYTES = 1 << 16
"""How much of a stream is looked at to recognise its format."""

_HELD = 16
"""What has to be held in memory as a whole may be so many times the longest report."""

_GZIP_MAGIC = b"\x1f\x8b"
# The longer marks stand first: the UTF-16 little-endian mark begins the UTF-32 one.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings of Latin alphabets look alike; of them cp1252 is what Windows and Excel write. Others
# are looked for where more bytes than this share, and not just a few, are not ASCII.
_OTHER_SCRIPT = 0.25
_A_FEW = 8
_OTHER_SCRIPTS = (
    "cp1251", "koi8_r", "cp1253", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr",
)  # fmt: skip
_SAMPLE_BYTES = 1 << 13
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_NOT_CONTROL = bytes(byte for byte in range(256) if not _CONTROL.match(chr(byte)) or byte > 0x7F)
# Text may hold a stray NUL. In images and programs one byte in ten is a control and one in eight
# another of Latin-1; where the bytes are no UTF-8 either, half as many tell enough.
_BINARY_SHARE = 0.2
_BINARY_SHARE_UNDECODED = 0.05


class _LongLineError(OSError):
    """A line is longer than a report may be."""


class _Rewound(io.RawIOBase):
    """A stream given from its start again after its head was read, also where it cannot seek.

    It counts what it gives, so that `tell` works on pipes and on unpacked gzip too.

    Attributes:
        longest_line: so many bytes a line may have; `None` where there are no lines.
    """

    def __init__(self, head: bytes, rest: io.BufferedIOBase) -> None:
        self._head = head
        self._rest = rest
        self._position = 0
        self._line = 0
        self.longest_line: int | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        # One read of the source at most, so that a pipe's reports come as they are written.
        chunk = self._head[: len(view)] or self._rest.read1(len(view))
        self._head = self._head[len(view) :]
        view[: len(chunk)] = chunk
        self._position += len(chunk)
        if self.longest_line is not None:
            self._check_line(chunk, self.longest_line)
        return len(chunk)

    def _check_line(self, chunk: bytes, longest: int) -> None:
        """Bound the memory that a line may ask for: a reader of lines takes it as a whole."""
        end = chunk.rfind(b"\n")
        if end < 0:
            end = chunk.rfind(b"\r")
        self._line = len(chunk) - end if end >= 0 else self._line + len(chunk)
        if self._line > longest:
            raise _LongLineError(longest)

    def tell(self) -> int:
        return self._position


@dataclass(slots=True)
class ByteStream:
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

    def text(self, encoding: str) -> io.TextIOWrapper:
        """Return the stream decoded, with its line ends left as they are."""
        # A quoted report has lines of its own, and a line of JSON more than the report.
        self.stream.raw.longest_line = 2 * self.max_size
        return io.TextIOWrapper(self.stream, encoding=_codec(encoding), newline="")

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
            raise InputError(_undecodable(self.name, encoding, offset, error)) from None
        except UnicodeError:  # UTF-16 without the mark that tells its byte order
            raise InputError(_no_byte_order(self.name, encoding)) from None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self.stream.close()
        self.release()


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
                raw = gzip.GzipFile(fileobj=io.BufferedReader(_Rewound(head, raw), HEAD_BYTES))
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


def check_encoding(encoding: str) -> None:
    """Check that Python knows a text encoding.

    Raises:
        InputError: when it does not.
    """
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        raise InputError(
            f"unknown encoding {encoding!r}; use a name such as utf-8, latin-1, cp1252 or utf-16"
        ) from None


def marked_encoding(data: bytes, encoding: str) -> str:
    """Return the encoding that a byte order mark tells, where UTF-8 was stated or by default."""
    if _codec(encoding) == "utf-8-sig":
        for mark, marked in _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                return marked
    return encoding


def decode_head(stream: ByteStream, encoding: str) -> str:
    """Decode the head of a stream that should be text.

    Raises:
        InputError: when the stream is empty, binary, or in another encoding.
    """
    complete = len(stream.head) < HEAD_BYTES
    text = decode(stream.head, encoding, stream.name, complete=complete)
    if complete and not text.strip():
        raise InputError(f"{stream.name} is empty; give a file that holds reports")
    return text


def decode(data: bytes, encoding: str, name: str, *, complete: bool = True) -> str:
    """Decode a file's bytes without the byte order mark; line ends stay as they are.

    Args:
        data: the bytes of the file, or its first ones.
        encoding: their encoding.
        name: what messages call the file.
        complete: whether the bytes end with the file; otherwise a cut last character is left out.

    Raises:
        InputError: when the bytes are not text, or text in another encoding.
    """
    encoding = marked_encoding(data, encoding)
    codec = _codec(encoding)
    if not codec.startswith(("utf-16", "utf-32")):
        for mark, other in _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                raise InputError(f"{name} is {other}, not {encoding}; state --encoding {other}")
    try:
        if complete:
            text = data.decode(codec)
        else:
            text = codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError as error:
        wide = codec.startswith(("utf-16", "utf-32"))  # half of whose bytes are controls
        if not wide and _controls(data) > _BINARY_SHARE_UNDECODED * min(len(data), HEAD_BYTES):
            raise InputError(_binary(name)) from None
        # UTF-8's decoder counts from behind the byte order mark; from the end it counts right.
        offset = len(data) - len(error.object) + error.start
        raise InputError(_undecodable(name, encoding, offset, error)) from None
    except UnicodeError:
        raise InputError(_no_byte_order(name, encoding)) from None
    if codec == "utf-8-sig":
        head_length = min(len(data), HEAD_BYTES)
        controls = _controls(data)
    else:
        head_length = min(len(text), HEAD_BYTES)
        controls = len(_CONTROL.findall(text, 0, HEAD_BYTES))
    if controls > _BINARY_SHARE * head_length:
        raise InputError(_binary_or_utf16(data, name))
    return text


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """Turn what the file system and gzip may raise into `InputError`."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(
            f"{name} is damaged or cut short (gzip); fetch or make the file again"
        ) from None
    except _LongLineError as error:
        [limit] = error.args
        raise InputError(f"{name} has a line {longer_than(limit)}") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None


def _codec(encoding: str) -> str:
    """Return the codec for an encoding; UTF-8 is read with or without its byte order mark."""
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


def _undecodable(name: str, encoding: str, offset: int, error: UnicodeDecodeError) -> str:
    if _codec(encoding).startswith(("utf-16", "utf-32")):
        return f"{name} is not {encoding} at byte {offset}; state another --encoding, or mend it"
    likely = _likely_encoding(error.object, error.start)
    return (
        f"{name} is not {encoding} at byte {offset}; it may be {likely}: state --encoding {likely}"
    )


def _no_byte_order(name: str, encoding: str) -> str:
    return (
        f"{name} is not {encoding} at byte 0: it has no byte order mark; "
        f"state --encoding {encoding}-le, or another"
    )


def _likely_encoding(data: bytes, at: int) -> str:
    """Guess the encoding of bytes that are not the one stated, around the place that shows it."""
    sample = bytes(data[max(0, at - _SAMPLE_BYTES) : at + _SAMPLE_BYTES])
    if sum(byte > 0x7F for byte in sample) > max(_OTHER_SCRIPT * len(sample), _A_FEW):
        from charset_normalizer import from_bytes

        best = from_bytes(sample, cp_isolation=list(_OTHER_SCRIPTS)).best()
        if best is not None:
            return str(best.encoding)
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _controls(data: bytes) -> int:
    """Count the control bytes in the head of a file."""
    return len(data[:HEAD_BYTES].translate(None, _NOT_CONTROL))


def _binary_or_utf16(data: bytes, name: str) -> str:
    """Say what a file full of control bytes is: Latin text in UTF-16 has a NUL in each pair."""
    head = data[:HEAD_BYTES]
    nul_first, nul_second = head[::2].count(0), head[1::2].count(0)
    for more, less, encoding in (
        (nul_second, nul_first, "utf-16-le"),
        (nul_first, nul_second, "utf-16-be"),
    ):
        if more * 4 > len(head) and less * 20 < len(head):
            return f"{name} looks like {encoding}; state --encoding {encoding}"
    return _binary(name)


def _binary(name: str) -> str:
    return f"{name} is a binary file, not text; give a file that holds reports"


def _without_gz(filename: str) -> str:
    path = Path(filename)
    suffix = path.suffix.lower()
    if suffix == ".tgz":
        return path.stem + ".tar"
    return path.stem if suffix == ".gz" else filename


def _nothing() -> None:
    """Leave standard input open: it is not ours to close."""
