"""What every reader takes (`Options`) and gives (`ReportSource`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from chexlabel.readers._blocks import Blocks
    from chexlabel.report import Report

__all__ = ["MAX_SIZE", "Options", "ReaderOptions", "ReportSource", "refuse_unknown_options"]

MAX_SIZE = 64 << 20
"""The longest report or archive member that is read, unless more is asked for: in bytes."""


class ReaderOptions(TypedDict, total=False):
    """What may be said of a source; all of it may be left out.

    Attributes:
        format: "csv" or "tsv" (with a header, or one column without), "xlsx", "jsonl", "parquet",
            "mimic" (text files named as in MIMIC-CXR, in a folder, zip or tar archive, or alone),
            "openi" (XML, likewise) or "text" (text files of any name, likewise, a report each). By
            default it is recognised.
        text_column: the column that holds the reports. By default a column such as "report",
            "text" or "Report Impression", else those named "findings" and "impression", which
            become the report's sections.
        id_column: the column or columns that identify a report and are copied to the output. By
            default those named like identifiers; without any, the rows are numbered in "row".
        encoding: of text, by default UTF-8; a byte order mark in the file takes precedence, and
            XML, Excel and Parquet state their own.
        delimiter: the character between two fields of a CSV; by default the one that a first line
            `sep=;` states, or else under which the header shows a known column.
        header: whether the first row of a CSV, TSV or Excel file names the columns, as it does by
            default. Without, the columns are asked for by their numbers, from 1:
            `text_column="2"`; the first of the others identifies the reports.
        sheet: name of the sheet of an Excel file; by default the first.
        max_size: longest report, or file in an archive, that is read: in bytes, of a table's cell
            in characters. A longer one is unreadable. It bounds the memory that a small archive
            can ask for; by default `MAX_SIZE`, 64 MiB.
    """

    format: str | None
    text_column: str | None
    id_column: str | Sequence[str] | None
    encoding: str
    delimiter: str | None
    header: bool
    sheet: str | None
    max_size: int


def refuse_unknown_options(function: Callable[..., object], reading: Mapping[str, object]) -> None:
    """Refuse what a function was given as `ReaderOptions` and is none, as Python itself does.

    Args:
        function: one that takes `**reading`.
        reading: what it was given.

    Raises:
        TypeError: there is no such option; it names the one that was probably meant.
    """
    known = ReaderOptions.__annotations__
    for name in reading:
        if name not in known:
            from difflib import get_close_matches  # for the message alone

            similar = get_close_matches(name, [*known, *(function.__kwdefaults__ or ())], n=1)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            raise TypeError(
                f"{function.__name__}() got an unexpected keyword argument {name!r}{hint}"
            )


class Options(NamedTuple):
    """The `ReaderOptions` of a source, checked and complete but for its format.

    Attributes:
        text_column: the column that holds the reports; `None` to recognise it by its name.
        id_columns: the columns that identify a report; empty to recognise them by their names.
        encoding: the text encoding.
        delimiter: the character between two fields of a CSV; `None` to recognise it.
        header: whether the first row of a table names its columns; otherwise they go by number.
        sheet: the sheet of an Excel file; `None` for the first.
        max_size: longest report or archive member in bytes (of a table's cell, in characters).
    """

    text_column: str | None = None
    id_columns: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str | None = None
    header: bool = True
    sheet: str | None = None
    max_size: int = MAX_SIZE


class ReportSource:
    """The reports of one source, read lazily and once.

    It is a context manager; leaving it closes the files behind it. Reports that cannot be read
    are yielded with `Report.error` set, so that the output keeps one row a report.

    Attributes:
        format: the format as recognised or stated ("csv", "openi", ...).
        id_columns: the names in `Report.columns`, in their order.
        text_columns: the columns that the text is taken from; empty where the source has none.
        note: one line on files that are passed over; empty where there are none.
        integers: those of `id_columns` that are known to hold whole numbers only.
        total: number of reports where that is cheap to know, else `None`.
        share: returns which share of the source's bytes is read, 0 to 1; `None` where it has no
            end that is known, as a pipe.
        blocks: cuts the source into blocks of whole rows, to be called instead of iterating it;
            gives `None` where the source has to be read as a whole.
    """

    def __init__(
        self,
        reports: Iterable[Report],
        *,
        format: str,  # noqa: A002 - the name that the command's --format has
        id_columns: tuple[str, ...],
        text_columns: tuple[str, ...] = (),
        integers: tuple[str, ...] = (),
        total: int | None = None,
        close: Callable[[], None] | None = None,
        blocks: Callable[[], Blocks | None] | None = None,
    ) -> None:
        self.format = format
        self.id_columns = id_columns
        self.text_columns = text_columns
        self.note = ""
        self.integers = integers
        self.total = total
        self.share: Callable[[], float | None] = _unknown
        self.blocks: Callable[[], Blocks | None] = blocks or _uncut
        self._reports: Iterable[Report] | None = reports
        self._close = close

    def __iter__(self) -> Iterator[Report]:
        """Stream the reports in the order of the source.

        Raises:
            InputError: while iterating, when the source turns out to be damaged or wrongly encoded.
            RuntimeError: when the source was iterated or closed before; open it again.
        """
        if self._reports is None:
            raise RuntimeError("this ReportSource has been read or closed; open the source again")
        reports, self._reports = self._reports, None
        return self._read(reports)

    def expected(self, done: int) -> int | None:
        """Return the number of all reports, estimated by the bytes read where it is not known.

        Args:
            done: how many reports were read.
        """
        if self.total is not None:
            return self.total
        share = self.share()
        return round(done / share) if share else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(format={self.format!r}, id_columns={self.id_columns!r})"

    def _read(self, reports: Iterable[Report]) -> Iterator[Report]:
        try:
            yield from reports
        finally:
            self.close()

    def close(self) -> None:
        """Close the files behind the source; closing twice does no harm."""
        self._reports = None
        if self._close is not None:
            self._close()
            self._close = None


def _unknown() -> None:
    """Know no share: what is read has no size."""


def _uncut() -> None:
    """Give no blocks: what is read is no file of lines."""
