"""Cutting a file into blocks of whole rows, so that several processes can read it at once.

A block ends where a row ends as far as the quotes tell: behind a line with an even number of quotes
before it. A stray quote can make that wrong. So whoever reads a block tells how much of its end
belongs to a row that may go on behind it, and the file is cut anew from there. As the first block
begins with a row, every block that is kept begins where a reader of the whole file begins a row.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from chexlabel.errors import InputError
from chexlabel.readers._encodings import HEAD_BYTES, codec_of, undecodable
from chexlabel.readers._streams import bounded_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = ["START", "Block", "BlockReader", "BlockRows", "Blocks", "Place", "ReadBlock", "cut"]

_READ = 1 << 18
_LONGEST_CHARACTER = 4
"""Bytes of UTF-8."""
_LINE_END = re.compile(rb"[\r\n]")

# Encodings that write line ends and quotes as ASCII does, and nothing else with these bytes.
_LIKE_ASCII = ("utf-8", "ascii", "iso8859", "cp125", "koi8", "mac-roman")


class Place(NamedTuple):
    """Where a block stands: how much of the file is before it.

    Attributes:
        row: reports.
        line: lines.
    """

    row: int = 0
    line: int = 0


START = Place()


class Block(NamedTuple):
    """Some whole rows of a file.

    Attributes:
        data: the bytes.
        byte: how many bytes of the file, unpacked, stand before it.
        last: whether the file ends with it.
    """

    data: bytes
    byte: int
    last: bool


class ReadBlock(NamedTuple):
    """The reports of a block.

    Attributes:
        reports: the reports, as a reader of the whole file gives them.
        lines: how many lines they take up.
        left: so many bytes at the end belong to a row that may go on behind the block; they are to
            be read again with what follows.
        error: what keeps the rest of the block, and of the file, from being read.
    """

    reports: list[Report]
    lines: int
    left: int
    error: InputError | None


class BlockRows(Protocol):
    """The reports of a block; once they are read it tells where the last row ended."""

    def __iter__(self) -> Iterator[Report]:
        """Give the reports."""

    @property
    def open_end(self) -> bool:
        """Whether the row behind the last report may go on behind the block."""

    @property
    def lines_read(self) -> int:
        """How many lines of the file stand before the end of the last row."""


class BlockReader(Protocol):
    """Reads the blocks of one file, in any process: it is picklable."""

    @property
    def name(self) -> str:
        """What messages call the file."""

    @property
    def encoding(self) -> str:
        """The text encoding."""

    @property
    def longest_line(self) -> int:
        """The longest line that is read, in characters."""

    def rows(self, lines: Iterator[str], place: Place, *, last: bool) -> BlockRows:
        """Read the rows in the lines of a block.

        Args:
            lines: the lines.
            place: what stands before the block; rows and lines are numbered from there.
            last: whether the file ends with the block.
        """


def read_block(reader: BlockReader, block: Block, place: Place) -> ReadBlock:
    """Read the reports of a block.

    Args:
        reader: reads the file's blocks.
        block: the block.
        place: what stands before it.
    """
    codec = _without_mark(reader.encoding)
    data = io.BytesIO(block.data)
    text = io.TextIOWrapper(data, encoding=codec, newline="")
    rows = reader.rows(bounded_lines(text, reader.longest_line), place, last=block.last)
    reports: list[Report] = []
    error = None
    try:
        reports.extend(rows)
    except UnicodeDecodeError as at:
        offset = block.byte + data.tell() - len(at.object) + at.start
        error = InputError(undecodable(reader.name, reader.encoding, offset, at))
    lines = rows.lines_read - place.line
    left = _bytes_behind(block.data, codec, lines) if rows.open_end else 0
    return ReadBlock(reports, lines, left, error)


class Blocks:
    """Cuts a file into blocks.

    Args:
        stream: the file, of which no more than the head was read.
        reader: reads the blocks.
        start: where its first row begins, in bytes.
        place: what stands before it.
        quote: what makes line ends part of a row; empty where every line is a row.

    Attributes:
        reader: reads the blocks.
        place: what stands before the first block.
    """

    def __init__(
        self, stream: ByteStream, reader: BlockReader, start: int, place: Place, quote: bytes
    ) -> None:
        self.reader = reader
        self.place = place
        self._stream = stream
        self._quote = quote
        self._held = stream.head[start : stream.stream.tell()]
        self._byte = start
        self._open = 0
        self._ended = False
        self._gaps: list[tuple[int, int]] = []
        """Where bytes of a line were left out, counted without such, and how many."""
        self._longest = _LONGEST_CHARACTER * (reader.longest_line + 1)
        self._error: InputError | None = None

    @property
    def taken(self) -> int:
        """How many bytes were taken, counted from the beginning of the file."""
        return self._byte + self._left_out()

    @property
    def size(self) -> int | None:
        """The file's size in bytes, about; `None` of a pipe."""
        path = self._stream.path
        if path is None or not path.is_file():
            return None
        return path.stat().st_size * (_PACKED if self._stream.packed else 1)

    def take(self, size: int) -> Block | None:
        """Return the next block, `None` at the end of the file.

        Args:
            size: its size in bytes, about; more where one row is longer.

        Raises:
            InputError: the file cannot be read on.
        """
        size = max(size, 2 * self._open)  # or a row that is longer would never be whole
        while True:
            self._fill(size)
            end = self._row_end(size)
            if len(self._held) <= size:
                break
            if end:
                return self._taken(end, last=False)
            size *= 2
        if self._error is not None:
            if not end:
                raise self._error
            return self._taken(end, last=False)
        return self._taken(len(self._held), last=True) if self._held else None

    def give_back(self, row: bytes, behind: bytes) -> None:
        """Take back the end of what was taken, to be cut anew.

        Args:
            row: the row that has to go on, as far as its block had it.
            behind: all that was taken behind it.
        """
        self._held = row + behind + self._held
        self._byte -= len(row) + len(behind)
        self._open = len(row)

    def _taken(self, end: int, *, last: bool) -> Block:
        block = Block(self._held[:end], self.taken, last)
        self._held = self._held[end:]
        self._byte += end
        self._open = 0
        return block

    def _fill(self, size: int) -> None:
        """Hold more bytes than `size`, or all that are left."""
        while len(self._held) <= size and not self._ended:
            parts, length = [self._held], len(self._held)
            while length <= size and (part := self._read()):
                parts.append(part)
                length += len(part)
            self._held = b"".join(parts)
            self._shorten()

    def _read(self) -> bytes:
        """Return some more bytes, none where the file ends or cannot be read on."""
        part = b""
        try:
            with self._stream.errors():
                part = self._stream.stream.read1(_READ)
        except InputError as error:  # said when all that stands before it was taken
            self._error = error
        self._ended = not part
        return part

    def _shorten(self) -> None:
        """Leave out the rest of a last line that is too long, so that it cannot fill the memory."""
        held = self._held
        keep = max(held.rfind(b"\n"), held.rfind(b"\r")) + 1 + self._longest
        if len(held) <= keep:
            return
        while keep and held[keep] & 0xC0 == 0x80:  # within a character of UTF-8
            keep -= 1
        left_out, rest = 0, held[keep:]
        while not (end := _LINE_END.search(rest)) and rest:
            left_out += len(rest)
            rest = self._read()
        self._held = held[:keep] + (rest[end.start() :] if end else b"")
        left_out += end.start() if end else 0
        self._gaps.append((self._byte + keep, left_out))

    def _left_out(self) -> int:
        """Return how many bytes were left out of what was taken."""
        return sum(size for at, size in self._gaps if at < self._byte)

    def _row_end(self, size: int) -> int:
        """Return where the last row ends that begins and ends in so many bytes, 0 if none does."""
        held, quote = self._held, self._quote
        last = end = held.rfind(b"\n", self._open, size) + 1
        if not quote:
            return end
        odd = held.count(quote, 0, end) % 2
        while odd and end:
            before = held.rfind(b"\n", self._open, end - 1) + 1
            odd ^= held.count(quote, before, end) % 2
            end = before
        return end or last


def cut(stream: ByteStream, reader: BlockReader, lines: int, *, quote: bytes) -> Blocks | None:
    """Return what cuts a file into blocks, `None` where it has to be read as a whole.

    Args:
        stream: the file; it may be read up to the first row, and is not to be read by others.
        reader: reads the blocks.
        lines: how many lines stand before the first row.
        quote: what makes line ends part of a row; empty where every line is a row.
    """
    codec = _without_mark(reader.encoding)
    head = stream.head
    if not codec.startswith(_LIKE_ASCII) or b"\n" not in head:
        return None
    if stream.stream.tell() > len(head):
        return None
    start = len(codecs.BOM_UTF8) if codec == "utf-8" and head.startswith(codecs.BOM_UTF8) else 0
    if lines:
        complete = len(head) < HEAD_BYTES
        text = codecs.getincrementaldecoder(codec)().decode(head[start:], final=complete)
        start += _length(text, codec, lines)
    return Blocks(stream, reader, start, Place(0, lines), quote)


_PACKED = 4
"""How many times its size a gzip file of reports is when unpacked, about."""


def _without_mark(encoding: str) -> str:
    """Return the codec for bytes that a byte order mark does not stand before."""
    codec = codec_of(encoding)
    return "utf-8" if codec == "utf-8-sig" else codec


def _length(text: str, codec: str, lines: int) -> int:
    """Return how many bytes the first lines have."""
    stream = io.StringIO(text, newline="")
    return sum(len(stream.readline().encode(codec)) for _ in range(lines))


def _bytes_behind(data: bytes, codec: str, lines: int) -> int:
    """Return how many bytes stand behind the first lines."""
    return len(data) - _length(data.decode(codec), codec, lines)
