"""Labels Parquet files on Ray: python label_on_ray.py in/ out/ (the local mode, or RAY_ADDRESS)."""

import sys

import ray

from chexlabel.distributed import BatchLabeler, label_ray


def main(source: str, output: str) -> None:
    """Read, label and write; each step is a dataset of Ray's, which divides the work."""
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    reports = ray.data.read_parquet(source)
    labels = label_ray(reports, BatchLabeler("report", ["study_id"]))
    labels.write_parquet(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
