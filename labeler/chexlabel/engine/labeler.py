"""The labeler: sections, sentences, mentions, assertion and aggregation in one."""

from __future__ import annotations

import os
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal

from chexlabel.engine.aggregate import Aggregator
from chexlabel.engine.confidence import report_probabilities
from chexlabel.engine.context import ContextReader
from chexlabel.engine.evidence import Place, Statement, mentions, quotes
from chexlabel.engine.judgement import REFINER, Judgement
from chexlabel.engine.judges import Judge, Refiner
from chexlabel.engine.judges.rules import RulesJudge
from chexlabel.engine.mask import MENTIONS, passage_mask
from chexlabel.engine.memo import Memo
from chexlabel.engine.passages import REFERS_BACK, PassageCutter
from chexlabel.engine.recognition import Recogniser
from chexlabel.errors import RefinerError
from chexlabel.labels import Attribution, Label, LabeledReport, Mention
from chexlabel.patterns.cache import load_compiled
from chexlabel.patterns.pattern_set import PatternSet
from chexlabel.patterns.places import lasting_name
from chexlabel.report import Report, several, text_and_spans

if TYPE_CHECKING:
    from chexlabel.engine.trace import Trace

__all__ = ["Labeler"]

_MASKS = 100_000
"""How many passages' labels a generation of the memo holds: some 18 MB."""


class Labeler:
    """Labels chest X-ray reports by the rules of a pattern set, refined by a small BERT.

    Construction reads and compiles the set; after that the labeler holds no open resources, may be
    shared between threads, and can be pickled: it is rebuilt from its arguments, in whatever folder
    the other process runs.

    Args:
        patterns: name of a shipped pattern set, or the folder of one.
        sections: canonical names of the sections that labels come from, or that of the only one;
            by default those that the set names (findings and impression, else the body).
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
        if sections is not None:
            sections = (sections,) if isinstance(sections, str) else tuple(sections)
        self.patterns = load_compiled(patterns)
        """The compiled pattern set."""
        self._aggregator = Aggregator(self.patterns)
        if assertion not in ("scope", "negex"):
            raise ValueError(f"assertion {assertion!r}: choose 'scope' or 'negex'")
        self._context = ContextReader(self.patterns.context, self.patterns.lexicon)
        self._cutter = PassageCutter(self.patterns, sections, self._context)
        rules = RulesJudge(self.patterns.lexicon, self._context)
        self._judge: Judge = rules
        self._refiner: Refiner | None = None
        self.refiner_note = ""
        """Why the labels are the rules' alone, or what is to be said of the refiner; one line."""
        if assertion == "negex":
            if refine not in (None, False):
                raise RefinerError("the refiner reads after the rules; leave out assertion='negex'")
            from chexlabel.engine.judges.negex import NegexJudge

            self._judge = NegexJudge(self.patterns.lexicon)
            self.refiner_note = "rules only: the refiner does not read after NegEx"
        else:
            self._refiner, self.refiner_note = _refiner(rules, self.patterns, refine, device)
            self._judge = self._refiner or rules
            refine = _lasting_choice(refine)
        self._arguments = (lasting_name(patterns), sections, assertion, refine, device)
        # Reports repeat one another's sentences: what was worked out for one is kept.
        self._masks = Memo(self._judge_masks, _MASKS)
        self._statements = Memo(self._judge_statements)
        self._recognised = Memo(Recogniser(self.patterns.recognition))

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
        sentences = self._cutter.texts(report)
        masks = self._masks
        mask = 0
        for sentence in sentences:
            mask |= masks[sentence]
        if mask & REFERS_BACK:
            mask = self._mask_of(self._in_passages(sentences))
        return self._settled(mask, sentences)

    def label_batch(self, reports: Iterable[str | Report]) -> list[tuple[Label | None, ...]]:
        """Return the labels of many reports; their new sentences are judged at once."""
        cut = [self._cutter.texts(report) for report in several(reports)]
        masks = self._masks
        masks.fill(chain.from_iterable(cut))
        joined = [self._in_passages(sentences) for sentences in cut]
        masks.fill(chain.from_iterable(joined))
        return [
            self._settled(self._mask_of(passages), sentences)
            for passages, sentences in zip(joined, cut, strict=True)
        ]

    def __call__(self, report: str | Report) -> LabeledReport:
        """Label a report and give the evidence: every mention, its offsets and its cues."""
        text, plain, sentences = self._cutter.sentences(report)
        texts = [plain[start:end] for _, start, end in sentences]
        passages, places = self._placed(texts, sentences)
        statements = self._statements
        marked = text is not plain
        mask = 0
        found: list[Mention] = []
        for passage, place in zip(passages, places, strict=True):
            said, quoted = statements[passage]
            mask |= said
            if quoted:
                found += mentions(text, place, quoted, marked=marked)
        labels = self._settled(mask, texts)
        refiner = self._refiner
        probabilities = {}
        if refiner is not None and passages:
            readings = refiner.read(passages)
            tables = [reading.probabilities for reading in readings]
            probabilities = report_probabilities(tables, refiner.refined, self.patterns, labels)
        return LabeledReport(
            id=report.id if isinstance(report, Report) else None,
            labels=dict(zip(self.findings, labels, strict=True)),
            mentions=tuple(found),
            probabilities=probabilities,
            refiner=self.refiner,
            text=text,
        )

    def attributions(
        self,
        report: str | Report,
        labeled: LabeledReport,
        *,
        threshold: float | None = None,
        findings: Collection[str] | None = None,
    ) -> tuple[Attribution, ...]:
        """Say which words the refiner's reading of a report stands on.

        Integrated gradients where PyTorch and captum are installed, else by leaving words out.

        Args:
            report: the report.
            labeled: what this labeler says of it.
            threshold: the least score of a word to be kept, as a share of the strongest one's; by
                default the strong one of two clusters of words is kept.
            findings: those to look at; by default all.

        Returns:
            One attribution a finding that the refiner has a head for and that the report speaks of;
            none by the rules alone.
        """
        if self._refiner is None:
            return ()
        text = self._cutter.plain(text_and_spans(report)[0])
        return self._refiner.attribute(text, labeled, threshold, findings)

    def recognises(self, report: str | Report) -> bool:
        """Tell whether a report speaks of a finding or of the chest at all.

        One that does not, such as an image's path or another language, has all labels blank.

        >>> labeler = Labeler(refine=False)
        >>> labeler.recognises("Normal chest."), labeler.recognises("images/0001.png")
        (True, False)
        """
        sentences = self._cutter.texts(report)
        mask = self._mask_of(self._in_passages(sentences))
        return self._is_known(mask, sentences)

    def read_ahead(self, reports: Iterable[str | Report]) -> None:
        """Judge the new sentences of many reports at once, so that each is then labeled quickly."""
        cut = [self._cutter.texts(report) for report in reports]
        statements = self._statements
        statements.fill(chain.from_iterable(cut))
        for sentences in cut:
            masks = [statements[sentence].mask for sentence in sentences]
            statements.fill(self._cutter.joined(sentences, self._cutter.bounds(sentences, masks)))

    def trace(self, report: str | Report) -> Iterator[Trace]:
        """Yield how the rules read each sentence that names a finding: clauses, lists, scopes."""
        from chexlabel.engine.trace import trace

        for sentence in self._cutter.texts(report):
            found = trace(sentence, self.patterns)
            if found is not None:
                yield found

    def pipe(self, reports: Iterable[str | Report], batch_size: int = 1) -> Iterator[LabeledReport]:
        """Label a stream of reports with evidence, lazily and in order.

        Args:
            reports: texts or reports.
            batch_size: how many are read ahead, so that their new sentences are judged at once.

        Raises:
            TypeError: `reports` is a single report.
            ValueError: `batch_size` is less than 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more, not {batch_size}")
        return self._pipe(iter(several(reports)), batch_size)

    def _pipe(self, stream: Iterator[str | Report], batch_size: int) -> Iterator[LabeledReport]:
        while batch := list(islice(stream, batch_size)):
            if batch_size > 1:
                self.read_ahead(batch)
            yield from map(self, batch)

    def passages(self, report: str | Report, *, leaning: bool = False) -> list[str]:
        """Return the passages of a report that labels come from, in their order.

        A passage is what is judged at once: a sentence, or a few that refer to one another.

        Args:
            report: a text or a report.
            leaning: whether to give those that a refiner would be asked about, also where there is
                none (see `ContextReader.leans`).
        """
        return self._in_passages(self._cutter.texts(report), leaning=leaning)

    def judge(self, passages: Sequence[str]) -> list[list[Judgement]]:
        """Return what passages say of the findings: for each, its judgements in text order."""
        return list(self._judge(passages))

    def label_frame(self, frame: Any, text: Hashable = "report") -> Any:
        """Label the texts in a column of a DataFrame of pandas, polars or another eager kind.

        Args:
            frame: one row a report; or a Series of reports. Missing values count as empty reports.
            text: the column that holds the reports, by its name; pandas has other names than
                texts, such as numbers.

        Returns:
            A DataFrame of the same kind with a nullable integer column a finding (1, 0, -1,
            missing); one of pandas keeps the index.

        Raises:
            InputError: There is no such column, it holds something else than text, or two columns
                have one name.
            MissingExtraError: narwhals, of the extra `validate`, is not installed.
            TypeError: `frame` is no DataFrame or Series, or a lazy one.
        """
        from chexlabel.engine.frames import label_frame

        return label_frame(self, frame, text)

    def _placed(
        self, texts: list[str], sentences: Sequence[Place]
    ) -> tuple[list[str], list[Sequence[Place]]]:
        """Return the passages that sentences make, and the sentences of each."""
        statements = self._statements
        masks = [statements[sentence].mask for sentence in texts]
        bounds = self._cutter.bounds(texts, masks)
        places = [sentences[first:after] for first, after in bounds]
        return self._cutter.joined(texts, bounds), places

    def _in_passages(self, sentences: list[str], *, leaning: bool = False) -> list[str]:
        """Return the passages that sentences make, as the judge takes them."""
        masks = [self._masks[sentence] for sentence in sentences]
        if leaning:
            reach = self._context.reach
            masks = [m | reach(s, leaning=True) for m, s in zip(masks, sentences, strict=True)]
        return self._cutter.joined(sentences, self._cutter.bounds(sentences, masks))

    def _mask_of(self, passages: Iterable[str]) -> int:
        masks = self._masks
        mask = 0
        for passage in passages:
            mask |= masks[passage]
        return mask

    def _settled(self, mask: int, sentences: Sequence[str]) -> tuple[Label | None, ...]:
        """Return a report's labels; all blank where nothing tells that it is a report."""
        if self._is_known(mask, sentences):
            return self._aggregator.labels(mask)
        return self._aggregator.blank

    def _is_known(self, mask: int, sentences: Sequence[str]) -> bool:
        return bool(mask & MENTIONS) or any(map(self._recognised.__getitem__, sentences))

    def _judge_masks(self, passages: Sequence[str]) -> list[int]:
        judge = self._refiner.skim if self._refiner else self._judge
        judged = zip(passages, judge(passages), strict=True)
        return [self._mask(passage, judgements) for passage, judgements in judged]

    def _judge_statements(self, passages: Sequence[str]) -> list[Statement]:
        patterns = self.patterns
        return [
            Statement(self._mask(passage, judgements), quotes(passage, judgements, patterns))
            for passage, judgements in zip(passages, self._judge(passages), strict=True)
        ]

    def _mask(self, passage: str, judgements: Sequence[Judgement]) -> int:
        """Return what a passage says, and whether it is read with the one before it."""
        context = self._context
        said = passage_mask(judgements, self.patterns.weak_states, asks=context.asks(passage))
        if self._refiner is None:
            return said | context.reach(passage)
        names = any(each.source != REFINER for each in judgements)
        return said | context.reach(passage, leaning=True, names=names)


def _refiner(
    rules: RulesJudge,
    patterns: PatternSet,
    refine: bool | str | os.PathLike[str] | None,
    device: str,
) -> tuple[Refiner | None, str]:
    """Return the refiner that was asked for, and what is to be said of it."""
    if refine is False:
        return None, "rules only, as asked for"
    from chexlabel_neural.select import select_refiner, stated_refiner

    if refine is None:
        refine = stated_refiner()
        if refine is False:
            return None, "rules only: CHEXLABEL_REFINER is off"
    return select_refiner(rules, patterns, refine, device)


def _lasting_choice(
    refine: bool | str | os.PathLike[str] | None,
) -> bool | str | None:
    """Return what chooses the same refiner in a process of another folder and environment."""
    if refine is None:
        from chexlabel_neural.select import stated_refiner

        refine = stated_refiner()
    if refine is None or isinstance(refine, bool):
        return refine
    return os.path.abspath(refine)  # noqa: PTH100 - as `lasting_name` does it


def _rebuild(
    patterns: str | os.PathLike[str],
    sections: tuple[str, ...] | None,
    assertion: Literal["scope", "negex"],
    refine: bool | str | os.PathLike[str] | None,
    device: str,
) -> Labeler:
    return Labeler(patterns, sections=sections, assertion=assertion, refine=refine, device=device)
