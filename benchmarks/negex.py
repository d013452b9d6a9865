"""How well does the assertion stage tell negated from affirmed, on text it was not made for?

    python benchmarks/negex.py             # the figures, negspacy's NegEx beside them
    python benchmarks/negex.py --errors    # and the numbers of the lines that are judged wrong
    python benchmarks/negex.py --show-text # and their sentences, for your own screen
    python benchmarks/negex.py --beside context.tsv  # and another's answers, line and 1 or 0

The annotations are the NegEx test kit (Chapman et al. 2001, doi:10.1006/jbin.2001.1029; 2,376
sentences of clinical notes of all kinds, github.com/chapmanbe/negex, Apache-2.0), looked for in
`../shared/negex/annotations.tsv`. Each line marks one concept in a sentence as negated or affirmed.

Only the assertion stage is at work: the concept's place is given, the pattern set's own findings
and state words are left out, its cues and the words that structure a sentence are used as they
stand. "Negated" is a negative label; positive, uncertain and none (history, hypotheticals) all
count as affirmed, because the kit keeps temporality and experiencer in columns of their own. Its
first version had a third status, "possible", which this one has not: those lines are affirmed.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from chexlabel import Label
from chexlabel.engine.decide import judge
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, find_matches, symbolize, token_offsets
from chexlabel.patterns import load_patterns
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import Role, Tag

ANNOTATIONS = Path(__file__).resolve().parents[2] / "shared" / "negex" / "annotations.tsv"

STAND_IN = "pneumothorax"
"""A word that the pattern set knows as a finding; it takes the concept's place."""

_FINDINGS = frozenset({Tag.MENTION, Tag.EXCLUDE, Tag.ANATOMY, Tag.STATE})


class Annotation(NamedTuple):
    """One line of the test kit.

    Attributes:
        line: its number, as the kit counts.
        concept: the marked words, not always in the case in which the sentence has them.
        sentence: the text, in which the concept stands in capitals.
        negated: what the annotators say.
        start, end: the concept's tokens in the sentence.
    """

    line: int
    concept: str
    sentence: str
    negated: bool
    start: int
    end: int


class Figures(NamedTuple):
    """How well negated concepts are told from affirmed ones; all between 0 and 1."""

    accuracy: float
    precision: float
    recall: float
    f1: float


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", default="chexpert14", help="pattern set to judge")
    parser.add_argument("--errors", action="store_true", help="list the lines judged wrong")
    parser.add_argument("--show-text", action="store_true", help="list them with their sentences")
    parser.add_argument("--beside", type=Path, help="answers of benchmarks/medspacy_context.py")
    arguments = parser.parse_args(argv)
    console = Console(width=100, highlight=False)
    if not ANNOTATIONS.is_file():
        console.print(f"{ANNOTATIONS}: not there, so nothing to measure", style="yellow")
        return 2
    annotations = read_annotations(ANNOTATIONS)
    scope = ScopeJudge(arguments.patterns)
    decided = [scope(a) for a in annotations]
    negated = [judgement.label is Label.NEGATIVE for judgement in decided]
    answers = {
        f"chexlabel, {arguments.patterns}": negated,
        "negspacy, en_clinical": negspacy_answers(annotations),
    }
    if arguments.beside:
        answers[arguments.beside.stem] = read_answers(arguments.beside, annotations)
    chest = [scope.knows(a.concept) for a in annotations]
    console.print(comparison("concepts", annotations, answers, [True] * len(annotations)))
    console.print(comparison("concepts of the pattern set", annotations, answers, chest))
    if arguments.errors or arguments.show_text:
        for annotation, answer, judgement in zip(annotations, negated, decided, strict=True):
            if answer != annotation.negated:
                show(console, annotation, judgement, with_text=arguments.show_text)
    return 0


def comparison(
    title: str,
    annotations: Sequence[Annotation],
    answers: Mapping[str, Sequence[bool]],
    chosen: Sequence[bool],
) -> Table:
    """Return a table of what each reader is worth on the chosen lines."""
    lines = list(compress(annotations, chosen))
    table = Table(title=f"{len(lines):,} {title}, {sum(a.negated for a in lines)} negated")
    for heading in ("", "accuracy", "precision", "recall", "F1 of negated"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, negated in answers.items():
        figures = measure(lines, list(compress(negated, chosen)))
        table.add_row(name, *(f"{figure:.3f}" for figure in figures))
    return table


def read_answers(path: Path, annotations: Sequence[Annotation]) -> list[bool]:
    """Read another's answers, a line's number and 1 or 0; a line without one is affirmed."""
    with path.open(encoding="utf-8", newline="") as file:
        said = {int(line): answer == "1" for line, answer in csv.reader(file, delimiter="\t")}
    return [said.get(annotation.line, False) for annotation in annotations]


def read_annotations(path: Path) -> list[Annotation]:
    """Read the test kit; concepts whose first word is not in their sentence are left out."""
    annotations = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for line, concept, sentence, status, *_ in rows:
            place = locate(concept, sentence)
            if place is not None:
                negated = status.strip().lower() == "negated"
                annotations.append(Annotation(int(line), concept, sentence, negated, *place))
    return annotations


def locate(concept: str, sentence: str) -> tuple[int, int] | None:
    """Return the tokens of `sentence` that are the concept, `None` when it is not there.

    Where the sentence was cut off within the concept, as much as there is of it. Of several places
    the one in capitals counts, else the first.

    >>> locate("chest pain", "No chest pain, but CHEST PAIN last week.")
    (5, 7)
    >>> locate("Neck: Supple. No masses", "Neck: Supple.")
    (0, 4)
    """
    tokens = [sentence[start:end] for start, end in token_offsets(sentence)]
    words = [concept[start:end].lower() for start, end in token_offsets(concept)]
    lowered = [token.lower() for token in tokens]
    for length in range(len(words), 0, -1):
        found = [
            (at, at + length)
            for at in range(len(tokens) - length + 1)
            if lowered[at : at + length] == words[:length]
        ]
        if found:
            return next((p for p in found if "".join(tokens[slice(*p)]).isupper()), found[0])
    return None


class ScopeJudge:
    """Judges marked concepts by the cues of a pattern set."""

    def __init__(self, patterns: str) -> None:
        self._lexicon: Lexicon = load_patterns(patterns).lexicon

    def knows(self, concept: str) -> bool:
        """Tell whether the pattern set has a finding in the concept's words."""
        items = find_matches(symbolize(concept, self._lexicon), self._lexicon) or []
        return any(item.role.tag == Tag.MENTION for item in items)

    def __call__(self, annotation: Annotation) -> Judgement:
        """Judge the concept of a line as if it were a finding's phrase of one word."""
        symbols = symbolize(annotation.sentence, self._lexicon)
        at = annotation.start
        symbols[at : annotation.end] = symbolize(STAND_IN, self._lexicon)
        items = find_matches(symbols, self._lexicon) or []
        kept = [i for i in items if i.role.tag not in _FINDINGS and not i.start <= at < i.end]
        kept.append(Match(at, at + 1, Role(Tag.MENTION, layer=0, pattern=STAND_IN)))
        kept.sort(key=lambda item: item.start)
        (judgement,) = judge(kept)
        return judgement


def negspacy_answers(annotations: Sequence[Annotation]) -> list[bool]:
    """Return what negspacy's NegEx says of each concept: whether it is negated."""
    from chexlabel.engine.judges.negex import NegexJudge

    negex = NegexJudge(load_patterns("chexpert14").lexicon)
    role = Role(Tag.MENTION, layer=0, pattern="")
    return [
        negex.assess(a.sentence, [Match(a.start, a.end, role)])[0].label is Label.NEGATIVE
        for a in annotations
    ]


def measure(annotations: Sequence[Annotation], negated: Sequence[bool]) -> Figures:
    """Compare answers with the annotations."""
    truth = [annotation.negated for annotation in annotations]
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, negated, average="binary", pos_label=True
    )
    return Figures(accuracy_score(truth, negated), precision, recall, f1)


def show(
    console: Console, annotation: Annotation, judgement: Judgement, *, with_text: bool
) -> None:
    """Print a line that is judged wrong."""
    cues = ", ".join(repr(cue.role.pattern) for cue in judgement.cues) or "no cue"
    label = "blank" if judgement.label is None else judgement.label.name.lower()
    truth = "negated" if annotation.negated else "affirmed"
    if with_text:
        console.print(f"line {annotation.line}: {truth}, judged {label} ({cues})", markup=False)
        console.print(f"    [{annotation.concept}] {annotation.sentence}", markup=False)
    else:
        console.print(f"line {annotation.line}: {truth}, judged {label}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
