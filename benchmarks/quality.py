"""How good are the labels? Prints every figure of the project, in seconds.

    python benchmarks/quality.py --openi NLMCXR_reports.tgz   # the archive of Open-i's reports
    python benchmarks/quality.py --patterns DIR  # a pattern set of your own against the same gold
    python benchmarks/quality.py --errors        # the cells that differ, by report and finding

The labels of 400 annotated reports lie in benchmarks/data; their text does not, since its licence
forbids it. Without `--openi` it is looked for in `../shared`, where the labels coded from MeSH lie
too; without either, the phenomenon suite (tests/phenomena) is all.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from chexlabel import Labeler, Report
from chexlabel.readers import open_reports

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
ARCHIVE = SHARED / "openi" / "NLMCXR_reports_dev.tgz"
GOLD = ROOT / "benchmarks" / "data" / "openi_chexpert14_dev.csv"
MESH = SHARED / "labels" / "openi_nih14_dev.csv"
TASKS = {"positive": 1, "negative": 0, "uncertain": -1}
BLANK = 9

Codes = NDArray[np.int8]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", default="chexpert14", help="pattern set to judge")
    parser.add_argument("--errors", action="store_true", help="list the cells that differ")
    parser.add_argument(
        "--openi",
        metavar="PATH",
        type=Path,
        default=ARCHIVE,
        help="Open-i's reports: NLMCXR_reports.tgz, or the folder it unpacks to",
    )
    arguments = parser.parse_args(argv)
    console = Console(width=110)
    if arguments.openi.exists():
        with open_reports(arguments.openi, format="openi") as source:
            reports = {report.id: report for report in source}
        judge_chexpert14(console, reports, arguments.patterns, show_errors=arguments.errors)
        if MESH.is_file():
            judge_nih14(console, reports)
    elif arguments.openi != ARCHIVE:
        console.print(f"{arguments.openi}: no such file or folder", style="red")
        return 2
    else:
        console.print("no Open-i reports: give them with --openi", style="yellow")
    judge_phenomena(console, arguments.patterns)
    return 0


def label(labeler: Labeler, reports: Sequence[Report]) -> Codes:
    """Return the labels, shape [reports, findings], blank as `BLANK`."""
    return np.array(
        [[BLANK if v is None else int(v) for v in labeler.label(r)] for r in reports], dtype=np.int8
    )


def read_gold(path: Path, key: str, findings: Sequence[str]) -> tuple[list[str], Codes]:
    """Return the ids and the gold labels, shape [reports, findings], blank as `BLANK`."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = [[int(float(row[f])) if row[f] else BLANK for f in findings] for row in rows]
    return [row[key] for row in rows], np.array(codes, dtype=np.int8)


def gold_of(
    console: Console, reports: dict[str, Report], path: Path, key: str, findings: Sequence[str]
) -> tuple[list[str], Codes]:
    """Read the gold labels of the reports at hand; say how many are not."""
    ids, gold = read_gold(path, key, findings)
    kept = [i for i, name in enumerate(ids) if name in reports]
    if len(kept) < len(ids):
        missing = len(ids) - len(kept)
        console.print(
            f"{path.name}: {missing} of its {len(ids)} reports are not there", style="red"
        )
    return [ids[i] for i in kept], gold[kept]


def f1(gold: Codes, labels: Codes, value: int) -> tuple[float, float]:
    """Return micro- and macro-F1 of one label value; macro over the findings that have it."""
    truth, answer = gold == value, labels == value
    present = truth.any(axis=0)
    micro = precision_recall_fscore_support(
        truth.ravel(), answer.ravel(), average="binary", zero_division=0
    )[2]
    macro = precision_recall_fscore_support(
        truth[:, present], answer[:, present], average="macro", zero_division=0
    )[2]
    return float(micro), float(macro)


def judge_chexpert14(
    console: Console, reports: dict[str, Report], patterns: str, *, show_errors: bool
) -> None:
    """Compare with the annotated reports, beside negspacy's NegEx on the same mentions."""
    labeler = Labeler(patterns)
    ids, gold = gold_of(console, reports, GOLD, "id", labeler.findings)
    if not ids:
        return
    chosen = [reports[name] for name in ids]
    start = time.perf_counter()
    labels = label(labeler, chosen)
    seconds = time.perf_counter() - start
    negex = label(Labeler(patterns, assertion="negex"), chosen)

    table = Table(title=f"{patterns} on {len(ids)} annotated Open-i reports ({seconds:.2f} s)")
    for column in ("finding", *(f"{t} P / R / F1 (n)" for t in TASKS)):
        table.add_column(column, justify="left" if column == "finding" else "right")
    for i, finding in enumerate(labeler.findings):
        cells = []
        for value in TASKS.values():
            truth, answer = gold[:, i] == value, labels[:, i] == value
            if not truth.any() and not answer.any():
                cells.append("")
                continue
            p, r, f, _ = precision_recall_fscore_support(
                truth, answer, average="binary", zero_division=0
            )
            cells.append(f"{p:.2f} / {r:.2f} / {f:.3f} ({truth.sum()})")
        table.add_row(finding, *cells)
    for name, answers in (("chexlabel", labels), ("negspacy's NegEx", negex)):
        pairs = [f1(gold, answers, value) for value in TASKS.values()]
        table.add_section()
        table.add_row(f"{name}: micro", *(f"{micro:.4f}" for micro, _ in pairs), style="bold")
        table.add_row(f"{name}: macro", *(f"{macro:.4f}" for _, macro in pairs))
    console.print(table)
    for name, answers in (("chexlabel", labels), ("negspacy's NegEx", negex)):
        exact = float((gold == answers).all(axis=1).mean())
        console.print(f"all 14 labels exact in {exact:.1%} of the reports ({name})")
    if show_errors:
        for row, column in np.argwhere(gold != labels):
            console.print(
                f"{ids[row]}  {labeler.findings[column]}: gold {_shown(gold[row, column])}, "
                f"labeled {_shown(labels[row, column])}"
            )
    if MESH.is_file():
        judge_normal(console, reports, labeler, patterns)


def judge_normal(
    console: Console, reports: dict[str, Report], labeler: Labeler, patterns: str
) -> None:
    """Compare No Finding with the MeSH heading "normal"."""
    names, normal = gold_of(console, reports, MESH, "filename", ["normal"])
    if not names:
        return
    column = labeler.findings.index("No Finding")
    called = label(labeler, [reports[name] for name in names])[:, column] == 1
    console.print(
        f"normal or abnormal by {patterns} against MeSH, {len(names)} reports: accuracy "
        f"{accuracy_score(normal[:, 0] == 1, called):.4f}"
    )


def judge_nih14(console: Console, reports: dict[str, Report]) -> None:
    """Compare nih14's positives with the labels coded from MeSH."""
    labeler = Labeler("nih14")
    with MESH.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    findings = [name for name in labeler.findings if name in columns]
    ids, gold = gold_of(console, reports, MESH, "filename", findings)
    if not ids:
        return
    labels = label(labeler, [reports[name] for name in ids])
    labels = labels[:, [labeler.findings.index(name) for name in findings]]
    table = Table(title=f"nih14 on {len(ids)} Open-i reports, positives coded from MeSH")
    for column in ("finding", "precision", "recall", "F1", "n"):
        table.add_column(column, justify="left" if column == "finding" else "right")
    scored = [
        i for i in range(len(findings)) if (gold[:, i] == 1).any() and findings[i] != "normal"
    ]
    for i in scored:
        truth, answer = gold[:, i] == 1, labels[:, i] == 1
        p, r, f, _ = precision_recall_fscore_support(
            truth, answer, average="binary", zero_division=0
        )
        table.add_row(findings[i], f"{p:.3f}", f"{r:.3f}", f"{f:.3f}", str(truth.sum()))
    p, r, f, _ = precision_recall_fscore_support(
        (gold[:, scored] == 1).ravel(), (labels[:, scored] == 1).ravel(), average="binary"
    )
    table.add_section()
    table.add_row(f"micro over {len(scored)}", f"{p:.3f}", f"{r:.3f}", f"{f:.4f}", style="bold")
    console.print(table)
    judge_normal(console, reports, labeler, "nih14")


def judge_phenomena(console: Console, patterns: str) -> None:
    """Score the phenomenon suite by group: a case is right when all its labels are."""
    labeler = Labeler(patterns)
    table = Table(title="phenomena (tests/phenomena)")
    for column in ("group", "right", "of"):
        table.add_column(column, justify="left" if column == "group" else "right")
    right = total = 0
    for group in _phenomena():
        checked = set(labeler.findings)
        if not group.get("no_finding"):
            checked.discard("No Finding")
        good = 0
        for case in group["cases"]:
            labels = labeler(case["text"]).labels
            got = {name: int(v) for name, v in labels.items() if v is not None and name in checked}
            good += got == {name: v for name, v in case["labels"].items() if name in checked}
        table.add_row(group["group"], str(good), str(len(group["cases"])))
        right += good
        total += len(group["cases"])
    table.add_section()
    table.add_row("all", str(right), str(total), style="bold")
    console.print(table)


def _phenomena() -> Iterator[dict[str, Any]]:
    """Yield the groups of the phenomenon suite; a file may hold several."""
    for path in sorted((ROOT / "tests" / "phenomena").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text("utf-8"))


def _shown(code: int) -> str:
    return "blank" if code == BLANK else str(code)


if __name__ == "__main__":
    sys.exit(main())
