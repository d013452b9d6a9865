"""What medspaCy's ConText says of the NegEx test kit, for `benchmarks/negex.py --beside`.

    python -m venv medspacy && medspacy/bin/pip install medspacy
    medspacy/bin/python benchmarks/medspacy_context.py > context.tsv
    python benchmarks/negex.py --beside context.tsv

medspaCy wants versions of its own of what chexlabel needs, hence the environment of its own. For
each annotated line it prints the line's number and whether ConText (Harkema et al. 2009,
doi:10.1016/j.jbi.2009.05.002) with medspaCy's rules calls the concept negated, 1 or 0.
"""

from __future__ import annotations

import csv
from pathlib import Path

from spacy.tokens import Doc, Span

ANNOTATIONS = Path(__file__).resolve().parents[2] / "shared" / "negex" / "annotations.tsv"


def concept_span(doc: Doc, concept: str) -> Span | None:
    """Return the concept's tokens: those in capitals, else the first with the same words."""
    text, wanted = doc.text.lower(), concept.strip().lower()
    places = []
    at = text.find(wanted)
    while at >= 0:
        places.append(at)
        at = text.find(wanted, at + 1)
    chosen = next((p for p in places if doc.text[p : p + len(wanted)].isupper()), None)
    if chosen is None and places:
        chosen = places[0]
    if chosen is None:
        return None
    return doc.char_span(chosen, chosen + len(wanted), "CONCEPT", alignment_mode="expand")


def main() -> None:
    """Print the answers."""
    import medspacy  # here, so that the tests can read this file where it is not installed

    nlp = medspacy.load(enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    with ANNOTATIONS.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for line, concept, sentence, *_ in rows:
            doc = nlp.make_doc(sentence)
            span = concept_span(doc, concept)
            if span is None:
                continue
            for name, pipe in nlp.pipeline:
                if name == "medspacy_context":
                    doc.ents = [span]
                doc = pipe(doc)
            print(line, int(doc.ents[0]._.is_negated), sep="\t")


if __name__ == "__main__":
    main()
