"""Sentences that speak of findings named before them, and what they say of these.

"There was a small pneumothorax. No trace of it remains." Which phrases refer back, and what they
say, is data (`context.yaml`). Such a sentence is judged in one passage with those that it refers
to; a sentence that stands alone is a passage by itself. How far back is bounded, so the time is
linear in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chexlabel.engine.judgement import Judgement
from chexlabel.engine.mask import ANSWERS, REFERS
from chexlabel.engine.match import Match, find_matches, symbolize
from chexlabel.engine.references import LOOK_AT, ReferenceFinder, applied
from chexlabel.patterns.context import ContextRules
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import Tag
from chexlabel.patterns.syntax import TOKEN
from chexlabel.patterns.vocabulary import ByWord

__all__ = ["BOUNDARY", "ContextReader", "ReadSentence"]

BOUNDARY = ".\x1e"
"""Stands between the sentences of a passage: a full stop, and white space that no text has."""

ReadSentence = Callable[[list[str]], tuple[list[Match], list[Judgement]]]
"""Gives the matched phrases and the judgements of a sentence, as symbols."""

_LONGEST = 4  # sentences of a passage
_LONGEST_NAME = 4  # words of a finding's name
_SHORT_QUESTION = 5  # tokens, with the mark: "Lungs wet?"


class ContextReader:
    """Finds passages of several sentences, and judges them. Picklable and thread-safe.

    Args:
        rules: the compiled phrases.
        lexicon: the set's other phrases.
    """

    def __init__(self, rules: ContextRules, lexicon: Lexicon) -> None:
        self._finder = ReferenceFinder(rules, lexicon)
        self._rules = rules.rules
        self._phrases = lexicon
        self._openings = rules.echo_openings
        self._endings = rules.echo_endings
        self._questions = rules.question_openings
        self._leaning = rules.leaning
        self._leaning_alone = rules.leaning_alone
        # By its first word and its last many a sentence is told not to refer to another.
        self._first_words = frozenset(opening.split(" ")[0] for opening in rules.echo_openings)
        self._last_words = frozenset(ending.split(" ")[-1] for ending in rules.echo_endings)
        self._may_open: dict[str, bool] = ByWord(self._may_open_with)

    def reach(self, sentence: str, *, leaning: bool = False, names: bool = False) -> int:
        """Return whether a sentence refers to the one before it: `REFERS`, `ANSWERS` or 0.

        Args:
            sentence: its text.
            leaning: whether one that refers to nothing, but leans on the one before, does too.
            names: see `leans`.
        """
        reach = self._reference(sentence)
        return REFERS if not reach and leaning and self.leans(sentence, names=names) else reach

    def _reference(self, sentence: str) -> int:
        if BOUNDARY in sentence:
            return 0
        first = TOKEN.search(sentence[:LOOK_AT].lower())
        opens = first is not None and self._may_open[first[0]]
        ends = sentence[sentence.rfind(" ") + 1 :].lower() in self._last_words
        if (opens or ends) and self._echoes(sentence):
            return REFERS
        if not (opens and self._finder.may_be_in(sentence)):
            return 0
        reach = 0
        for reference in self._finder.fitting(sentence):
            if reference.role.tag != Tag.ANSWER:
                return REFERS
            reach = ANSWERS
        return reach

    def leans(self, sentence: str, *, names: bool = False) -> bool:
        """Tell whether a reader who knows the language needs the sentence before to read this one.

        The rules do not: what they read in it hangs on the sentence before only if it refers to it.

        Args:
            sentence: its text.
            names: whether it is known to name a finding; otherwise that is looked for.
        """
        if BOUNDARY in sentence:
            return False
        words = frozenset(TOKEN.findall(sentence.lower()))
        if not words.isdisjoint(self._leaning):
            return True
        return not (names or words.isdisjoint(self._leaning_alone)) and not self._names(sentence)

    def asks(self, sentence: str) -> bool:
        """Tell whether a sentence asks for findings, so that what else is said of them counts."""
        if sentence[-1:] != "?":
            return False
        words = TOKEN.findall(sentence[:LOOK_AT].lower())
        if " ".join(words).startswith(self._questions):
            return True
        if len(words) > _SHORT_QUESTION or "," in words:
            return False
        # "Lungs wet?" asks; "small effusion?" describes what may be one
        matches = find_matches(symbolize(sentence, self._phrases), self._phrases) or ()
        return all(match.role.tag != Tag.ASSERTIVE for match in matches)

    def passages(
        self,
        sentences: Sequence[str],
        reach: Callable[[str], int],
        speaks: Callable[[str], bool],
    ) -> list[tuple[int, int]]:
        """Divide sentences that follow each other into passages.

        Args:
            sentences: their texts.
            reach: tells how a sentence refers back: `self.reach`, or what was kept of it.
            speaks: tells whether a sentence says something of a finding.

        Returns:
            For each passage the place of its first sentence, and that after its last.
        """
        passages: list[tuple[int, int]] = []
        for at, sentence in enumerate(sentences):
            first = at
            if at:
                reaches = reach(sentence)
                if reaches & REFERS or (reaches and self._awaits_answer(sentences[at - 1])):
                    first = self._antecedent(at, sentences, speaks)
            while passages and passages[-1][1] > first:
                first = min(first, passages.pop()[0])
            if at + 1 - first > _LONGEST:
                passages.append((first, at))
                first = at
            passages.append((first, at + 1))
        return passages

    def judge(self, sentences: Sequence[str], read: ReadSentence) -> list[Judgement]:
        """Judge the sentences of a passage together.

        Args:
            sentences: the sentences.
            read: reads one sentence on its own.

        Returns:
            The judgements in text order, their words counted from the passage's first.
        """
        judged: list[Judgement] = []
        begins = 0  # where in `judged` the last sentence that names findings begins
        organs: list[Match] = []  # the organs that it names
        before: tuple[list[str], int] = ([], 0)  # the symbols of that sentence, and their first
        start = 0
        question = False
        for sentence in sentences:
            symbols = symbolize(sentence, self._phrases)
            said = 0
            for reference in self._finder.found(sentence, after_question=question):
                if reference.role.tag == Tag.ANSWER:
                    said = reference.end
                moved = _moved(reference, start)
                rule = self._rules[reference.role.tag, reference.role.pattern]
                judged[begins:] = applied(rule, moved, judged[begins:], organs)
            if said == 0 and before[0] and self._echoes(sentence):
                matches, own = self._read_after(before, symbols, start, read)
            else:
                matches, own = read(symbols[said:])
            own_organs = [match for match in matches if match.role.tag == Tag.ANATOMY]
            if own or own_organs:
                begins = len(judged)
                before = symbols, start
                organs = [_moved(organ, start + said) for organ in own_organs]
                judged += [_judgement_moved(judgement, start + said) for judgement in own]
            start += len(symbols) + 1  # the full stop of the boundary
            question = self._awaits_answer(sentence)
        return judged

    def _awaits_answer(self, sentence: str) -> bool:
        """Tell whether a sentence is a question, or a finding's bare name ("DEVICES")."""
        if sentence.endswith("?"):
            return True
        if sentence.count(" ") >= _LONGEST_NAME:
            return False
        symbols = symbolize(sentence, self._phrases)
        matches = find_matches(symbols, self._phrases) or ()
        return any(m.end - m.start == len(symbols) and m.role.tag == Tag.MENTION for m in matches)

    def _may_open_with(self, word: str) -> bool:
        """Tell whether a sentence that refers to the one before it may begin with a word."""
        return self._finder.begin_with(word) or word in self._first_words

    def _echoes(self, sentence: str) -> bool:
        """Tell whether a sentence carries on or turns round the verdict of the one before it."""
        return sentence[:LOOK_AT].lower().startswith(self._openings) or (
            sentence[-LOOK_AT:].lower().endswith(self._endings)
        )

    def _read_after(
        self, before: tuple[list[str], int], symbols: list[str], start: int, read: ReadSentence
    ) -> tuple[list[Match], list[Judgement]]:
        """Read a sentence with the one that it echoes; return what is found in the former.

        Args:
            before: the symbols of the sentence that is echoed, and the place of the first.
            symbols: those of the sentence.
            start: the place of the first of these.
            read: reads what is one sentence.
        """
        earlier, first = before
        own = len(earlier) + 1  # where the sentence begins in what is read
        matches, judged = read([*earlier, self._phrases.symbols["."], *symbols])

        def place(match: Match) -> Match:
            return _moved(match, -own if match.start >= own else first - start)

        found = [place(match) for match in matches if match.start >= own]
        said = [
            Judgement(place(each.item), each.label, tuple(map(place, each.cues)))
            for each in judged
            if each.item.start >= own
        ]
        return found, said

    def _antecedent(self, at: int, sentences: Sequence[str], speaks: Callable[[str], bool]) -> int:
        """Return the first of the sentences that the one at `at` refers to; `at` if none."""
        before = sentences[at - 1]
        if before.endswith("?") and not self._finder.opens(before) and not self._names(before):
            return at  # "Tension? No.": the answer is to something else
        if at > 1 and not speaks(before) and speaks(sentences[at - 2]):
            return at - 2
        return at - 1

    def _names(self, sentence: str) -> bool:
        """Tell whether a sentence names a finding or an organ."""
        return find_matches(symbolize(sentence, self._phrases), self._phrases) is not None


def _moved(match: Match, by: int) -> Match:
    return match._replace(start=match.start + by, end=match.end + by)


def _judgement_moved(judgement: Judgement, by: int) -> Judgement:
    cues = tuple(_moved(cue, by) for cue in judgement.cues)
    return judgement._replace(item=_moved(judgement.item, by), cues=cues)
