"""What the speed is measured on: recombined sample reports, and Open-i where it is at hand."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable, Sequence
from importlib import resources
from io import StringIO
from pathlib import Path

from chexlabel.engine.sections import Sectioner
from chexlabel.engine.sentences import SentenceSplitter
from chexlabel.patterns import load_patterns
from chexlabel.readers import open_reports

__all__ = [
    "OPENI",
    "openi_reports",
    "recombined_reports",
    "report_of",
    "sample_reports",
    "sentences_of",
    "vary",
    "write_csv",
]

OPENI = Path(__file__).resolve().parents[2] / "shared" / "openi" / "NLMCXR_reports_dev.tgz"
"""3,184 real reports (Open-i, CC BY-NC-ND 4.0), which are not part of the repository."""

# Recombined sentences shall repeat as those of reports do, because the labeler remembers sentences:
# in Open-i 39 % of the sentences of 3,184 reports are distinct. Words are replaced by others of
# their kind, and every fourth sentence gets a remark that hardly comes twice.
_KINDS = (
    ("left", "right", "bilateral"),
    ("small", "tiny", "moderate", "large", "trace"),
    ("mild", "mildly", "minimal", "moderately", "severe"),
    ("upper", "lower", "middle"),
    ("stable", "unchanged", "increased", "decreased", "improved"),
    ("basilar", "apical", "perihilar", "lingular"),
    ("is", "remains", "appears"),
    ("focal", "acute", "definite", "large"),
    ("seen", "identified", "present", "noted"),
    ("evidence", "sign"),
)
_ALTERNATIVES = {word: kind for kind in _KINDS for word in kind}
_NUMBER = re.compile(r"\d+(\.\d+)?")
_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?", re.IGNORECASE)
_REMARKS = (
    " compared with the film of {} days ago",
    ", as on image {} of the earlier study",
    ", about {} mm in width",
    " when compared with {} hours before",
)
_REASONS = ("Cough", "Fever", "Dyspnea", "Chest pain", "Line placement", "Preoperative", "Fall")


def sample_reports() -> list[str]:
    """Return the reports that ship with the package."""
    text = (resources.files("chexlabel") / "data/samples/reports.csv").read_text("utf-8")
    return [row["report"] for row in csv.DictReader(StringIO(text))]


def recombined_reports(count: int = 4000) -> list[str]:
    """Return distinct reports made of the samples' sentences, the same ones in every run.

    A report has an indication, two to six sentences of findings and one or two of impression.
    """
    rng = random.Random(14)  # noqa: S311 (no secret)
    sentences = sentences_of()
    reports: dict[str, None] = {}
    while len(reports) < count:
        reports[report_of(lambda: vary(rng.choice(sentences), rng), rng)] = None
    return list(reports)


def report_of(draw: Callable[[], str], rng: random.Random) -> str:
    """Return a report: an indication, two to six sentences of findings, one or two of impression.

    Args:
        draw: gives a sentence.
        rng: decides how many.
    """
    findings = [draw() for _ in range(rng.randint(2, 6))]
    impression = [draw() for _ in range(rng.randint(1, 2))]
    return (
        f"INDICATION: {rng.choice(_REASONS)}.\n\n"
        f"FINDINGS: {'. '.join(findings)}.\n\n"
        f"IMPRESSION: {'. '.join(impression)}.\n"
    )


def openi_reports() -> list[str] | None:
    """Return the texts of the Open-i reports, `None` where they are not at hand."""
    if not OPENI.is_file():
        return None
    with open_reports(OPENI) as source:
        return [report.text for report in source]


def write_csv(path: Path, reports: list[str]) -> None:
    """Write reports with an id each, as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "report"))
        writer.writerows((f"r{number}", text) for number, text in enumerate(reports, 1))


def sentences_of(reports: Sequence[str] = ()) -> list[str]:
    """Return the distinct sentences that the labels of the samples, and of others, come from."""
    model = load_patterns("chexpert14").sections
    sectioner, splitter = Sectioner(model), SentenceSplitter(model)
    return sorted(
        {
            " ".join(sentence.split())
            for text in (*sample_reports(), *reports)
            for span in sectioner.counted(text)
            for sentence in splitter.split(text, span.start, span.end)
        }
    )


def vary(sentence: str, rng: random.Random) -> str:
    """Replace words by others of their kind, numbers by others, and perhaps add a remark."""

    def replaced(match: re.Match[str]) -> str:
        word = match[0]
        if _NUMBER.fullmatch(word):
            return f"{rng.uniform(0.5, 9.5):.1f}" if "." in word else str(rng.randint(1, 9))
        kind = _ALTERNATIVES.get(word)
        return rng.choice(kind) if kind is not None else word

    remark = rng.choice(_REMARKS).format(rng.randint(2, 999)) if rng.random() < 0.27 else ""
    return _WORD.sub(replaced, sentence) + remark
