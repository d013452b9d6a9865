"""Plain text files: MIMIC-CXR's, known by their names, and any others."""

from __future__ import annotations

import re

from chexlabel.readers._encodings import decode
from chexlabel.readers._files import FileSet, report_source
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._table_in_text import refuse_table
from chexlabel.report import Report

__all__ = ["is_mimic_path", "open_mimic", "open_texts"]

# MIMIC-CXR (Johnson et al. 2019, doi:10.1038/s41597-019-0322-0) keeps the report of a study as
# files/p10/p10000032/s50414267.txt. Without the patient's folder, only its eight digits tell such
# a name from another.
_MIMIC_PATH = re.compile(r"(?:^|/)(?:p([0-9]+)/s([0-9]+)|s([0-9]{8}))\.txt\Z")

_MIMIC_COLUMNS = ("subject_id", "study_id")
_PATH = "path"


def is_mimic_path(path: str) -> bool:
    """Tell whether a file is named as MIMIC-CXR names its reports."""
    return _MIMIC_PATH.search(path) is not None


def open_mimic(files: FileSet, options: Options) -> ReportSource:
    """Open the MIMIC-CXR reports among the files; others, such as LICENSE.txt, are passed over.

    `subject_id` and `study_id` are written without their letters, as in MIMIC-CXR's own tables;
    `subject_id` is empty where the patient's folder is not there. The report's id is the study's.

    Raises:
        InputError: when no file is named so.
    """

    def wanted(path: str) -> bool:
        return is_mimic_path(files.prefix + path)

    def columns(path: str) -> dict[str, str]:
        match = _MIMIC_PATH.search(files.prefix + path)
        subject, study, study_alone = match.groups(default="") if match else ("", "", "")
        return dict(zip(_MIMIC_COLUMNS, (subject, study or study_alone), strict=True))

    def parse(path: str, data: bytes) -> Report:
        name = files.name if files.alone else path
        ids = columns(path)
        return Report(ids["study_id"], decode(data, options.encoding, name), None, ids)

    def failed(path: str, reason: str) -> Report:
        ids = columns(path)
        return Report(ids["study_id"], "", None, ids, error=reason)

    return report_source(
        files,
        wanted,
        parse,
        failed,
        format="mimic",
        id_columns=_MIMIC_COLUMNS,
        none="report named as in MIMIC-CXR (p10000032/s50414267.txt); state --format text for text "
        "files of any name",
    )


def open_texts(files: FileSet, options: Options, *, refuse_tables: bool) -> ReportSource:
    """Open all text files as one report each; the path within the source is the id.

    Args:
        files: the files.
        options: the encoding asked for.
        refuse_tables: take a file that looks like a table for unreadable, not for one report.

    Raises:
        InputError: when there is no text file.
    """

    def wanted(path: str) -> bool:
        return files.alone or path.lower().endswith(".txt")

    def parse(path: str, data: bytes) -> Report:
        name = files.name if files.alone else path
        text = decode(data, options.encoding, name)
        if refuse_tables:
            refuse_table(text, name)
        return Report(path, text, None, {_PATH: path})

    def failed(path: str, reason: str) -> Report:
        return Report(path, "", None, {_PATH: path}, error=reason)

    return report_source(
        files,
        wanted,
        parse,
        failed,
        format="text",
        id_columns=(_PATH,),
        none=".txt file; state another --format or source",
    )
