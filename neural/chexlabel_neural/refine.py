"""The refiner as a judge: the rules' labels, changed where the net is surely better."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chexlabel.engine.judgement import REFINER, Judgement, Reading
from chexlabel.engine.judges import Judge
from chexlabel.engine.marks import OR
from chexlabel.engine.match import Match, token_offsets
from chexlabel.engine.memo import Memo
from chexlabel.labels import Attribution, Label, LabeledReport
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import Role, Tag
from chexlabel_neural.classes import CHOICES, CLASS_OF, LABEL_OF, TRANSITIONS
from chexlabel_neural.familiarity import Familiarity, familiarity, strangeness, unknown_words
from chexlabel_neural.gate import Gate, Look, gate_words
from chexlabel_neural.probabilities import softmax
from chexlabel_neural.runtime import Outputs, PassageReader
from chexlabel_neural.withheld import ANY_FINDING, own_phrases, tagged_words, withheld

if TYPE_CHECKING:
    from chexlabel_neural.refiner_file import RefinerFile

__all__ = ["RefinerJudge"]

Floats: TypeAlias = NDArray[np.float32]


class RefinerJudge:
    """Judges by the rules, then changes a passage's label where the model's `refiner.json` says so.

    Of each finding the net gives the probabilities of blank, negative, uncertain and positive. Its
    most probable label replaces that of the rules where it reaches the threshold that the file
    states for this change of this finding. The mentions of the rules are then left out, and
    one that quotes the tagged words comes in their place; where the refined label is blank, they
    stay without effect.

    Instances may be shared between threads and pickled.

    Args:
        rules: the judge whose labels are refined.
        file: the model's `refiner.json`.
        reader: runs the net.
        numbers: finding -> its number in the pattern set, for the findings to be refined; the
            others are left to the rules.
        own: phrases that the model's set does not have, which the net may not overrule (see
            `own_phrases`).
    """

    def __init__(
        self,
        rules: Judge,
        file: RefinerFile,
        reader: PassageReader,
        numbers: Mapping[str, int],
        own: Collection[tuple[int, str]] = (),
    ) -> None:
        self._arguments = (rules, file, reader, dict(numbers), frozenset(own))
        self._own = frozenset(own)
        self._rules = rules
        self._lexicon: Lexicon | None = getattr(rules, "lexicon", None)
        self.reader = reader
        """Runs the net."""
        self.title = file.title
        """Name and version of the model."""
        self.refined = frozenset(numbers.values())
        """The numbers of the findings that it has probabilities for."""
        heads = [place for place, name in enumerate(file.findings) if name in numbers]
        names = [file.findings[head] for head in heads]
        self.heads = np.array(heads)
        """The net's heads, in the order of `names`."""
        self._numbers = np.array([numbers[name] for name in names])
        self._names = names
        self._columns = {number: column for column, number in enumerate(self._numbers.tolist())}
        self._head_of = dict(zip(self._numbers.tolist(), heads, strict=True))
        self._size = int(self._numbers.max()) + 1
        self._temperature = np.array([file.temperature[n] for n in names], np.float32)[:, None]
        self._weight = np.array([file.rules_weight.get(n, 0.0) for n in names], np.float32)
        familiar = file.policy if file.familiar_policy is None else file.familiar_policy
        read = familiar if file.read_policy is None else file.read_policy
        by_familiarity = (file.policy, familiar, read)
        self._threshold = np.stack([_thresholds(policy, names) for policy in by_familiarity])
        self._least = self._threshold.min()
        self._span_threshold = file.span_threshold
        self._max_tokens = file.max_tokens
        self._readings = Memo(self._read)
        self.gate: Gate | None = None
        """Tells which passages the net is asked about; `None` for all."""
        if file.gate is not None and reader.opened_with is not None:
            path = reader.opened_with[0] / file.gate.file
            self.gate = Gate.read(path, file.gate.least)

    def __reduce__(self) -> tuple[object, ...]:
        return RefinerJudge, self._arguments

    def __call__(self, passages: Sequence[str]) -> list[list[Judgement]]:
        """Judge the mentions of passages (see `Judge`)."""
        return [list(reading.judgements) for reading in self.read(passages)]

    def read(self, passages: Sequence[str]) -> list[Reading]:
        """Judge passages and give the probabilities of all labels (see `Refiner`)."""
        return self._readings.of(passages)

    def skim(self, passages: Sequence[str]) -> list[list[Judgement]]:
        """Judge for the labels alone: what the gate leaves to the rules the net does not read."""
        if self.gate is None:
            return self(passages)
        found = list(self._rules(passages))
        looks = self.look(passages, found)
        asked = self.gate.asks(looks).tolist()
        doubtful = list(compress(passages, asked))
        if doubtful:
            by_rules = list(compress(found, asked))
            unknown = [look.unknown for look in compress(looks, asked)]
            refined = iter(self._refine(doubtful, by_rules, unknown, np.True_))
            found = [
                list(next(refined).judgements) if ask else judgements
                for judgements, ask in zip(found, asked, strict=True)
            ]
        return found

    def asks(self, passages: Sequence[str]) -> NDArray[np.bool_]:
        """Tell of each passage whether the net is asked about it where labels alone are wanted."""
        if self.gate is None:
            return np.ones(len(passages), bool)
        return self.gate.asks(self.look(passages, list(self._rules(passages))))

    def look(self, passages: Sequence[str], by_rules: Sequence[Sequence[Judgement]]) -> list[Look]:
        """Return what the gate sees of passages, given the rules' judgements of each."""
        lexicon = self._lexicon
        return [
            Look(gate_words(passage), unknown_words(passage, lexicon), self._said(judgements))
            for passage, judgements in zip(passages, by_rules, strict=True)
        ]

    def net_probabilities(self, passages: Sequence[str]) -> Floats:
        """Return what the net alone says: [passages, findings, 4], findings as in `names`."""
        return self._doubted(softmax(self._tempered(self.reader(passages))), passages)

    @property
    def names(self) -> Sequence[str]:
        """The refined findings, in the order of `net_probabilities`."""
        return self._names

    def attribute(
        self,
        text: str,
        labeled: LabeledReport,
        threshold: float | None = None,
        findings: Collection[str] | None = None,
    ) -> tuple[Attribution, ...]:
        """Say which words its reading stands on (see `chexlabel_neural.attribute.attribute`)."""
        from chexlabel_neural.attribute import attribute

        return attribute(text, labeled, self, threshold, findings=findings)

    def _said(self, judgements: Sequence[Judgement]) -> frozenset[tuple[int, int]]:
        """Return what judgements say of the net's findings: their heads, with classes."""
        heads = self._head_of
        said = [(heads.get(each.item.role.finding), CLASS_OF[each.label]) for each in judgements]
        return frozenset([(head, value) for head, value in said if head is not None])

    def _read(self, passages: Sequence[str]) -> list[Reading]:
        by_rules = list(self._rules(passages))
        looks = self.look(passages, by_rules)
        # As where labels alone are wanted, the net changes nothing that the gate holds back.
        asked = np.True_ if self.gate is None else self.gate.asks(looks)[:, None]
        return self._refine(passages, by_rules, [look.unknown for look in looks], asked)

    def _refine(
        self,
        passages: Sequence[str],
        by_rules: Sequence[Sequence[Judgement]],
        unknown: Sequence[int],
        allowed: np.bool_ | NDArray[np.bool_],
    ) -> list[Reading]:
        """Read passages with the net and change what the rules judged, where that is allowed.

        Args:
            passages: to be read.
            by_rules: the rules' judgements of each.
            unknown: how many words of each the rules do not know.
            allowed: whether the net may change a passage, [passages, 1], or all of them.
        """
        outputs = self.reader(passages)
        places = np.array([self._places(judgements) for judgements in by_rules])
        logits = self._tempered(outputs)
        probable = self._doubted(softmax(logits), passages)
        best = probable.argmax(axis=2)
        sure = np.take_along_axis(probable, best[:, :, None], axis=2)[:, :, 0]
        columns = np.arange(len(self.heads))
        wanted = (best != places) & (sure >= self._least) & allowed
        # The net cannot overrule what it did not see: the end of a passage that is too long.
        wanted &= np.array([len(o.tags) < self._max_tokens for o in outputs])[:, None]
        changed = np.zeros_like(wanted)
        for at in np.flatnonzero(wanted.any(axis=1)).tolist():
            known = familiarity(passages[at], unknown[at], self._lexicon)
            changed[at] = wanted[at] & (
                sure[at] >= self._threshold[known, columns, places[at], best[at]]
            )
            if changed[at].any():
                changed[at] &= ~self._withheld(passages[at], by_rules[at], outputs[at], known)
        final = np.where(changed, best, places)
        # With the rules' label as one more witness.
        logits += self._weight[:, None] * (places[:, :, None] == np.arange(4))
        pooled = self._doubted(softmax(logits), passages)
        readings = []
        for at, passage in enumerate(passages):
            table = np.zeros((self._size, 4), np.float32)
            table[self._numbers] = pooled[at]
            judgements = self._judgements(
                passage, by_rules[at], outputs[at], changed[at], final[at], table
            )
            readings.append(Reading(judgements, table))
        return readings

    def _tempered(self, outputs: Sequence[Outputs]) -> Floats:
        """Return the logits of the refined findings, divided by their temperatures."""
        logits = np.stack([o.logits[self.heads] for o in outputs])
        return np.asarray(logits / self._temperature, np.float32)

    def _places(self, judgements: Sequence[Judgement]) -> list[int]:
        """Return what the rules say of each refined finding, as places in `CHOICES`."""
        places = [0] * len(self.heads)
        for judgement in judgements:
            column = self._columns.get(judgement.item.role.finding)
            if column is not None:
                places[column] = max(places[column], CLASS_OF[judgement.label])
        return places

    def _withheld(
        self,
        passage: str,
        judgements: Sequence[Judgement],
        outputs: Outputs,
        known: Familiarity,
    ) -> NDArray[np.bool_]:
        """Tell for each refined finding whether the net has no say (see `withheld`)."""
        held = np.zeros(len(self.heads), bool)
        if OR in passage:  # a list that the rules joined to what governs it
            return ~held
        numbers = withheld(
            passage,
            judgements,
            outputs.tags,
            known,
            self._head_of,
            self.reader,
            self._lexicon,
            self._span_threshold,
        )
        if self._own:
            numbers |= own_phrases(passage, self._own, self._lexicon)
            if ANY_FINDING in numbers:
                return ~held
        held[[self._columns[number] for number in numbers & self._columns.keys()]] = True
        return held

    def _doubted(self, probabilities: Floats, passages: Sequence[str]) -> Floats:
        """Mix in that nothing is known of a passage, as far as its words are strange to the net."""
        vocabulary = self.reader.vocabulary
        if vocabulary is None:
            return probabilities
        strange = [strangeness(passage, vocabulary) for passage in passages]
        doubt = np.array(strange, np.float32)[:, None, None]
        mixed: Floats = np.asarray((1 - doubt) * probabilities + doubt / len(CHOICES), np.float32)
        return mixed

    def _judgements(
        self,
        passage: str,
        by_rules: Sequence[Judgement],
        outputs: Outputs,
        changed: NDArray[np.bool_],
        final: NDArray[np.intp],
        table: Floats,
    ) -> list[Judgement]:
        """Return the judgements of a passage after the changes, with their confidence."""
        found = []
        held: dict[int, Judgement] = {}
        for judgement in by_rules:
            number = judgement.item.role.finding
            column = self._columns.get(number)
            if column is None:
                found.append(judgement)
                continue
            confidence = float(table[number, CLASS_OF[judgement.label]])
            if not changed[column]:
                found.append(judgement._replace(confidence=confidence))
                continue
            held.setdefault(number, judgement)
            if final[column] == 0:
                sure = float(table[number, 0])
                found.append(judgement._replace(label=None, confidence=sure, source=REFINER))
        new = [column for column in np.flatnonzero(changed).tolist() if final[column] != 0]
        if not new:
            return found
        tokens = token_offsets(passage, self._lexicon)
        if not tokens:
            return found
        pieces = self.reader.pieces(passage).offsets
        for column in new:
            number = int(self._numbers[column])
            tags = outputs.tags[:, self.heads[column]]
            span = tagged_words(tags, pieces, tokens, self._span_threshold)
            if span is None:
                quoted = held.get(number)
                span = quoted.item[:2] if quoted else (0, len(tokens))
            label = LABEL_OF[final[column]]
            role = Role(Tag.MENTION, number, "", number, label or Label.POSITIVE)
            confidence = float(table[number, final[column]])
            found.append(Judgement(Match(*span, role), label, (), confidence, REFINER))
        return sorted(found, key=lambda judgement: judgement.item.start)


def _thresholds(policy: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> Floats:
    """Return the thresholds [findings, from, to]; infinite where a change is off."""
    table = np.full((len(names), len(CHOICES), len(CHOICES)), np.inf, np.float32)
    for column, name in enumerate(names):
        for transition, threshold in policy.get(name, {}).items():
            table[column, *TRANSITIONS[transition]] = threshold
    return table
