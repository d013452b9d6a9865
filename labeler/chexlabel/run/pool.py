"""Label batches of reports in several processes, and hand them back in order."""

from __future__ import annotations

import multiprocessing
import pickle
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from typing import TYPE_CHECKING

from chexlabel.run.batches import LabeledBatch, label_batch
from chexlabel.run.workers import (
    interrupts_held,
    taken_over,
    watch_parent,
    worker_died,
    workers_cannot_start,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from chexlabel.report import Report
    from chexlabel.run.batches import ReportLabeler, Wanted

__all__ = ["label_in_pool"]


def label_in_pool(
    labeler: ReportLabeler,
    batches: Iterable[list[Report]],
    wanted: Wanted,
    *,
    workers: int,
) -> Generator[tuple[list[Report], LabeledBatch], None, None]:
    """Label batches in several processes and yield each with its labels, in order.

    At most two batches a worker are under way, so memory stays bounded however long the input is.

    Args:
        labeler: labels the reports; each worker process gets its own copy, once.
        batches: lists of reports.
        wanted: what to collect besides the labels.
        workers: number of processes.

    Raises:
        ChexlabelError: a worker process died, or cannot start.
    """
    # "spawn" for the reasons that `Worker` has.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(pickle.dumps((labeler, wanted)),),
    )
    begun: Future[None] | None = None
    pending: deque[tuple[list[Report], Future[LabeledBatch]]] = deque()
    try:
        for batch in batches:
            with interrupts_held():
                begun = begun or pool.submit(_begin)
                pending.append((batch, pool.submit(_work, batch)))
            if len(pending) >= 2 * workers:
                first, future = pending.popleft()
                yield first, future.result()
        while pending:
            first, future = pending.popleft()
            yield first, future.result()
    except BrokenProcessPool as error:
        if begun is not None and begun.exception() is not None:
            raise workers_cannot_start() from error
        raise worker_died() from error
    finally:
        pool.shutdown(cancel_futures=True)


# What a worker process works with: set once, by `_start_worker`, and unpickled for the first batch,
# whose error then says what is wrong with it.
_given = b""


def _start_worker(given: bytes) -> None:
    global _given
    _given = given
    watch_parent()


def _begin() -> None:
    """Do nothing, which fails only where a process cannot start."""


def _work(reports: list[Report]) -> LabeledBatch:
    labeler, wanted = _taken_over()
    return label_batch(labeler, reports, wanted)


@cache
def _taken_over() -> tuple[ReportLabeler, Wanted]:
    taken: tuple[ReportLabeler, Wanted] = taken_over(_given)
    return taken
