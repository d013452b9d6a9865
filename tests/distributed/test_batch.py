"""The batch function, without an engine: of Arrow and pandas, with errors a row, and pickled."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import pytest

from chexlabel.engine.labeler import Labeler
from chexlabel.errors import InputError, OutputError
from chexlabel.run.label_file import label_file
from pattern_sets import write_child

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


def frame(**columns):
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


@pytest.mark.parametrize(
    "columns",
    [
        {"study_id": [1, 2], "report": [5, "Effusion of SMITH."]},
        {"study_id": ["x", 2], "report": [b"x", "Effusion of SMITH."]},
        {"study_id": [1, 2], "report": [[], "Effusion of SMITH \ud800."], "unread": ["x", 2]},
    ],
)
def test_an_odd_cell_of_a_frame_stays_a_row(label, columns) -> None:
    found = label(frame(**columns))
    assert found["study_id"].tolist() == columns["study_id"]
    assert found["Pleural Effusion"].tolist()[1] == 1
    error, none = found[distributed.ERROR]
    assert error.startswith("row 1 has ")
    assert error.endswith(" in 'report', not text")
    assert pd.isna(none)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_missing_text_of_a_frame_is_an_empty_one(label, missing) -> None:
    found = label(frame(study_id=[1, 2], report=[missing, "No edema."]))
    assert found["Edema"].isna().tolist() == [True, False]
    assert found[distributed.ERROR].isna().all()


@pytest.mark.parametrize(
    "ids",
    [
        pd.array([2**53 + 1, None], dtype="Int64"),
        pd.array([2**53 + 1, None], dtype=pd.ArrowDtype(pa.int64())),
        pd.Categorical(["b", "a"], ["b", "a"], ordered=True),
        pd.array(["a", None], dtype="string"),
        pd.to_datetime(["2020-01-01", None]),
    ],
)
def test_identifiers_of_a_frame_come_back_of_their_type(label, ids) -> None:
    given = pd.DataFrame({"study_id": ids, "report": ["No edema.", "Clear."]}, index=[3, 3])
    found = label(given)
    pd.testing.assert_series_equal(found["study_id"], given["study_id"])


@pytest.mark.parametrize("odd", ["j", 5, None, ("a", "b")])
def test_columns_of_a_frame_that_are_not_read_may_have_any_name(label, odd) -> None:
    names = pd.Index(["study_id", odd, "report", odd], tupleize_cols=False)
    given = pd.DataFrame([[1, 2, "No edema.", 3]], columns=names)
    assert label(given)["Edema"].tolist() == [0]


def test_columns_without_a_header_go_by_their_numbers() -> None:
    label = distributed.BatchLabeler("1", "0", labeler=Labeler(refine=False))
    found = label(pd.DataFrame([["a", "No edema."]]))
    assert list(found.columns) == [0, *label.findings, distributed.ERROR]
    assert found["Edema"].tolist() == [0]


@pytest.mark.parametrize("name", ["Edema", distributed.ERROR])
@pytest.mark.parametrize("kind", [pd.DataFrame, pa.table])
def test_an_identifier_named_as_a_column_of_the_labels_is_refused(name, kind) -> None:
    label = distributed.BatchLabeler(id_columns=[name], labeler=Labeler(refine=False))
    with pytest.raises(OutputError, match=f"two columns of the output would be named '{name}'"):
        label(kind({name: ["k"], "report": ["Edema."]}))
    with pytest.raises(OutputError, match=f"named '{name}'"):
        label.needed_columns([name, "report"])


def test_one_identifying_column_may_be_given_by_its_name_alone(table) -> None:
    label = distributed.BatchLabeler(id_columns="other", labeler=Labeler(refine=False))
    assert label(table).column_names[:2] == ["other", label.findings[0]]


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


def test_duckdb_takes_a_finding_s_name_with_marks_in_it(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    own = {"findings/hernia.yaml": """finding: 'Hernia "hiatal"'\npositive: hiatal hernia\n"""}
    folder = write_child(tmp_path, own, """findings: [..., 'Hernia "hiatal"']""")
    connection = duckdb.connect()
    distributed.register_duckdb(connection, Labeler(folder, refine=False))
    found = connection.execute("SELECT chexlabel('Hiatal hernia.')").fetchone()
    assert found[0]['Hernia "hiatal"'] == 1
