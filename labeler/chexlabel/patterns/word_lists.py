"""Word lists: what many phrases share, under a name (`<look-alike>`), in `words.yaml`.

A list is written out as alternatives where a phrase names it. The lists of a set lie over those of
the set that it extends, whose phrases use them too: a word that a hospital adds to a list counts in
every phrase that names the list.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING, Any, get_args

from chexlabel.patterns.problems import Problem
from chexlabel.patterns.syntax import LIST_NAME, LONGEST, parse

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chexlabel.patterns.pattern_file import PatternFile, Phrase
    from chexlabel.patterns.schema import WordsFile
    from chexlabel.patterns.source import SetSource

__all__ = [
    "MOST_WRITTEN_OUT",
    "WordLists",
    "layered_lists",
    "list_problems",
    "lists_in",
    "unused_lists",
]

MOST_WRITTEN_OUT = 1_000_000
"""Characters that a set's phrases with lists may have in all, with the lists written out.

A name of three characters may stand for two thousand: a file of 1 MB would become one of 500 MB.
"""


class WordLists:
    """The word lists of a set, laid over those of the set that it extends.

    Args:
        lines: name -> the lines of the list.
        written_out: name -> the list as alternatives in brackets, which name no other list.
    """

    def __init__(
        self,
        lines: Mapping[str, Sequence[Phrase]] | None = None,
        written_out: Mapping[str, str] | None = None,
    ) -> None:
        self.lines = lines or {}
        self._written_out = written_out or {}

    def written_out(self, phrase: Phrase) -> Phrase:
        """Return a phrase with its `full` text, in which no list is named any more."""
        if "<" not in phrase.text:
            return phrase
        full = LIST_NAME.sub(lambda name: self._written_out.get(name[1], name[0]), phrase.text)
        return replace(phrase, full=full)

    def length(self, text: str) -> int:
        """Return how long a text becomes with the lists written out that it names."""
        return _length(text, self._written_out)


def lists_in(text: str) -> list[str]:
    r"""Return the names of the lists that stand in a phrase.

    >>> lists_in(r"{is|are} [an] <look-alike> or \<soft tissue> < 2 <lead or wire>")
    ['look-alike', 'lead or wire']
    """
    return LIST_NAME.findall(text)


def layered_lists(
    file: PatternFile[WordsFile] | None, base: WordLists, problems: list[Problem]
) -> WordLists:
    """Lay a words.yaml over the lists of the set that is extended.

    A list replaces that set's list of the same name; a line `...` in it stands for that one's
    lines. Appends the problems that it meets to `problems`.
    """
    if file is None:
        return base
    before = len(problems)
    own = {name: _spliced(file, name, base, problems) for name in file.model.lists}
    lines = {**base.lines, **own}
    problems += _own_problems(file, own, lines)
    if len(problems) > before:
        return WordLists(lines)
    return WordLists(lines, _written_out(file, lines, problems))


def list_problems(files: Iterable[PatternFile[BaseModel]], lists: WordLists) -> Iterator[Problem]:
    """Yield the problems of phrases that name lists: lists that are not there, and too long ones.

    Args:
        files: those of a set, with those that it inherits: its lists lengthen their phrases too.
        lists: the set's.
    """
    total = 0
    for phrase in _phrases_with_lists(files):
        unknown = list(_unknown(phrase, lists.lines))
        yield from unknown
        length = 0 if unknown else lists.length(phrase.text)
        total += length
        if length > LONGEST:
            yield _problem(phrase, _TOO_LONG)
        elif total > MOST_WRITTEN_OUT:
            most = f"{MOST_WRITTEN_OUT:,} characters"
            yield _problem(
                phrase, f"with lists written out, the phrases have more than {most}; use fewer"
            )
            return


def unused_lists(source: SetSource) -> Iterator[Problem]:
    """Yield the lists with lines of a set's own that neither a phrase nor another list names."""
    lists = source.word_lists.lines
    phrases = (*_phrases_with_lists(source.phrase_files()), *chain.from_iterable(lists.values()))
    used = {name for phrase in phrases for name in lists_in(phrase.text)}
    for name, lines in lists.items():
        own = [line for line in lines if line.file.parent == source.path]
        if own and name not in used:
            yield Problem(own[0].file, own[0].line, f"no phrase names the word list {name!r}")


def _phrases_with_lists(files: Iterable[PatternFile[BaseModel]]) -> Iterator[Phrase]:
    """Yield the phrases of files that name lists."""
    for file in files:
        for location, block in _blocks(file.model):
            if any("<" in text for text in ([block] if isinstance(block, str) else block)):
                yield from (p for p in file.phrases(*location) if lists_in(p.text))


_TOO_LONG = f"is longer than {LONGEST:,} characters with its lists written out; split it"


def _spliced(
    file: PatternFile[WordsFile], name: str, base: WordLists, problems: list[Problem]
) -> tuple[Phrase, ...]:
    """Return the lines of a list, those of the base's list in the place of `...`."""
    from chexlabel.patterns.schema import BASE

    own = file.phrases("lists", name)
    texts = {phrase.text for phrase in own}
    lines: list[Phrase] = []
    for phrase in own:
        if phrase.text != BASE:
            lines.append(phrase)
        elif name in base.lines:
            lines += [line for line in base.lines[name] if line.text not in texts]
        else:
            message = f"`{BASE}` stands for the list of the set that is extended; it has none"
            problems.append(Problem(phrase.file, phrase.line, message))
    return tuple(lines)


def _own_problems(
    file: PatternFile[WordsFile],
    own: Mapping[str, Sequence[Phrase]],
    known: Mapping[str, Sequence[Phrase]],
) -> Iterator[Problem]:
    """Yield what is wrong with each of a file's own lists by itself."""
    for name, lines in own.items():
        if not LIST_NAME.fullmatch(f"<{name}>"):
            message = "a list's name has letters, digits, spaces and hyphens, a letter first"
            yield file.problem(("lists", name), f"{name!r}: {message}; rename it")
        if not lines:
            yield file.problem(("lists", name), f"the list {name!r} is empty; fill it")
        for line in lines:
            if line.file != file.path:
                continue
            yield from _unknown(line, known)
            try:
                parse(LIST_NAME.sub("word", line.text))
            except ValueError as error:
                yield _problem(line, str(error))


def _written_out(
    file: PatternFile[WordsFile],
    lists: Mapping[str, Sequence[Phrase]],
    problems: list[Problem],
) -> dict[str, str]:
    """Return lists as alternatives, those that others name before these."""
    named = {
        name: [other for line in lines for other in lists_in(line.text)]
        for name, lines in lists.items()
    }
    written_out: dict[str, str] = {}
    try:
        for name in TopologicalSorter(named).static_order():
            text = f"{{{'|'.join(line.text for line in lists[name])}}}"
            if _length(text, written_out) > LONGEST:
                problems.append(_problem(lists[name][0], f"the list {name!r} {_TOO_LONG}"))
                return {}
            written_out[name] = LIST_NAME.sub(lambda other: written_out[other[1]], text)
    except CycleError as error:
        circle = dict.fromkeys(error.args[1])
        names = ", ".join(repr(name) for name in sorted(circle))
        own = next(name for name in file.model.lists if name in circle)
        message = f"the lists {names} name one another in a circle; write one of them out"
        if len(circle) == 1:
            message = f"the list {names} names itself; remove that line"
        problems.append(file.problem(("lists", own), message))
    return written_out


def _length(text: str, written_out: Mapping[str, str]) -> int:
    return len(text) + sum(len(written_out[name]) - len(name) - 2 for name in lists_in(text))


def _unknown(phrase: Phrase, known: Mapping[str, object]) -> Iterator[Problem]:
    for name in dict.fromkeys(lists_in(phrase.text)):
        if name not in known:
            similar = difflib.get_close_matches(name, known, n=1)
            remedy = f"did you mean <{similar[0]}>?" if similar else "add it to words.yaml"
            mark = r"write `\<` for the mark itself"
            yield _problem(phrase, f"there is no word list {name!r}; {remedy} ({mark})")


def _blocks(model: BaseModel) -> Iterator[tuple[tuple[int | str, ...], str | list[str]]]:
    """Yield where a model has blocks of phrases, and these; examples are no phrases."""
    from pydantic import BaseModel

    from chexlabel.patterns.schema import Examples, Phrases

    if isinstance(model, Examples):
        return
    for name, field in type(model).model_fields.items():
        value: Any = getattr(model, name)
        if field.annotation == Phrases:
            yield (name,), value
        elif isinstance(value, dict) and Phrases in get_args(field.annotation):
            yield from (((name, key), block) for key, block in value.items())
        elif isinstance(value, BaseModel):
            yield from (((name, *inner), block) for inner, block in _blocks(value))
        elif isinstance(value, list):
            for at, part in enumerate(value):
                if isinstance(part, BaseModel):
                    yield from (((name, at, *inner), block) for inner, block in _blocks(part))


def _problem(phrase: Phrase, message: str) -> Problem:
    return Problem(phrase.file, phrase.line, f"`{phrase.text}`: {message}")
