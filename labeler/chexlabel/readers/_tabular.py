"""Which columns of a table hold the text and the identifiers, for every tabular format alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.errors import InputError
from chexlabel.labels import SectionSpan
from chexlabel.readers._sections import BODY, join_sections
from chexlabel.readers._source import MAX_SIZE
from chexlabel.readers._streams import longer_than
from chexlabel.report import Report

if TYPE_CHECKING:
    from chexlabel.readers._source import Options

__all__ = [
    "HEADERLESS",
    "ROW",
    "Columns",
    "choose_columns",
    "is_column_name",
    "is_text_name",
    "number_columns",
]

ROW = "row"
"""The identifying column of a table that has none: the number of the data row, from 1."""

# Whole reports, the surest name first.
_TEXT_NAMES = (
    "report",
    "reports",
    "report_text",
    "text_report",
    "radiology_report",
    "full_report",
    "full_text",
    "text",
    "texts",
    "note_text",
    "note",
    "notes",
    "report_impression",  # the input column of CheXbert (Smit et al. 2020, arXiv:2004.09167)
)
_SECTION_NAMES = {
    "findings": ("findings", "report_findings", "section_findings"),
    "impression": ("impression", "impressions", "report_impressions", "section_impression"),
}
# MIMIC-CXR's sectioned table has here the text of reports without headings.
_FALLBACK_NAME = "last_paragraph"

# Identifiers from the most to the least specific to a report; others rank between the last two.
_ID_NAMES = (
    ("report_id", "note_id"),
    ("study_id", "study", "study_uid", "study_instance_uid"),
    ("id", "uid", "accession", "accession_no", "accession_number", "exam_id"),
    ("dicom_id", "image_id", "sop_instance_uid"),
    ("filename", "file_name", "file", "path", "filepath", "file_path", "image_path"),
    ("path_to_image", "path_to_report"),
)
_PATIENT_NAMES = ("subject_id", "subject", "patient_id", "patient", "mrn")
_ID_RANK = {name: rank for rank, names in enumerate(_ID_NAMES) for name in names}
_ID_RANK |= dict.fromkeys(_PATIENT_NAMES, len(_ID_NAMES) + 1)

# The words that pandas reads as missing (its notations of NaN in old Windows programs aside):
# tables written without care for gaps have them, and "nan" is not a report.
_MISSING = frozenset(
    (
        "#N/A",
        "#NA",
        "N/A",
        "NA",
        "n/a",
        "<NA>",
        "NULL",
        "null",
        "None",
        "NaN",
        "nan",
        "-NaN",
        "-nan",
    )
)
_MISSING_LENGTH = max(map(len, _MISSING))

_CAMEL_CASE = compiled_later(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_ALPHANUMERIC = compiled_later(r"[^0-9a-z]+")
# Messages list a table's columns, but a table without a header, or with a damaged one, has a report
# in their place, which no message may quote, and a word of it ("effusion") may be a name as well.
# Where some name is known, single words are listed and names Written Like This; where none is, only
# what no report says (study_nr, StudyNr, c1).
_COLUMN_NAME = compiled_later(
    r"(?=.{1,40}\Z)(?:[^\W\d_][\w-]*|[A-Z][\w-]*(?: [A-Z][a-z0-9]*| ID| UID)+)"
)
_CODED_NAME = compiled_later(r"(?=.{1,40}\Z)[^\W\d_]+(?:_[\w-]*|(?<=[a-z])[A-Z]\w*|[0-9]{1,3})")
_ONE_WORD_NAME = compiled_later(r"(?=.*[^\W\d])\S{1,40}(?<![.,;?!])")
_LISTED = 30

RowBuilder = Callable[[Sequence[str], int], Report]


class Columns(NamedTuple):
    """The columns of a table that are read.

    Attributes:
        texts: the columns that hold the text.
        sections: the section that each of them is, if they are sections; else empty.
        fallback: the column read when all section columns are empty.
        ids: the identifying columns; empty when rows are numbered.
        longest: the longest report, in characters; a longer one cannot be read.
    """

    texts: tuple[str, ...]
    sections: tuple[str, ...] = ()
    fallback: str | None = None
    ids: tuple[str, ...] = ()
    longest: int = MAX_SIZE

    @property
    def text_columns(self) -> tuple[str, ...]:
        """All columns that the text may come from."""
        return self.texts if self.fallback is None else (*self.texts, self.fallback)

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The names in `Report.columns`."""
        return self.ids or (ROW,)

    @property
    def needed(self) -> tuple[str, ...]:
        """All columns that are read, each once."""
        return tuple(dict.fromkeys((*self.ids, *self.text_columns)))

    def builder(self, names: Sequence[str]) -> RowBuilder:
        """Return the function that makes a report of a row and its number.

        Args:
            names: the column of each field in the rows to come; all of `needed` are among them.
        """
        build, longest = self._builder(names), self.longest

        def build_bounded(row: Sequence[str], number: int) -> Report:
            report = build(row, number)
            if len(report.text) <= longest:
                return report
            error = f"row {number} has a report {longer_than(longest)}"
            return report._replace(text="", spans=None, error=error)

        return build_bounded

    def _builder(self, names: Sequence[str]) -> RowBuilder:
        compose = self._composer(names)
        ids = [(name, names.index(name)) for name in self.ids]
        if not ids:

            def build_numbered(row: Sequence[str], number: int) -> Report:
                text, spans = compose(row)
                return Report(str(number), text, spans, {ROW: str(number)}, numbered=True)

            return build_numbered
        key = names.index(min(self.ids, key=_id_rank))
        if len(ids) == 1:
            [(only, place)] = ids

            def build_identified(row: Sequence[str], number: int) -> Report:
                text, spans = compose(row)
                cell = row[place]
                return Report(cell or str(number), text, spans, {only: cell}, numbered=not cell)

            return build_identified

        def build(row: Sequence[str], number: int) -> Report:
            text, spans = compose(row)
            columns = {name: row[index] for name, index in ids}
            cell = row[key]
            return Report(cell or str(number), text, spans, columns, numbered=not cell)

        return build

    def failed(self, number: int, message: str, row: Mapping[str, str] | None = None) -> Report:
        """Make the report for a row that cannot be read.

        Args:
            number: number of the data row, from 1.
            message: what is wrong with it, without its text.
            row: the fields that could be read, by column.
        """
        if not self.ids:
            columns = {ROW: str(number)}
            return Report(str(number), "", None, columns, error=message, numbered=True)
        columns = {name: row.get(name, "") if row else "" for name in self.ids}
        key = columns[min(self.ids, key=_id_rank)]
        return Report(key or str(number), "", None, columns, error=message, numbered=not key)

    def _composer(
        self, names: Sequence[str]
    ) -> Callable[[Sequence[str]], tuple[str, tuple[SectionSpan, ...] | None]]:
        indexes = [names.index(name) for name in self.texts]
        if len(indexes) > 1 or self.fallback is not None:
            sections = list(zip(self.sections, indexes, strict=True))
            last = None if self.fallback is None else names.index(self.fallback)

            def compose_sections(row: Sequence[str]) -> tuple[str, tuple[SectionSpan, ...]]:
                text, spans = join_sections((name, _present(row[i])) for name, i in sections)
                if not spans and last is not None:
                    return join_sections([(BODY, _present(row[last]))])
                return text, spans

            return compose_sections
        [index] = indexes
        if self.sections:
            [section] = self.sections

            def compose_section(row: Sequence[str]) -> tuple[str, tuple[SectionSpan, ...]]:
                text = row[index]
                if not _present(text):
                    return "", ()
                return text, (SectionSpan(section, 0, len(text)),)

            return compose_section

        def compose_text(row: Sequence[str]) -> tuple[str, None]:
            text = row[index]
            if len(text) <= _MISSING_LENGTH and text in _MISSING:
                return "", None
            return text, None

        return compose_text


HEADERLESS = Columns(texts=("Reports",))
"""One column without a header, as the CheXpert labeler takes it; it calls the column so."""


def choose_columns(
    names: Sequence[str], options: Options, source: str, *, from_row: bool = False
) -> Columns:
    """Choose the columns to read, those asked for or those known by their names.

    Args:
        names: the table's columns.
        options: the columns asked for.
        source: what messages call the table.
        from_row: whether the names are the first row's cells, which may be those of a report.

    Raises:
        InputError: when a column asked for is not there, no column is known to hold reports, or two
            have the name of one that is read.
    """
    there = partial(_columns_there, names, from_row=from_row)
    columns = _chosen(names, options, source, there)._replace(longest=options.max_size)
    for name in columns.needed:
        if names.count(name) > 1:
            raise InputError(
                f"{source} has {names.count(name)} columns named {name!r}; rename all but one of "
                "them, or choose others with --text-column and --id-column"
            )
    return columns


def _chosen(
    names: Sequence[str], options: Options, source: str, there: Callable[[], str]
) -> Columns:
    ids = tuple(_find(name, names, source, "--id-column", there) for name in options.id_columns)
    if not ids:
        ids = tuple(dict.fromkeys(name for name in names if _is_id(name)))
    if options.text_column is not None:
        text = _find(options.text_column, names, source, "--text-column", there)
        if not options.id_columns:
            ids = tuple(name for name in ids if name != text)
        section = next((s for s, known in _SECTION_NAMES.items() if _normal(text) in known), None)
        return Columns((text,), () if section is None else (section,), None, ids)
    by_normal_name = {_normal(name): name for name in reversed(names)}
    for known in _TEXT_NAMES:
        if known in by_normal_name:
            return Columns((by_normal_name[known],), (), None, ids)
    sections = {
        section: by_normal_name[name]
        for section, known_names in _SECTION_NAMES.items()
        for name in reversed(known_names)
        if name in by_normal_name
    }
    if not sections:
        raise InputError(
            f"{source} has no column that is known to hold reports; name it with --text-column; "
            + there()
        )
    fallback = by_normal_name.get(_FALLBACK_NAME)
    return Columns(tuple(sections.values()), tuple(sections), fallback, ids)


def number_columns(width: int, options: Options, source: str) -> tuple[Columns, list[str]]:
    """Choose the columns of a table without a header, which are asked for by number.

    Args:
        width: how many columns there are.
        options: the columns asked for.
        source: what messages call the table.

    Returns:
        The columns that are read, and the name given to each: "id" (of several "id_1", "id_3", by
        their numbers), "report", and its number to any other.

    Raises:
        InputError: when a column asked for is no number or there is none of that number, or when
            it has to be said which one holds the reports.
    """
    if options.text_column is None and width > 1:
        raise InputError(
            f"{source} has {width} columns; with --no-header say by its number which holds the "
            f"reports: --text-column {width}"
        )
    text = _number(options.text_column or "1", width, source, "--text-column")
    ids = [_number(asked, width, source, "--id-column") for asked in options.id_columns]
    if not ids:
        ids = [number for number in range(1, width + 1) if number != text][:1]
    names = [str(number) for number in range(1, width + 1)]
    for number in ids:
        names[number - 1] = "id" if len(ids) == 1 else f"id_{number}"
    if text not in ids:
        names[text - 1] = HEADERLESS.texts[0] if width == 1 else "report"
    id_names = tuple(names[number - 1] for number in ids)
    return Columns((names[text - 1],), ids=id_names, longest=options.max_size), names


def _number(asked: str, width: int, source: str, option: str) -> int:
    if not asked.isdecimal() or not 1 <= int(asked) <= width:
        raise InputError(
            f"{source} has no column number {asked!r} ({option}); "
            f"without a header its columns are 1 to {width}"
        )
    return int(asked)


def is_text_name(name: str, asked: str | None = None, *, whole: bool = False) -> bool:
    """Tell whether a cell is the name of a column that holds reports.

    Args:
        name: the cell.
        asked: the text column asked for, if any.
        whole: whether to know the names of whole reports only, not those of sections, which may
            as well be a heading in a text.
    """
    normal = _normal(name)
    if asked is not None and (name == asked or (normal and normal == _normal(asked))):
        return True
    return normal in _TEXT_NAMES or (
        not whole and any(normal in known for known in _SECTION_NAMES.values())
    )


def is_column_name(name: str) -> bool:
    """Tell whether a cell is the name of a column that holds reports or identifiers."""
    return is_text_name(name) or _is_id(name)


def _find(
    asked: str, names: Sequence[str], source: str, option: str, there: Callable[[], str]
) -> str:
    """Return the column asked for, by its very name or else by the same name written otherwise."""
    if asked in names:
        return asked
    normal = _normal(asked)
    alike = {name for name in names if normal and _normal(name) == normal}
    if len(alike) == 1:
        return alike.pop()
    raise InputError(f"{source} has no column {asked!r} ({option}); {there()}")


def _columns_there(names: Sequence[str], *, from_row: bool) -> str:
    """List a table's columns, as far as no text of a report can be among them."""
    pattern = _CODED_NAME if from_row else _ONE_WORD_NAME
    if any(map(is_column_name, names)):
        pattern = _COLUMN_NAME
    shown = [name for name in names if pattern.fullmatch(name)]
    number = len(names)
    if from_row and 2 * len(shown) < number:
        cells = "1 cell" if number == 1 else f"{number} cells"
        return (
            f"its first row ({cells}) does not look like column names; if it has none, "
            f"state --no-header --text-column {number}"
        )
    if not shown:
        columns = "1 column, whose name is" if number == 1 else f"{number} columns, whose names are"
        return f"it has {columns} not shown, being no single words"
    listed = ", ".join(shown[:_LISTED])
    others = len(names) - len(shown[:_LISTED])
    return f"its columns are: {listed}" + (f" and {others} more" if others else "")


def _normal(name: str) -> str:
    """Write a column name in one way: "Report Impression", "ReportImpression" and so on alike."""
    snake_case = _CAMEL_CASE.sub("_", name.strip()).lower()
    return _NOT_ALPHANUMERIC.sub("_", snake_case).strip("_")


def _is_id(name: str) -> bool:
    """Tell whether a column identifies its rows, going by its name."""
    normal = _normal(name)
    return normal in _ID_RANK or normal.endswith(("_id", "_uid"))


def _id_rank(name: str) -> int:
    """Rank a column by how specific to a report it is, the most specific first."""
    return _ID_RANK.get(_normal(name), len(_ID_NAMES))


def _present(cell: str) -> str:
    """Return a cell without surrounding blanks, empty when it stands for a missing value."""
    text = cell.strip()
    return "" if len(text) <= _MISSING_LENGTH and text in _MISSING else text
