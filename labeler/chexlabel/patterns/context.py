"""The compiled form of `context.yaml` and `recognition.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chexlabel.errors import PatternError
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import CueEffect, CueKind, Role, Tag
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.syntax import expand, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chexlabel.patterns.context_schema import Antecedent, Effect
    from chexlabel.patterns.pattern_file import Phrase
    from chexlabel.patterns.source import SetSource
    from chexlabel.patterns.stored import Rows

__all__ = [
    "ContextRules",
    "ReferenceRule",
    "compile_context",
    "compile_recognition",
    "context_data",
    "context_of",
]

_PARTS = {"references": Tag.REFERENCE, "answers": Tag.ANSWER}
_KINDS = {
    tag: CueKind(name, 0, CueEffect.NEUTRAL, 0, restarts=False)
    for tag, name in ((Tag.REFERENCE, "reference"), (Tag.ANSWER, "answer"), (Tag.CHEST, "chest"))
}


class ReferenceRule(NamedTuple):
    """What a phrase that refers back says of the findings named before it.

    Attributes:
        effect: what it says of them (see `Reference`).
        state: the state that organs are in, "" for none.
        of: which of the findings.
        closed: whether a mark or the end of the sentence must follow.
        only: the numbers of the findings that it can be said of; empty for all.
    """

    effect: Effect
    state: str
    of: Antecedent
    closed: bool
    only: frozenset[int]


class ContextRules(NamedTuple):
    """The phrases that refer back, and what they say.

    Attributes:
        lexicon: the phrases, with roles of `Tag.REFERENCE` and `Tag.ANSWER`.
        rules: role -> what it says.
        inner_openings: how what may refer back in the midst of a sentence begins.
        echo_openings: how sentences begin that are read with the one before; a blank after each.
        echo_endings: how such sentences end; a blank before each.
        question_openings: how questions for a finding begin.
        leaning: words by which a sentence leans on the one before it.
        leaning_alone: words by which one does that names nothing.
    """

    lexicon: Lexicon
    rules: Mapping[tuple[str, str], ReferenceRule]
    inner_openings: frozenset[str]
    echo_openings: tuple[str, ...]
    echo_endings: tuple[str, ...]
    question_openings: tuple[str, ...]
    leaning: frozenset[str]
    leaning_alone: frozenset[str]


def context_data(context: ContextRules, rows: Rows) -> dict[str, Any]:
    """Return compiled rules as plain values, for JSON; `rows` takes what is read by the row."""
    rules = [
        [*key, rule.effect, rule.state, rule.of, rule.closed, sorted(rule.only)]
        for key, rule in context.rules.items()
    ]
    return {
        "lexicon": context.lexicon.to_data(rows),
        "rules": rules,
        "inner_openings": sorted(context.inner_openings),
        "echo_openings": list(context.echo_openings),
        "echo_endings": list(context.echo_endings),
        "question_openings": list(context.question_openings),
        "leaning": sorted(context.leaning),
        "leaning_alone": sorted(context.leaning_alone),
    }


def context_of(data: Mapping[str, Any], rows: Sequence[str]) -> ContextRules:
    """Return the rules that `context_data` was asked of."""
    rules = {
        (tag, pattern): ReferenceRule(effect, state, of, closed, frozenset(only))
        for tag, pattern, effect, state, of, closed, only in data["rules"]
    }
    lexicon = Lexicon.from_data(data["lexicon"], rows)
    return ContextRules(
        lexicon,
        rules,
        inner_openings=frozenset(data["inner_openings"]),
        echo_openings=tuple(data["echo_openings"]),
        echo_endings=tuple(data["echo_endings"]),
        question_openings=tuple(data["question_openings"]),
        leaning=frozenset(data["leaning"]),
        leaning_alone=frozenset(data["leaning_alone"]),
    )


def compile_context(source: SetSource, tracked: Sequence[str]) -> ContextRules:
    """Compile the context files of a set, the base's before those that extend it.

    Args:
        source: the set.
        tracked: the findings; their places are their numbers.

    Raises:
        PatternError: A phrase is malformed, or a finding is not one of the set's.
    """
    lexicon = Lexicon(Speller((), (), {}))
    rules: dict[tuple[str, str], ReferenceRule] = {}
    inner_openings: set[str] = set()
    subject = _subject(source)
    answer = _optional(source, "answer_openings")
    for file in source.context:
        for layer, (key, tag) in enumerate(_PARTS.items()):
            for at, reference in enumerate(getattr(file.model, key)):
                # A set that extends another may not look for all of that one's findings.
                only = frozenset(n for n, name in enumerate(tracked) if name in reference.only)
                if reference.only and not only:
                    continue
                closed = reference.closed or tag == Tag.ANSWER
                rule = ReferenceRule(reference.effect, reference.state, reference.of, closed, only)
                opening = answer if tag == Tag.ANSWER else ""
                for part, before in (("verdicts", subject), ("phrases", opening)):
                    for phrase in source.phrases(file, key, at, part):
                        role = Role(tag, layer, phrase.text, kind=_KINDS[tag])
                        _add(lexicon, phrase, role, before)
                        rules[tag, phrase.text] = rule
                        if tag == Tag.REFERENCE and rule.of != "all":
                            inner_openings.update(_openings(phrase))
    lexicon.freeze()
    return ContextRules(
        lexicon,
        rules,
        inner_openings=frozenset(inner_openings),
        echo_openings=tuple(f"{words} " for words in _spelled_out(source, "echo_openings")),
        echo_endings=tuple(f" {words}" for words in _spelled_out(source, "echo_endings")),
        question_openings=tuple(f"{words} " for words in _spelled_out(source, "question_openings")),
        leaning=frozenset(_spelled_out(source, "leaning")),
        leaning_alone=frozenset(_spelled_out(source, "leaning_alone")),
    )


def compile_recognition(source: SetSource) -> Lexicon | None:
    """Compile the recognition files of a set, the base's first; `None` without any.

    Phrases that count only as a whole sentence have layer 1, the others layer 0.

    Raises:
        PatternError: A phrase is malformed.
    """
    if not source.recognition:
        return None
    lexicon = Lexicon(Speller((), (), {}))
    for file in source.recognition:
        for layer, key in enumerate(("anywhere", "alone")):
            for phrase in source.phrases(file, key):
                _add(lexicon, phrase, Role(Tag.CHEST, layer, phrase.text, kind=_KINDS[Tag.CHEST]))
    lexicon.freeze()
    return lexicon


def _openings(phrase: Phrase) -> Iterator[str]:
    """Yield how what a phrase stands for begins, in two words at most."""
    return (" ".join(words[:2]) for words in expand(phrase.full))


def _subject(source: SetSource) -> str:
    """Return what stands before a verdict, as a phrase: an anaphor, with or without an opening."""
    anaphors = _any_of(source, "anaphors")
    return f"{_optional(source, 'openings')}{{{anaphors}}} " if anaphors else ""


def _optional(source: SetSource, key: str) -> str:
    """Return a phrase of what may be there: one of the phrases of `key`."""
    openings = _any_of(source, key)
    return f"[{{{openings}}}] " if openings else ""


def _any_of(source: SetSource, key: str) -> str:
    return "|".join(phrase.full for file in source.context for phrase in source.phrases(file, key))


def _spelled_out(source: SetSource, key: str) -> list[str]:
    """Return all that the phrases of `key` stand for."""
    texts: set[str] = set()
    for file in source.context:
        for phrase in source.phrases(file, key):
            try:
                texts.update(" ".join(words) for words in expand(phrase.full))
            except ValueError as error:
                raise _phrase_error(phrase, error) from None
    return sorted(texts)


def _phrase_error(phrase: Phrase, error: ValueError) -> PatternError:
    return PatternError(f"{phrase.file}:{phrase.line}: `{phrase.text}`: {error}")


def _add(lexicon: Lexicon, phrase: Phrase, role: Role, before: str = "") -> None:
    try:
        lexicon.add(parse(before + phrase.full), role)
    except ValueError as error:
        raise _phrase_error(phrase, error) from None
