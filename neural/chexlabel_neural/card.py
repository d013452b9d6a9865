"""The model card: what a refiner was made of, what it is worth and where it ends.

    python -m chexlabel_neural.card MODEL run.json

writes `card.md` and `card.html` into the model folder, from `refiner.json` and the run's figures
(after Mitchell et al. 2019, "Model cards for model reporting", arXiv:1810.03993).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chexlabel.errors import ChexlabelError, InputError
from chexlabel.render.page import page_html
from chexlabel_neural.card_blocks import (
    CSS,
    Block,
    Bullets,
    Curve,
    Heading,
    Paragraph,
    Scatter,
    Table,
    block_html,
    block_markdown,
    percent,
)
from chexlabel_neural.classes import TRANSITIONS
from chexlabel_neural.embedding_map import EmbeddingMap
from chexlabel_neural.evaluate import SetMetrics, Share
from chexlabel_neural.refiner_file import RefinerFile, read_refiner_file

__all__ = ["RunMetrics", "Source", "Training", "card_html", "card_markdown", "write_card"]

CARD = "card"

STYLE_TEXTS = 20
"""The fewest texts of a style whose shares are shown: of fewer they say little."""


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
        map: sentences that were not trained on, as the net places them.
    """

    sources: list[Source]
    training: Training
    sets: list[SetMetrics]
    variants: dict[str, list[SetMetrics]] = {}
    limits: list[str]
    map: EmbeddingMap | None = None


def card_markdown(file: RefinerFile, run: RunMetrics) -> str:
    """Return the card as Markdown."""
    lines = [f"# {_title(file)}", ""]
    for block in _blocks(file, run):
        lines += [*block_markdown(block), ""]
    return "\n".join(lines)


def card_html(file: RefinerFile, run: RunMetrics) -> str:
    """Return the card as a self-contained page; no scripts, all text escaped."""
    body = "\n".join(map(block_html, _blocks(file, run)))
    return page_html(_title(file), body, css=CSS)


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


def _blocks(file: RefinerFile, run: RunMetrics) -> Iterator[Block]:
    if file.about:
        yield Paragraph(file.about)
    yield Paragraph(
        f"It refines the labels of the pattern set {file.pattern_set}: it reads the sentences that "
        "the rules read, and changes a label where its calibrated probability reaches the "
        "threshold of this change of this finding. For research; not for diagnosis."
    )
    yield Heading("What it is worth")
    yield Paragraph(
        "Share of texts with all labels right, on text that was not trained on; the interval is of "
        "the gain (95 %, paired bootstrap over texts). Repaired and broken count single labels."
    )
    yield _worth(run.sets)
    for name, sets in run.variants.items():
        yield Paragraph(f"For comparison, {name}:")
        yield _worth(sets)
    yield from _details(run.sets)
    yield Heading("Which labels are likely wrong")
    yield from _reviews(run.sets)
    yield Heading("What it may change")
    yield Paragraph(
        'Least probability of the new label; "off" where the change is never made. First where a '
        "passage holds a word that the rules do not know, then where they know every word, last "
        "where they read it through: five words of six stand in phrases of theirs. A mention in "
        "words that the net never met is never changed; and in a passage that the rules read "
        "through, the words of one finding are not made another one too."
    )
    for policy in (file.policy, file.familiar_policy, file.read_policy):
        if policy is not None:
            yield _policy(file, policy)
    if run.map is not None:
        yield Heading("How it sees sentences")
        yield Scatter(
            "t-SNE of the net's mean token states of sentences that were not trained on, by the "
            "first finding that is positive in them",
            run.map,
        )
    yield Heading("Data")
    yield Table(
        ["Source", "Texts", "Labels", "Licence"],
        [[s.name, f"{s.texts:,}", s.labels, s.licence] for s in run.sources],
    )
    yield Heading("Training")
    yield Bullets(list(_training(run.training)))
    yield Heading("Limits")
    yield Bullets(run.limits)
    yield Heading("Hashes")
    hashes = {f"patterns/{file.pattern_set}": file.pattern_hash, **file.sha256}
    if run.training.data_hash:
        hashes["training text"] = run.training.data_hash
    yield Table(["File", "SHA-256"], [[name, digest] for name, digest in hashes.items()])


def _worth(sets: Sequence[SetMetrics]) -> Table:
    rows = [
        [
            metrics.name,
            f"{metrics.share.texts:,}",
            percent(metrics.share.rules),
            percent(metrics.share.refined),
            f"{100 * metrics.difference:+.1f} "
            f"({100 * metrics.interval[0]:+.1f} to {100 * metrics.interval[1]:+.1f})",
            f"{metrics.changes.repaired} : {metrics.changes.broken}",
            "" if metrics.calibration_error is None else f"{metrics.calibration_error:.3f}",
        ]
        for metrics in sets
    ]
    head = ["Set", "Texts", "Rules", "Refined", "Gain (points)", "Repaired : broken", "ECE"]
    return Table(head, rows)


def _details(sets: Sequence[SetMetrics]) -> Iterator[Block]:
    styles: list[tuple[str, str, Share]] = [
        (metrics.name, style, share)
        for metrics in sets
        for style, share in metrics.by_style.items()
    ]
    if styles:
        yield Heading("By style")
        yield from _by_style(styles)
    yield Heading("By finding and kind of change")
    yield Paragraph("Labels repaired : broken, all sets together.")
    by: Literal["by_finding", "by_transition"]
    for by, title in (("by_finding", "Finding"), ("by_transition", "Change")):
        sums: dict[str, list[int]] = {}
        for metrics in sets:
            for name, changes in getattr(metrics, by).items():
                total = sums.setdefault(name, [0, 0])
                total[0] += changes.repaired
                total[1] += changes.broken
        rows = [[name, str(good), str(bad)] for name, (good, bad) in sorted(sums.items())]
        yield Table([title, "Repaired", "Broken"], rows)


def _by_style(styles: Sequence[tuple[str, str, Share]]) -> Iterator[Block]:
    rows = [
        [name, style, str(share.texts), percent(share.rules), percent(share.refined)]
        for name, style, share in styles
        if share.texts >= STYLE_TEXTS
    ]
    if rows:
        yield Table(["Set", "Style", "Texts", "Rules", "Refined"], rows)
    left_out = [share.texts for _, _, share in styles if share.texts < STYLE_TEXTS]
    if left_out:
        yield Paragraph(
            f"Left out are styles with fewer than {STYLE_TEXTS} texts: {len(left_out):,} of "
            f"{len(styles):,}, with {sum(left_out):,} texts."
        )


def _reviews(sets: Sequence[SetMetrics]) -> Iterator[Block]:
    yield Paragraph(
        "Texts in the order of their least confidence: how often a wrong one comes before a right "
        "one (AUROC), and how many must be read to find half of the wrong ones."
    )
    known = [(metrics.name, metrics.review) for metrics in sets if metrics.review]
    yield Table(
        ["Set", "AUROC", "Read for half of the wrong ones"],
        [[name, f"{review.auroc:.3f}", percent(review.half)] for name, review in known],
    )
    for name, review in known:
        yield Curve(f"{name}: share read, and share of the wrong ones found", review)


def _policy(file: RefinerFile, policy: Mapping[str, Mapping[str, float]]) -> Table:
    used = [t for t in TRANSITIONS if any(t in allowed for allowed in policy.values())]
    rows = []
    for finding in file.findings:
        allowed = policy.get(finding, {})
        rows.append([finding, *(f"{allowed[t]:.3f}" if t in allowed else "off" for t in used)])
    return Table(["Finding", *(t.replace(">", " → ") for t in used)], rows)


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
