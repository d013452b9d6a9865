"""The reports behind the disagreements: their text, and chexlabel's mentions in it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError as SchemaError

from chexlabel.errors import InputError, ValidationError
from chexlabel.labels import LABEL_WORDS, LABELS_BY_WORD, Cue, Mention
from chexlabel.validation.identifiers import plain_id
from chexlabel.validation.results import (
    EvidenceCue,
    EvidenceMention,
    ReportEvidence,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from chexlabel.report import Report

__all__ = ["collect_evidence", "to_mentions"]


def collect_evidence(
    ids: Collection[str],
    *,
    reports: str | os.PathLike[str] | None,
    evidence: str | os.PathLike[str] | None,
    id_column: str | None = None,
    text_column: str | None = None,
    patterns: str | os.PathLike[str] = "chexpert14",
    by_row: bool = False,
) -> list[ReportEvidence]:
    """Look the reports up and find the mentions in them.

    Args:
        ids: ids of the reports wanted.
        reports: file of reports; they are labeled unless `evidence` is given too.
        evidence: evidence file of `chexlabel label --evidence`.
        id_column: column of the ids, in both files.
        text_column: column of the text in the reports file.
        patterns: pattern set to label the reports with.
        by_row: the ids are row numbers, counted from 1.

    Returns:
        One entry a report that was found, in the order of `ids`.

    Raises:
        ValidationError: the evidence file is broken, or not one of the reports is in the files.
        InputError: the reports file cannot be read.
    """
    if not ids or (reports is None and evidence is None):
        return []
    wanted = Wanted(ids)
    mentions: dict[str, list[EvidenceMention]] = {}
    if evidence is not None:
        mentions = _read_evidence(Path(evidence), wanted, id_column, by_row)
    texts: dict[str, str] = {}
    if reports is not None:
        found = _read_reports(reports, wanted, id_column, text_column, by_row)
        texts = {key: report.text for key, report in found.items()}
        if evidence is None:
            mentions = _label(found, patterns)
        else:
            _check_offsets(texts, mentions, Path(evidence).name)
    known = [key for key in ids if key in texts or key in mentions]
    if not known:
        source = Path(reports if reports is not None else evidence or "").name
        raise ValidationError(
            f"{source}: has none of the {len(wanted)} reports to show; check that its ids are "
            "those of the labels (--report-id-column names their column)"
        )
    return [
        ReportEvidence(id=key, text=texts.get(key), mentions=mentions.get(key, [])) for key in known
    ]


class Wanted:
    """The ids that are looked for, which a file of reports may write in another way.

    Args:
        ids: the ids as the labels have them.
    """

    def __init__(self, ids: Collection[str]) -> None:
        self._ids = {identifier: identifier for identifier in ids}
        for identifier in ids:
            self._ids.setdefault(plain_id(identifier), identifier)

    def __len__(self) -> int:
        return len(set(self._ids.values()))

    def find(self, keys: Iterable[str]) -> str | None:
        """Return the first id, as the labels have it, that one of these is."""
        for form in (str, plain_id):
            for key in keys:
                if (found := self._ids.get(form(key))) is not None:
                    return found
        return None


def to_mentions(evidence: ReportEvidence, finding: str | None = None) -> list[Mention]:
    """Turn the evidence for one finding, or for all, back into mentions, for highlighting."""
    return [
        Mention(
            finding=m.finding,
            label=LABELS_BY_WORD[m.label],
            text=m.text,
            start=m.start,
            end=m.end,
            section=m.section,
            sentence=(m.start, m.end),
            cues=tuple(Cue(c.kind, c.text, c.start, c.end, c.pattern) for c in m.cues),
            pattern="",
        )
        for m in evidence.mentions
        if finding is None or m.finding == finding
    ]


def _read_reports(
    source: str | os.PathLike[str],
    wanted: Wanted,
    id_column: str | None,
    text_column: str | None,
    by_row: bool,
) -> dict[str, Report]:
    from chexlabel.readers import open_reports

    found: dict[str, Report] = {}
    with (
        _own_option_named(),
        open_reports(source, id_column=id_column, text_column=text_column) as stream,
    ):
        for row, report in enumerate(stream, 1):
            # A reader may join several columns to an id ("10000032/50414267"); the labels may
            # name just one of them.
            keys = (str(row),) if by_row else (report.id, *report.columns.values())
            key = wanted.find(keys)
            if key is not None:
                found.setdefault(key, report)
    return found


@contextmanager
def _own_option_named() -> Iterator[None]:
    """Let the reader's errors name the option of `validate`, whose `--id-column` is another."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace("--id-column", "--report-id-column")) from None


def _label(
    reports: Mapping[str, Report], patterns: str | os.PathLike[str]
) -> dict[str, list[EvidenceMention]]:
    from chexlabel.engine.labeler import Labeler

    labeler = Labeler(patterns)
    return {
        key: [_from_mention(mention) for mention in labeler(report).mentions]
        for key, report in reports.items()
    }


def _from_mention(mention: Mention) -> EvidenceMention:
    return EvidenceMention(
        finding=mention.finding,
        label=LABEL_WORDS[mention.label],
        text=mention.text,
        start=mention.start,
        end=mention.end,
        section=mention.section,
        cues=[
            EvidenceCue(kind=c.kind, text=c.text, start=c.start, end=c.end, pattern=c.pattern)
            for c in mention.cues
        ],
    )


def _read_evidence(
    path: Path, wanted: Wanted, id_column: str | None, by_row: bool
) -> dict[str, list[EvidenceMention]]:
    found: dict[str, list[EvidenceMention]] = {}
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                    keys = [str(number)] if by_row else _record_keys(record, id_column)
                    mentions = [_from_record(m) for m in record["mentions"]]
                    key = wanted.find(keys)
                    if key is not None:
                        found.setdefault(key, mentions)
                except (ValueError, KeyError, TypeError, AttributeError, SchemaError):
                    raise ValidationError(
                        f"{path.name}, line {number}: not a line of evidence; write the file with "
                        "chexlabel label --evidence"
                    ) from None
    except FileNotFoundError:
        raise ValidationError(f"{path}: no such file; check the path") from None
    except UnicodeDecodeError:
        raise ValidationError(f"{path.name}: not UTF-8; is it an evidence file?") from None
    except OSError as error:
        raise ValidationError(f"{path}: cannot be read ({error.strerror or error})") from None
    return found


def _record_keys(record: Mapping[str, Any], id_column: str | None) -> Sequence[str]:
    if id_column is not None:
        return [str(record[id_column])]
    columns = [v for k, v in record.items() if k not in ("labels", "mentions", "error")]
    return [str(value) for value in columns] + ["/".join(map(str, columns))]


def _from_record(record: Mapping[str, Any]) -> EvidenceMention:
    return EvidenceMention(
        finding=record["finding"],
        label=LABEL_WORDS[record["label"]],
        text=record["text"],
        start=record["start"],
        end=record["end"],
        section=record["section"],
        cues=record["cues"],
    )


def _check_offsets(
    texts: Mapping[str, str], mentions: Mapping[str, Sequence[EvidenceMention]], name: str
) -> None:
    """Make sure that evidence and text belong together: each mention must quote its report."""
    for key, text in texts.items():
        for mention in mentions.get(key, ()):
            spans: list[EvidenceMention | EvidenceCue] = [mention, *mention.cues]
            for span in spans:
                if text[span.start : span.end] != span.text:
                    raise ValidationError(
                        f"{name}: the evidence of report {key} does not quote its text; it was "
                        "made from other reports, so make it again"
                    )
