"""The rows of a compiled lexicon, each read when it is needed.

A short text passes few of the thousands of states and phrases of a set; to build them all takes
longer than to label it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from chexlabel.patterns.roles import CueKind, Role, role_of

__all__ = ["NOWHERE", "PENDING_NODE", "Rows", "StoredLexicon"]

NOWHERE: Final = -1
"""The number of no node."""

PENDING_NODE: Final = -2
"""The number of a node that was not worked out before the set was stored."""

_read_json = json.JSONDecoder().raw_decode  # `json.loads`, without its look around the text


class Rows:
    """Takes what is to be read row by row.

    Attributes:
        lines: the rows, as JSON.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, values: Iterable[object]) -> tuple[int, int]:
        """Add rows; return the number of the first one, and how many there are."""
        first = len(self.lines)
        self.lines.extend(json.dumps(value, separators=(",", ":")) for value in values)
        return first, len(self.lines) - first


class StoredLexicon:
    """What a compiled set holds of a lexicon.

    Args:
        data: its plain values, with the places of its rows.
        rows: the rows of the set.

    Attributes:
        states: how many states the nondeterministic automaton has.
        node_states: for each node, the states that it stands for.
        numbers: the states that a node stands for -> its number.
    """

    def __init__(self, data: Mapping[str, Any], rows: Sequence[str]) -> None:
        self._rows = rows
        self._vocabulary_at: int = data["vocabulary"][0]
        self._nodes_at: int = data["nodes"][0]
        self._states_at: int = data["states"][0]
        self._roles_at: int = data["roles"][0]
        self.states: int = data["states"][1]
        self.node_states: list[tuple[int, ...]] = [tuple(states) for states in data["node_states"]]
        self.numbers = {states: number for number, states in enumerate(self.node_states)}
        self._kinds = [_kind_of(kind) for kind in data["kinds"]]
        self._roles: dict[int, Role] = {}

    def vocabulary(self) -> dict[str, Any]:
        """Return the data of the vocabulary."""
        data: dict[str, Any] = _read_json(self._rows[self._vocabulary_at])[0]
        return data

    def node(self, number: int) -> tuple[tuple[Role, ...], dict[str, int], bool]:
        """Return a node's roles, the numbers of those that follow, and whether any word does."""
        roles, following, has_gap = _read_json(self._rows[self._nodes_at + number])[0]
        return tuple([self._role(role) for role in roles]), following, has_gap

    def state(
        self, number: int
    ) -> tuple[dict[str, list[int]], dict[str, list[int]], list[int], list[Role]]:
        """Return a state's edges by word, by beginning and by any word, and its roles."""
        edges, prefix_edges, gaps, roles = _read_json(self._rows[self._states_at + number])[0]
        return edges, prefix_edges, gaps, [self._role(role) for role in roles]

    def _role(self, number: int) -> Role:
        role = self._roles.get(number)
        if role is None:
            data = _read_json(self._rows[self._roles_at + number])[0]
            # Of two threads that read it at once, both get the one that was first.
            role = self._roles.setdefault(number, role_of(data, self._kinds))
        return role


def _kind_of(data: Sequence[Any]) -> CueKind:
    name, rank, effect, reach, restarts, blank_for, turns = data
    turned = tuple([(kind, becomes) for kind, becomes in turns])
    return CueKind(name, rank, effect, reach, restarts, tuple(blank_for), turned)
