"""The phrases of a pattern set as one nondeterministic automaton, linear in its size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chexlabel.patterns.roles import Role
from chexlabel.patterns.stored import StoredLexicon
from chexlabel.patterns.syntax import GAP, MAX_GAP, Choice, Element
from chexlabel.patterns.vocabulary import Vocabulary

__all__ = ["Automaton", "AutomatonState"]


class AutomatonState:
    """A state of the automaton.

    Attributes:
        edges: word -> the states that it leads to.
        prefix_edges: beginning of words -> the states that they lead to.
        gaps: the states that any word leads to.
        roles: of the phrases that end here.
    """

    __slots__ = ("edges", "gaps", "prefix_edges", "roles")

    def __init__(
        self,
        edges: dict[str, list[int]],
        prefix_edges: dict[str, list[int]],
        gaps: list[int],
        roles: list[Role],
    ) -> None:
        self.edges = edges
        self.prefix_edges = prefix_edges
        self.gaps = gaps
        self.roles = roles


class Automaton:
    """The automaton: its states by number, of which 0 is the start.

    Args:
        stored: a compiled set, whose states are read when they are asked for; without one, there is
            the start alone, and `add` makes the others.

    Attributes:
        read: the states, `None` for those that have yet to be read.
    """

    def __init__(self, stored: StoredLexicon | None = None) -> None:
        self._stored = stored
        self._shared: dict[tuple[int | str, ...], int] = {}  # how a state is reached -> the state
        self.read: list[AutomatonState | None] = (
            [None] * stored.states if stored is not None else []
        )
        if stored is None:
            self._new()

    def __getitem__(self, number: int) -> AutomatonState:
        state = self.read[number]
        if state is None:
            assert self._stored is not None  # noqa: S101 (where nothing is stored, it is there)
            state = self.read[number] = AutomatonState(*self._stored.state(number))
        return state

    def __iter__(self) -> Iterator[AutomatonState]:
        return map(self.__getitem__, range(len(self.read)))

    def add(self, phrase: Sequence[Element], role: Role, words: Vocabulary) -> None:
        """Add a parsed phrase, and its words to `words`.

        Phrases that begin alike share their states as far as they do.
        """
        end = self._new()
        self[end].roles.append(role)
        self._add_sequence(phrase, [0], end, words)

    def freeze(self) -> None:
        """Forget what is only needed to add phrases."""
        self._shared.clear()

    def _new(self) -> int:
        self.read.append(AutomatonState({}, {}, [], []))
        return len(self.read) - 1

    def _add_sequence(
        self, phrase: Sequence[Element], starts: list[int], end: int, words: Vocabulary
    ) -> None:
        """Lay edges for `phrase` from each of `starts` to `end`."""
        last_needed = max(at for at, element in enumerate(phrase) if not _is_optional(element))
        shared = self._shared
        for at, element in enumerate(phrase):
            key: tuple[int | str, ...] = (*starts, repr(element))
            target = end if at == len(phrase) - 1 else shared.get(key)
            if element == GAP:
                starts = [*starts, *self._gap_states(starts, key)]
                continue
            ends = []
            if target is None:
                target = shared[key] = self._new()
                ends = [target]
            # Before a tail of optional elements the phrase may already end.
            if last_needed <= at:
                ends.append(end)
            if ends:
                self._add_element(element, starts, ends, words)
            starts = [*starts, target] if _is_optional(element) else [target]

    def _add_element(
        self, element: Element, starts: list[int], ends: list[int], words: Vocabulary
    ) -> None:
        if isinstance(element, Choice):
            for option in element.options:
                if len(option) == 1:
                    self._add_element(option[0], starts, ends, words)
                    continue
                for end in ends if option else ():
                    self._add_sequence(option, starts, end, words)
            return
        words.add(element)
        by_beginning = element.endswith("*")
        for start in starts:
            state = self[start]
            if by_beginning:
                targets = state.prefix_edges.setdefault(element[:-1], [])
            else:
                targets = state.edges.setdefault(element, [])
            targets.extend(end for end in ends if end not in targets)

    def _gap_states(self, starts: list[int], key: tuple[int | str, ...]) -> list[int]:
        """Lay a chain of states that each take one word, whichever it is."""
        first = self._shared.get(key)
        if first is not None:
            return list(range(first, first + MAX_GAP))
        self._shared[key] = len(self.read)
        states: list[int] = []
        previous = starts
        for _ in range(MAX_GAP):
            state = self._new()
            for start in previous:
                self[start].gaps.append(state)
            states.append(state)
            previous = [state]
        return states


def _is_optional(element: Element) -> bool:
    return isinstance(element, Choice) and [] in element.options
