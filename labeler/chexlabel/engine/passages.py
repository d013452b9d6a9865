"""From a report to its passages: what is read of it, cut into sentences that are judged at once."""

from __future__ import annotations

from collections.abc import Sequence

from chexlabel.engine.checklists import ChecklistReader
from chexlabel.engine.context import BOUNDARY, ContextReader
from chexlabel.engine.evidence import Place
from chexlabel.engine.lead_ins import LeadIns
from chexlabel.engine.markup import plain_markup
from chexlabel.engine.mask import ANSWERS, REFERS, speaks
from chexlabel.engine.sections import Sectioner, unify_line_ends
from chexlabel.engine.sentences import SentenceSplitter
from chexlabel.labels import SectionSpan
from chexlabel.patterns.pattern_set import PatternSet
from chexlabel.report import Report, text_and_spans

__all__ = ["REFERS_BACK", "PassageCutter"]

REFERS_BACK = REFERS | ANSWERS


class PassageCutter:
    """Cuts reports into sentences, and joins those that are judged together.

    Thread-safe; a pattern set is all that it holds.

    Args:
        patterns: the compiled pattern set.
        sections: the sections that labels come from (see `Sectioner`).
        context: tells which sentences refer to which.

    Raises:
        ChexlabelError: `sections` is empty, or names one that the set does not have.
    """

    def __init__(
        self, patterns: PatternSet, sections: Sequence[str] | None, context: ContextReader
    ) -> None:
        self._checklists = ChecklistReader(patterns.sections.answers)
        self._lead_ins = LeadIns(patterns.lexicon)
        self._sectioner = Sectioner(patterns.sections, sections)
        self._splitter = SentenceSplitter(patterns.sections)
        self._context = context

    def plain(self, text: str) -> str:
        """Return a report without markup, its marks and lists made plain, as long as it was."""
        if "\r" in text:
            text = unify_line_ends(text)
        return self._lead_ins.join(self._checklists.plain(plain_markup(text)))

    def texts(self, report: str | Report) -> list[str]:
        """Return a report's sentences that count, as text: quicker than with their places."""
        text, spans = text_and_spans(report)
        text = self.plain(text)
        split = self._splitter.split
        spans = self._counted(text, spans)
        return [sentence for span in spans for sentence in split(text, span.start, span.end)]

    def sentences(self, report: str | Report) -> tuple[str, str, list[Place]]:
        """Return a report's text, as it is and with plain marks, and the sentences that count."""
        text, spans = text_and_spans(report)
        plain = self.plain(text)
        split = self._splitter.sentences
        places = [
            (span, start, end)
            for span in self._counted(plain, spans)
            for start, end in split(plain, span.start, span.end)
        ]
        return text, plain, places

    def bounds(self, sentences: Sequence[str], masks: Sequence[int]) -> list[tuple[int, int]]:
        """Return for each passage the places of its first sentence and after its last.

        Args:
            sentences: of one report, in their order.
            masks: what each says alone, and whether it refers to the one before.
        """
        if not any(mask & REFERS_BACK for mask in masks):
            return [(at, at + 1) for at in range(len(sentences))]
        known = dict(zip(sentences, masks, strict=True))
        return self._context.passages(
            sentences, lambda s: known[s] & REFERS_BACK, lambda s: speaks(known[s])
        )

    def joined(self, sentences: list[str], bounds: Sequence[tuple[int, int]]) -> list[str]:
        """Return the passages that sentences make, as a judge takes them."""
        if len(bounds) == len(sentences):
            return sentences
        return [BOUNDARY.join(sentences[first:after]) for first, after in bounds]

    def _counted(self, text: str, spans: tuple[SectionSpan, ...] | None) -> tuple[SectionSpan, ...]:
        if spans is None:
            return self._sectioner.counted(text)
        return self._sectioner.select(spans)
