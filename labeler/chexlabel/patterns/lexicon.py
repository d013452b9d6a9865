"""The compiled form of a pattern set: an automaton over words, which ends in roles of phrases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chexlabel.patterns.automaton import Automaton
from chexlabel.patterns.keys import key_words
from chexlabel.patterns.respelling import Respeller, SoundAlike
from chexlabel.patterns.roles import (
    PLACE_LAYER,
    NumberedRoles,
    Role,
    combined_role,
    is_naming,
    role_data,
)
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.stored import NOWHERE, PENDING_NODE, Rows, StoredLexicon
from chexlabel.patterns.syntax import TOKEN, Element
from chexlabel.patterns.vocabulary import REMOVED, ByWord, Vocabulary

__all__ = ["PENDING", "REMOVED", "SUSPECT", "Lexicon", "Node"]

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

    __slots__ = ("_lexicon", "_stored", "layers", "next", "otherwise", "roles", "states")

    def __init__(
        self,
        lexicon: Lexicon,
        states: tuple[int, ...],
        roles: tuple[Role, ...],
        following: dict[str, Node | None],
        *,
        has_gap: bool = False,
        stored: Mapping[str, int] | None = None,
    ) -> None:
        """Make a node.

        Args:
            lexicon: whose it is.
            states: see the class.
            roles: see the class.
            following: `next`.
            has_gap: whether any word leads on.
            stored: symbol -> the number of a node of a compiled set, for some that are pending.
        """
        self._lexicon = lexicon
        self._stored = stored
        self.states = states
        self.roles = roles
        self.layers = frozenset(role.layer for role in roles)
        self.next: dict[str, Node | None] = following
        self.otherwise: Node | None = PENDING if has_gap else None

    def after(self, symbol: str) -> Node | None:
        """Return the node that `symbol` leads to, `None` for nowhere."""
        following = self.next.get(symbol, self.otherwise)
        return self.step(symbol) if following is PENDING else following

    def step(self, symbol: str) -> Node | None:
        """Work out the node that `symbol` leads to, `None` for nowhere."""
        stored = None if self._stored is None else self._stored.get(symbol)
        if stored is None or stored == PENDING_NODE:
            node = self._lexicon.advance(self.states, symbol)
        else:
            node = self._lexicon.stored_node(stored)
        self.next[symbol] = node
        return node


class Lexicon:
    """All phrases of a pattern set, to be looked up word by word.

    The phrases make one nondeterministic automaton (`chexlabel.patterns.automaton`). The
    deterministic one, in which a look-up is a walk over dictionaries, is built from it as the text
    needs it (Thompson, "Regular expression search algorithm", CACM 11(6), 1968). What a compiled
    set holds of either is read from it as the text needs it, too.

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
        self._words: Vocabulary | None = Vocabulary(speller, glued, sound_alikes)
        self._unbridged = frozenset(unbridged)
        self.symbols: dict[str, str] = ByWord(self._symbol)
        """Word -> its symbol."""
        self.keys: frozenset[str] = frozenset()
        """Symbols of which a text must hold one to name a finding or an organ."""
        self._naming: list[Sequence[Element]] = []
        self._others: list[Sequence[Element]] = []
        self._automaton = Automaton()
        self._nodes: dict[tuple[int, ...], Node] = {}
        self._stored: StoredLexicon | None = None
        self.start = Node(self, (0,), (), {})
        """The place before a phrase's first word."""
        self.layers = -PLACE_LAYER
        """How many layers there are; as the index of a list, one below 0 counts from its end."""

    def add(self, phrase: Sequence[Element], role: Role) -> None:
        """Add a parsed phrase with its role; of equal phrases in a layer the last one counts."""
        (self._naming if is_naming(role) else self._others).append(phrase)
        self._automaton.add(phrase, role, self._vocabulary())
        self.layers = max(self.layers, role.layer + 1 - PLACE_LAYER)

    def freeze(self) -> None:
        """Make ready for look-ups, after the last phrase was added."""
        self._automaton.freeze()
        self._vocabulary().freeze()
        if self._naming:
            self.keys = self._symbols_of(key_words(self._naming, self._others))
            self._naming, self._others = [], []
        self.start = Node(self, (0,), (), self._next_symbols((0,)), has_gap=self._has_gap((0,)))

    @property
    def plain(self) -> dict[str, str]:
        """Word -> the symbol under which the phrases know it, taken as it is written."""
        return self._vocabulary().plain

    @property
    def respeller(self) -> Respeller:
        """Reads again the texts with a word whose symbol is `SUSPECT`."""
        return self._vocabulary().respeller

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

    def to_data(self, rows: Rows) -> dict[str, Any]:
        """Return all of a lexicon that is ready for look-ups as plain values, for JSON.

        Args:
            rows: takes what is read only when it is needed.
        """
        numbered = NumberedRoles()
        nodes = [self.start, *self._nodes.values()]
        numbers: dict[int, int] = {id(node): number for number, node in enumerate(nodes)}
        numbers |= {id(None): NOWHERE, id(PENDING): PENDING_NODE}
        node_rows = [
            (
                [numbered.number(role) for role in node.roles],
                {symbol: numbers[id(to)] for symbol, to in node.next.items()},
                node.otherwise is not None,
            )
            for node in nodes
        ]
        state_rows = [
            (state.edges, state.prefix_edges, state.gaps, [*map(numbered.number, state.roles)])
            for state in self._automaton
        ]
        role_rows = [role_data(role, numbered.kinds) for role in numbered.roles]
        return {
            "unbridged": sorted(self._unbridged),
            "layers": self.layers,
            "keys": sorted(self.keys),
            "symbols": dict(self.symbols),
            "kinds": list(numbered.kinds),
            "node_states": [node.states for node in nodes],
            "vocabulary": rows.add([self._vocabulary().to_data()]),
            "nodes": rows.add(node_rows),
            "states": rows.add(state_rows),
            "roles": rows.add(role_rows),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any], rows: Sequence[str]) -> Lexicon:
        """Return the lexicon that `to_data` was asked of, ready for look-ups.

        Args:
            data: what `to_data` returned.
            rows: what `Rows` was given, as JSON.
        """
        lexicon = cls(_NO_SPELLER, data["unbridged"])
        stored = lexicon._stored = StoredLexicon(data, rows)
        lexicon._words = None  # to be read when a word is met that is not among the symbols
        lexicon._automaton = Automaton(stored)
        lexicon.layers = data["layers"]
        lexicon.keys = frozenset(data["keys"])
        lexicon.symbols.update(data["symbols"])
        lexicon.start = lexicon._read_node(0)
        return lexicon

    def stored_node(self, number: int) -> Node | None:
        """Return a node of the compiled set by its number, `None` for nowhere."""
        return None if number == NOWHERE else self._read_node(number)

    def _read_node(self, number: int) -> Node:
        assert self._stored is not None  # noqa: S101 (only its nodes have numbers)
        states = self._stored.node_states[number]
        node = self._nodes.get(states)
        if node is None:
            roles, following, has_gap = self._stored.node(number)
            pending: dict[str, Node | None] = dict.fromkeys(following, PENDING)
            node = Node(self, states, roles, pending, has_gap=has_gap, stored=following)
            self._nodes[states] = node
        return node

    def _vocabulary(self) -> Vocabulary:
        words = self._words
        if words is None:
            assert self._stored is not None  # noqa: S101 (where nothing is stored, it is there)
            words = self._words = Vocabulary.from_data(self._stored.vocabulary())
        return words

    def _symbols_of(self, words: Iterable[str]) -> frozenset[str]:
        """Return the symbols of words and beginnings (`opac*`)."""
        known = self._vocabulary()
        symbols: set[str] = set()
        for word in words:
            symbols.update(known.beginning_with(word[:-1]) if word.endswith("*") else (word,))
        return frozenset(symbols)

    def _next_symbols(self, states: tuple[int, ...]) -> dict[str, Node | None]:
        """Return the symbols that lead on from a set of states, each yet to be worked out."""
        symbols: dict[str, Node | None] = {}
        for number in states:
            state = self._automaton[number]
            if state.edges:
                symbols.update(dict.fromkeys(state.edges, PENDING))
            for prefix in state.prefix_edges:
                family = self._vocabulary().beginning_with(prefix)
                symbols.update(dict.fromkeys(family, PENDING))
        return symbols

    def _has_gap(self, states: tuple[int, ...]) -> bool:
        """Say whether any word leads on from a set of states."""
        return any(self._automaton[number].gaps for number in states)

    def advance(self, states: tuple[int, ...], symbol: str) -> Node | None:
        """Return the node that `symbol` leads to from a set of states, `None` for nowhere."""
        exact: list[int] = []
        loose: list[int] = []
        bridges = symbol not in self._unbridged and (not symbol or symbol[0].isalnum())
        beginnings = self._vocabulary().beginnings(symbol)
        known = self._automaton.read
        for number in states:
            state = known[number] or self._automaton[number]
            targets = state.edges.get(symbol)
            if targets is not None:
                exact += targets
            if beginnings:
                by_beginning = state.prefix_edges
                for prefix in beginnings if by_beginning else ():
                    loose += by_beginning.get(prefix, ())
            if bridges:
                loose += state.gaps
        if loose:
            # A word spelled out is more precise than one that only begins so: its roles come last.
            reached = (*sorted({*loose}.difference(exact)), *sorted({*exact}))
        elif exact:
            reached = tuple(sorted({*exact}) if len(exact) > 1 else exact)
        else:
            return None
        return self._nodes.get(reached) or self._new_node(reached)

    def _new_node(self, states: tuple[int, ...]) -> Node:
        """Return the node of a set of states that was not reached before."""
        number = None if self._stored is None else self._stored.numbers.get(states)
        if number is not None:
            return self._read_node(number)
        node = Node(
            self,
            states,
            self._roles_of(states),
            self._next_symbols(states),
            has_gap=self._has_gap(states),
        )
        self._nodes[states] = node
        return node

    def _roles_of(self, states: tuple[int, ...]) -> tuple[Role, ...]:
        """Return the roles that end in states, one a layer."""
        ended = [role for state in states for role in self._automaton[state].roles]
        if len(ended) < 2:
            return tuple(ended)
        roles: dict[int, Role] = {}
        for role in ended:
            roles[role.layer] = combined_role(roles.get(role.layer), role)
        return tuple(roles[layer] for layer in sorted(roles))

    def _symbol(self, word: str) -> str:
        """Work out the symbol of `word` (see the class)."""
        known = self._vocabulary()
        return SUSPECT if known.respeller.suspects(word) else known.plain[word]


_NO_SPELLER = Speller((), (), {})

PENDING = Node(Lexicon(_NO_SPELLER), (), (), {})
"""Stands for a node that is yet to be worked out."""
