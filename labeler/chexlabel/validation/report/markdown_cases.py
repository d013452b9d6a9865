"""The disagreements in the report as Markdown: each case with the words that decided it."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from chexlabel.render.attribution import attributed_words, attribution_check
from chexlabel.render.highlight import LABEL_SIGNS
from chexlabel.validation.disagreements import KINDS
from chexlabel.validation.evidence_conversion import to_mentions
from chexlabel.validation.report import wording
from chexlabel.validation.report.deciding_sentences import deciding_sentences
from chexlabel.validation.report.markdown_syntax import escape, escaped
from chexlabel.validation.report.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chexlabel.labels import Mention
    from chexlabel.validation.evidence_results import ReportEvidence
    from chexlabel.validation.report.deciding_sentences import DecidingSentence
    from chexlabel.validation.results import Disagreement, ValidationResult

__all__ = ["disagreements"]


def disagreements(result: ValidationResult) -> Iterator[str]:
    """Yield the chapter's paragraphs."""
    listed = result.disagreements
    yield "## Disagreements"
    if not listed.total:
        yield "None: every label is that of the gold."
        return
    if len(listed.shown) < listed.total:
        note = f"Shown: {count(len(listed.shown))} of {count(listed.total)}."
        if listed.full_list:
            note += f" All of them are in {escape(listed.full_list)} beside this file."
        yield note
    evidence = {e.id: e for e in listed.evidence}
    for finding, items in groupby(listed.shown, key=lambda item: item.finding):
        yield f"### {escape(finding)}"
        for item in items:
            yield _case(item, result, evidence)


def _case(
    item: Disagreement, result: ValidationResult, evidence: Mapping[str, ReportEvidence]
) -> str:
    answers = ", ".join(
        f"{escape(labeler.name)}: {answer}" + (f" ({KINDS[kind][0].lower()})" if kind else "")
        for labeler, answer, kind in zip(result.labelers, item.predicted, item.kinds, strict=True)
    )
    lines = [f"**{escape(item.id)}**: gold {item.gold}; {answers}"]
    found = evidence.get(item.id)
    if found is not None:
        lines += [_quoted(mention) for mention in to_mentions(found, item.finding)]
        for sentence in deciding_sentences(found, item.finding):
            lines += _sentence(sentence)
        if found.text is not None:
            # A fence longer than any in the text: the report cannot end it.
            longest = max(map(len, re.findall("`+", found.text)), default=0)
            fence = "`" * max(3, longest + 1)
            lines.append(f"\n{fence}text\n{found.text}\n{fence}")
    return "\n".join(lines)


def _quoted(mention: Mention) -> str:
    why = "; ".join(escape(reason) for reason in wording.reasons(mention))
    words = f"{LABEL_SIGNS[mention.label]} **{escape(mention.text)}**"
    return f"- {words} ({why})" if why else f"- {words}"


def _sentence(sentence: DecidingSentence) -> Iterator[str]:
    """Yield a deciding sentence, what the rules read in it, and what the refiner, as a list."""
    yield f"- Deciding sentence: {escape(sentence.text)}"
    if not sentence.refined:
        return
    yield from (f"  {_quoted(mention)}, by the rules alone" for mention in sentence.by_rules)
    if not sentence.by_rules:
        yield "  - nothing, by the rules alone"
    if sentence.attribution is not None:
        pieces = attributed_words(sentence.text, sentence.attribution)
        words = "".join(
            f"**{escape(piece)}**" if word is not None and word.kept else escaped(piece)
            for piece, word in pieces
        )
        check = escape(attribution_check(sentence.attribution))
        yield f"  - the refiner stands on: {' '.join(words.split())} ({check})"
