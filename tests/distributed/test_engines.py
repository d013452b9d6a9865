"""The local modes of the real engines: the labels of one process, and nothing lost by a death."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from chexlabel.cli import main
from chexlabel.engine.labeler import Labeler
from chexlabel.errors import OutputError
from chexlabel.run.label_file import label_file

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")

from pyarrow import dataset, parquet  # noqa: E402

from chexlabel.distributed import ERROR, BatchLabeler, label_with_engine  # noqa: E402
from places import ROOT  # noqa: E402

# What an engine's libraries warn of or leave open at exit is theirs.
pytestmark = [pytest.mark.no_cover, pytest.mark.filterwarnings("ignore")]

TEXTS = ["Small left effusion.", "No pneumothorax.", "Heart enlarged.", "Edema?", ""]
ROWS = 60


class Mortal(Labeler):
    """Dies of a report, the first time; fails on another, always."""

    def __init__(self, trace: Path) -> None:
        super().__init__(refine=False)
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Mortal, (self.trace,)

    def label(self, report: Any) -> Any:
        if "deadly" in report.text and not self.trace.exists():
            self.trace.touch()
            os._exit(9)
        if "poison" in report.text:
            raise ValueError(report.text)
        return super().label(report)


@pytest.fixture(scope="module", params=["ray", "spark"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.param
    for package in {"ray": ("ray", "aiohttp", "fsspec"), "spark": ("pyspark",)}[name]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    with pytest.MonkeyPatch.context() as patch:
        paths = [str(Path(__file__).parent), *filter(None, sys.path)]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        if name == "ray":
            patch.setenv("RAY_AUTH_MODE", "disabled")
            patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
            import ray

            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            yield name
            ray.shutdown()
            return
        if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            pytest.skip("there is no Java, which Spark needs")
        from pyspark.sql import SparkSession

        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master("local[2,3]").config("spark.ui.enabled", "false")
        session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield name
        session.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for part in range(3):
        ids = [f"s{part}-{row}" for row in range(ROWS)]
        texts = [TEXTS[(row + part) % len(TEXTS)] for row in range(ROWS)]
        texts[7] = f"deadly {part}" if part == 1 else "poison" if part == 2 else texts[7]
        (folder / f"year={part}").mkdir(parents=True)
        table = pa.table({"study_id": ids, "report": texts})
        parquet.write_table(table, folder / f"year={part}" / "part.parquet")
    return folder


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    table = dataset.dataset(folder, format="parquet", exclude_invalid_files=True).to_table()
    return {row.pop("study_id"): row for row in table.to_pylist()}


def test_a_death_loses_nothing_and_a_poisoned_row_stays(
    engine: str, folder: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "died"
    label = BatchLabeler(labeler=Mortal(trace))
    summary = label_with_engine(engine, [str(folder)], str(tmp_path / "out"), label)
    assert trace.exists()
    assert (summary.reports, summary.unreadable) == (3 * ROWS, 1)
    expected: dict[str, dict[str, Any]] = {}
    for part in sorted(folder.rglob("*.parquet")):
        whole = tmp_path / "one" / f"{part.parent.name}.parquet"
        whole.parent.mkdir(exist_ok=True)
        label_file(part, whole, labeler=Mortal(trace))
    expected = rows(tmp_path / "one")
    found = rows(tmp_path / "out")
    errors = {name: error for name, row in found.items() if (error := row.pop(ERROR))}
    assert found == expected
    assert list(errors) == ["s2-7"]
    assert errors["s2-7"].startswith("the labeler failed on it (ValueError at ")


def test_the_command(engine: str, folder: Path, tmp_path: Path, capsys) -> None:
    output = tmp_path / "out"
    command = ["label", str(folder), "-o", str(output), "--engine", engine]
    assert main(command) == 0
    assert "180 reports in" in capsys.readouterr().err
    assert len(rows(output)) == 3 * ROWS
    assert main(command) == 2
    assert "holds something; choose another folder or add --force" in capsys.readouterr().err
    csv = folder / "a.csv"
    csv.write_text("id,report\n1,x\n")
    assert main([*command[:1], str(csv), "-o", str(tmp_path / "b"), "--engine", engine]) == 2
    assert "is no Parquet file" in capsys.readouterr().err


def test_the_example_of_the_docs(
    engine: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    path = ROOT / "docs" / "examples" / f"label_on_{engine}.py"
    monkeypatch.setattr(sys, "argv", [str(path), str(folder), str(output)])
    runpy.run_path(str(path), run_name="__main__")
    assert len(rows(output)) == 3 * ROWS


def test_both_engines_take_the_batch_function_as_it_is(engine: str, folder: Path) -> None:
    label = BatchLabeler(labeler=Labeler(refine=False))
    source = str(folder / "year=0" / "part.parquet")
    if engine == "ray":
        import ray

        read = ray.data.read_parquet(source).select_columns(["study_id", "report"])
        found = read.map_batches(label, batch_format="pandas").to_pandas()
    else:
        from pyspark.sql import SparkSession

        frame = SparkSession.builder.getOrCreate().read.parquet(source)
        findings = ", ".join(f"`{name}` double" for name in label.findings)
        schema = f"study_id string, {findings}, {ERROR} string"
        found = frame.mapInPandas(label.batches, schema).toPandas()
    assert len(found) == ROWS
    assert found["Pleural Effusion"].sum() == sum("effusion" in text for text in TEXTS) * ROWS / 5


def test_a_folder_that_holds_the_input_is_not_cleared(tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.parquet"
    source.parent.mkdir()
    parquet.write_table(pa.table({"id": ["r1"], "report": ["No edema."]}), source)
    label = BatchLabeler(labeler=Labeler(refine=False))
    for output in (tmp_path / "in", tmp_path):
        with pytest.raises(OutputError, match="holds the input itself"):
            label_with_engine("ray", [str(source)], str(output), label, force=True)
    assert source.is_file()
