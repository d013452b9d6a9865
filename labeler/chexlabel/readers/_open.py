"""Which format a source has, and the opening of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from chexlabel.errors import InputError
from chexlabel.readers import csv, jsonl, mimic, openi, parquet
from chexlabel.readers._files import FileSet, open_file, open_folder, open_tar, open_zip
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._streams import ByteStream, check_encoding, decode_head, open_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FORMATS", "open_reports"]

_TABLES = ("csv", "tsv", "jsonl", "parquet")
_FILES = ("mimic", "openi", "text")

FORMATS = (*_TABLES, *_FILES)
"""The formats that can be stated."""

_FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xml": "openi",
    ".txt": "text",
}

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_PARQUET_MAGIC = b"PAR1"
_TAR_MAGIC, _TAR_MAGIC_OFFSET = b"ustar", 257


def open_reports(
    source: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the name that the command's --format has
    text_column: str | None = None,
    id_column: str | Sequence[str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> ReportSource:
    r"""Open reports for reading, whatever they are in.

    Args:
        source: a file, a folder, an archive, or "-" for standard input. Gzip is unpacked.
        format: one of `FORMATS`; `None` to recognise it: "csv" and "tsv" (with a header, or one
            column without), "jsonl", "parquet", "mimic" (text files named as in MIMIC-CXR, in a
            folder, zip or tar archive, or alone), "openi" (XML, likewise), "text" (text files of
            any name, likewise, a report each).
        text_column: the column that holds the reports. By default a column such as "report",
            "text" or "Report Impression", else those named "findings" and "impression", which
            become the report's sections.
        id_column: the column or columns that identify a report and are copied to the output. By
            default those named like identifiers; without any, the rows are numbered in "row".
        encoding: of text; XML and Parquet state their own.
        delimiter: the character between two fields of a CSV; by default the one under which the
            header shows a known column.

    Returns:
        The reports, to be iterated once.

    Raises:
        InputError: when the source cannot be read, is empty, binary, damaged, or without reports,
            when its format cannot be told, or when a column asked for is not there.

    Example:
        >>> with open_reports("reports.csv", text_column="body") as reports:  # doctest: +SKIP
        ...     texts = [report.text for report in reports]
    """
    if format is not None and format not in FORMATS:
        raise InputError(f"unknown format {format!r}; state one of {', '.join(FORMATS)}")
    check_encoding(encoding)
    ids = () if id_column is None else (id_column,) if isinstance(id_column, str) else id_column
    options = Options(text_column, tuple(ids), encoding, _checked_delimiter(delimiter))
    name = os.fspath(source)
    if name != "-" and Path(name).is_dir():
        return _open_files(open_folder(Path(name), name), options, format)
    stream = open_stream(name)
    try:
        return _open_stream(stream, options, format)
    except BaseException:
        stream.close()
        raise


def _open_stream(stream: ByteStream, options: Options, stated: str | None) -> ReportSource:
    if not stream.head:
        raise InputError(f"{stream.name} is empty; give a file that holds reports")
    container = _container(stream)
    if container is not None:
        if stated in _TABLES:
            raise InputError(f"{stream.name} is a {container} archive, not {stated}; unpack it")
        return _open_files(
            open_zip(stream) if container == "zip" else open_tar(stream), options, stated
        )
    chosen = stated or _recognise(stream, options)
    if chosen in ("csv", "tsv"):
        return csv.open_csv(stream, options, chosen)
    if chosen == "jsonl":
        return jsonl.open_jsonl(stream, options)
    if chosen == "parquet":
        return parquet.open_parquet(stream, options)
    if chosen != "openi":  # XML states its encoding itself
        decode_head(stream, options.encoding)
    # A text file that is known by its suffix only may be MIMIC-CXR's by its whole name.
    return _open_files(open_file(stream), options, stated or (chosen if chosen != "text" else None))


def _open_files(files: FileSet, options: Options, stated: str | None) -> ReportSource:
    try:
        chosen = stated or _recognise_files(files)
        if chosen in _TABLES:
            raise InputError(f"{files.name} is a folder, not a {chosen} file; give the file")
        for option, value in (
            ("--text-column", options.text_column),
            ("--id-column", options.id_columns),
            ("--delimiter", options.delimiter),
        ):
            if value:
                raise InputError(f"{files.name} has no columns ({chosen}); leave out {option}")
        if chosen == "mimic":
            return mimic.open_mimic(files, options)
        if chosen == "openi":
            return openi.open_openi(files)
        return mimic.open_texts(files, options)
    except BaseException:
        files.close()
        raise


def _container(stream: ByteStream) -> str | None:
    """Tell whether a stream is an archive, by its first bytes or else by its name."""
    if stream.head.startswith(_ZIP_MAGIC):
        return "zip"
    if stream.head.startswith(_TAR_MAGIC, _TAR_MAGIC_OFFSET):
        return "tar"
    return {".zip": "zip", ".tar": "tar"}.get(stream.suffix)


def _recognise(stream: ByteStream, options: Options) -> str:
    """Tell the format of a file that is no archive, by its name or else by its beginning."""
    if stream.head.startswith(_PARQUET_MAGIC):
        return "parquet"
    if stream.suffix in _FORMAT_OF_SUFFIX:
        return _FORMAT_OF_SUFFIX[stream.suffix]
    head = decode_head(stream, options.encoding)
    first = head.lstrip()[:1]
    if first == "{":
        return "jsonl"
    if first == "<":
        return "openi"
    delimiter = options.delimiter or csv.header_delimiter(head, options.text_column)
    if delimiter is not None or first == '"':
        return "tsv" if delimiter == "\t" else "csv"
    if stream.path is None:
        return "text"
    raise InputError(
        f"{stream.name} has no format that its name or beginning tells; "
        f"state --format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    )


def _recognise_files(files: FileSet) -> str:
    """Tell what the files of a folder or archive are: of XML and text, the more frequent."""
    if not files.paths:
        raise InputError(
            f"{files.name} has no reports; give a folder or archive of MIMIC-CXR .txt files or "
            "Open-i .xml files, or a table"
        )
    xml = sum(path.lower().endswith(".xml") for path in files.paths)
    if xml * 2 > len(files.paths):
        return "openi"
    if any(mimic.is_mimic_path(files.prefix + path) for path in files.paths):
        return "mimic"
    return "text"


def _checked_delimiter(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    if delimiter in ("\\t", "tab"):  # a tab is hard to write in a shell
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InputError(f"delimiter {delimiter!r} is not one character; state --delimiter ';'")
    return delimiter
