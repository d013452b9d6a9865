"""Label a file with several processes: each reads, labels and writes blocks of its rows.

The file is cut at row ends (`chexlabel.readers.Blocks`), and what the processes write is put
together in order, so that it is what one process writes. From where a block's rows are numbered is
known once the blocks before it are read; a worker reads its block, which is a small part of the
work, says how many rows there are, and waits for that. A worker that dies takes its block with it;
another is given the block once more.
"""

from __future__ import annotations

import io
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from chexlabel._faults import portable
from chexlabel.errors import InputError
from chexlabel.readers import START, Block, BlockReader, Place, ReadBlock, read_block
from chexlabel.run.batches import batched, label_batch
from chexlabel.run.tally import Tally
from chexlabel.run.workers import ATTEMPTS, Worker, Workers, worker_died
from chexlabel.writers import EvidenceWriter, Layout, labels_writer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from multiprocessing.connection import Connection

    from chexlabel.errors import ChexlabelError
    from chexlabel.readers import Blocks
    from chexlabel.report import Report
    from chexlabel.run.batches import ReportLabeler, Wanted

__all__ = ["BlockPlan", "LabeledBlock", "label_blocks"]

_SMALLEST, _LARGEST = 1 << 16, 1 << 20
"""Bytes of a block: enough for the cost of handing it over not to count, and not many to hold."""

_BLOCKS_A_WORKER = 8
"""A small file is cut into so many blocks for each worker, so that all end at about one time."""


class BlockPlan(NamedTuple):
    """What is made of a file's blocks.

    Attributes:
        reader: reads them.
        layout: the columns of the labels.
        format: the format of the labels, one of `BLOCK_FORMATS`.
        wanted: what is wanted besides the labels.
    """

    reader: BlockReader
    layout: Layout
    format: str
    wanted: Wanted


class LabeledBlock(NamedTuple):
    """What was made of a block.

    Attributes:
        rows: number of reports.
        labels: the labels, as they stand in the labels file.
        evidence: the evidence, as it stands in its file; empty where none is wanted.
        counts: how often each label was given, as `Tally.numbers` has it.
        failures: index in the block, identifier and reason of each report that was labeled blank
            because it could not be read or labeled.
        unrecognised: index in the block of each report whose text does not speak of the chest.
        error: what keeps the rest of the file from being read.
    """

    rows: int
    labels: bytes
    evidence: bytes
    counts: Sequence[Sequence[int]]
    failures: Sequence[tuple[int, str, str]]
    unrecognised: Sequence[int]
    error: InputError | None


class _Extent(NamedTuple):
    """What a worker says of a block when it has read it (see `ReadBlock`)."""

    rows: int
    lines: int
    left: int


@dataclass(slots=True, eq=False)
class _Job:
    """A block under way.

    Attributes:
        block: the block.
        worker: who works on it.
        extent: how long it is, once it has been read.
        cut: whether the file was cut anew behind its last whole row.
        read: whether the worker has read it.
        placed: whether the worker was told what stands before it.
        deaths: how many workers died of it.
        outcome: what was made of it, or why nothing was.
    """

    block: Block
    worker: Worker | None = None
    extent: _Extent | None = None
    cut: bool = False
    read: bool = False
    placed: bool = False
    deaths: int = 0
    outcome: LabeledBlock | Exception | None = None


def label_blocks(
    labeler: ReportLabeler, blocks: Blocks, plan: BlockPlan, *, workers: int
) -> Generator[tuple[LabeledBlock, float], None, None]:
    """Label the blocks of a file, in order.

    At most two blocks a worker are held, so memory stays bounded however long the file is.

    Args:
        labeler: labels the reports; each worker process gets its own copy, once.
        blocks: the file.
        plan: what is made of it.
        workers: number of processes.

    Yields:
        Each block, and which share of the bytes read so far is labeled with it.

    Raises:
        InputError: the file cannot be read on.
        ChexlabelError: a block has killed two workers.
    """
    pool = Workers(workers, _serve, (labeler, plan))
    try:
        yield from _Run(blocks, pool, 2 * workers, _block_size(blocks, workers)).labeled()
    finally:
        pool.close()


def _block_size(blocks: Blocks, workers: int) -> int:
    share = 0 if blocks.size is None else blocks.size // (_BLOCKS_A_WORKER * workers)
    return min(max(share, _SMALLEST), _LARGEST)


class _Run:
    """Hands out the blocks of a file and puts together what comes back.

    Args:
        blocks: the file.
        workers: the processes.
        most: how many blocks are held at most.
        size: bytes of a block.
    """

    def __init__(self, blocks: Blocks, workers: Workers, most: int, size: int) -> None:
        self._blocks = blocks
        self._workers = workers
        self._most = most
        self._size = size
        self._jobs: deque[_Job] = deque()
        """Those not yet put together, in the order of the file."""
        self._again: list[_Job] = []
        """Those of them whose worker died."""
        self._place = blocks.place
        """What stands before the first of them."""
        self._ended = False
        self._error: InputError | None = None

    def labeled(self) -> Generator[tuple[LabeledBlock, float], None, None]:
        while True:
            self._hand_out()
            if not self._jobs and self._ended:
                break
            job = self._jobs[0] if self._jobs else None
            if job is not None and job.deaths == ATTEMPTS:
                raise self._fatal(job)
            if job is None or job.outcome is None:
                for worker, message in self._workers.messages():
                    self._take_in(worker, message)
                continue
            if isinstance(job.outcome, Exception):
                raise job.outcome
            if job.outcome.rows:
                yield job.outcome, self._share(job)
            if job.outcome.error is not None:
                raise job.outcome.error
            self._place = _behind(self._place, job)
            self._jobs.popleft()
        if self._error is not None:
            raise self._error

    def _share(self, job: _Job) -> float:
        """Return which share of the bytes taken so far ends with a block."""
        left = job.extent.left if job.extent else 0
        return (job.block.byte + len(job.block.data) - left) / self._blocks.taken

    def _hand_out(self) -> None:
        """Give the idle workers something to do."""
        while self._again or (not self._ended and len(self._jobs) < self._most):
            if self._workers.are_busy():
                return
            job = self._again.pop() if self._again else self._next_block()
            worker = self._workers.idle() if job is not None else None
            if job is None or worker is None:
                return
            worker.job, job.worker = job, worker
            worker.send(job.block)

    def _next_block(self) -> _Job | None:
        try:
            block = self._blocks.take(self._size)
        except InputError as error:  # said when all that stands before it is done
            block, self._error = None, error
        if block is None:
            self._ended = True
            return None
        self._ended = block.last
        self._jobs.append(_Job(block))
        return self._jobs[-1]

    def _take_in(self, worker: Worker, message: Any) -> None:  # noqa: ANN401 - one of several
        """Take what a worker says, `None` if it has died."""
        job: _Job | None = worker.job
        if job is None:
            return
        if not isinstance(message, _Extent):
            worker.job = job.worker = None
        if job not in self._jobs:  # it was cut anew
            if worker.job is not None:
                _release(worker)
            return
        if isinstance(message, _Extent):
            # That of a second worker is the same, but the file was cut by it before.
            job.extent, job.read = job.extent or message, True
        elif message is None:
            self._bury(job)
        else:
            job.outcome = message
        self._settle()

    def _settle(self) -> None:
        """Tell the workers what stands before their blocks, as far as that is known."""
        place = self._place
        for job in list(self._jobs):
            if job.extent is None:
                return
            if job.worker is not None and job.read and not job.placed:
                job.placed = True
                job.worker.send(place)
            if job.extent.left and not job.cut:
                self._cut_behind(job, job.extent.left)
                return
            place = _behind(place, job)

    def _cut_behind(self, job: _Job, left: int) -> None:
        """Cut the file anew behind the last whole row of a block; its end is left."""
        job.cut = True
        behind = []
        while self._jobs[-1] is not job:
            later = self._jobs.pop()
            behind.append(later.block.data)
            if later in self._again:
                self._again.remove(later)
            if later.worker is not None and later.read:
                _release(later.worker)
        self._blocks.give_back(job.block.data[-left:], b"".join(reversed(behind)))
        self._ended = False

    def _bury(self, job: _Job) -> None:
        """Give the block of a worker that died to another, once."""
        job.deaths += 1
        job.read = job.placed = False
        if job.deaths < ATTEMPTS:
            self._again.append(job)

    def _fatal(self, job: _Job) -> ChexlabelError:
        """Name the block that workers die of, the first of those not yet put together."""
        first = self._place.row + 1
        rows = f"from report {first:,} on"
        if job.extent is not None:
            rows = f"of the reports {first:,} to {self._place.row + job.extent.rows:,}"
        return worker_died(f"in the block {rows}")


def _release(worker: Worker) -> None:
    """Let a worker that has read its block drop it."""
    worker.send(None)
    worker.job = None


def _behind(place: Place, job: _Job) -> Place:
    """Return what stands before the next block."""
    rows, lines, _ = job.extent or (0, 0, 0)
    return Place(place.row + rows, place.line + lines)


def _serve(connection: Connection[Any, Any], labeler: ReportLabeler, plan: BlockPlan) -> None:
    """Read, label and write blocks as they come: what a worker process does."""
    maker = _BlockLabeler(labeler, plan)
    while True:
        block: Block = connection.recv()
        outcome: LabeledBlock | Exception
        try:
            read = read_block(plan.reader, block, START)
        except Exception as error:  # of a reader's own making
            connection.send(portable(error))
            continue
        connection.send(_Extent(len(read.reports), read.lines, read.left))
        place: Place | None = connection.recv()
        if place is None:
            continue
        try:
            if place != START and _numbered(read.reports):
                read = read_block(plan.reader, block, place)
            outcome = maker.label(read)
        except Exception as error:
            outcome = portable(error)
        connection.send(outcome)


def _numbered(reports: Sequence[Report]) -> bool:
    """Tell whether a report is told by its number, or a message by that of its line."""
    return any(report.error is not None or report.numbered for report in reports)


class _BlockLabeler:
    """Labels blocks and writes them as they shall stand in the outputs."""

    def __init__(self, labeler: ReportLabeler, plan: BlockPlan) -> None:
        self._labeler = labeler
        self._plan = plan
        self._labels, self._evidence = io.BytesIO(), io.BytesIO()
        self._writer = labels_writer(self._labels, plan.layout, plan.format)
        self._evidence_writer = EvidenceWriter(self._evidence)
        _emptied(self._labels)  # of the header, which stands in the file once

    def label(self, read: ReadBlock) -> LabeledBlock:
        plan = self._plan
        tally = Tally(plan.layout.findings)
        failures: list[tuple[int, str, str]] = []
        unrecognised: list[int] = []
        done = 0
        for batch in batched(read.reports):
            found = label_batch(self._labeler, batch, plan.wanted)
            self._writer.write(batch, found.labels, found.confidences)
            if plan.wanted.evidence:
                self._evidence_writer.write(found.evidence)
            tally.add(found.labels)
            failures += [(done + at, batch[at].stated_id, reason) for at, reason in found.failures]
            unrecognised += [done + at for at in found.unrecognised]
            done += len(batch)
        labels, evidence = _emptied(self._labels), _emptied(self._evidence)
        return LabeledBlock(
            done, labels, evidence, tally.numbers(), failures, unrecognised, read.error
        )


def _emptied(stream: io.BytesIO) -> bytes:
    """Return what a stream holds, and empty it."""
    data = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return data
