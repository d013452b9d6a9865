"""Labeling on Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chexlabel.distributed.batch import ERROR

if TYPE_CHECKING:
    from chexlabel.distributed.batch import BatchLabeler

__all__ = ["label_spark"]


def label_spark(frame: Any, label: BatchLabeler) -> Any:  # noqa: ANN401 - of Spark
    """Return a Spark DataFrame of labels; it is worked out when it is read or written.

    Rows stay in their partitions. A partition whose Python worker dies is done again, as often as
    `spark.task.maxFailures` says: once only in the local mode of master "local[4]", so choose
    "local[4,3]" there.

    Args:
        frame: a `pyspark.sql.DataFrame` of reports.
        label: labels a batch.
    """
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    fields = [frame.schema[name] for name in label.id_columns(frame.columns)]
    fields += [StructField(finding, DoubleType()) for finding in label.findings]
    fields.append(StructField(ERROR, StringType()))
    needed = label.needed_columns(frame.columns)
    return frame.select(*(_quoted(name) for name in needed)).mapInArrow(
        label.batches, StructType(fields)
    )


def _quoted(name: str) -> str:
    """Quote a column's name, which may have a dot."""
    return "`" + name.replace("`", "``") + "`"
