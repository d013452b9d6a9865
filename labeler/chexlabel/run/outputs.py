"""The files that a run writes: labels and evidence, both whole or neither there."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from chexlabel.errors import OutputError
from chexlabel.writers import (
    AtomicOutput,
    EvidenceWriter,
    Layout,
    OutputFormat,
    check_evidence_columns,
    check_not_input,
    labels_writer,
    output_errors,
)

if TYPE_CHECKING:
    from contextlib import ExitStack
    from gzip import GzipFile

    from chexlabel.readers import ReportSource
    from chexlabel.report import Report
    from chexlabel.run.batches import LabeledBatch

__all__ = ["BLOCK_FORMATS", "Outputs", "check_distinct", "layout_of"]

BLOCK_FORMATS = ("csv", "tsv", "jsonl")
"""The formats of a labels file that can be written in blocks."""

_HELD_IN_MEMORY = 32 << 20
"""So many bytes of an output that has to be held back are held in memory, more on disk."""


class Outputs:
    """The labels file of a run, and the evidence file if there is one.

    They appear when they are committed. When `stack` unwinds before that, neither does.

    Args:
        stack: closes the files in the end.
        labels: the labels file.
        evidence: the evidence file, if one is wanted.
        layout: the columns of the labels.
        output_as: the format of the labels.
        force: replace existing files.
        whole: write to standard output, pipes and devices, too, only when they are committed.

    Raises:
        OutputError: a file exists, or cannot be written there.

    Attributes:
        layout: the columns of the labels.
        format: the format of the labels.
    """

    def __init__(
        self,
        stack: ExitStack,
        labels: str | os.PathLike[str],
        evidence: str | os.PathLike[str] | None,
        layout: Layout,
        output_as: OutputFormat,
        *,
        force: bool,
        whole: bool = False,
    ) -> None:
        layout.check()
        self.layout = layout
        self.format = output_as.name
        self._files = [_Output(stack, labels, force, output_as.gzip, whole)]
        with output_errors(self._files[0].name):
            self._writer = labels_writer(self._files[0].stream, layout, output_as.name)
        stack.callback(self._writer.abandon)
        self._evidence_writer: EvidenceWriter | None = None
        if evidence is not None:
            check_evidence_columns(layout.id_columns)
            compress = os.fspath(evidence).lower().endswith(".gz")
            self._files.append(_Output(stack, evidence, force, compress, whole))
            self._evidence_writer = EvidenceWriter(self._files[1].stream)

    def write_reports(self, reports: list[Report], result: LabeledBatch) -> None:
        """Write some reports with their labels."""
        with output_errors(self._files[0].name):
            self._writer.write(reports, result.labels, result.confidences)
        if self._evidence_writer is not None:
            with output_errors(self._files[1].name):
                self._evidence_writer.write(result.evidence)

    def write_bytes(self, *written: bytes) -> None:
        """Write what a worker process has made ready for each file."""
        for file, data in zip(self._files, written, strict=False):
            with output_errors(file.name):
                file.stream.write(data)

    def commit(self) -> None:
        """Finish the files, and put them in their places."""
        with output_errors(self._files[0].name):
            self._writer.close()
        for file in self._files:
            file.finish()
        # The labels come last: where they stand, the evidence does too.
        for file in reversed(self._files):
            file.commit()


class _Output:
    """One output of the run, with the compression its name asks for."""

    def __init__(
        self,
        stack: ExitStack,
        path: str | os.PathLike[str],
        force: bool,
        compress: bool,
        whole: bool,
    ) -> None:
        self._file = stack.enter_context(AtomicOutput(path, force=force))
        self.name = self._file.name
        self.stream = self._file.stream
        self._held: BinaryIO | None = None
        if whole and self._file.is_direct:
            from tempfile import SpooledTemporaryFile

            # On disk it is a file without a name, which only the user may read.
            held = stack.enter_context(SpooledTemporaryFile(_HELD_IN_MEMORY))  # noqa: SIM115
            self.stream = self._held = cast("BinaryIO", held)
        self._gzip: GzipFile | None = None
        if compress:
            # Without name and time in the header, equal labels give equal files.
            from gzip import GzipFile

            self._gzip = GzipFile("", "wb", 6, self.stream, mtime=0)
            self.stream = cast("BinaryIO", self._gzip)
            stack.callback(self._abandon)

    def finish(self) -> None:
        if self._gzip is not None:
            with output_errors(self.name):
                self._gzip.close()
        if self._held is not None:
            from shutil import copyfileobj

            with output_errors(self.name):
                self._held.seek(0)
                copyfileobj(self._held, self._file.stream)
        self._file.finish()

    def commit(self) -> None:
        self._file.commit()

    def _abandon(self) -> None:
        """End the compression after a failure, before its file is removed."""
        if self._gzip is not None:
            with suppress(OSError):
                self._gzip.close()


def layout_of(
    reports: ReportSource, findings: tuple[str, ...], read: tuple[str, ...], *, keep_text: bool
) -> Layout:
    """Return the columns of the labels of some reports.

    Args:
        reports: the reports.
        findings: the findings.
        read: those of them that come with confidences.
        keep_text: whether the reports' text is among the columns.
    """
    text_column = None
    if keep_text:
        # A text joined from several columns has no column's name.
        named = reports.text_columns
        text_column = named[0] if len(named) == 1 else "report"
    return Layout(reports.id_columns, text_column, findings, read, integers=reports.integers)


def check_distinct(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    evidence: str | os.PathLike[str] | None,
) -> None:
    """Refuse to write over the reports, or two outputs into one file.

    Raises:
        OutputError: two of the three are the same file.
    """
    check_not_input(output, source)
    if evidence is None:
        return
    check_not_input(evidence, source)
    if os.path.realpath(output) == os.path.realpath(evidence):
        raise OutputError(
            f"labels and evidence would both go to {os.fspath(output)}; choose two names"
        )
