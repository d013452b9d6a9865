"""Which format a source has, and the opening of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chexlabel.errors import InputError
from chexlabel.readers import csv
from chexlabel.readers._encodings import check_encoding, decode_head, marked_encoding
from chexlabel.readers._source import (
    MAX_SIZE,
    Options,
    ReaderOptions,
    ReportSource,
    refuse_unknown_options,
)
from chexlabel.readers._streams import ByteStream, open_stream
from chexlabel.readers._table_in_text import refuse_table

if TYPE_CHECKING:
    from chexlabel.readers._files import FileSet

# The other formats are imported where one is opened: with the archives, workbooks and compressions
# that they need they take longer to load than a short CSV to label.

__all__ = ["FORMATS", "open_reports"]

_TABLES = ("csv", "tsv", "jsonl", "parquet", "xlsx")
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
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xml": "openi",
    ".txt": "text",
}

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_PARQUET_MAGIC = b"PAR1"
_OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TAR_MAGIC, _TAR_MAGIC_OFFSET = b"ustar", 257


def open_reports(source: str | os.PathLike[str], **reading: Unpack[ReaderOptions]) -> ReportSource:
    r"""Open reports for reading, whatever they are in.

    Args:
        source: a file, a folder, an archive, or "-" for standard input. Gzip is unpacked.
        reading: what is known of the source, as `ReaderOptions` has it.

    Returns:
        The reports, to be iterated once.

    Raises:
        InputError: when the source cannot be read, is empty, binary, damaged, or without reports,
            when its format cannot be told, or when a column asked for is not there.
        TypeError: there is no such option.

    Example:
        >>> with open_reports("reports.csv", text_column="body") as reports:  # doctest: +SKIP
        ...     texts = [report.text for report in reports]
    """
    refuse_unknown_options(open_reports, reading)
    stated = reading.get("format")
    if stated is not None and stated not in FORMATS:
        raise InputError(f"unknown format {stated!r}; state one of {', '.join(FORMATS)}")
    options = _checked(reading)
    name = os.fspath(source)
    if name != "-" and Path(name).is_dir():
        from chexlabel.readers._files import open_folder

        return _open_files(open_folder(Path(name), name, options.max_size), options, stated)
    stream = open_stream(name, options.max_size)
    try:
        reports = _open_stream(stream, options, stated)
        reports.share = stream.share
        return reports
    except BaseException:
        stream.close()
        raise


def _checked(reading: ReaderOptions) -> Options:
    """Return the options of a caller, checked.

    Raises:
        InputError: one has a value that cannot be.
    """
    ids = reading.get("id_column")
    encoding = reading.get("encoding", "utf-8")
    check_encoding(encoding)
    max_size = reading.get("max_size", MAX_SIZE)
    if max_size < 1:
        raise InputError(f"the longest report cannot be {max_size} bytes; state 1 or more")
    return Options(
        text_column=reading.get("text_column"),
        id_columns=() if ids is None else (ids,) if isinstance(ids, str) else tuple(ids),
        encoding=encoding,
        delimiter=_checked_delimiter(reading.get("delimiter")),
        header=reading.get("header", True),
        sheet=reading.get("sheet"),
        max_size=max_size,
    )


def _open_stream(stream: ByteStream, options: Options, stated: str | None) -> ReportSource:
    if not stream.head:
        raise InputError(f"{stream.name} is empty; give a file that holds reports")
    if stream.head.startswith(_OLD_OFFICE_MAGIC):
        raise InputError(f"{stream.name} is an old Office document (.xls); save it as .xlsx or CSV")
    container = _container(stream)
    if container is not None:
        return _open_container(stream, container, options, stated)
    options = options._replace(encoding=marked_encoding(stream.head, options.encoding))
    chosen = stated or _recognise(stream, options)
    if chosen == "text" and stated is None:
        refuse_table(decode_head(stream, options.encoding), stream.name)
    _refuse_options(stream.name, chosen, options)
    if chosen in ("csv", "tsv"):
        return csv.open_csv(stream, options, chosen)
    if chosen == "jsonl":
        from chexlabel.readers import jsonl

        return jsonl.open_jsonl(stream, options)
    if chosen == "xlsx":
        raise InputError(f"{stream.name} is no Excel workbook; state its --format")
    if chosen == "parquet":
        from chexlabel.readers import parquet

        return parquet.open_parquet(stream, options)
    from chexlabel.readers._files import open_file

    if chosen != "openi":  # XML states its encoding itself
        decode_head(stream, options.encoding)
    # A text file that is known by its suffix only may be MIMIC-CXR's by its whole name.
    return _open_files(open_file(stream), options, stated or (chosen if chosen != "text" else None))


def _open_container(
    stream: ByteStream, container: str, options: Options, stated: str | None
) -> ReportSource:
    """Open a zip or tar archive, or an Excel workbook, which is a zip archive underneath."""
    from chexlabel.readers import excel
    from chexlabel.readers._files import open_archive, open_tar, open_zip

    archive = open_archive(stream) if container == "zip" else None
    try:
        if archive is not None and stated in (None, "xlsx") and excel.is_workbook(archive):
            _refuse_options(stream.name, "xlsx", options)
            return excel.open_excel(stream, archive, options)
        if stated in _TABLES:
            raise InputError(f"{stream.name} is a {container} archive, not {stated}; unpack it")
        files = open_tar(stream) if archive is None else open_zip(stream, archive)
        return _open_files(files, options, stated)
    except BaseException:
        if archive is not None:
            archive.close()
        raise


def _open_files(files: FileSet, options: Options, stated: str | None) -> ReportSource:
    from chexlabel.readers import mimic, openi

    try:
        chosen = stated or _recognise_files(files)
        if chosen in _TABLES:
            raise InputError(f"{files.name} is a folder, not a {chosen} file; give the file")
        _refuse_options(files.name, chosen, options)
        if chosen == "mimic":
            return mimic.open_mimic(files, options)
        if chosen == "openi":
            return openi.open_openi(files)
        return mimic.open_texts(files, options, refuse_tables=stated is None)
    except BaseException:
        files.close()
        raise


def _refuse_options(name: str, chosen: str, options: Options) -> None:
    """Refuse options that mean nothing to the format.

    Raises:
        InputError: one was given.
    """
    if chosen in _FILES:
        for option, value in (
            ("--text-column", options.text_column),
            ("--id-column", options.id_columns),
            ("--delimiter", options.delimiter),
        ):
            if value:
                raise InputError(f"{name} has no columns ({chosen}); leave out {option}")
    if not options.header and chosen not in ("csv", "tsv", "xlsx"):
        raise InputError(f"{name} has no header row ({chosen}); leave out --no-header")
    if options.sheet is not None and chosen != "xlsx":
        raise InputError(f"{name} has no sheets ({chosen}); leave out --sheet")


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
    if not options.header:
        return "csv"
    head = decode_head(stream, options.encoding)
    head, stated = csv.without_separator_line(head)
    first = head.lstrip()[:1]
    if first == "{":
        return "jsonl"
    if first == "<":
        return "openi"
    delimiter = options.delimiter or stated or csv.header_delimiter(head, options.text_column)
    if delimiter is not None or first == '"':
        return "tsv" if delimiter == "\t" else "csv"
    if stream.path is None:
        # What asks for a column or a delimiter speaks of a table.
        asked = options.text_column or options.id_columns
        return "csv" if asked else "text"
    raise InputError(
        f"{stream.name} has no format that its name or beginning tells; "
        f"state --format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    )


def _recognise_files(files: FileSet) -> str:
    """Tell what the files of a folder or archive are: of XML and text, the more frequent."""
    from chexlabel.readers.folders import named_some
    from chexlabel.readers.mimic import is_mimic_path

    if not files.paths:
        raise InputError(
            f"{files.name} has no reports; give a folder or archive of MIMIC-CXR .txt files or "
            "Open-i .xml files, or a table"
        )
    xml = sum(path.lower().endswith(".xml") for path in files.paths)
    if xml * 2 > len(files.paths):
        return "openi"
    if any(is_mimic_path(files.prefix + path) for path in files.paths):
        return "mimic"
    if len(files.tables) >= len(files.paths):
        raise InputError(
            f"{files.name} has tables ({named_some(files.tables)}) and texts "
            f"({named_some(files.paths)}); name the tables to have these labeled, or state "
            "--format text"
        )
    return "text"


def _checked_delimiter(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    if delimiter in ("\\t", "tab"):  # a tab is hard to write in a shell
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InputError(f"delimiter {delimiter!r} is not one character; state --delimiter ';'")
    return delimiter
