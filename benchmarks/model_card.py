"""Measures a refiner on every blind set and writes its card.

    python benchmarks/model_card.py                                   # the model that ships
    python benchmarks/model_card.py --variant "a smaller one=run/model"   # with another beside it
    python benchmarks/model_card.py --dry-run                         # only prints the figures

What the card says beside its figures stands in `neural/recipes/chexpert14-card.yaml`. Open-i is
measured where `../shared` holds it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from corpus import OPENI
from quality import GOLD

from chexlabel import Label, Labeler
from chexlabel.readers import open_reports
from chexlabel_neural.card import RunMetrics, write_card
from chexlabel_neural.classes import LABEL_OF
from chexlabel_neural.corpus import CODES, read_corpus, read_splits
from chexlabel_neural.embedding_map import embedding_map
from chexlabel_neural.evaluate import GoldText, SetMetrics, evaluate

ROOT = Path(__file__).resolve().parents[1]
BLIND = ROOT / "tests" / "blind"
CORPUS = ROOT / "neural" / "corpus"
NOTES = ROOT / "neural" / "recipes" / "chexpert14-card.yaml"
MODEL = ROOT / "neural" / "models" / "chexpert14"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures and write the card; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="model folder")
    parser.add_argument("--variant", action="append", default=[], metavar="WHAT=DIR")
    parser.add_argument("--dry-run", action="store_true", help="write no card")
    arguments = parser.parse_args(argv)
    notes = yaml.safe_load(NOTES.read_text("utf-8"))
    sets = dict(gold_sets(notes.pop("sets")))
    rules = Labeler(refine=False)
    found = measured(arguments.model, sets, rules)
    variants = {}
    for given in arguments.variant:
        what, _, folder = given.rpartition("=")
        variants[what] = measured(Path(folder), sets, rules)
    if not arguments.dry_run:
        notes["training"]["data_hash"] = corpus_hash()
        notes["map"] = embedding_map(arguments.model, sets["mix_test"])
        write_card(arguments.model, RunMetrics(sets=found, variants=variants, **notes))
    return 0


def measured(model: Path, sets: Mapping[str, list[GoldText]], rules: Labeler) -> list[SetMetrics]:
    """Measure a model on all sets, a line each."""
    refined = Labeler(refine=model)
    print(f"{refined.refiner}:")
    found = []
    for name, texts in sets.items():
        metrics = evaluate(name, texts, rules, refined)
        share, changes = metrics.share, metrics.changes
        print(
            f"  {name}: {share.texts} texts, rules {share.rules:.1%}, refined {share.refined:.1%} "
            f"({changes.repaired} : {changes.broken})",
            flush=True,
        )
        found.append(metrics)
    return found


def gold_sets(files: Sequence[str]) -> Iterator[tuple[str, list[GoldText]]]:
    """Yield each set with its texts: files of tests/blind by name, the corpus's, Open-i's."""
    for file in files:
        path = BLIND / f"{file}.yaml"
        yield path.stem, list(_cases(path))
    yield "mix_test", list(_held_out())
    if OPENI.is_file():
        yield "openi_dev", list(_annotated())


def _cases(path: Path) -> Iterator[GoldText]:
    """Yield the cases of a file; "No Finding" counts where all its groups give it."""
    groups: list[dict[str, Any]] = list(yaml.safe_load_all(path.read_text("utf-8")))
    left_out = set() if all(group.get("no_finding") for group in groups) else {"No Finding"}
    for group in groups:
        for case in group["cases"]:
            labels = {f: Label(v) for f, v in case["labels"].items() if f not in left_out}
            yield GoldText(case["text"], labels, str(group.get("group", "")))


def _held_out() -> Iterator[GoldText]:
    for passage in read_corpus(CORPUS, read_splits(CORPUS).test):
        said = zip(CODES.values(), passage.labels, strict=True)
        known = ((name, LABEL_OF[value]) for name, value in said if value > 0)
        yield GoldText(passage.text, {name: label for name, label in known if label is not None})


def _annotated() -> Iterator[GoldText]:
    with GOLD.open(encoding="utf-8", newline="") as file:
        rows = {row.pop("id"): row for row in csv.DictReader(file)}
    with open_reports(OPENI) as source:
        for report in source:
            row = rows.get(str(report.id))
            if row is not None:
                yield GoldText(report.text, {f: Label(int(v)) for f, v in row.items() if v})


def corpus_hash() -> str:
    """Return one SHA-256 of all files of the corpus, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(CORPUS.glob("*.tsv")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
