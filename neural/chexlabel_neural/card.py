"""The model card: what a refiner was made of, what it is worth and where it ends.

    python -m chexlabel_neural.card MODEL run.json

writes `card.md` and `card.html` into the model folder, from `refiner.json` and the run's figures
(after Mitchell et al. 2019, "Model cards for model reporting", arXiv:1810.03993).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chexlabel.errors import ChexlabelError, InputError
from chexlabel_neural.evaluate import Review, SetMetrics, Share
from chexlabel_neural.refiner_file import CHOICES, RefinerFile, read_refiner_file

__all__ = ["RunMetrics", "Source", "Training", "card_html", "card_markdown", "write_card"]

CARD = "card"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Source(_Strict):
    """What the net was trained on.

    Attributes:
        name: of the source.
        texts: how many.
        labels: where its labels are from.
        licence: its licence, and what follows for the weights.
    """

    name: str
    texts: int = Field(ge=0)
    labels: str
    licence: str


class Training(_Strict):
    """What training took.

    Attributes:
        base: the pretrained encoder.
        layers: of the net that ships.
        parameters: of the net that ships.
        seconds: wall-clock time of the whole run.
        machine: what it ran on.
        energy: watt-hours and how they were reckoned, in words; empty where nobody knows.
        data_hash: SHA-256 over the written text.
        versions: package -> version.
    """

    base: str
    layers: int = Field(gt=0)
    parameters: int = Field(gt=0)
    seconds: float = Field(ge=0)
    machine: str
    energy: str = ""
    data_hash: str = ""
    versions: dict[str, str] = {}


class RunMetrics(_Strict):
    """The figures of a run, from which its card is made.

    Attributes:
        sources: the training text.
        training: what it took.
        sets: the figures on sets that were not trained on.
        variants: other models' figures on the same sets, by what they are: "trained without any
            Open-i text", "rules with TF-IDF".
        limits: sentences that say what it cannot do.
    """

    sources: list[Source]
    training: Training
    sets: list[SetMetrics]
    variants: dict[str, list[SetMetrics]] = {}
    limits: list[str]


class _Heading(NamedTuple):
    text: str


class _Paragraph(NamedTuple):
    text: str


class _List(NamedTuple):
    items: list[str]


class _Table(NamedTuple):
    head: list[str]
    rows: list[list[str]]


class _Curve(NamedTuple):
    title: str
    review: Review


_Block: TypeAlias = _Heading | _Paragraph | _List | _Table | _Curve


def card_markdown(file: RefinerFile, run: RunMetrics) -> str:
    """Return the card as Markdown."""
    lines = [f"# {_title(file)}", ""]
    for block in _blocks(file, run):
        lines += [*_markdown(block), ""]
    return "\n".join(lines)


def card_html(file: RefinerFile, run: RunMetrics) -> str:
    """Return the card as a self-contained page; no scripts, all text escaped."""
    body = "\n".join(map(_html, _blocks(file, run)))
    return _PAGE.format(title=escape(_title(file)), body=body)


def write_card(folder: Path, run: RunMetrics) -> None:
    """Write `card.md` and `card.html` into a model folder.

    Raises:
        RefinerError: the folder has no valid refiner.json.
    """
    file = read_refiner_file(folder)
    (folder / f"{CARD}.md").write_text(card_markdown(file, run), "utf-8")
    (folder / f"{CARD}.html").write_text(card_html(file, run), "utf-8")


def _title(file: RefinerFile) -> str:
    return f"Model card: {file.title}"


def _blocks(file: RefinerFile, run: RunMetrics) -> Iterator[_Block]:
    if file.about:
        yield _Paragraph(file.about)
    yield _Paragraph(
        f"It refines the labels of the pattern set {file.pattern_set}: it reads the sentences that "
        "the rules read, and changes a label where its calibrated probability reaches the "
        "threshold of this change of this finding. For research; not for diagnosis."
    )
    yield _Heading("What it is worth")
    yield _Paragraph(
        "Share of texts with all labels right, on text that was not trained on; the interval is of "
        "the gain (95 %, paired bootstrap over texts). Repaired and broken count single labels."
    )
    yield _worth(run.sets)
    for name, sets in run.variants.items():
        yield _Paragraph(f"For comparison, {name}:")
        yield _worth(sets)
    yield from _details(run.sets)
    yield _Heading("Which labels are likely wrong")
    yield from _reviews(run.sets)
    yield _Heading("What it may change")
    yield _Paragraph('Least probability of the new label; "off" where the change is never made.')
    yield _policy(file)
    yield _Heading("Data")
    yield _Table(
        ["Source", "Texts", "Labels", "Licence"],
        [[s.name, f"{s.texts:,}", s.labels, s.licence] for s in run.sources],
    )
    yield _Heading("Training")
    yield _List(list(_training(run.training)))
    yield _Heading("Limits")
    yield _List(run.limits)
    yield _Heading("Hashes")
    hashes = {f"patterns/{file.pattern_set}": file.pattern_hash, **file.sha256}
    if run.training.data_hash:
        hashes["training text"] = run.training.data_hash
    yield _Table(["File", "SHA-256"], [[name, digest] for name, digest in hashes.items()])


def _worth(sets: Sequence[SetMetrics]) -> _Table:
    rows = [
        [
            metrics.name,
            f"{metrics.share.texts:,}",
            _percent(metrics.share.rules),
            _percent(metrics.share.refined),
            f"{100 * metrics.difference:+.1f} "
            f"({100 * metrics.interval[0]:+.1f} to {100 * metrics.interval[1]:+.1f})",
            f"{metrics.changes.repaired} : {metrics.changes.broken}",
            "" if metrics.calibration_error is None else f"{metrics.calibration_error:.3f}",
        ]
        for metrics in sets
    ]
    head = ["Set", "Texts", "Rules", "Refined", "Gain (points)", "Repaired : broken", "ECE"]
    return _Table(head, rows)


def _details(sets: Sequence[SetMetrics]) -> Iterator[_Block]:
    styles: list[tuple[str, str, Share]] = [
        (metrics.name, style, share)
        for metrics in sets
        for style, share in metrics.by_style.items()
    ]
    if styles:
        yield _Heading("By style")
        yield _Table(
            ["Set", "Style", "Texts", "Rules", "Refined"],
            [
                [name, style, str(s.texts), _percent(s.rules), _percent(s.refined)]
                for name, style, s in styles
            ],
        )
    yield _Heading("By finding and kind of change")
    yield _Paragraph("Labels repaired : broken, all sets together.")
    by: Literal["by_finding", "by_transition"]
    for by, title in (("by_finding", "Finding"), ("by_transition", "Change")):
        sums: dict[str, list[int]] = {}
        for metrics in sets:
            for name, changes in getattr(metrics, by).items():
                total = sums.setdefault(name, [0, 0])
                total[0] += changes.repaired
                total[1] += changes.broken
        rows = [[name, str(good), str(bad)] for name, (good, bad) in sorted(sums.items())]
        yield _Table([title, "Repaired", "Broken"], rows)


def _reviews(sets: Sequence[SetMetrics]) -> Iterator[_Block]:
    yield _Paragraph(
        "Texts in the order of their least confidence: how often a wrong one comes before a right "
        "one (AUROC), and how many must be read to find half of the wrong ones."
    )
    known = [(metrics.name, metrics.review) for metrics in sets if metrics.review]
    yield _Table(
        ["Set", "AUROC", "Read for half of the wrong ones"],
        [[name, f"{review.auroc:.3f}", _percent(review.half)] for name, review in known],
    )
    for name, review in known:
        yield _Curve(f"{name}: share read, and share of the wrong ones found", review)


def _policy(file: RefinerFile) -> _Table:
    transitions = [f"{a}>{b}" for a in CHOICES for b in CHOICES if a != b]
    used = [t for t in transitions if any(t in policy for policy in file.policy.values())]
    rows = []
    for finding in file.findings:
        policy = file.policy.get(finding, {})
        rows.append([finding, *(f"{policy[t]:.2f}" if t in policy else "off" for t in used)])
    return _Table(["Finding", *(t.replace(">", " → ") for t in used)], rows)


def _training(training: Training) -> Iterator[str]:
    yield f"Encoder: cut from {training.base}."
    yield f"The net that ships: {training.layers} layers, {training.parameters:,} parameters."
    minutes = training.seconds / 60
    yield f"Time: {minutes:,.0f} minutes in all, on {training.machine}."
    if training.energy:
        yield f"Energy: {training.energy}."
    if training.versions:
        listed = ", ".join(f"{name} {version}" for name, version in training.versions.items())
        yield f"Made with {listed}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _markdown(block: _Block) -> list[str]:
    match block:
        case _Heading(text):
            return [f"## {text}"]
        case _Paragraph(text):
            return [text]
        case _List(items):
            return [f"- {item}" for item in items]
        case _Table(head, rows):
            cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
            lines = [f"| {' | '.join(row)} |" for row in cells]
            return [lines[0], "|" + "---|" * len(head), *lines[1:]]
        case _Curve(title, review):
            picked = ", ".join(
                f"{_percent(share)} → {_percent(_found(review, share))}"
                for share in (0.05, 0.1, 0.2, 0.5)
            )
            return [f"{title}: {picked}."]


def _html(block: _Block) -> str:
    match block:
        case _Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case _Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case _List(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case _Table(head, rows):
            top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
            body = "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
            )
            return (
                f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
                f"<tbody>{body}</tbody></table></div>"
            )
        case _Curve(title, review):
            return _curve_html(title, review)


def _found(review: Review, share: float) -> float:
    """Return the share of wrong texts found when a share of all is read, between its points."""
    points = list(zip(review.read, review.found, strict=True))
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= share <= x1 and x1 > x0:
            return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
    return 1.0


def _curve_html(title: str, review: Review) -> str:
    points = " ".join(
        f"{200 * x:.1f},{120 - 120 * y:.1f}" for x, y in zip(review.read, review.found, strict=True)
    )
    return (
        f'<figure><svg viewBox="-2 -2 204 124" width="408" role="img" aria-label="{escape(title)}">'
        '<rect width="200" height="120" fill="none" stroke="currentColor" stroke-width=".5"/>'
        '<path d="M0 120 200 0" stroke="currentColor" stroke-width=".5" stroke-dasharray="3"/>'
        f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="1.5"/></svg>'
        f"<figcaption>{escape(title)}; dashed: reading in any order.</figcaption></figure>"
    )


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem;
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
.scroll {{ overflow-x: auto; }} table {{ border-collapse: collapse; font-size: .9rem; }}
th, td {{ text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #8886; }}
figure {{ margin: 1rem 0; }} figcaption {{ font-size: .85rem; }} svg {{ max-width: 100%; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the card of a model; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chexlabel_neural.card")
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("run", type=Path, help="JSON file with the run's figures (RunMetrics)")
    args = parser.parse_args(argv)
    try:
        try:
            run = RunMetrics.model_validate_json(args.run.read_text("utf-8"))
        except (OSError, ValidationError) as error:
            detail = type(error).__name__
            if isinstance(error, ValidationError):
                first = error.errors(include_url=False)[0]
                detail = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise InputError(f"{args.run}: no figures of a run ({detail})") from None
        write_card(args.model, run)
    except ChexlabelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
