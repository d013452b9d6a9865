"""Worker processes: each does one job at a time, and one that dies takes no other with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chexlabel._faults import portable
from chexlabel.errors import ChexlabelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection

__all__ = [
    "ATTEMPTS",
    "Worker",
    "Workers",
    "answer_jobs",
    "interrupts_held",
    "taken_over",
    "watch_parent",
    "worker_died",
    "workers_cannot_start",
]

ATTEMPTS = 2
"""So many workers are given a job, one after the other, if each of them dies of it."""

Job = TypeVar("Job")

_AT_THE_LATEST = 10
"""Seconds after which a process that has closed its connection has ended."""


class _Start(NamedTuple):
    """The first message of a process.

    Attributes:
        error: what keeps it from beginning; `None` for nothing.
    """

    error: ChexlabelError | None


class Worker:
    """A process that answers messages.

    Args:
        serve: what it does, to be found by its name in its module. It is called with its end of the
            connection and with `arguments`, and returns when the connection is closed.
        arguments: picklable.

    Attributes:
        job: what it works on, as the owner likes to say it; `None` while it is idle.
    """

    def __init__(self, serve: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        # "spawn" behaves alike on all systems and is safe where the reader has threads (Arrow's, or
        # a progress bar's), which "fork" is not.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        # Pickled here, so that the process can say what keeps it from taking them over.
        given = (serve, theirs, pickle.dumps(arguments))
        self._process = context.Process(target=_run, args=given, daemon=True)
        try:
            with interrupts_held():
                self._process.start()
        except OSError as error:
            raise ChexlabelError(
                f"a worker process cannot be started ({error.strerror}); use fewer --workers"
            ) from error
        theirs.close()
        self.job: Any = None
        self._has_begun = False

    @property
    def connection(self) -> Connection[Any, Any]:
        """To be waited for; then `receive`."""
        return self._connection

    def send(self, message: object) -> None:
        """Send a message; that nobody is there to take it shows when one is to be received."""
        with contextlib.suppress(OSError):
            self._connection.send(message)

    def receive(self) -> Any:  # noqa: ANN401 - whatever the process sends
        """Return the next message.

        Raises:
            EOFError: the process has died.
            ChexlabelError: it cannot begin, and no other would.
        """
        try:
            message = self._connection.recv()
        except (EOFError, OSError):  # the latter within a message
            if not self._has_begun and self._failed():
                raise workers_cannot_start() from None
            raise EOFError from None
        if isinstance(message, _Start):
            if message.error is not None:
                raise message.error
            self._has_begun = True
        return message

    def _failed(self) -> bool:
        """Tell whether the process, which has ended, did so of an error; not by a signal."""
        self._process.join(_AT_THE_LATEST)
        return bool(self._process.exitcode and self._process.exitcode > 0)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._connection.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


class Workers:
    """Some worker processes, started when they are needed.

    Args:
        number: how many there are at most.
        serve: what they do (see `Worker`).
        arguments: what each of them is given.
    """

    def __init__(self, number: int, serve: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._number = number
        self._serve = serve
        self._arguments = arguments
        self._all: list[Worker] = []

    def idle(self) -> Worker | None:
        """Return a worker without a job, one that is started for it if need be and if it may be.

        `None` while all are busy.
        """
        for worker in self._all:
            if worker.job is None:
                return worker
        if len(self._all) == self._number:
            return None
        self._all.append(Worker(self._serve, self._arguments))
        return self._all[-1]

    def are_busy(self) -> bool:
        """Tell whether there is nobody for another job."""
        return len(self._all) == self._number and all(w.job is not None for w in self._all)

    def messages(self) -> Iterator[tuple[Worker, Any]]:
        """Wait until a worker says something; yield it, `None` of one that has died.

        Raises:
            ChexlabelError: the workers cannot begin.
        """
        speakers = {worker.connection: worker for worker in self._all}
        for connection in wait(list(speakers)):
            worker = speakers[connection]  # type: ignore[index]
            try:
                message = worker.receive()
            except EOFError:
                self._all.remove(worker)
                worker.end()
                message = None
            if not isinstance(message, _Start):
                yield worker, message

    def results(
        self, jobs: Iterable[Job], fatal: Callable[[Job], ChexlabelError]
    ) -> Iterator[tuple[Job, Any]]:
        """Have jobs done by workers that serve by `answer_jobs`.

        The job of a worker that dies is given to another, once.

        Args:
            jobs: picklable, and begun in this order.
            fatal: gives the error to raise over a job that two workers died of.

        Yields:
            Each job and its result, as they are done.
        """
        # With each job goes how many workers died of it.
        waiting = deque((job, 0) for job in jobs)
        left = len(waiting)
        while left:
            while waiting and (idle := self.idle()) is not None:
                idle.job = waiting.popleft()
                idle.send(idle.job[0])
            for worker, message in self.messages():
                given, worker.job = worker.job, None
                if given is None:  # it died while it was idle
                    continue
                job, deaths = given
                if isinstance(message, Exception):
                    raise message
                if message is not None:
                    left -= 1
                    yield job, message
                elif deaths + 1 == ATTEMPTS:
                    raise fatal(job)
                else:
                    waiting.appendleft((job, deaths + 1))

    def close(self) -> None:
        """End all processes."""
        for worker in self._all:
            worker.end()
        self._all.clear()


def answer_jobs(connection: Connection[Any, Any], do: Callable[[Any], object]) -> None:
    """Do jobs as they come, and answer each: what the workers of `Workers.results` do.

    Args:
        connection: the worker's end.
        do: does a job and returns its result, which is not `None`.
    """
    while True:
        job = connection.recv()
        outcome: object
        try:
            outcome = do(job)
        except Exception as error:
            outcome = portable(error)
        connection.send(outcome)


def worker_died(job: str = "", *, remedy: str = "fewer --workers") -> ChexlabelError:
    """Return the error that ends a run whose workers die.

    Args:
        job: what they died of, such as "on a.csv", if it was given out again; else empty.
        remedy: what to run again with.
    """
    again = f" {job}, and so did the one that was given it again" if job else ""
    return ChexlabelError(
        f"a worker process ended unexpectedly{again} (for want of memory?); run again with {remedy}"
    )


def workers_cannot_start() -> ChexlabelError:
    """Return the error that ends a run whose workers fail before they come to their work."""
    return ChexlabelError(
        "the worker processes cannot start, for the reason that they print; a script has to call "
        'this under `if __name__ == "__main__":`, or else use one worker'
    )


def taken_over(pickled: bytes) -> Any:  # noqa: ANN401 - whatever it was
    """Return what a worker is given; it is told as it is what fails, for it holds no reports yet.

    Raises:
        ChexlabelError: it cannot be unpickled.
    """
    try:
        return pickle.loads(pickled)  # noqa: S301 - the parent's
    except ChexlabelError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ChexlabelError(
            f"a worker process cannot take over its labeler ({reason}); define it in a module that "
            "can be imported, or use one worker"
        ) from error


def _run(serve: Callable[..., None], connection: Any, pickled: bytes) -> None:  # noqa: ANN401
    watch_parent()
    # The parent has gone, or wants no more.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            arguments = taken_over(pickled)
        except ChexlabelError as error:
            connection.send(_Start(error))
            return
        connection.send(_Start(None))
        serve(connection, *arguments)


def watch_parent() -> None:
    """End this process when its parent is killed; it would else work on, or wait, for nobody."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while worker processes may start.

    They inherit the held signal for life and so leave Ctrl-C, which a terminal sends to all
    processes, to the parent, instead of each printing a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # It starts with the first worker and lets the signals go that it held back for itself.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
