"""Labeling on an engine for many machines: one function from a batch of rows to a batch of labels.

`BatchLabeler` is that function. Ray Data's `map_batches`, Spark's `mapInPandas` and `mapInArrow`,
and DuckDB take it as it is; `label_ray` and `label_spark` put it into a dataset of theirs. Which
machine does what, and what is done again after a failure, is the engine's business.
"""

from chexlabel.distributed.batch import ERROR, BatchLabeler
from chexlabel.distributed.duckdb import register_duckdb
from chexlabel.distributed.engines import ENGINES, label_with_engine
from chexlabel.distributed.ray import label_ray
from chexlabel.distributed.spark import label_spark

__all__ = [
    "ENGINES",
    "ERROR",
    "BatchLabeler",
    "label_ray",
    "label_spark",
    "label_with_engine",
    "register_duckdb",
]
