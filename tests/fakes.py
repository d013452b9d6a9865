"""A labeler of two words, and files of reports for it."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

from chexlabel.labels import Cue, Label, LabeledReport, Mention
from chexlabel.report import Report

FINDINGS = ("Edema", "Pneumonia")

TEXTS = ["There is edema.", "A chest.", "There is no pneumonia, edema."]

LABELS = "id,Edema,Pneumonia\nr1,1.0,\nr2,,\nr3,1.0,0.0\n"
"""What `label_file` writes of `TEXTS`."""

MANY = [f"report {n} has {'no ' if n % 3 else ''}edema" for n in range(1000)]


class FakeLabeler:
    """Labels two words, which "no" before them negates; some reports make it fail."""

    findings = FINDINGS

    def label(self, report: str | Report) -> tuple[Label | None, ...]:
        return tuple(self(report).labels.values())

    def __call__(self, report: str | Report) -> LabeledReport:
        text = report if isinstance(report, str) else report.text
        if "BOOM" in text:
            raise ValueError(text)
        if "CRASH" in text:
            os._exit(1)
        labels: dict[str, Label | None] = dict.fromkeys(FINDINGS)
        mentions = []
        for match in re.finditer(r"(no )?(edema|pneumonia)", text):
            finding = match[2].capitalize()
            label = Label.NEGATIVE if match[1] else Label.POSITIVE
            cue = Cue("negation", "no", match.start(), match.start() + 2, "no")
            labels[finding] = label
            mentions.append(
                Mention(
                    finding,
                    label,
                    match[2],
                    match.start(2),
                    match.end(2),
                    "body",
                    (0, len(text)),
                    (cue,) if match[1] else (),
                    match[2],
                )
            )
        return LabeledReport(None if isinstance(report, str) else report.id, labels, (*mentions,))


def reports_csv(path: Path, texts: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "report"])
        rows.writerows([f"r{number}", text] for number, text in enumerate(texts, start=1))
    return path
