"""The jobs whose speed is measured: those of chexlabel, and what others do with the same text.

Each function prepares its job, which is not measured, and returns what is. All of them run on one
core in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import spacy
from negspacy.negation import Negex

import chexlabel
from chexlabel import Labeler
from chexlabel.metrics import ClinicalEfficacy
from chexlabel.patterns import load_patterns
from chexlabel.patterns.load import read_set
from chexlabel.patterns.syntax import expand

__all__ = [
    "Job",
    "clinical_efficacy",
    "csv_to_csv",
    "labels",
    "labels_again",
    "labels_by_negex",
    "labels_with_evidence",
    "make_docs",
    "make_docs_again",
    "negspacy_pipeline",
]

Job = Callable[[], object]

_PHRASES_PER_FINDING = 200
"""How many phrases of a finding negspacy's pipeline gets: spelled out, some stand for thousands."""


def labels(reports: list[str]) -> Job:
    """Label with a fresh labeler, which remembers no sentence."""
    labeler = Labeler()
    return lambda: [labeler.label(report) for report in reports]


def labels_again(reports: list[str]) -> Job:
    """Label once more with a labeler that has seen the reports."""
    labeler = Labeler()
    for report in reports:
        labeler.label(report)
    return lambda: [labeler.label(report) for report in reports]


def labels_with_evidence(reports: list[str]) -> Job:
    """Label with a fresh labeler and collect all mentions, their offsets and cues."""
    labeler = Labeler()
    return lambda: [labeler(report) for report in reports]


def labels_by_negex(reports: list[str]) -> Job:
    """Label with a fresh labeler whose mentions are judged by negspacy."""
    labeler = Labeler(assertion="negex")
    return lambda: [labeler.label(report) for report in reports]


def csv_to_csv(source: Path, output: Path) -> Job:
    """Label a CSV file into another with a fresh labeler: reading and writing are measured."""
    labeler = Labeler()
    return lambda: chexlabel.label_file(source, output, labeler=labeler, force=True)


def clinical_efficacy(references: list[str], predictions: list[str]) -> Job:
    """Score generated reports as an epoch's end does: the references were labeled before.

    The predictions are new to the labeler, which the job makes anew each time it is prepared.
    """
    metric = ClinicalEfficacy(Labeler(refine=False))
    metric.encode(references, references)
    return lambda: metric.compute(predictions, references)


def make_docs(reports: list[str]) -> Job:
    """Tokenise with a fresh `spacy.blank("en")`."""
    nlp = spacy.blank("en")
    return lambda: [nlp.make_doc(report) for report in reports]


def make_docs_again(reports: list[str]) -> Job:
    """Tokenise once more with a `spacy.blank("en")` that has seen the reports."""
    nlp = spacy.blank("en")
    for report in reports:
        nlp.make_doc(report)
    return lambda: [nlp.make_doc(report) for report in reports]


def negspacy_pipeline(reports: list[str]) -> Job:
    """Find entities and negate them as negspacy's documentation shows, without a parser.

    `spacy.blank("en")`, sentencizer, an entity ruler with phrases of the pattern set, negex. It
    finds fewer mentions than the labeler, knows no anatomy, and yields no labels of reports.
    """
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns(  # type: ignore[attr-defined]
        [{"label": finding, "pattern": words} for finding, words in _phrases()]
    )
    negex = nlp.add_pipe("negex")
    assert isinstance(negex, Negex)
    return lambda: [[(e.label_, e._.negex) for e in doc.ents] for doc in nlp.pipe(reports)]


def _phrases() -> list[tuple[str, str]]:
    """Return findings with their phrases spelled out: the stem for `effusion*`, gaps left out."""
    source = read_set("chexpert14")
    tracked = load_patterns("chexpert14").tracked
    return sorted(
        {
            (finding, " ".join(words).replace("*", ""))
            for finding in tracked
            for file in source.findings[finding]
            for phrase in source.phrases(file, "positive")
            for words in islice(sorted(expand(phrase.full)), _PHRASES_PER_FINDING)
            if "..." not in words
        }
    )
