"""Labeling on Ray Data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chexlabel.distributed.batch import BatchLabeler

__all__ = ["label_ray"]


def label_ray(
    dataset: Any,  # noqa: ANN401 - of Ray
    label: BatchLabeler,
    *,
    gpus: float = 0,
    actors: int | None = None,
    batch_size: int = 4096,
) -> Any:  # noqa: ANN401
    """Return a Ray dataset of labels; it is worked out when it is read or written.

    Without GPUs the batches are tasks that any worker process takes, one core each. With GPUs they
    go to actors that hold the refiner on theirs. A batch whose worker dies goes to another.

    Args:
        dataset: a `ray.data.Dataset` of reports.
        label: labels a batch.
        gpus: GPUs an actor; 0 for tasks on cores.
        actors: number of actors with GPUs; by default as many as the cluster has room for.
        batch_size: reports a batch.
    """
    from ray.data import ActorPoolStrategy

    options: dict[str, Any] = {"batch_format": "pyarrow", "batch_size": batch_size}
    needed = label.needed_columns(dataset.columns())
    dataset = dataset.select_columns(needed)
    if not gpus:
        return dataset.map_batches(label, **options)
    if actors is None:
        import ray

        actors = max(1, int(ray.cluster_resources().get("GPU", 0) / gpus))
    return dataset.map_batches(
        _Actor,
        fn_constructor_args=(label,),
        compute=ActorPoolStrategy(size=actors),
        num_gpus=gpus,
        **options,
    )


class _Actor:
    """Holds a labeler for as long as an actor lives; Ray wants a class for that."""

    def __init__(self, label: BatchLabeler) -> None:
        self._label = label

    def __call__(self, batch: Any) -> Any:  # noqa: ANN401 - an Arrow table
        return self._label(batch)
