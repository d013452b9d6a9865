"""The reports behind the disagreements: their text, and chexlabel's mentions in it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError as SchemaError

from chexlabel.errors import InputError, ValidationError
from chexlabel.labels import LABEL_WORDS, Attribution, LabeledReport
from chexlabel.validation.evidence_conversion import (
    decided,
    from_attribution,
    from_mention,
    to_mentions,
)
from chexlabel.validation.evidence_results import EvidenceCue, EvidenceMention, ReportEvidence
from chexlabel.validation.lookup import FoundById, WantedIds
from chexlabel.validation.text_files import open_text
from chexlabel.writers.evidence import EVIDENCE_KEYS

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Mapping

    from chexlabel.engine.labeler import Labeler
    from chexlabel.readers import ReaderOptions
    from chexlabel.report import Report
    from chexlabel.validation.evidence_results import ClassName

__all__ = ["collect_evidence"]


class _Found(NamedTuple):
    """What chexlabel says of a report.

    Attributes:
        mentions: of all findings.
        labels: finding -> label; empty where the evidence has none.
        refiner: name and version of the model that refined it.
    """

    mentions: list[EvidenceMention]
    labels: dict[str, ClassName]
    refiner: str | None


def collect_evidence(  # noqa: PLR0913 - the options of the command
    questions: Mapping[str, Collection[str]],
    *,
    reports: str | os.PathLike[str] | None,
    evidence: str | os.PathLike[str] | None,
    notes: list[str],
    id_column: str | None = None,
    label_id_columns: Collection[str] = (),
    reading: ReaderOptions | None = None,
    patterns: str | os.PathLike[str] = "chexpert14",
    by_row: bool = False,
) -> list[ReportEvidence]:
    """Look the reports up and find the mentions in them.

    Where the refiner decided on a finding in question and the text is at hand, what the rules alone
    read comes too, and, from the same model, the words that the refiner's reading stands on.

    Args:
        questions: id of each report wanted -> the findings in question.
        reports: file of reports; they are labeled unless `evidence` is given too.
        evidence: evidence file of `chexlabel label --evidence`.
        notes: gets how many reports are not there.
        id_column: column of the ids, in both files.
        label_id_columns: columns that the ids come from; one of their name is believed first.
        reading: what else is known of the reports file: its text column, its encoding ...
        patterns: pattern set to label the reports with.
        by_row: the ids are row numbers, counted from 1.

    Returns:
        One entry a report that was found, in the order of `questions`.

    Raises:
        ValidationError: the evidence file is broken, not one of the reports is in the files, or
            one is there twice and differs.
        InputError: the reports file cannot be read.
    """
    if reports is None and evidence is None:
        return []
    # Read where nothing is in question, too: a mistyped file is then found at once.
    wanted = WantedIds(questions)
    said: Mapping[str, _Found] = {}
    if evidence is not None:
        path = Path(evidence)
        recorded: FoundById[_Found] = FoundById(wanted, label_id_columns, path.name)
        _read_evidence(path, recorded, id_column, by_row)
        said = recorded.best(notes)
    given: Mapping[str, Report] = {}
    labelers = _Labelers(patterns)
    if reports is not None:
        options: ReaderOptions = {**(reading or {}), "id_column": id_column}
        there: FoundById[Report] = FoundById(wanted, label_id_columns, Path(reports).name)
        _read_reports(reports, options, there, by_row)
        given = there.best(notes)
        if evidence is None:
            said = {key: _labeled(report, labelers.own) for key, report in given.items()}
        else:
            _check_offsets(given, said, Path(evidence).name)
    known = [key for key in questions if key in given or key in said]
    if questions and not known:
        source = Path(reports if reports is not None else evidence or "").name
        raise ValidationError(
            f"{source}: has none of the {len(wanted)} reports to show; check that its ids are "
            "those of the labels (--report-id-column names their column)"
        )
    return [_entry(key, given.get(key), said.get(key), questions[key], labelers) for key in known]


class _Labelers:
    """The labelers of a pattern set, made when they are first asked for."""

    def __init__(self, patterns: str | os.PathLike[str]) -> None:
        self._patterns = patterns

    @cached_property
    def own(self) -> Labeler:
        """The labeler as it comes."""
        from chexlabel.engine.labeler import Labeler

        return Labeler(self._patterns)

    @cached_property
    def rules(self) -> Labeler:
        """The rules alone."""
        from chexlabel.engine.labeler import Labeler

        return Labeler(self._patterns, refine=False)


def _entry(
    key: str,
    report: Report | None,
    said: _Found | None,
    findings: Collection[str],
    labelers: _Labelers,
) -> ReportEvidence:
    mentions = [] if said is None else said.mentions
    found = ReportEvidence(
        id=key,
        text=None if report is None else report.text,
        mentions=mentions,
        labels={} if said is None else {f: said.labels[f] for f in findings if f in said.labels},
    )
    refined = {m.finding for m in mentions if m.source == "refiner" and m.finding in findings}
    if report is None or said is None or not refined:
        return found
    by_rules = [m for m in labelers.rules(report).mentions if m.finding in refined]
    attributions: tuple[Attribution, ...] = ()
    if labelers.own.refiner == said.refiner:  # what another model saw, this one cannot tell
        labeled = _as_labeled(found)
        attributions = labelers.own.attributions(report, labeled, findings=refined)
    return found.model_copy(
        update={
            "by_rules": [from_mention(mention) for mention in by_rules],
            "attributions": [from_attribution(attribution) for attribution in attributions],
        }
    )


def _read_reports(
    source: str | os.PathLike[str],
    reading: ReaderOptions,
    found: FoundById[Report],
    by_row: bool,
) -> None:
    from chexlabel.readers import open_reports

    with _own_option_named(), open_reports(source, **reading) as stream:
        for row, report in enumerate(stream, 1):
            # A reader may join several columns to an id ("10000032/50414267"); the labels may
            # name just one of them.
            keys = {"": report.stated_id} | {c: str(v) for c, v in report.columns.items()}
            found.add({"": str(row)} if by_row else keys, report, report.text)


@contextmanager
def _own_option_named() -> Iterator[None]:
    """Let the reader's errors name the option of `validate`, whose `--id-column` is another."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace("--id-column", "--report-id-column")) from None


def _labeled(report: Report, labeler: Labeler) -> _Found:
    labeled = labeler(report)
    return _Found(
        [from_mention(mention) for mention in labeled.mentions],
        {finding: LABEL_WORDS[label] for finding, label in labeled.labels.items()},
        labeled.refiner,
    )


def _as_labeled(found: ReportEvidence) -> LabeledReport:
    mentions = tuple(to_mentions(found))
    labels = {m.finding: decided(found, m.finding) for m in mentions}
    return LabeledReport(found.id, labels, mentions)


def _read_evidence(
    path: Path, found: FoundById[_Found], id_column: str | None, by_row: bool
) -> None:
    for number, line in _numbered_lines(path):
        try:
            record = json.loads(line)
            keys = {"": str(number)} if by_row else _record_keys(record, id_column)
            said = _recorded(record)
        except (ValueError, KeyError, TypeError, AttributeError, SchemaError):
            raise ValidationError(
                f"{path.name}, line {number}: not a line of evidence; write the file with "
                "chexlabel label --evidence"
            ) from None
        found.add(keys, said, said)


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of an evidence file that are not empty, with their numbers."""
    with open_text(path, path.name) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield number, line


def _record_keys(record: Mapping[str, Any], id_column: str | None) -> dict[str, str]:
    if id_column is not None:
        return {id_column: str(record[id_column])}
    columns = {c: str(value) for c, value in record.items() if c not in EVIDENCE_KEYS}
    return {**columns, "": "/".join(columns.values())}


def _recorded(record: Mapping[str, Any]) -> _Found:
    return _Found(
        [_recorded_mention(mention) for mention in record["mentions"]],
        {finding: LABEL_WORDS[label] for finding, label in record["labels"].items()},
        record.get("refiner"),
    )


def _recorded_mention(record: Mapping[str, Any]) -> EvidenceMention:
    return EvidenceMention(
        finding=record["finding"],
        label=LABEL_WORDS[record["label"]],
        text=record["text"],
        start=record["start"],
        end=record["end"],
        section=record["section"],
        sentence=record.get("sentence"),
        cues=record["cues"],
        confidence=record.get("confidence"),
        source=record.get("source", "rules"),
    )


def _check_offsets(reports: Mapping[str, Report], said: Mapping[str, _Found], name: str) -> None:
    """Make sure that evidence and text belong together: each mention must quote its report."""
    for key in reports.keys() & said.keys():
        text = reports[key].text
        for mention in said[key].mentions:
            spans: list[EvidenceMention | EvidenceCue] = [mention, *mention.cues]
            first, last = mention.sentence or (mention.start, mention.end)
            inside = 0 <= first <= mention.start and mention.end <= last <= len(text)
            if not inside or any(text[span.start : span.end] != span.text for span in spans):
                raise ValidationError(
                    f"{name}: the evidence of report {key} does not quote its text; it was "
                    "made from other reports, so make it again"
                )
