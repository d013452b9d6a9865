r"""The phrase syntax of pattern files.

| written | matches |
|---|---|
| `pleural effusion` | these words, case-blind, over line breaks, hyphens and removed words |
| `{small\|tiny} effusion` | one of the alternatives |
| `[left] effusion`, `[{left\|right}] effusion` | with or without the optional words |
| `atelecta*` | any word that begins so |
| `thickening ... pleura` | up to four words between, none a verb, a cue or an `and` |
| `out {,\|;\|$}` | `$`: here the sentence ends |
| `<look-alike>` | one line of a word list, written out before a phrase is parsed |
| `\# of the rib` | a mark that means something here (`{ } [ ] \| # $ <`) as itself |

A word is a run of letters, or of digits; punctuation marks (`,` `;` `:` `/` ...) are words of their
own, so that `w/o` and `: none` can be written. A hyphen joins nothing: `air-space` is `air space`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, product
from math import prod
from typing import NamedTuple

from chexlabel._regex import compiled_later

__all__ = [
    "END",
    "GAP",
    "LIST_NAME",
    "LONGEST",
    "MAX_GAP",
    "MOST_SEQUENCES",
    "TOKEN",
    "Choice",
    "Element",
    "by_number",
    "count",
    "expand",
    "is_removed",
    "parse",
    "phrase_lines",
    "tokenize",
]

GAP = "..."
"""The symbol for a gap within a phrase."""

END = "<end>"
"""The symbol for the end of the sentence; no token of a text is equal to it."""

MAX_GAP = 4
"""The most words that a gap may bridge."""

MOST_SEQUENCES = 100_000
"""So many sequences of words a phrase may stand for, to be spelled out."""

LONGEST = 2_000
"""Characters that a phrase may have, with its word lists written out."""

_DEEPEST = 20

_REMOVED = r"_+|\[\*\*[^\]\n]{0,80}\*\*\]"
_LETTER = "[a-z\u00df-\u00f6\u00f8-\u024f]"  # a set of letters is found faster than "any letter"
_WORD = (
    f"{_LETTER}{{2,}}(?:'{_LETTER}+)?|"
    rf"{_LETTER}(?:/{_LETTER}{{1,2}}(?![^\W_])|'{_LETTER}+)?|[^\W\d_]+"  # w/o, c/w; other scripts
)
_NUMBER = r"\d+(?:[.,]\d+)*"
# A hyphen inside a word joins nothing; one that stands free is a dash, a mark of its own.
_MARK = r"(?<=\s)[-\u2010-\u2015]+(?=\s)|[^\w\s\-\u2010-\u2014]"

TOKEN = re.compile(f"{_WORD}|{_NUMBER}|{_REMOVED}|{_MARK}")
"""Finds the tokens of lower-cased text, removed words (`XXXX`, `___`, `[** **]`) among them."""

# In a phrase a dash also stands free beside a bracket: `{,|-|:}`.
_SYNTAX = compiled_later(
    r"\\[{}\[\]|#$<]|[{}\[\]|]|\.\.\.|[^\W\d_]+\*|"
    r"(?<=[{}\[\]|\s])[-\u2010-\u2015]+(?=[{}\[\]|\s])|" + f"{_WORD}|{_NUMBER}|{_MARK}"
)
LIST_NAME = re.compile(r"(?<!\\)<([^\W\d_](?:[\w \-]*\w)?)>")
"""Finds the names of word lists in a phrase."""

_CLOSERS = {"{": "}", "[": "]"}
_REMARK = compiled_later(r"(?<!\\)#.*")


def tokenize(text: str) -> list[str]:
    """Split lower-cased text into its tokens, removed words left out.

    >>> tokenize("no air-space disease w/o xxxx effusion, 1.5 cm")
    ['no', 'air', 'space', 'disease', 'w/o', 'effusion', ',', '1.5', 'cm']
    """
    return [token for token in TOKEN.findall(text) if not is_removed(token)]


def is_removed(token: str) -> bool:
    """Say whether a token stands for a word that de-identification removed."""
    return token[0] == "_" or token[:3] == "[**" or (token[:3] == "xxx" and not token.strip("x"))


def phrase_lines(block: str | list[str]) -> Iterator[tuple[int, str]]:
    """Yield the phrases of a block with the line in it where they begin.

    One stands in a line; one whose line ends in `|` goes on in the next. `#` starts a remark.
    """
    lines = block.splitlines() if isinstance(block, str) else block
    begun, first = "", 0
    for number, line in enumerate(lines):
        phrase = _REMARK.sub("", line).strip()
        if not phrase:
            continue
        first = first if begun else number
        begun += phrase
        goes_on = phrase.endswith("|") and not phrase.endswith("\\|")
        if isinstance(block, list) or not goes_on:
            yield first, begun
            begun = ""
    if begun:
        yield first, begun


class Choice(NamedTuple):
    """Alternatives, each a sequence; an empty one makes the choice optional."""

    options: tuple[Sequence[Element], ...]


Element = str | Choice
"""A word, a word's beginning (`atelecta*`), a gap (`...`), or a choice."""


def parse(phrase: str) -> Sequence[Element]:
    """Parse a phrase into its sequence of elements.

    >>> parse("{small|tiny} [left] effusion*")  # doctest: +NORMALIZE_WHITESPACE
    [Choice(options=(['small'], ['tiny'])), Choice(options=(['left'], [])), 'effusion*']

    Raises:
        ValueError: The brackets do not pair, a word is missing, `*` stands alone, the name of a
            word list stands in it, or the phrase is too long or nested too deep.
    """
    if len(phrase) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} characters; split it")
    named = LIST_NAME.search(phrase)
    if named:
        raise ValueError(f"`{named[0]}` names a word list, which is not written out")
    symbols = _SYNTAX.findall(f" {phrase.lower()} ")  # spaces, so that a lone dash is a mark
    choice, rest = _parse_options(symbols, 0, None)
    if rest != len(symbols):
        raise ValueError(f"`{symbols[rest]}` closes nothing; remove it or open it before")
    (elements,) = choice.options
    if _has_no_word(elements):
        raise ValueError("the phrase has no word that must be there; write one outside [brackets]")
    _check_gaps(elements)
    _check_end(elements)
    return elements


def expand(phrase: str) -> set[tuple[str, ...]]:
    """Return all sequences of words that a phrase stands for.

    >>> sorted(expand("{small|tiny} [left] effusion*"))  # doctest: +NORMALIZE_WHITESPACE
    [('small', 'effusion*'), ('small', 'left', 'effusion*'),
     ('tiny', 'effusion*'), ('tiny', 'left', 'effusion*')]

    Raises:
        ValueError: As `parse`, or there are more than `MOST_SEQUENCES`.
    """
    elements = parse(phrase)
    if count(elements) > MOST_SEQUENCES:
        raise ValueError(f"stands for more than {MOST_SEQUENCES:,} sequences of words; split it")
    return set(_expand(elements))


def count(elements: Sequence[Element]) -> int:
    """Return how many sequences of words a parsed phrase stands for, at most.

    >>> count(parse("{small|tiny} [left] effusion*"))
    4
    """
    return prod(
        sum(map(count, element.options)) for element in elements if isinstance(element, Choice)
    )


def by_number(
    elements: Sequence[Element], plurals: frozenset[str], at: int = 0
) -> Iterator[tuple[Sequence[Element], bool]]:
    """Divide a parsed phrase into what holds a verb in the plural and what holds none.

    >>> for form, is_plural in by_number(parse("{is|are} {gone|out}"), frozenset({"are"})):
    ...     print(is_plural, sorted(_expand(form)))
    True [('are', 'gone'), ('are', 'out')]
    False [('is', 'gone'), ('is', 'out')]

    Args:
        elements: the phrase.
        plurals: the verbs in the plural.
        at: place of the first element that is looked at.
    """
    for place in range(at, len(elements)):
        element = elements[place]
        if isinstance(element, str):
            if element in plurals:
                yield elements, True
                return
            continue
        forms = [form for option in element.options for form in by_number(option, plurals)]
        plural = tuple(form for form, is_plural in forms if is_plural)
        if plural:
            before, after = elements[:place], elements[place + 1 :]
            yield [*before, Choice(plural), *after], True
            others = tuple(form for form, is_plural in forms if not is_plural)
            if others:
                yield from by_number([*before, Choice(others), *after], plurals, place + 1)
            return
    yield elements, False


def _expand(elements: Sequence[Element]) -> Iterator[tuple[str, ...]]:
    parts = (
        [(element,)]
        if isinstance(element, str)
        else [words for option in element.options for words in _expand(option)]
        for element in elements
    )
    for combination in product(*parts):
        yield tuple(chain.from_iterable(combination))


def _may_be_empty(elements: Sequence[Element]) -> bool:
    return all(isinstance(element, Choice) and [] in element.options for element in elements)


def _has_no_word(elements: Sequence[Element]) -> bool:
    return _may_be_empty(elements[:-1] if elements[-1:] == [END] else elements)


def _check_gaps(elements: Sequence[Element]) -> None:
    """Make sure that every gap has a word that must be there on both sides."""
    if GAP not in elements:
        return
    for side in (elements, reversed(elements)):
        word = False
        for element in side:
            if element == GAP and not word:
                raise ValueError("`...` needs a word that must be there on both sides")
            word = word or not _may_be_empty([element])


def _check_end(elements: Sequence[Element], *, at_end: bool = True) -> None:
    """Make sure that nothing follows the end of the sentence."""
    for place, element in enumerate(elements, 1):
        is_last = at_end and place == len(elements)
        if isinstance(element, Choice):
            for option in element.options:
                _check_end(option, at_end=is_last)
        elif element == END and not is_last:
            raise ValueError("`$` stands for the end of the sentence; nothing can follow it")


def _parse_options(
    symbols: list[str], at: int, closer: str | None, depth: int = 0
) -> tuple[Choice, int]:
    """Parse `a|b|...` up to `closer`; return the choice and where the closer stands."""
    if depth > _DEEPEST:
        raise ValueError("its brackets are nested too deep; split it")
    options: list[list[Element]] = [[]]
    while at < len(symbols):
        symbol = symbols[at]
        if symbol in "{[":
            inner, at = _parse_options(symbols, at + 1, _CLOSERS[symbol], depth + 1)
            options[-1].append(Choice((*inner.options, [])) if symbol == "[" else inner)
        elif symbol == closer:
            for option in filter(None, options):
                if _may_be_empty(option):
                    raise ValueError("[] alone within brackets; put it beside them")
                _check_gaps(option)
            return Choice(tuple(options)), at
        elif symbol == "|":
            if closer is None:
                raise ValueError("`|` stands outside brackets; write {a|b}")
            options.append([])
        elif symbol in "}]":
            break
        elif symbol == "*":
            raise ValueError("`*` stands for the rest of a word; write it right after letters")
        else:
            options[-1].append(_element(symbol))
        at += 1
    if closer is not None:
        raise ValueError(f"a `{closer}` is missing")
    return Choice(tuple(options)), at


def _element(symbol: str) -> str:
    """Return what a symbol of the syntax that is no bracket stands for."""
    if symbol == "$":
        return END
    return symbol[1:] if len(symbol) == 2 and symbol[0] == "\\" else symbol
