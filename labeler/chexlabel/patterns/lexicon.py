"""The compiled form of a pattern set: an automaton over words, which ends in roles of phrases."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chexlabel.patterns.keys import key_words
from chexlabel.patterns.respelling import Respeller, SoundAlike
from chexlabel.patterns.roles import (
    PLACE_LAYER,
    CueKind,
    NumberedRoles,
    Role,
    Tag,
    combined_role,
    role_data,
    role_of,
)
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.syntax import GAP, MAX_GAP, TOKEN, Choice, Element, is_removed

__all__ = ["PENDING", "REMOVED", "SUSPECT", "Lexicon", "Node"]


_NOWHERE, _PENDING = -1, -2  # numbers of nodes in `to_data`
_MAX_WORDS = 1 << 17

REMOVED = "_"
"""The symbol of a word that de-identification removed: it is read past."""

SUSPECT = "~"
"""The symbol of a word that may be misheard, or a piece of a word, or two words in one."""


class Node:
    """A place in the automaton: where each next word leads, and the roles of what ends here.

    Attributes:
        states: those of the nondeterministic automaton that it stands for.
        next: symbol -> node; `PENDING` for one that `step` has yet to work out.
        otherwise: what a symbol leads to that is not there: nowhere, or, where a gap begins, to
            what `step` has yet to work out.
        roles: the roles of the phrases that end here, cues and states before findings.
        layers: the layers of these roles.
    """

    __slots__ = ("_lexicon", "layers", "next", "otherwise", "roles", "states")

    def __init__(
        self,
        lexicon: Lexicon,
        states: tuple[int, ...],
        roles: tuple[Role, ...],
        following: dict[str, Node | None] | None = None,
    ) -> None:
        self._lexicon = lexicon
        self.states = states
        self.roles = roles
        self.layers = frozenset(role.layer for role in roles)
        if following is None:
            following = lexicon.next_symbols(states)
        self.next: dict[str, Node | None] = following
        self.otherwise: Node | None = PENDING if lexicon.has_gap(states) else None

    def after(self, symbol: str) -> Node | None:
        """Return the node that `symbol` leads to, `None` for nowhere."""
        following = self.next.get(symbol, self.otherwise)
        return self.step(symbol) if following is PENDING else following

    def step(self, symbol: str) -> Node | None:
        """Work out the node that `symbol` leads to, `None` for nowhere."""
        node = self.next[symbol] = self._lexicon.advance(self.states, symbol)
        return node


Value = TypeVar("Value")


class _ByWord(dict[str, Value]):
    """What was worked out for the words met so far, each when it was first met."""

    def __init__(self, function: Callable[[str], Value]) -> None:
        self._function = function

    def __missing__(self, word: str) -> Value:
        if len(self) >= _MAX_WORDS:  # a bound for endless vocabularies
            self.clear()
        value = self[word] = self._function(word)
        return value


class Lexicon:
    """All phrases of a pattern set, to be looked up word by word.

    The phrases make one nondeterministic automaton, linear in the size of the pattern files. The
    deterministic one, in which a look-up is a walk over dictionaries, is built from it as the text
    needs it (Thompson, "Regular expression search algorithm", CACM 11(6), 1968).

    A word is first turned into its symbol: itself; the longest `beginning*` that fits; the term it
    misspells; `REMOVED`; `SUSPECT`; or "" when no phrase knows it.
    """

    def __init__(
        self,
        speller: Speller,
        unbridged: Iterable[str] = (),
        glued: Iterable[str] = (),
        sound_alikes: Sequence[SoundAlike] = (),
    ) -> None:
        """Make an empty lexicon.

        Args:
            speller: forgives misspellings.
            unbridged: words that a gap does not bridge.
            glued: words that may be stuck to a term.
            sound_alikes: what dictation makes of words.
        """
        self._speller = speller
        self._glued = glued
        self._sound_alikes = sound_alikes
        self._unbridged = frozenset(unbridged)
        self._prefixes: set[str] = set()
        self.symbols: dict[str, str] = _ByWord(self._symbol)
        """Word -> its symbol."""
        self.plain: dict[str, str] = _ByWord(self._plain)
        """Word -> the symbol under which the phrases know it, taken as it is written."""
        self._beginnings: dict[str, tuple[str, ...]] = _ByWord(self._beginnings_of)
        self.keys: frozenset[str] = frozenset()
        """Symbols of which a text must hold one to name a finding or an organ."""
        self._naming: list[Sequence[Element]] = []
        self._others: list[Sequence[Element]] = []
        self._words: set[str] = set()
        # The nondeterministic automaton; state 0 is the start.
        self._edges: list[dict[str, list[int]]] = [{}]
        self._prefix_edges: list[dict[str, list[int]]] = [{}]
        self._gap_edges: list[list[int]] = [[]]
        self._roles: list[list[Role]] = [[]]
        self._shared: dict[tuple[int | str, ...], int] = {}  # how a state is reached -> the state
        self._nodes: dict[tuple[int, ...], Node] = {}
        self._lengths: list[int] = []
        self.layers = -PLACE_LAYER
        """How many layers there are; as the index of a list, one below 0 counts from its end."""
        self._alphabet: list[str] = []
        self._families: dict[str, list[str]] = {}

    def add(self, phrase: Sequence[Element], role: Role) -> None:
        """Add a parsed phrase with its role; of equal phrases in a layer the last one counts."""
        (self._naming if _names(role) else self._others).append(phrase)
        end = self._new_state()
        self._roles[end].append(role)
        self._add_sequence(phrase, [0], end)
        self.layers = max(self.layers, role.layer + 1 - PLACE_LAYER)

    def freeze(self) -> None:
        """Make ready for look-ups, after the last phrase was added."""
        self._shared.clear()
        self._lengths = sorted(set(map(len, self._prefixes)), reverse=True)
        self._alphabet = sorted([*self._words, *(f"{prefix}*" for prefix in self._prefixes)])
        if self._naming:
            self.keys = self._symbols_of(key_words(self._naming, self._others))
            self._naming, self._others = [], []
        self.start = Node(self, (0,), ())
        """The place before a phrase's first word."""
        self.respeller = Respeller(self._speller, self._glued, self._sound_alikes, self.knows)
        """Reads again the texts with a word whose symbol is `SUSPECT`."""

    def warm(self, texts: Iterable[str]) -> None:
        """Work out what reading some texts needs, so that texts like them are read at once."""
        for text in texts:
            symbols = [self.symbols[token] for token in TOKEN.findall(text.lower())]
            for at in range(len(symbols)):
                node: Node | None = self.start
                for symbol in symbols[at:]:
                    if node is None:
                        break
                    node = node.after(symbol)

    def to_data(self) -> dict[str, Any]:
        """Return all of a lexicon that is ready for look-ups as plain values, for JSON."""
        numbered = NumberedRoles()
        nodes = [self.start, *self._nodes.values()]
        numbers: dict[int, int] = {id(node): number for number, node in enumerate(nodes)}
        numbers |= {id(None): _NOWHERE, id(PENDING): _PENDING}
        data = {
            "speller": self._speller.to_data(),
            "unbridged": sorted(self._unbridged),
            "glued": list(self._glued),
            "sounds": list(self._sound_alikes),
            "words": sorted(self._words),
            "prefixes": sorted(self._prefixes),
            "edges": self._edges,
            "prefix_edges": self._prefix_edges,
            "gap_edges": self._gap_edges,
            "state_roles": [[numbered.number(role) for role in those] for those in self._roles],
            "nodes": [
                (
                    node.states,
                    [numbered.number(role) for role in node.roles],
                    {symbol: numbers[id(to)] for symbol, to in node.next.items()},
                )
                for node in nodes
            ],
            "layers": self.layers,
            "keys": sorted(self.keys),
            "symbols": dict(self.symbols),
        }
        data["roles"] = [role_data(role, numbered.kinds) for role in numbered.roles]
        data["kinds"] = list(numbered.kinds)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Lexicon:
        """Return the lexicon that `to_data` was asked of, ready for look-ups."""
        sounds = [SoundAlike(*map(tuple, sound)) for sound in data["sounds"]]
        lexicon = cls(Speller(*data["speller"]), data["unbridged"], data["glued"], sounds)
        kinds = [CueKind(*kind) for kind in data["kinds"]]
        roles = [role_of(role, kinds) for role in data["roles"]]
        lexicon._words.update(data["words"])
        lexicon._prefixes.update(data["prefixes"])
        lexicon._edges = data["edges"]
        lexicon._prefix_edges = data["prefix_edges"]
        lexicon._gap_edges = data["gap_edges"]
        lexicon._roles = [[roles[number] for number in those] for those in data["state_roles"]]
        lexicon.layers = data["layers"]
        lexicon.keys = frozenset(data["keys"])
        lexicon.freeze()
        nodes = [lexicon.start]
        for states, those, _ in data["nodes"][1:]:
            node = Node(lexicon, tuple(states), tuple([roles[number] for number in those]), {})
            lexicon._nodes[node.states] = node
            nodes.append(node)
        known: dict[int, Node | None] = dict(enumerate(nodes))
        known |= {_NOWHERE: None, _PENDING: PENDING}
        for node, (_, _, following) in zip(nodes, data["nodes"], strict=True):
            node.next = {symbol: known[number] for symbol, number in following.items()}
        lexicon.symbols.update(data["symbols"])
        return lexicon

    def _symbols_of(self, words: Iterable[str]) -> frozenset[str]:
        """Return the symbols of words and beginnings (`opac*`)."""
        symbols: set[str] = set()
        for word in words:
            symbols.update(self._beginning_with(word[:-1]) if word.endswith("*") else (word,))
        return frozenset(symbols)

    def next_symbols(self, states: tuple[int, ...]) -> dict[str, Node | None]:
        """Return the symbols that lead on from a set of states, each yet to be worked out."""
        symbols: dict[str, Node | None] = {}
        for state in states:
            if self._edges[state]:
                symbols.update(dict.fromkeys(self._edges[state], PENDING))
            for prefix in self._prefix_edges[state]:
                symbols.update(dict.fromkeys(self._beginning_with(prefix), PENDING))
        return symbols

    def has_gap(self, states: tuple[int, ...]) -> bool:
        """Say whether any word leads on from a set of states."""
        return any(self._gap_edges[state] for state in states)

    def advance(self, states: tuple[int, ...], symbol: str) -> Node | None:
        """Return the node that `symbol` leads to from a set of states, `None` for nowhere."""
        exact: list[int] = []
        loose: list[int] = []
        edges, prefix_edges, gap_edges = self._edges, self._prefix_edges, self._gap_edges
        bridges = symbol not in self._unbridged and (not symbol or symbol[0].isalnum())
        beginnings = self._beginnings[symbol]
        for state in states:
            targets = edges[state].get(symbol)
            if targets is not None:
                exact += targets
            if beginnings:
                by_beginning = prefix_edges[state]
                for prefix in beginnings if by_beginning else ():
                    loose += by_beginning.get(prefix, ())
            if bridges:
                loose += gap_edges[state]
        if loose:
            # A word spelled out is more precise than one that only begins so: its roles come last.
            reached = (*sorted({*loose}.difference(exact)), *sorted({*exact}))
        elif exact:
            reached = tuple(sorted({*exact}) if len(exact) > 1 else exact)
        else:
            return None
        node = self._nodes.get(reached)
        if node is None:
            node = self._nodes[reached] = Node(self, reached, self._roles_of(reached))
        return node

    def _roles_of(self, states: tuple[int, ...]) -> tuple[Role, ...]:
        """Return the roles that end in states, one a layer."""
        ended = [role for state in states for role in self._roles[state]]
        if len(ended) < 2:
            return tuple(ended)
        roles: dict[int, Role] = {}
        for role in ended:
            roles[role.layer] = combined_role(roles.get(role.layer), role)
        return tuple(roles[layer] for layer in sorted(roles))

    def _beginnings_of(self, symbol: str) -> tuple[str, ...]:
        """Return the beginnings that phrases name and that `symbol` has, the longest first."""
        beginnings = dict.fromkeys(symbol[:length] for length in self._lengths)
        return tuple(beginning for beginning in beginnings if beginning in self._prefixes)

    def _beginning_with(self, prefix: str) -> list[str]:
        """Return the symbols that begin so."""
        found = self._families.get(prefix)
        if found is None:
            first = bisect_left(self._alphabet, prefix)
            last = bisect_left(self._alphabet, prefix + "\U0010ffff", first)
            found = self._families[prefix] = self._alphabet[first:last]
        return found

    def _new_state(self) -> int:
        self._edges.append({})
        self._prefix_edges.append({})
        self._gap_edges.append([])
        self._roles.append([])
        return len(self._edges) - 1

    def _add_sequence(self, phrase: Sequence[Element], starts: list[int], end: int) -> None:
        """Lay edges for `phrase` from each of `starts` to `end`.

        Phrases that begin alike share their states as far as they do.
        """
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
                target = shared[key] = self._new_state()
                ends = [target]
            # Before a tail of optional elements the phrase may already end.
            if last_needed <= at:
                ends.append(end)
            if ends:
                self._add_element(element, starts, ends)
            starts = [*starts, target] if _is_optional(element) else [target]

    def _add_element(self, element: Element, starts: list[int], ends: list[int]) -> None:
        if isinstance(element, Choice):
            for option in element.options:
                if len(option) == 1:
                    self._add_element(option[0], starts, ends)
                    continue
                for end in ends if option else ():
                    self._add_sequence(option, starts, end)
            return
        edges = self._edges
        if element.endswith("*"):
            element, edges = element[:-1], self._prefix_edges
            self._prefixes.add(element)
        else:
            self._words.add(element)
        for start in starts:
            targets = edges[start].setdefault(element, [])
            targets.extend(end for end in ends if end not in targets)

    def _gap_states(self, starts: list[int], key: tuple[int | str, ...]) -> list[int]:
        """Lay a chain of states that each take one word, whichever it is."""
        first = self._shared.get(key)
        if first is not None:
            return list(range(first, first + MAX_GAP))
        self._shared[key] = len(self._edges)
        states: list[int] = []
        previous = starts
        for _ in range(MAX_GAP):
            state = self._new_state()
            for start in previous:
                self._gap_edges[start].append(state)
            states.append(state)
            previous = [state]
        return states

    def _symbol(self, word: str) -> str:
        """Work out the symbol of `word` (see the class)."""
        return SUSPECT if self.respeller.suspects(word) else self.plain[word]

    def knows(self, word: str) -> bool:
        """Say whether a phrase knows `word`, or a misspelling of it."""
        return bool(self.plain[word])

    def _plain(self, word: str) -> str:
        if word in self._words:
            return word
        if is_removed(word):
            return REMOVED
        known = "" if self._speller.is_listed(word) else self._look_up_prefix(word)
        if known or not word.isalpha():
            return known
        corrected = self._speller.correct(word)
        if corrected is None:
            return ""
        return corrected if corrected in self._words else self._look_up_prefix(corrected)

    def _look_up_prefix(self, word: str) -> str:
        for length in self._lengths:  # the longest first
            if word[:length] in self._prefixes:
                return word[:length] + "*"
        return ""


def _names(role: Role) -> bool:
    """Say whether a phrase names a finding or an organ, or a part of one."""
    return role.tag == Tag.PART or (role.layer >= 0 and role.tag != Tag.EXCLUDE)


def _is_optional(element: Element) -> bool:
    return isinstance(element, Choice) and [] in element.options


PENDING = Node(Lexicon(Speller((), (), {})), (), ())
"""Stands for a node that is yet to be worked out."""
