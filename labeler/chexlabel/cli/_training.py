"""What the commands that train have in common: their options and their progress bar."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chexlabel_neural.pipeline import OnStep

__all__ = ["add_training_options", "progress"]


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the run folder and --quiet."""
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", required=True, help="the run folder; made if need be"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")


@contextmanager
def progress(*, quiet: bool) -> Iterator[OnStep | None]:
    """Show a bar a network on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("step {task.completed}/{task.total}, loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def on_step(name: str, step: int, steps: int, loss: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=steps, loss=loss)
            bars.update(tasks[name], completed=step, loss=loss)

        yield on_step
