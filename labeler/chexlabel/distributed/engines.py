"""Parquet files in, a folder of Parquet files out, on an engine: the command's `--engine`."""

from __future__ import annotations

import os
import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chexlabel._extras import optional_imports
from chexlabel.distributed.batch import ERROR
from chexlabel.distributed.ray import label_ray
from chexlabel.distributed.spark import label_spark
from chexlabel.errors import InputError, OutputError
from chexlabel.labels import Label
from chexlabel.run.label_file import Summary
from chexlabel.run.source_files import find_source_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chexlabel.distributed.batch import BatchLabeler

__all__ = ["ENGINES", "label_with_engine"]

ENGINES = ("ray", "spark")
"""The engines that `label_with_engine` knows."""

_PARQUET = (".parquet", ".pq")


def label_with_engine(
    engine: str,
    sources: Sequence[str],
    output: str,
    label: BatchLabeler,
    *,
    force: bool = False,
) -> Summary:
    """Label Parquet files on an engine and write a folder of Parquet files.

    The engine is the one that the process is configured for: a Ray cluster named by RAY_ADDRESS,
    a Spark session of `spark-submit` or of SPARK_REMOTE; else it runs on this machine alone.

    Args:
        engine: one of `ENGINES`.
        sources: Parquet files, folders of them and patterns.
        output: the folder for the labels.
        label: labels a batch.
        force: replace what stands in the output folder.

    Returns:
        What was done; reports labeled blank because of an error are counted as unreadable.

    Raises:
        InputError: a source is no Parquet file, or has no column of reports or identifiers.
        OutputError: the output folder holds something, or the input itself.
        MissingExtraError: the engine is not installed.
    """
    started = time.perf_counter()
    paths = [file.source for file in find_source_files(sources)]
    for path in paths:
        if not path.lower().endswith(_PARQUET):
            raise InputError(f"{path} is no Parquet file; --engine {engine} reads Parquet alone")
    _check_parquet(paths[0])
    folder = Path(output)
    if any(Path(path).resolve().is_relative_to(folder.resolve()) for path in paths):
        raise OutputError(f"{output} holds the input itself; choose another folder")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        if not force or not folder.is_dir():
            raise OutputError(f"{output} holds something; choose another folder or add --force")
        shutil.rmtree(folder)
    with optional_imports():
        run = {"ray": _on_ray, "spark": _on_spark}[engine]
        run([os.path.realpath(path) for path in paths], os.path.realpath(output), label)
    return _summary(folder, label, started)


def _check_parquet(path: str) -> None:
    """Say in one line what an engine would say in a hundred."""
    from chexlabel.readers import open_reports

    with open_reports(path, format="parquet"):
        pass


def _on_ray(paths: list[str], output: str, label: BatchLabeler) -> None:
    import ray

    # Ray imports it in several threads at once, of which one can meet it half imported.
    import_module("fsspec.implementations.http")
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    # The rules gain nothing from a GPU.
    gpus = 1 if label.refiner and ray.cluster_resources().get("GPU", 0) else 0
    label_ray(ray.data.read_parquet(paths), label, gpus=gpus).write_parquet(output)


def _on_spark(paths: list[str], output: str, label: BatchLabeler) -> None:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("chexlabel")
    if not any(name in os.environ for name in ("SPARK_REMOTE", "MASTER", "SPARK_CONF_DIR")):
        builder = builder.master("local[*,3]")
    session = builder.getOrCreate()
    label_spark(session.read.parquet(*paths), label).write.parquet(output)


def _summary(folder: Path, label: BatchLabeler, started: float) -> Summary:
    from pyarrow import compute, dataset

    found: Any = dataset.dataset(folder, format="parquet")
    table = found.to_table(columns=[*label.findings, ERROR])
    counts = {
        finding: {
            each: compute.sum(compute.equal(table[finding], float(each))).as_py() or 0
            for each in Label
        }
        for finding in label.findings
    }
    unreadable = len(table) - table[ERROR].null_count
    seconds = time.perf_counter() - started
    refiner, note = label.refiner, label.refiner_note
    return Summary(len(table), unreadable, seconds, counts, refiner, note)
