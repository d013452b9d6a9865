"""The batch function, without an engine: of Arrow and pandas, with errors a row, and pickled."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import pytest

from chexlabel.engine.labeler import Labeler
from chexlabel.errors import InputError
from chexlabel.run.label_file import label_file

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pd = pytest.importorskip("pandas", reason="pandas is not installed")
distributed = pytest.importorskip("chexlabel.distributed")

TEXTS = ["Small left effusion.", "No pneumothorax.", None, "", "Heart enlarged? No edema."]


@pytest.fixture(scope="module")
def label():
    return distributed.BatchLabeler(labeler=Labeler(refine=False))


@pytest.fixture
def table():
    return pa.table({"study_id": [3, 1, 4, 1, 5], "other": [0.5] * 5, "report": TEXTS})


def test_the_labels_are_those_of_one_process(label, table, tmp_path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, tmp_path / "in.parquet")
    label_file(tmp_path / "in.parquet", tmp_path / "out.parquet", labeler=Labeler(refine=False))
    expected = parquet.read_table(tmp_path / "out.parquet").select(label.findings)
    found = label(table)
    assert found.select(label.findings).equals(expected)
    assert found.column_names == ["study_id", *label.findings, distributed.ERROR]
    assert found["study_id"].to_pylist() == [3, 1, 4, 1, 5]
    assert found["Pleural Effusion"].to_pylist() == [1.0, None, None, None, None]
    assert found[distributed.ERROR].null_count == 5


def test_batches_come_back_as_what_they_are(label, table) -> None:
    whole = label(table)
    [batch] = label.batches(table.combine_chunks().to_batches())
    assert pa.Table.from_batches([batch]).equals(whole)
    frame = table.to_pandas().set_index(pd.Index(list("abcde")))
    found = label(frame)
    assert list(found.index) == list("abcde")
    assert found["study_id"].dtype == frame["study_id"].dtype
    assert found["Edema"].fillna(9).tolist() == [9, 9, 9, 9, 0]
    empty = table.slice(0, 0)
    assert label(empty).schema == whole.schema
    assert label(pa.RecordBatch.from_pylist([], schema=table.schema)).num_rows == 0
    with pytest.raises(TypeError, match="not list"):
        label([1])


def test_a_poisoned_row_stays_a_row(table) -> None:
    class Poisoned(Labeler):
        def label(self, report):
            if "No pneumothorax" in report.text:
                raise ValueError(report.text)
            return super().label(report)

    label = distributed.BatchLabeler(labeler=Poisoned(refine=False))
    errors = label(table)[distributed.ERROR].to_pylist()
    assert [error is None for error in errors] == [True, False, True, True, True]
    assert "the labeler failed on it (ValueError" in errors[1]
    assert "pneumothorax" not in errors[1]
    mixed = pa.table({"id": ["a", "b"], "report": pa.array([b"x", b"y"])})
    assert (
        label(mixed)[distributed.ERROR].to_pylist()[0].endswith("has bytes in 'report', not text")
    )


def test_rows_that_nothing_identifies_are_refused(label) -> None:
    with pytest.raises(InputError, match="no column that is known to identify a report"):
        label(pa.table({"report": ["x"]}))
    with pytest.raises(InputError, match="no column that is known to hold reports"):
        label(pa.table({"id": ["x"]}))


def test_it_pickles_small_and_is_built_once_a_process(label, table) -> None:
    data = pickle.dumps(label)
    assert len(data) < 2000
    one, other = pickle.loads(data), pickle.loads(data)  # noqa: S301 - our own
    assert one is other
    assert one(table).equals(label(table))


def test_eight_threads_on_one_labeler(table) -> None:
    label = distributed.BatchLabeler(labeler=Labeler(refine=False))
    expected = label(table)
    found = []
    fresh = distributed.BatchLabeler(labeler=Labeler(refine=False))
    threads = [
        threading.Thread(target=lambda: found.append([fresh(table) for _ in range(5)]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(one.equals(expected) for several in found for one in several)


def test_duckdb_takes_it_as_a_function_of_columns(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    from pyarrow import parquet

    texts = ["Small left effusion.", "No effusion.", "Clear.", None]
    path = tmp_path / "reports.parquet"
    parquet.write_table(pa.table({"study_id": [1, 2, 3, 4], "report": texts}), path)
    labeler = Labeler(refine=False)
    connection = duckdb.connect()
    distributed.register_duckdb(connection, labeler)
    rows = connection.execute(
        f"""SELECT study_id, chexlabel(report)['Pleural Effusion'] FROM '{path}'
        ORDER BY study_id"""  # noqa: S608 - our own path
    ).fetchall()
    assert rows == [(1, 1), (2, 0), (3, None), (4, None)]
