"""Finding the phrases of a pattern set in a sentence: mentions, cues, states, structure."""

from __future__ import annotations

from typing import NamedTuple

from chexlabel.patterns.lexicon import Lexicon, Role, Tag
from chexlabel.patterns.syntax import TOKEN

__all__ = ["Item", "find_items", "symbolize", "token_offsets"]

_SUBJECTS = frozenset({Tag.MENTION, Tag.ANATOMY})


class Item(NamedTuple):
    """A matched phrase: first token, the token after its last, and its role."""

    start: int
    end: int
    role: Role


def symbolize(sentence: str, lexicon: Lexicon) -> list[str]:
    """Return the symbols of a sentence's tokens, removed words (`XXXX`, `___`) left out."""
    known = lexicon.symbols
    symbols = []
    for token in TOKEN.findall(sentence.lower()):
        if token:
            symbol = known.get(token)
            symbols.append(lexicon.symbol(token) if symbol is None else symbol)
    return symbols


def token_offsets(sentence: str) -> list[tuple[int, int]]:
    """Return the character offsets of the tokens that `symbolize` sees."""
    lowered = sentence.lower()
    if len(lowered) != len(sentence):  # a few letters, such as U+0130, grow when lowered
        lowered = "".join(low if len(low := c.lower()) == 1 else c for c in sentence)
    return [match.span(1) for match in TOKEN.finditer(lowered) if match[1]]


def _layer(entry: tuple[int, tuple[int, Role]]) -> int:
    return entry[0]


def find_items(symbols: list[str], lexicon: Lexicon) -> list[Item] | None:
    """Return all matched phrases in order of their first token; `None` if no finding is among them.

    Within a layer matches do not overlap: the leftmost wins, and of those the longest.
    """
    items: list[Item] = []
    covered: dict[int, int] = {}
    starts = lexicon.start
    relevant = False
    count = len(symbols)
    for at, symbol in enumerate(symbols):
        if not symbol:
            continue
        node = starts[symbol]
        position = at + 1
        found: dict[int, tuple[int, Role]] | None = None
        while node is not None:
            if node.roles:
                ends = {layer: (position, role) for layer, role in node.roles.items()}
                found = ends if found is None else found | ends
            if position == count:
                break
            node = node.next[symbols[position]]
            position += 1
        if found is not None:
            # Of phrases with the same first word, cues and states come before findings.
            for layer, (end, role) in (
                sorted(found.items(), key=_layer) if len(found) > 1 else found.items()
            ):
                if at >= covered.get(layer, 0):
                    covered[layer] = end
                    items.append(Item(at, end, role))
                    if role.tag in _SUBJECTS:
                        relevant = True
    return items if relevant else None
