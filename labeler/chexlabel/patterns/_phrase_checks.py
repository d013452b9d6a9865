"""What can be wrong with the phrases of a set: malformed, contradicting, hidden, never matching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from chexlabel.patterns.problems import Problem
from chexlabel.patterns.syntax import END, GAP, MOST_SEQUENCES, count, expand, parse, tokenize
from chexlabel.patterns.walk import SENTENCE, SPELLING, WORDS, PhraseEntry

__all__ = ["PhraseBook"]

_Words = tuple[str, ...]


class PhraseBook:
    """The phrases of a set, spelled out.

    Args:
        entries: all phrases of the set, in the order in which they are compiled.
        own: the set's own folder; the phrases of the set that it extends are not its problem.

    Attributes:
        errors: phrases that cannot be read.
        warnings: phrases that stand for too many sequences of words to be checked.
    """

    def __init__(self, entries: Iterable[PhraseEntry], own: Path) -> None:
        self._own = own
        self._spelled: list[tuple[PhraseEntry, list[_Words]]] = []
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        for entry in entries:
            text = entry.phrase.text
            try:
                number = count(parse(entry.phrase.full))
            except ValueError as error:
                self.errors.append(_problem(entry, f"`{text}`: {error}"))
                continue
            if number > MOST_SEQUENCES:
                message = f"stands for {number:,} sequences of words; split it in two"
                self.warnings += [_problem(entry, message)] if self._is_own(entry) else []
                continue
            self._spelled.append((entry, sorted(expand(entry.phrase.full), key=_length)))

    def contradictions(self) -> Iterator[Problem]:
        """Yield the phrases that stand twice in a layer, with different meanings."""
        first: dict[tuple[str, _Words], PhraseEntry] = {}
        told: set[tuple[PhraseEntry, PhraseEntry]] = set()
        for entry, spelled in self._spelled:
            if entry.layer in (SPELLING, WORDS):
                continue
            for words in spelled:
                earlier = first.setdefault((entry.layer, words), entry)
                if earlier is entry or (earlier, entry) in told:
                    continue
                if not _contradict(earlier, entry) or self._overrides(entry, earlier):
                    continue
                told.add((earlier, entry))
                yield _problem(
                    entry,
                    f"`{' '.join(words)}` is {_meaning(entry)} here but {_meaning(earlier)} in "
                    f"{_place(earlier, entry)}; remove it from one of the two",
                )

    def unmatchable(self) -> Iterator[Problem]:
        """Yield the phrases with words that are never found in a text."""
        for entry, spelled in self._spelled:
            if not self._is_own(entry):
                continue
            for words in spelled:
                lost = _lost(words)
                if lost:
                    yield _problem(
                        entry,
                        f"`{' '.join(words)}` can never match: `{lost}` is never a word of a text; "
                        "reword it",
                    )
                    break

    def hidden_cues(self) -> Iterator[Problem]:
        """Yield the cues that longer cues of another kind take words from.

        `no new` outdoes `no`, for it is longer. But if `has no` is a cue of the kind of `no`, it
        takes the `no` of "has no new ...", and `no new` is not seen: the first cue in a text wins.
        """
        told: dict[PhraseEntry, list[tuple[PhraseEntry, str, str]]] = defaultdict(list)
        for entry, other, words in self._hidden():
            text = " ".join(words)
            if self._is_own(entry):
                fault = f"in `{text}` this {entry.group} hides a cue of {other.group}"
                told[entry].append((other, fault, "add the whole there, or shorten this"))
            else:
                fault = f"in `{text}` a longer cue of {entry.group} hides this {other.group}"
                told[other].append((entry, fault, "add the whole here"))
        for entry, faults in told.items():
            other, fault, remedy = faults[0]
            more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
            yield _problem(entry, f"{fault} ({_place(other, entry)}{more}); {remedy}")

    def _hidden(self) -> Iterator[tuple[PhraseEntry, PhraseEntry, _Words]]:
        """Yield cues, the cues of other kinds that they hide, and words in which they do."""
        kinds: dict[_Words, str] = {}
        for entry, spelled in self._cues():
            kinds.update(dict.fromkeys(spelled, entry.group))
        longer: dict[_Words, dict[PhraseEntry, list[_Words]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for entry, spelled in self._cues():
            for words in spelled:
                for size in range(1, len(words)):
                    beginning = words[:size]
                    if kinds.get(beginning, entry.group) != entry.group:
                        longer[beginning][entry].append(words)
        listed = {
            words for entry, them in self._spelled if entry.layer == SENTENCE for words in them
        }
        for entry, spelled in self._cues():
            hidden: dict[PhraseEntry, _Words] = {}
            for words in spelled:
                for size in range(1, len(words)):
                    end = words[-size:]
                    if kinds.get(end) == entry.group and end in longer:
                        hidden = dict(_taken(words, size, longer[end], listed)) | hidden
            for other, words in hidden.items():
                if other.group != entry.group and (self._is_own(entry) or self._is_own(other)):
                    yield entry, other, words

    def _cues(self) -> Iterator[tuple[PhraseEntry, list[_Words]]]:
        for entry, spelled in self._spelled:
            if _is_cue(entry):
                yield entry, spelled

    def _is_own(self, entry: PhraseEntry) -> bool:
        return entry.phrase.file.is_relative_to(self._own)

    def _overrides(self, entry: PhraseEntry, earlier: PhraseEntry) -> bool:
        """Say whether an entry changes another's meaning on purpose: that of a file underneath."""
        if not self._is_own(entry) or not self._is_own(earlier):
            return True
        same_file = entry.phrase.file == earlier.phrase.file
        return entry.layer == entry.group and not same_file  # a finding that extends another


def _length(words: _Words) -> tuple[int, _Words]:
    return len(words), words


def _contradict(earlier: PhraseEntry, entry: PhraseEntry) -> bool:
    if entry.group == earlier.group and (entry.key == earlier.key or _is_cue(entry)):
        return False  # a cue may work in both directions
    # A verb that is a cue is listed as a verb too, for the cues that hold it.
    return (earlier.group, earlier.key) not in (("structure", "verbs"), ("structure", "modals"))


def _is_cue(entry: PhraseEntry) -> bool:
    return entry.layer == SENTENCE and entry.group != "structure"


def _taken(
    words: _Words, size: int, longer: Mapping[PhraseEntry, Sequence[_Words]], listed: set[_Words]
) -> Iterator[tuple[PhraseEntry, _Words]]:
    """Yield the entries that lose their first `size` words to `words`, with such a text."""
    for entry, spelled in longer.items():
        for other in spelled:
            text = words + other[size:]
            if not any(text[:end] in listed for end in range(len(words) + 1, len(text) + 1)):
                yield entry, text
                break


def _lost(words: _Words) -> str:
    """Return the first of a phrase's words that the tokens of a text cannot be."""
    for word in words:
        if word not in {END, GAP} and tokenize(f" {word.removesuffix('*')} ") != [
            word.removesuffix("*")
        ]:
            return word
    return ""


def _meaning(entry: PhraseEntry) -> str:
    return f"a cue of {entry.group}" if _is_cue(entry) else repr(entry.key)


def _place(entry: PhraseEntry, seen_from: PhraseEntry) -> str:
    phrase = entry.phrase
    if phrase.file == seen_from.phrase.file:
        return f"line {phrase.line}"
    return f"{phrase.file.name}:{phrase.line}"


def _problem(entry: PhraseEntry, message: str) -> Problem:
    return Problem(entry.phrase.file, entry.phrase.line, message)
