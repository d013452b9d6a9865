"""What a run over many files has finished, so that an interrupted run goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chexlabel._version import __version__
from chexlabel.errors import OutputError
from chexlabel.run.batches import traits_of
from chexlabel.writers import output_errors, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chexlabel.patterns.source import SetSource
    from chexlabel.run.batches import ReportLabeler

__all__ = ["MANIFEST", "Manifest", "file_digest", "run_digest"]

MANIFEST = "_chexlabel.jsonl"
"""The manifest's name in the output folder. Spark and Arrow pass over files that begin with "_"."""


class Manifest:
    """The parts of a run that are finished, one line each in a file of the output folder.

    A line is written when the part's outputs stand in their places, so a run that is killed leaves
    at most the beginning of a line, which is passed over.

    Args:
        folder: the output folder.
        run: what the labels depend on besides the input, as `run_digest` gives it.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / MANIFEST
        self._run = run
        self._records: dict[str, dict[str, Any]] = {}

    def read(self) -> None:
        """Take over what an earlier run into this folder has finished."""
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError(f"cannot read {self._path}; remove it, or start anew") from error
        for line in lines:
            try:
                record = json.loads(line)
                self._records[record["part"]] = record
            except (ValueError, KeyError, TypeError):  # cut off by a kill
                continue

    def finished(
        self, part: str, source: str, outputs: Mapping[str, Path]
    ) -> Mapping[str, Any] | None:
        """Return what was done with a part, `None` if it has to be labeled (again).

        A part is finished if the same input was labeled by the same version with the same pattern
        set and options, and its outputs are those that were written.

        Args:
            part: its name.
            source: its file.
            outputs: kind ("labels", "evidence") -> file.
        """
        record = self._records.get(part)
        if record is None or record.get("run") != self._run:
            return None
        if set(record.get("outputs", ())) != set(outputs):
            return None
        files = [(Path(source), record.get("input"))]
        files += [(path, record["outputs"][kind]) for kind, path in outputs.items()]
        if not all(_is_same(path, known) for path, known in files):
            return None
        done: Mapping[str, Any] = record["done"]
        return done

    def enter(
        self,
        part: str,
        source: Mapping[str, object],
        outputs: Mapping[str, Path],
        done: Mapping[str, Any],
    ) -> None:
        """Enter a finished part.

        Args:
            part: its name.
            source: `file_digest` of its file, taken before it was read.
            outputs: kind -> file.
            done: what was done with it, as JSON can hold it.

        Raises:
            OutputError: the line cannot be written.
        """
        written = {kind: file_digest(path) for kind, path in outputs.items()}
        record = {"part": part, "run": self._run, "input": source, "outputs": written, "done": done}
        self._records[part] = record
        with output_errors(os.fspath(self._path)), self._path.open("ab") as file:
            # On a line of its own, whatever a killed run left.
            start = b"\n" if file.tell() else b""
            file.write(start + json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def close(self, parts: list[str]) -> None:
        """Write the manifest of a run that is done anew, in the order of the parts."""
        lines = [json.dumps(self._records[part]) + "\n" for part in parts]
        write_atomic(self._path, "".join(lines), force=True)


def file_digest(path: Path) -> dict[str, object]:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"size": stream.tell(), "sha256": digest}


def run_digest(labeler: ReportLabeler, options: Mapping[str, object]) -> str:
    """Return a digest of what labels depend on: version, pattern set, refiner and options."""
    known = {
        "version": __version__,
        "labeler": [type(labeler).__qualname__, repr(_arguments(labeler))],
        "findings": labeler.findings,
        "patterns": _set_digests(labeler),
        "refiner": traits_of(labeler).refiner,
        "options": {name: repr(value) for name, value in sorted(options.items())},
    }
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _arguments(labeler: ReportLabeler) -> tuple[Any, ...]:
    """Return what a labeler is rebuilt from in another process."""
    reduced = labeler.__reduce_ex__(4)
    return () if isinstance(reduced, str) else reduced[1]


def _set_digests(labeler: ReportLabeler) -> list[str]:
    """Return the digests of the pattern set's files and of those of the sets that it extends."""
    if not hasattr(labeler, "patterns"):  # of another make
        return []
    from chexlabel.patterns.load import read_set

    source: SetSource | None = read_set(_arguments(labeler)[0])
    digests = []
    while source is not None:
        digest = hashlib.sha256()
        for path in sorted(source.path.rglob("*.yaml")):
            digest.update(path.relative_to(source.path).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        digests.append(digest.hexdigest())
        source = source.base
    return digests


def _is_same(path: Path, known: object) -> bool:
    """Tell whether a file has the size and digest noted; the size is looked at first."""
    try:
        same_size = isinstance(known, dict) and path.stat().st_size == known.get("size")
        return same_size and file_digest(path) == known
    except OSError:
        return False
