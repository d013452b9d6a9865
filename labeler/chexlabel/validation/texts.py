"""Reference and generated reports: read from files, and brought together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chexlabel.errors import ValidationError
from chexlabel.report import Report
from chexlabel.validation.identifiers import Keys, show_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LINES", "TextSource", "read_pairs"]

LINES: Final = "lines"
"""The format of a file with one report a line, as generation tools write them."""


@dataclass(frozen=True, slots=True)
class TextSource:
    """A file of reports and how it is read.

    Attributes:
        path: the file, folder or archive.
        format: one of the readers' formats or `LINES`; `None` to recognise it. A file that ends in
            .txt has one report a line.
        id_column: column of the ids.
        text_column: column of the text.
        encoding: of a text file.
    """

    path: str | os.PathLike[str]
    format: str | None = None
    id_column: str | None = None
    text_column: str | None = None
    encoding: str = "utf-8"

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return Path(self.path).name

    @property
    def has_lines(self) -> bool:
        """Tell whether it has one report a line, whose number is its only id."""
        if self.format is not None:
            return self.format == LINES
        path = Path(self.path)
        return path.suffix.lower() == ".txt" and not path.is_dir()


def read_pairs(
    references: TextSource, generated: TextSource, *, by_row: bool, allow_missing: bool
) -> tuple[list[tuple[Report, Report]], list[str]]:
    """Return the pairs of reference and generated report, and notes on how they were found.

    Args:
        references: the reports written by radiologists.
        generated: those to compare with them.
        by_row: the n-th reports belong together; so they do where neither source has ids.
        allow_missing: go on with the reports that both sources have.

    Raises:
        InputError: a source cannot be read.
        ValidationError: a file is missing or holds no report, or the reports do not correspond.
    """
    sources = (references, generated)
    for source in sources:
        if not Path(source.path).exists():
            raise ValidationError(f"{source.path}: no such file; check the path")
        _check(source)
    lines = [source for source in sources if source.has_lines]
    if len(lines) == 1 and not by_row:
        raise ValidationError(
            f"{lines[0].name} has one report a line and so no ids; pass --by-row if its lines are "
            "in the order of the other file"
        )
    read = [_read_texts(source) for source in sources]
    if by_row or not any(report.stated_id for reports in read for report in reports):
        texts, answers = ({str(n): r for n, r in enumerate(reports, 1)} for reports in read)
        return _match_texts(texts, answers, by_row=True, allow_missing=allow_missing)
    texts, answers = (
        _by_id(source, reports) for source, reports in zip(sources, read, strict=True)
    )
    return _match_texts(texts, answers, by_row=False, allow_missing=allow_missing)


def _check(source: TextSource) -> None:
    """Check what no reader of the format would, before any file is read."""
    from chexlabel.readers import FORMATS, check_encoding

    check_encoding(source.encoding)
    if source.format not in (None, LINES, *FORMATS):
        known = ", ".join((*FORMATS, LINES))
        raise ValidationError(f"unknown format {source.format!r}; state one of {known}")


def _by_id(source: TextSource, reports: Sequence[Report]) -> dict[str, Report]:
    """Return id -> report.

    Raises:
        ValidationError: a report has no id, or one stands twice.
    """
    unnamed = [row for row, report in enumerate(reports, 1) if not report.stated_id]
    if len(unnamed) == len(reports):
        raise ValidationError(
            f"{source.name} has no ids; pass --by-row if its rows are in the order of the other "
            "file, or name their column with --id-column"
        )
    if unnamed:
        raise ValidationError(
            f"{source.name}: data row {unnamed[0]} has no id; fill it in, or pass --by-row"
        )
    found: dict[str, Report] = {}
    twice: dict[str, None] = {}
    for report in reports:
        if found.setdefault(report.id, report) is not report:
            twice[report.id] = None
    if twice:
        raise ValidationError(
            f"{source.name}: {len(twice)} ids occur more than once ({show_ids(twice)}); "
            "keep one row a report, or pass --by-row"
        )
    return found


def _read_texts(source: TextSource) -> list[Report]:
    """Read all reports; lines have no ids."""
    if source.has_lines:
        return _read_lines(source)
    from chexlabel.readers import open_reports

    with open_reports(
        source.path,
        format=source.format,
        id_column=source.id_column,
        text_column=source.text_column,
        encoding=source.encoding,
    ) as stream:
        reports = list(stream)
    if not reports:
        raise ValidationError(f"{source.name}: holds no report; give one with reports")
    return reports


def _match_texts(
    references: Mapping[str, Report],
    generated: Mapping[str, Report],
    *,
    by_row: bool,
    allow_missing: bool,
) -> tuple[list[tuple[Report, Report]], list[str]]:
    """Return the pairs of `read_pairs`, by the ids that both sides have, and its notes."""
    keys = Keys(list(references), [list(generated)])
    pairs = [(a, b) for a in references if (b := keys.find(a, 0)) is not None]
    taken = {b for _, b in pairs}
    missing = [a for a in references if keys.find(a, 0) is None]
    extra = [b for b in generated if b not in taken]
    parts = []
    if missing:
        parts.append(f"{len(missing)} references have no generated report ({show_ids(missing)})")
    if extra:
        parts.append(f"{len(extra)} generated reports have no reference ({show_ids(extra)})")
    if not pairs or (parts and by_row):
        remedy = "give files of the same length" if by_row else "check --id-column or pass --by-row"
        raise ValidationError(f"the reports do not correspond: {'; '.join(parts)}; {remedy}")
    if parts and not allow_missing:
        raise ValidationError(
            f"report ids do not match: {'; '.join(parts)}; pass --allow-missing to score the "
            f"{len(pairs)} they share"
        )
    notes = list(keys.notes(["the generated reports"]))
    if parts:
        notes.append(f"Left out: {'; '.join(parts)}.")
    return [(references[a], generated[b]) for a, b in pairs], notes


def _read_lines(source: TextSource) -> list[Report]:
    encoding = "utf-8-sig" if source.encoding.lower() in ("utf-8", "utf8") else source.encoding
    try:
        text = Path(source.path).read_bytes().decode(encoding)
    except FileNotFoundError:
        raise ValidationError(f"{source.path}: no such file; check the path") from None
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"{source.name}: byte {error.start} is not {source.encoding}; state its --encoding"
        ) from None
    except OSError as error:
        raise ValidationError(
            f"{source.path}: cannot be read ({error.strerror or error})"
        ) from None
    # Only these end a line: a form feed or U+2028 within a report does not, as in `wc -l`.
    lines = text.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValidationError(f"{source.name}: holds no report; give one with reports")
    return [Report(str(number), line, numbered=True) for number, line in enumerate(lines, 1)]
