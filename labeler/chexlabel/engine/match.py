"""Finding the phrases of a pattern set in a sentence: mentions, cues, states, structure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chexlabel.patterns.lexicon import PENDING, REMOVED, SUSPECT, Lexicon, Node
from chexlabel.patterns.respelling import Token
from chexlabel.patterns.roles import PLACE_LAYER, Role, Tag
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
    """Return the symbols of a sentence's tokens, removed words (`XXXX`, `___`) left out."""
    known = lexicon.symbols
    words = TOKEN.findall(_lower(sentence))
    symbols = [known[word] for word in words]
    if SUSPECT in symbols:
        if _may_change(words, lexicon):
            return [lexicon.plain[token.word] for token in _reread(sentence, lexicon)]
        symbols = [lexicon.plain[word] for word in words]
    if REMOVED in symbols:
        symbols = [symbol for symbol in symbols if symbol != REMOVED]
    return symbols


def token_offsets(sentence: str, lexicon: Lexicon | None = None) -> list[tuple[int, int]]:
    """Return the character offsets of the tokens that `symbolize` sees with this lexicon.

    Without one, those of the tokens as they are written.
    """
    lowered = _lower(sentence)
    if lexicon is not None:
        known = lexicon.symbols
        words = TOKEN.findall(lowered)
        symbols = [known[word] for word in words]
        if SUSPECT in symbols:
            return [(token.start, token.end) for token in _reread(sentence, lexicon)]
        if REMOVED not in symbols:  # so that no word is looked at again
            return [found.span() for found in TOKEN.finditer(lowered)]
    return [found.span() for found in TOKEN.finditer(lowered) if not is_removed(found[0])]


def _reread(sentence: str, lexicon: Lexicon) -> list[Token]:
    """Return a sentence's tokens, with words put right that were split, stuck or misheard."""
    tokens = _tokens(sentence)
    if _may_change([token.word for token in tokens], lexicon):
        return lexicon.respeller.reread(tokens)
    return tokens


def _may_change(words: Sequence[str], lexicon: Lexicon) -> bool:
    """Say whether reading again may put words right."""
    known = lexicon.symbols
    suspects = [word for word in words if known[word] == SUSPECT]
    return bool(suspects) and lexicon.respeller.may_change(words, suspects)


def _tokens(sentence: str) -> list[Token]:
    found = TOKEN.finditer(_lower(sentence))
    return [Token(token[0], *token.span()) for token in found if not is_removed(token[0])]


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
    start = lexicon.start
    starts = start.next
    covered = [0] * lexicon.layers  # by layer: the token up to which phrases were found
    relevant = partial = False
    places: list[Match] = []
    count = len(symbols)
    for at, symbol in enumerate(symbols):
        node = starts.get(symbol)
        if node is None or (node is PENDING and (node := start.step(symbol)) is None):
            continue
        position = at + 1
        longest: Node | None = None
        end = 0
        shorter: list[tuple[int, Node]] = []
        while True:
            if node.roles:
                if longest is not None and not longest.layers <= node.layers:
                    shorter.append((end, longest))
                longest, end = node, position
            if position == count:
                final = node.next.get(END)  # of the phrases that must stand at the end
                if final is PENDING:
                    final = node.step(END)
                if final is not None:
                    if longest is not None and not longest.layers <= final.layers:
                        shorter.append((end, longest))
                    longest, end = final, position
                break
            symbol = symbols[position]
            following = node.next.get(symbol, node.otherwise)  # `node.after(symbol)` without a call
            if following is PENDING:
                following = node.step(symbol)
            if following is None:
                break
            node = following
            position += 1
        if longest is None:
            continue
        if shorter:
            found = _longest_by_layer(at, [*shorter, (end, longest)])
        else:
            found = [Match(at, end, role) for role in longest.roles]
        for match in found:
            role = match.role
            layer = role.layer
            if at < covered[layer]:
                continue
            covered[layer] = match.end
            if layer == PLACE_LAYER:
                places.append(match)
                continue
            items.append(match)
            if role.tag == Tag.PART:
                partial = True
            elif layer >= 0 and role.tag != Tag.EXCLUDE:
                relevant = True
    if partial:
        items = complete_parts(items, places)
        relevant = relevant or any(item.role.tag == Tag.MENTION for item in items)
    return items if relevant else None


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


def _longest_by_layer(start: int, ends: list[tuple[int, Node]]) -> list[Match]:
    """Return each layer's longest match, given the nodes passed from short to long."""
    found = {role.layer: Match(start, end, role) for end, node in ends for role in node.roles}
    return [found[layer] for layer in sorted(found)]


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
