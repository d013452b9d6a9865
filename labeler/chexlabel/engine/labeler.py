"""The labeler: sections, sentences, mentions, assertion and aggregation in one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Literal

from chexlabel.engine.aggregate import Aggregator, sentence_mask
from chexlabel.engine.confidence import report_probabilities
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.judges import Judge, Refiner
from chexlabel.engine.judges.rules import RulesJudge
from chexlabel.engine.match import Match, token_offsets
from chexlabel.engine.memo import Memo
from chexlabel.engine.sections import Sectioner
from chexlabel.engine.sentences import SentenceSplitter
from chexlabel.errors import RefinerError
from chexlabel.labels import Attribution, Cue, Label, LabeledReport, Mention, SectionSpan
from chexlabel.patterns.compile import PatternSet, compile_set
from chexlabel.patterns.load import SetSource, read_set
from chexlabel.report import Report

__all__ = ["Labeler"]


class Labeler:
    """Labels chest X-ray reports by the rules of a pattern set, refined by a small BERT.

    Construction reads and compiles the set; after that the labeler holds no open resources, may be
    shared between threads, and can be pickled (it is rebuilt from its arguments).

    Args:
        patterns: name of a shipped pattern set, or the folder of one.
        sections: canonical names of the sections that labels come from; by default those that the
            set names (findings and impression, else the body).
        assertion: "scope" for the set's own cues, "negex" for negspacy's NegEx.
        refine: whether a refiner may change what the rules say: by default where its runtime (the
            extra `refine`) and a model for the pattern set are installed; `False` for the rules
            alone; `True` for an error where the runtime is missing; the folder of a model for that
            one. The environment variable CHEXLABEL_REFINER ("off", or a folder) is the default.
        device: where the refiner runs: "cpu" (ONNX Runtime), "cuda" or "mps" (PyTorch), or "auto"
            for a GPU where one can be used.

    Raises:
        PatternError: The pattern set does not exist or has an error.
        RefinerError: The refiner that was asked for cannot be used.

    >>> labeler = Labeler()
    >>> report = labeler("No focal consolidation. Small left effusion.")
    >>> report.labels["Consolidation"], report.labels["Pleural Effusion"]
    (<Label.NEGATIVE: 0>, <Label.POSITIVE: 1>)
    >>> [(m.text, c.text) for m in report.mentions for c in m.cues]
    [('consolidation', 'No')]
    """

    def __init__(
        self,
        patterns: str | os.PathLike[str] = "chexpert14",
        *,
        sections: Sequence[str] | None = None,
        assertion: Literal["scope", "negex"] = "scope",
        refine: bool | str | os.PathLike[str] | None = None,
        device: str = "auto",
    ) -> None:
        chosen = tuple(sections) if sections is not None else None
        self._arguments = (patterns, chosen, assertion, refine, device)
        source = read_set(patterns)
        self.patterns = compile_set(source)
        """The compiled pattern set."""
        self._sectioner = Sectioner(self.patterns.sections, sections)
        self._splitter = SentenceSplitter(self.patterns.sections)
        self._aggregator = Aggregator(self.patterns)
        if assertion not in ("scope", "negex"):
            raise ValueError(f"assertion {assertion!r}: choose 'scope' or 'negex'")
        rules = RulesJudge(self.patterns.lexicon)
        self._judge: Judge = rules
        self._refiner: Refiner | None = None
        self.refiner_note = ""
        """Why the labels are the rules' alone, or what is to be said of the refiner; one line."""
        if assertion == "negex":
            if refine not in (None, False):
                raise RefinerError("the refiner reads after the rules; leave out assertion='negex'")
            from chexlabel.engine.judges.negex import NegexJudge

            self._judge = NegexJudge(self.patterns.lexicon)
        else:
            self._refiner, self.refiner_note = _refiner(
                rules, source, self.patterns, refine, device
            )
            self._judge = self._refiner or rules
        # Reports repeat one another's sentences: what was worked out for one is kept.
        self._judgements = Memo(self._judge)
        self._masks = Memo(self._judge_masks)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, self._arguments

    @property
    def findings(self) -> tuple[str, ...]:
        """The findings in output order."""
        return self.patterns.findings

    @property
    def refiner(self) -> str | None:
        """Name and version of the model that refines the labels; `None` for the rules alone."""
        return self._refiner.title if self._refiner else None

    @property
    def findings_read(self) -> tuple[str, ...]:
        """The findings that labels come with probabilities for, in output order."""
        if self._refiner is None:
            return ()
        refined = self._refiner.refined
        rule = self.patterns.no_finding
        return tuple(
            name
            for place, (name, number) in enumerate(
                zip(self.findings, self.patterns.columns, strict=True)
            )
            if number in refined
            or (rule and place == rule.column and refined.intersection(rule.unless))
        )

    def label(self, report: str | Report) -> tuple[Label | None, ...]:
        """Return the labels alone, in the order of `findings`: the fast path, without evidence.

        Equal results are the same tuple object, so that callers may memoise on it.
        """
        passages = self._texts(report)
        masks = self._masks
        mask = 0
        for passage in passages:
            mask |= masks[passage]
        return self._aggregator.labels(mask) if passages else self._aggregator.blank

    def label_batch(self, reports: Iterable[str | Report]) -> list[tuple[Label | None, ...]]:
        """Return the labels of many reports; their new sentences are judged at once."""
        cut = [self._texts(report) for report in _many(reports)]
        masks = self._masks
        masks.fill(chain.from_iterable(cut))
        rows = []
        for passages in cut:
            mask = 0
            for passage in passages:
                mask |= masks[passage]
            rows.append(self._aggregator.labels(mask) if passages else self._aggregator.blank)
        return rows

    def __call__(self, report: str | Report) -> LabeledReport:
        """Label a report and give the evidence: every mention, its offsets and its cues."""
        text, passages = self._passages(report)
        mask = 0
        mentions: list[Mention] = []
        for span, start, end in passages:
            judgements = self._judgements[text[start:end]]
            mask |= sentence_mask(judgements)
            if judgements:
                mentions.extend(self._evidence(text, span, start, end, judgements))
        labels = self._aggregator.labels(mask) if passages else self._aggregator.blank
        refiner = self._refiner
        probabilities = {}
        if refiner is not None and passages:
            readings = refiner.read([text[start:end] for _, start, end in passages])
            tables = [reading.probabilities for reading in readings]
            probabilities = report_probabilities(tables, refiner.refined, self.patterns, labels)
        return LabeledReport(
            id=report.id if isinstance(report, Report) else None,
            labels=dict(zip(self.findings, labels, strict=True)),
            mentions=tuple(mentions),
            probabilities=probabilities,
            refiner=self.refiner,
            text=text,
        )

    def attributions(
        self, report: str | Report, labeled: LabeledReport, *, threshold: float | None = None
    ) -> tuple[Attribution, ...]:
        """Say which words the refiner's reading of a report stands on.

        Integrated gradients where PyTorch and captum are installed, else by leaving words out.

        Args:
            report: the report.
            labeled: what this labeler says of it.
            threshold: the least score of a word to be kept, as a share of the strongest one's; by
                default the strong one of two clusters of words is kept.

        Returns:
            One attribution a finding that the refiner has a head for and that the report speaks of;
            none by the rules alone.
        """
        if self._refiner is None:
            return ()
        return self._refiner.attribute(_parts(report)[0], labeled, threshold)

    def read_ahead(self, reports: Iterable[str | Report]) -> None:
        """Judge the new sentences of many reports at once, so that each is then labeled quickly."""
        cut = map(self._passages, reports)
        self._judgements.fill(text[s:e] for text, parts in cut for _, s, e in parts)

    def pipe(self, reports: Iterable[str | Report], batch_size: int = 1) -> Iterator[LabeledReport]:
        """Label a stream of reports with evidence, lazily and in order.

        Args:
            reports: texts or reports.
            batch_size: how many are read ahead, so that their new sentences are judged at once.

        Raises:
            TypeError: `reports` is a single report.
        """
        return self._pipe(iter(_many(reports)), batch_size)

    def _pipe(self, stream: Iterator[str | Report], batch_size: int) -> Iterator[LabeledReport]:
        while batch := list(islice(stream, batch_size)):
            if batch_size > 1:
                self.read_ahead(batch)
            yield from map(self, batch)

    def label_frame(self, frame: Any, text: str = "report") -> Any:
        """Label the texts in a column of a DataFrame of pandas, polars or another eager kind.

        Args:
            frame: one row a report; or a Series of reports. Missing values count as empty reports.
            text: the column that holds the reports.

        Returns:
            A DataFrame of the same kind with a nullable integer column a finding (1, 0, -1,
            missing); one of pandas keeps the index.

        Raises:
            InputError: There is no such column.
            MissingExtraError: narwhals, of the extra `validate`, is not installed.
            TypeError: `frame` is no DataFrame or Series, or a lazy one.
        """
        from chexlabel.engine.frames import label_frame

        return label_frame(self, frame, text)

    def _counted(self, text: str, spans: tuple[SectionSpan, ...] | None) -> tuple[SectionSpan, ...]:
        if spans is None:
            return self._sectioner.counted(text)
        return self._sectioner.select(spans)

    def _texts(self, report: str | Report) -> list[str]:
        """Return a report's passages that count, as text: quicker than with their offsets."""
        text, spans = _parts(report)
        split = self._splitter.split
        spans = self._counted(text, spans)
        return [passage for span in spans for passage in split(text, span.start, span.end)]

    def _passages(self, report: str | Report) -> tuple[str, list[tuple[SectionSpan, int, int]]]:
        """Return a report's text, and section and offsets of each passage that counts."""
        text, spans = _parts(report)
        split = self._splitter.sentences
        passages = [
            (span, start, end)
            for span in self._counted(text, spans)
            for start, end in split(text, span.start, span.end)
        ]
        return text, passages

    def _judge_masks(self, passages: Sequence[str]) -> list[int]:
        judge = self._refiner.skim if self._refiner else self._judge
        return [sentence_mask(judgements) for judgements in judge(passages)]

    def _evidence(
        self,
        text: str,
        span: SectionSpan,
        start: int,
        end: int,
        judgements: Sequence[Judgement],
    ) -> Iterator[Mention]:
        offsets = token_offsets(text[start:end], self.patterns.lexicon)
        tracked = self.patterns.tracked

        def place(item: Match) -> tuple[int, int]:
            return start + offsets[item.start][0], start + offsets[item.end - 1][1]

        for judgement in judgements:
            item = judgement.item
            first, last = place(item)
            found = []
            for cue in judgement.cues:
                role = cue.role
                cue_start, cue_end = place(cue)
                kind = role.kind.name if role.kind else "state" if role.state else "alternative"
                found.append(Cue(kind, text[cue_start:cue_end], cue_start, cue_end, role.pattern))
            yield Mention(
                finding=tracked[item.role.finding],
                label=judgement.label,
                text=text[first:last],
                start=first,
                end=last,
                section=span.name,
                sentence=(start, end),
                cues=tuple(found),
                pattern=item.role.pattern,
                confidence=judgement.confidence,
                source=judgement.source,
            )


def _parts(report: str | Report) -> tuple[str, tuple[SectionSpan, ...] | None]:
    if isinstance(report, str):
        return report, None
    if isinstance(report, Report):
        return report.text, report.spans
    raise TypeError(f"a report is a str or a Report, not {type(report).__name__}")


def _many(reports: Iterable[str | Report]) -> Iterable[str | Report]:
    if isinstance(reports, str | bytes | Report):
        raise TypeError(
            f"give a list or another iterable of reports, not one {type(reports).__name__}"
        )
    return reports


def _refiner(
    rules: RulesJudge,
    source: SetSource,
    patterns: PatternSet,
    refine: bool | str | os.PathLike[str] | None,
    device: str,
) -> tuple[Refiner | None, str]:
    """Return the refiner that was asked for, and what is to be said of it."""
    if refine is None:
        wanted = os.environ.get("CHEXLABEL_REFINER", "")
        refine = False if wanted == "off" else wanted or None
    if refine is False:
        return None, ""
    from chexlabel_neural.select import select_refiner

    return select_refiner(rules, source, patterns, refine, device)


def _rebuild(
    patterns: str | os.PathLike[str],
    sections: tuple[str, ...] | None,
    assertion: Literal["scope", "negex"],
    refine: bool | str | os.PathLike[str] | None,
    device: str,
) -> Labeler:
    return Labeler(patterns, sections=sections, assertion=assertion, refine=refine, device=device)
