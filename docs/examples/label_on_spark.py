"""Labels Parquet files on Spark: spark-submit label_on_spark.py in/ out/ (or python, locally)."""

import sys

from pyspark.sql import SparkSession

from chexlabel.distributed import BatchLabeler, label_spark


def main(source: str, output: str) -> None:
    """Read, label and write; the rows stay in their partitions."""
    spark = SparkSession.builder.appName("chexlabel").getOrCreate()
    reports = spark.read.parquet(source)
    labels = label_spark(reports, BatchLabeler("report", ["study_id"]))
    labels.write.parquet(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
