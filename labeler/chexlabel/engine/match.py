"""Finding the phrases of a pattern set in a sentence: mentions, cues, states, structure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chexlabel.patterns.lexicon import PENDING, REMOVED, SUSPECT, Lexicon, Node
from chexlabel.patterns.respelling import Token
from chexlabel.patterns.roles import PLACE_LAYER, Role, Tag, is_naming
from chexlabel.patterns.syntax import END, TOKEN, is_removed

__all__ = ["Match", "complete_parts", "find_matches", "phrases_at", "symbolize", "token_offsets"]


_PARTING = frozenset({Tag.SEPARATOR, Tag.TERMINATOR, Tag.COLON})
_GROWING = "\u0130"
"""The one letter that is longer in lower case: the Turkish capital I with its dot."""


class Match(NamedTuple):
    """A matched phrase: first token, the token after its last, and its role."""

    start: int
    end: int
    role: Role


def symbolize(sentence: str, lexicon: Lexicon) -> list[str]:
    """Return the symbols of a sentence's tokens, those of which `token_offsets` gives the offsets.

    Removed words (`XXXX`, `___`) are left out, and words put right that were split, stuck together
    or misheard.
    """
    known = lexicon.symbols
    words = TOKEN.findall(_lower(sentence))
    symbols = [known[word] for word in words]
    if REMOVED in symbols:
        words = [word for word in words if known[word] != REMOVED]
        symbols = [symbol for symbol in symbols if symbol != REMOVED]
    if SUSPECT not in symbols:
        return symbols
    respelled = _respelled(sentence, words, lexicon)
    if respelled is not None:
        words = [token.word for token in respelled]
    return [lexicon.plain[word] for word in words]


def token_offsets(sentence: str, lexicon: Lexicon | None = None) -> list[tuple[int, int]]:
    """Return the character offsets of the tokens that `symbolize` sees with this lexicon.

    Without one, those of the tokens as they are written, removed words left out.
    """
    lowered = _lower(sentence)
    if lexicon is not None:
        known = lexicon.symbols
        words = [word for word in TOKEN.findall(lowered) if known[word] != REMOVED]
        respelled = _respelled(sentence, words, lexicon)
        if respelled is not None:
            return [(token.start, token.end) for token in respelled]
    return [found.span() for found in TOKEN.finditer(lowered) if not is_removed(found[0])]


def _respelled(sentence: str, words: Sequence[str], lexicon: Lexicon) -> list[Token] | None:
    """Return a sentence's tokens with words put right; `None` where none need be.

    Args:
        sentence: the sentence.
        words: its tokens as they are written, removed words left out.
        lexicon: the phrases.
    """
    known = lexicon.symbols
    suspects = [word for word in words if known[word] == SUSPECT]
    if not suspects or not lexicon.respeller.may_change(words, suspects):
        return None
    found = TOKEN.finditer(_lower(sentence))
    written = [Token(token[0], *token.span()) for token in found if not is_removed(token[0])]
    return lexicon.respeller.reread(written)


def _lower(sentence: str) -> str:
    """Return the sentence in lower case, every character at its place."""
    lowered = sentence.lower()
    if len(lowered) != len(sentence):
        lowered = _GROWING.join([part.lower() for part in sentence.split(_GROWING)])
    return lowered


def find_matches(symbols: list[str], lexicon: Lexicon) -> list[Match] | None:
    """Return all matched phrases in order of their first token; `None` if no finding is among them.

    Within a layer matches do not overlap: the leftmost wins, and of those the longest. Of phrases
    with the same first word, cues and states come before findings.
    """
    if lexicon.keys.isdisjoint(symbols):
        return None  # no need to look at each word
    items: list[Match] = []
    places: list[Match] = []
    partial = False
    covered = [0] * lexicon.layers  # by layer: the token up to which phrases were found
    start = lexicon.start
    starts = start.next
    for at, symbol in enumerate(symbols):
        node = starts.get(symbol)
        if node is None or (node is PENDING and (node := start.step(symbol)) is None):
            continue
        for end, role in _longest_at(symbols, at, node):
            layer = role.layer
            if at < covered[layer]:
                continue
            covered[layer] = end
            match = Match(at, end, role)
            if layer == PLACE_LAYER:
                places.append(match)
            else:
                items.append(match)
                if role.tag == Tag.PART:
                    partial = True
    if partial:
        items = complete_parts(items, places)
    for match in items:
        if is_naming(match.role):
            return items
    return None


def _longest_at(symbols: list[str], at: int, node: Node) -> list[tuple[int, Role]]:
    """Return, by layer, the longest phrases that begin at `at`: the token after each, and its role.

    Args:
        symbols: those of the sentence.
        at: the place of the first.
        node: what this one leads to.
    """
    ends: list[tuple[int, Node]] = []  # where phrases end, from short to long
    position = at + 1
    count = len(symbols)
    while True:
        if node.roles:
            ends.append((position, node))
        if position == count:
            final = node.next.get(END)  # of the phrases that must stand at the end
            if final is PENDING:
                final = node.step(END)
            if final is not None:
                ends.append((position, final))
            break
        symbol = symbols[position]
        following = node.next.get(symbol, node.otherwise)  # `node.after(symbol)` without a call
        if following is PENDING:
            following = node.step(symbol)
        if following is None:
            break
        node = following
        position += 1
    if not ends:
        return []
    if len(ends) == 1:
        end, last = ends[0]
        return [(end, role) for role in last.roles]
    longest = {role.layer: (end, role) for end, node in ends for role in node.roles}
    return [longest[layer] for layer in sorted(longest)]


def phrases_at(symbols: Sequence[str], lexicon: Lexicon, at: int) -> Iterator[tuple[int, Role]]:
    """Yield all phrases that begin at `at`, with their lengths, from short to long."""
    node = lexicon.start
    for place in range(at, len(symbols)):
        following = node.after(symbols[place])
        if following is None:
            return
        node = following
        for role in node.roles:
            yield place + 1 - at, role


def complete_parts(items: Iterable[Match], places: Sequence[Match]) -> list[Match]:
    """Make mentions of the words that are where they count, and drop those that are elsewhere.

    "Fluid" is a finding of the pleural space, not of the stomach: the nearest place that the
    sentence names decides, of two equally near the one that follows ("air in the pleural space").
    Where none need be named, one before a comma rules nothing out: "normal stomach, no fluid".
    """
    items = list(items)
    marks = [item.start for item in items if item.role.tag in _PARTING]
    completed = []
    for item in items:
        if item.role.tag != Tag.PART:
            completed.append(item)
        elif _is_where_it_counts(item, places, marks):
            completed.append(item._replace(role=item.role._replace(tag=Tag.MENTION)))
    return completed


def _is_where_it_counts(part: Match, places: Sequence[Match], marks: Sequence[int]) -> bool:
    company = part.role.company
    if company is None:
        return True
    near = [
        (_words_between(part, place), -place.start, place.role.state)
        for place in places
        if place.role.state in company.within
        or (
            place.role.state in company.outside
            and (company.within or not _is_parted(place, part, marks))
        )
    ]
    distance, _, name = min(near, default=(company.reach + 1, 0, ""))
    if distance > company.reach:
        return not company.within
    return name not in company.outside


def _is_parted(place: Match, part: Match, marks: Sequence[int]) -> bool:
    """Say whether a mark stands between a place and the word after it."""
    at = bisect_left(marks, place.end)
    return at < len(marks) and marks[at] < part.start


def _words_between(one: Match, other: Match) -> int:
    return max(other.start - one.end, one.start - other.end, 0)
