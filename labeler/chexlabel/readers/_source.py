"""What every reader takes (`Options`) and gives (`ReportSource`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from chexlabel.report import Report

__all__ = ["Options", "ReportSource"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller stated about the source.

    Attributes:
        text_column: the column that holds the reports; `None` to recognise it by its name.
        id_columns: the columns that identify a report; empty to recognise them by their names.
        encoding: the text encoding.
        delimiter: the character between two fields of a CSV; `None` to recognise it.
    """

    text_column: str | None = None
    id_columns: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str | None = None


class ReportSource:
    """The reports of one source, read lazily and once.

    It is a context manager; leaving it closes the files behind it. Reports that cannot be read
    are yielded with `Report.error` set, so that the output keeps one row a report.

    Attributes:
        format: the format as recognised or stated ("csv", "openi", ...).
        id_columns: the names in `Report.columns`, in their order.
        text_columns: the columns that the text is taken from; empty where the source has none.
        total: number of reports where that is cheap to know, else `None`.
    """

    def __init__(
        self,
        reports: Iterable[Report],
        *,
        format: str,  # noqa: A002 - the name that the command's --format has
        id_columns: tuple[str, ...],
        text_columns: tuple[str, ...] = (),
        total: int | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.format = format
        self.id_columns = id_columns
        self.text_columns = text_columns
        self.total = total
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
