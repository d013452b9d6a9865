"""Label many files as one run: what `chexlabel label a.csv folder/ "x/*.parquet" -o out/` does."""

from __future__ import annotations

import os
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Unpack

from chexlabel.errors import OutputError
from chexlabel.labels import Label
from chexlabel.run.batches import traits_of
from chexlabel.run.label_file import (
    Summary,
    Unreadable,
    columns_in_words,
    cores,
    label_file,
)
from chexlabel.run.manifest import Manifest, file_digest, run_digest
from chexlabel.run.source_files import SourceFile, find_source_files, passed_over, takes_in
from chexlabel.run.workers import Workers, answer_jobs, worker_died
from chexlabel.writers import output_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

    from chexlabel.errors import ChexlabelError
    from chexlabel.readers import ReaderOptions
    from chexlabel.run.batches import ReportLabeler

__all__ = ["label_files"]

_NAMED = 20
"""So many unreadable reports of a file are named, and choices of columns."""

_ColumnNames: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The columns of the text and of the identifiers."""


class _Task(NamedTuple):
    """A file to be labeled: the arguments of `label_file`."""

    file: SourceFile
    outputs: Mapping[str, Path]


def label_files(  # noqa: PLR0913 - the options of the command
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    labeler: ReportLabeler | None = None,
    evidence: str | os.PathLike[str] | None = None,
    output_format: str | None = None,
    keep_text: bool = False,
    safe_csv: bool = False,
    confidence: bool = False,
    force: bool = False,
    resume: bool = False,
    workers: int = 1,
    strict: bool = False,
    on_progress: Callable[[int, int | None], None] | None = None,
    on_unreadable: Callable[[str, Unreadable], None] | None = None,
    **reading: Unpack[ReaderOptions],
) -> tuple[Summary, int]:
    """Label many files as one run; each gets an output of its own name in the output folder.

    Each output appears whole. A manifest in the folder notes each file that is finished, with the
    digests of its input and output and of all that the labels depend on; with `resume` those files
    are passed over, and the folder is in the end what an uninterrupted run makes.

    Args:
        sources: files, folders of tables, and patterns such as `2024/*.parquet`; or one of them.
        output: the folder of the labels; it is made if it is not there.
        labeler: labels the reports; by default `chexlabel.Labeler()`.
        evidence: a folder for the evidence, a JSON Lines file for each input.
        output_format: the format of all outputs; by default that of each input.
        keep_text: as for `label_file`, as are the others.
        safe_csv: see `label_file`.
        confidence: see `label_file`.
        force: label all files, and replace existing outputs.
        resume: label the files that are not finished, and replace their outputs.
        workers: number of processes; 0 is one a core. Each labels whole files; where there are
            fewer files than processes, all work on one file after another. A script has to begin
            as for `label_file`.
        strict: see `label_file`.
        on_progress: called after each file with the number of files done and of all.
        on_unreadable: called for the first unreadable reports of each file, with the file.
        reading: see `label_file`.

    Returns:
        The sum over all files, and how many of them were finished before.

    Raises:
        InputError: a file is missing, damaged or has no column of reports.
        OutputError: an output exists, or cannot be written.
        ChexlabelError: two worker processes died of one file, or they cannot start.
        TypeError: there is no such option.
    """
    from chexlabel.readers import refuse_unknown_options

    refuse_unknown_options(label_files, reading)
    started = time.perf_counter()
    if labeler is None:
        from chexlabel.engine.labeler import Labeler

        labeler = Labeler()
    options = {
        "keep_text": keep_text,
        "safe_csv": safe_csv,
        "confidence": confidence,
        "strict": strict,
        **reading,
    }
    several = [sources] if isinstance(sources, str | os.PathLike) else sources
    given = [os.fspath(source) for source in several]
    files = find_source_files(given, output_format)
    folder = Path(output)
    tasks = [_Task(file, _outputs(file, folder, evidence)) for file in files]
    _check_free(given, tasks, folder, replacing=force or resume)
    manifest = Manifest(folder, run_digest(labeler, options))
    if resume:
        manifest.read()
    done: dict[str, Mapping[str, Any]] = {}
    for file, outputs in tasks:
        finished = manifest.finished(file.name, file.source, outputs) if resume else None
        if finished is not None:
            done[file.name] = finished
    before = len(done)
    left = [task for task in tasks if task.file.name not in done]
    labeled = _labeled(left, labeler, options, workers or cores())
    for task, digest, summary, unreadable in labeled:
        for found in unreadable:
            if on_unreadable is not None:
                on_unreadable(task.file.source, found)
        done[task.file.name] = _plain(summary)
        manifest.enter(task.file.name, digest, task.outputs, done[task.file.name])
        if on_progress is not None:
            on_progress(len(done), len(tasks))
    manifest.close([file.name for file in files])
    total = _sum(labeler, [(file.source, done[file.name]) for file in files])
    seconds = time.perf_counter() - started
    return total._replace(seconds=seconds, notes=passed_over(given) + total.notes), before


def _labeled(
    tasks: Sequence[_Task], labeler: ReportLabeler, options: Mapping[str, Any], workers: int
) -> Iterator[tuple[_Task, dict[str, object], Summary, list[Unreadable]]]:
    """Label files; yield each with its digest, its summary and unreadable reports."""
    if workers == 1 or len(tasks) < workers:
        for task in tasks:
            yield task, *_label(task, labeler, options, workers)
        return
    with closing(Workers(workers, _serve, (labeler, dict(options)))) as pool:
        for task, outcome in pool.results(tasks, _fatal):
            yield task, *outcome


def _fatal(task: _Task) -> ChexlabelError:
    return worker_died(f"on {task.file.source}", remedy="fewer --workers and --resume")


def _serve(
    connection: Connection[Any, Any], labeler: ReportLabeler, options: Mapping[str, Any]
) -> None:
    """Label files as they come: what a worker process does."""
    answer_jobs(connection, lambda task: _label(task, labeler, options, 1))


def _label(
    task: _Task, labeler: ReportLabeler, options: Mapping[str, Any], workers: int
) -> tuple[dict[str, object], Summary, list[Unreadable]]:
    """Label a file; return the digest of the input, the summary and the unreadable reports."""
    unreadable: list[Unreadable] = []

    def keep(found: Unreadable) -> None:
        if len(unreadable) < _NAMED:
            unreadable.append(found)

    for path in task.outputs.values():
        with output_errors(os.fspath(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
    digest: dict[str, object] = {}
    with suppress(OSError):  # which the reader says better
        digest = file_digest(Path(task.file.source))
    summary = label_file(
        task.file.source,
        task.outputs["labels"],
        labeler=labeler,
        evidence=task.outputs.get("evidence"),
        force=True,
        workers=workers,
        on_unreadable=keep,
        **options,
    )
    return digest, summary, unreadable


def _outputs(
    file: SourceFile, folder: Path, evidence: str | os.PathLike[str] | None
) -> dict[str, Path]:
    outputs = {"labels": folder / file.name}
    if evidence is not None:
        outputs["evidence"] = Path(evidence) / f"{file.name}.jsonl"
    return outputs


def _check_free(
    given: Sequence[str], tasks: Sequence[_Task], folder: Path, *, replacing: bool
) -> None:
    """Make the output folder, and refuse to write over reports or, unasked, over outputs."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; the labels of several files need a folder: -o out/")
    sources = {os.path.realpath(task.file.source): task.file.source for task in tasks}
    for task in tasks:
        for path in task.outputs.values():
            if os.path.realpath(path) in sources:
                raise OutputError(f"{path} is an input itself; choose another output folder")
            for source in given:
                if takes_in(source, path):
                    raise OutputError(
                        f"{path} would be an input of the next run, for it is in {source}; choose "
                        "an output folder elsewhere"
                    )
            if path.exists() and not replacing:
                raise OutputError(
                    f"{path} exists already; choose another folder, or add --resume to go on with "
                    "an interrupted run, or --force"
                )
    with output_errors(os.fspath(folder)):
        folder.mkdir(parents=True, exist_ok=True)


def _plain(summary: Summary) -> dict[str, Any]:
    """Return a summary as JSON can hold it, without what differs from run to run."""
    plain = summary._asdict()
    plain["counts"] = {
        finding: {str(int(label)): number for label, number in numbers.items()}
        for finding, numbers in summary.counts.items()
    }
    for key in ("seconds", "refiner", "refiner_note", "unrecognised_rows", "notes"):
        del plain[key]
    return plain


def _sum(labeler: ReportLabeler, done: Sequence[tuple[str, Mapping[str, Any]]]) -> Summary:
    """Add up what was done with each file."""
    parts = [part for _, part in done]
    traits = traits_of(labeler)
    read: dict[_ColumnNames, list[str]] = {}
    for source, part in done:
        columns = (tuple(part["text_columns"]), tuple(part["id_columns"]))
        read.setdefault(columns, []).append(source)
    text_columns, id_columns = next(iter(read)) if len(read) == 1 else ((), ())
    return Summary(
        reports=sum(part["reports"] for part in parts),
        unreadable=sum(part["unreadable"] for part in parts),
        seconds=0.0,
        counts={
            finding: {
                label: sum(part["counts"][finding][str(int(label))] for part in parts)
                for label in Label
            }
            for finding in labeler.findings
        },
        refiner=traits.refiner,
        refiner_note=traits.refiner_note,
        text_columns=text_columns,
        id_columns=id_columns,
        unrecognised=sum(part["unrecognised"] for part in parts),
        notes=tuple(_columns_read(read)) if len(read) > 1 else (),
    )


def _columns_read(read: Mapping[_ColumnNames, Sequence[str]]) -> Iterator[str]:
    """Say in which columns files were read that were not read alike, the most frequent first."""
    from chexlabel.readers.folders import named_some

    choices = sorted(read.items(), key=lambda choice: -len(choice[1]))
    for (texts, ids), files in choices[:_NAMED]:
        number = "1 file" if len(files) == 1 else f"{len(files):,} files"
        yield f"{columns_in_words(texts, ids)} in {number}: {named_some(files)}"
    left = sum(len(files) for _, files in choices[_NAMED:])
    if left:
        yield f"{left:,} more files were read in still other columns"
