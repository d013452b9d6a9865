"""From a batch of rows to a batch of labels."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from chexlabel._extras import optional_imports
from chexlabel.errors import InputError
from chexlabel.readers import row_reports
from chexlabel.run.batches import batched, label_batch, traits_of
from chexlabel.writers import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chexlabel.labels import Label
    from chexlabel.readers import RowReports
    from chexlabel.report import Report
    from chexlabel.run.batches import ReportLabeler

__all__ = ["ERROR", "BatchLabeler"]

ERROR = "chexlabel_error"
"""The column that says why a report was labeled blank; null where it was not."""


class BatchLabeler:
    """Labels the reports of a batch: an Arrow table or record batch, or a pandas DataFrame.

    The result is of the same kind, with a row for each row of the batch, in order: the identifying
    columns as they came, a column of floats for each finding (1, 0, -1, null), and `ERROR`. A
    report that cannot be read or labeled has blank labels and its error, and stops no other.

    It is small when pickled. Each process builds the labeler when it labels its first batch, and
    keeps it for the batches to come.

    Args:
        text_column: the column of the reports; by default one known by its name, as for files.
        id_columns: the column or columns that identify a report; by default those known by their
            names.
        labeler: labels the reports; by default `chexlabel.Labeler()`.

    >>> import pandas as pd
    >>> batch = pd.DataFrame({"study_id": [7], "report": ["Small effusion."]})
    >>> BatchLabeler()(batch)[["study_id", "Pleural Effusion"]].values.tolist()
    [[7.0, 1.0]]
    """

    def __init__(
        self,
        text_column: str | None = None,
        id_columns: Sequence[str] = (),
        *,
        labeler: ReportLabeler | None = None,
    ) -> None:
        if labeler is None:
            from chexlabel.engine.labeler import Labeler

            labeler = Labeler()
        ids = (id_columns,) if isinstance(id_columns, str) else tuple(id_columns)
        self._columns = (text_column, ids)
        self._labeler = labeler
        self.findings = labeler.findings
        """The findings, in the order of their columns."""
        traits = traits_of(labeler)
        self.refiner = traits.refiner
        """Name and version of the model that refines the labels; `None` for the rules alone."""
        self.refiner_note = traits.refiner_note
        """Why they are the rules' alone, or what is to be said of the refiner; one line."""

    def __reduce__(self) -> tuple[object, ...]:
        import pickle

        return _rebuilt, (self._columns, pickle.dumps(self._labeler))

    def __call__(self, batch: Any) -> Any:  # noqa: ANN401 - of pandas or Arrow
        """Label the reports of a batch.

        Raises:
            InputError: there is no column of reports, or none that identifies them.
            OutputError: an identifying column is named as one of the labels' is.
            TypeError: the batch is neither of Arrow nor of pandas.
        """
        with optional_imports():
            import pyarrow as pa
        if isinstance(batch, pa.Table):
            return self._of_table(batch)
        if isinstance(batch, pa.RecordBatch):
            table = self._of_table(pa.Table.from_batches([batch])).combine_chunks()
            found = table.to_batches()
            return found[0] if found else pa.RecordBatch.from_pylist([], schema=table.schema)
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(batch, pandas.DataFrame):
            return self._of_frame(batch)
        raise TypeError(f"a batch is an Arrow table or a pandas frame, not {type(batch).__name__}")

    def batches(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Label a stream of batches, as Spark's `mapInPandas` and `mapInArrow` hand them over."""
        return map(self, batches)

    def id_columns(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return which of a table's columns identify its reports.

        Raises:
            InputError: as `__call__`.
            OutputError: as `__call__`.
        """
        return self._reader(names).ids

    def needed_columns(self, names: Iterable[str]) -> list[str]:
        """Return which of a table's columns are read, so that no others need be handed over.

        Raises:
            InputError: as `__call__`.
            OutputError: as `__call__`.
        """
        names = list(names)
        needed = self._reader(names).needed
        return [name for name in names if name in needed]

    def _reader(self, names: Iterable[str]) -> RowReports:
        """Choose the columns to read; the labels have to have columns of their own beside them."""
        text, ids = self._columns
        reader = row_reports(list(names), text_column=text, id_columns=ids)
        if not reader.ids:
            raise InputError(
                "the rows have no column that is known to identify a report, and on several "
                "machines they have no order to go by; name it (--id-column)"
            )
        Layout(reader.ids, None, (*self.findings, ERROR)).check()
        return reader

    def _of_table(self, table: Any) -> Any:  # noqa: ANN401 - of Arrow
        import pyarrow as pa

        reader = self._reader(table.column_names)
        rows = table.select(list(reader.needed)).to_pylist()
        ids = {name: table[name] for name in reader.ids}
        return pa.table(ids | self._labels(reader.reports(rows)))

    def _of_frame(self, frame: Any) -> Any:  # noqa: ANN401 - of pandas
        """Label a frame cell by cell: Arrow has no type for a column of several, and quotes it."""
        import pandas as pd
        import pyarrow as pa

        names = [str(name) for name in frame.columns]
        reader = self._reader(names)
        places = {name: names.index(name) for name in reader.needed}
        cells = [_values(frame.iloc[:, place]) for place in places.values()]
        rows = (dict(zip(places, row, strict=True)) for row in zip(*cells, strict=True))
        labels = pa.table(self._labels(reader.reports(rows))).to_pandas()
        labels.index = frame.index
        ids = frame.iloc[:, [places[name] for name in reader.ids]]
        return pd.concat([ids, labels], axis=1)

    def _labels(self, reports: Iterable[Report]) -> dict[str, Any]:
        """Label reports; return the columns of the labels and of the errors, as Arrow has them."""
        import pyarrow as pa

        labels: list[Sequence[Label | None]] = []
        errors: list[str | None] = []
        for batch in batched(reports):
            found = label_batch(self._labeler, batch)
            failed = dict(found.failures)
            labels += found.labels
            errors += [failed.get(at) for at in range(len(batch))]
        columns: dict[str, Any] = {}
        for at, finding in enumerate(self.findings):
            cells = (row[at] for row in labels)
            numbers = [None if cell is None else float(cell) for cell in cells]
            columns[finding] = pa.array(numbers, pa.float64())
        columns[ERROR] = pa.array(errors, pa.string())
        return columns


def _values(column: Any) -> list[object]:  # noqa: ANN401 - of pandas
    """Return the values of a column, `None` for each of pandas' missing ones."""
    cells = zip(column.tolist(), column.isna(), strict=True)
    return [None if is_missing else value for value, is_missing in cells]


class _Arguments(NamedTuple):
    columns: tuple[str | None, tuple[str, ...]]
    labeler: bytes


def _rebuilt(columns: tuple[str | None, tuple[str, ...]], labeler: bytes) -> BatchLabeler:
    return _kept(_Arguments(columns, labeler))


@lru_cache(maxsize=4)
def _kept(arguments: _Arguments) -> BatchLabeler:
    """Build a labeler once a process: engines unpickle their functions for each batch of tasks."""
    import pickle

    labeler = pickle.loads(arguments.labeler)  # noqa: S301 - the caller's own, as the engine's are
    (text, ids), _ = arguments
    return BatchLabeler(text, ids, labeler=labeler)
