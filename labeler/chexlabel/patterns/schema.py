"""What may stand in the files of a pattern set, checked by pydantic.

A block of phrases is one text with a phrase a line (`|` in YAML), or a list; see
`chexlabel.patterns.syntax` for how phrases are written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Anatomy",
    "AssertionFile",
    "Examples",
    "FindingFile",
    "NoFinding",
    "SetFile",
    "SpellingFile",
    "StatesFile",
    "StructureFile",
]

Phrases = str | list[str]
LabelWord = Literal["positive", "negative", "uncertain"]
Name = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Anatomy(_Strict):
    """Neutral words (`heart size`) that a state word in the same clause decides."""

    phrases: Phrases
    states: dict[str, LabelWord] = Field(min_length=1)
    """State (a name in states.yaml) -> what it says; the first that holds decides."""


class Examples(_Strict):
    """Sentences with the label they must get: the file's own tests."""

    positive: Phrases = ""
    negative: Phrases = ""
    uncertain: Phrases = ""
    blank: Phrases = ""


class FindingFile(_Strict):
    """One file of `findings/`."""

    finding: Name
    about: str = ""
    extends: list[str] = []
    """Findings (of this set or of the one it extends) whose phrases this one takes over."""
    positive: Phrases = ""
    """Asserted unless a cue says otherwise."""
    uncertain: Phrases = ""
    """Uncertain when present, negative when denied."""
    anatomy: list[Anatomy] = []
    exclude: Phrases = ""
    """Words that hold one of the phrases above but mean something else."""
    ignore_cues: list[str] = []
    """Kinds of cue that do not touch this finding."""
    examples: Examples = Examples()


class AssertionFile(_Strict):
    """One file of `assertion/` with the cues of one kind."""

    kind: Name
    about: str = ""
    effect: Literal["negative", "uncertain", "none", "neutral"]
    """What a cue makes of a mention in its scope. `none`: it counts for nothing. `neutral`: the cue
    does nothing, and hides the cues that its words hold (`no change in`)."""
    before: Phrases = ""
    """Cues that stand before what they govern."""
    after: Phrases = ""
    """Cues that stand after what they govern."""
    reach: int | None = Field(default=None, ge=1)
    """The most words between the cue and what it governs; without it, as far as the clause goes."""
    restarts: bool = False
    """Whether such a cue, standing before its mention, ends the scopes that opened before it."""


class StructureFile(_Strict):
    """`structure.yaml`: the words that show how a sentence is built, and so where scopes end."""

    about: str = ""
    order: list[str]
    """Kinds of cue, strongest first: where several reach a mention, the first decides."""
    terminators: Phrases
    """End every scope: but, however, except for."""
    with_words: Phrases
    """End a scope that came from before: with."""
    conjunctions: Phrases
    """Carry a scope on through a list, unless a new clause begins: and."""
    disjunctions: Phrases
    """Carry a scope on; between two mentions outside any scope, make both uncertain: or."""
    alternatives: Phrases
    """Make both neighbours uncertain: versus, and/or."""
    separators: Phrases
    """Marks that part the items of a list or begin a new clause: the comma, brackets."""
    existentials: Phrases
    """Begin a new clause: there is."""
    verbs: Phrases
    """A finite verb: with its subject it makes a clause of its own."""
    modals: Phrases
    """Verbs that stand before another verb: may, could. A cue that holds a verb or a modal
    (`may represent`) makes a clause too."""
    presence: Phrases
    """Verb groups that only say that something is there (`is seen`): they close a list."""
    relatives: Phrases
    """Begin a relative clause, whose verb is not the clause's: which, that."""
    assertives: Phrases
    """Words that present what follows as being there: stable, small, persistent."""


class StatesFile(_Strict):
    """`states.yaml`: state words by state, for the anatomy of all findings."""

    about: str = ""
    states: dict[str, Phrases]


class SpellingFile(_Strict):
    """`spelling.yaml`: which misspellings are forgiven."""

    about: str = ""
    terms: Phrases
    """Words that are recognised also when a letter or two are wrong."""
    not_misspelled: Phrases
    """Words that look like a misspelt term but are words of their own."""
    corrections: dict[str, str] = {}
    """Misspelling -> word, for those too far off to be guessed."""


class NoFinding(_Strict):
    """What the label for a report without abnormality means in this set."""

    name: Name
    unless: list[str]
    """It is positive when the report has text and none of these findings is positive or uncertain."""
    otherwise: Literal["blank", "negative"] = "blank"


class SetFile(_Strict):
    """`set.yaml`."""

    name: Name
    version: Name
    about: str = ""
    extends: str | None = None
    """The set (shipped, or a folder beside this one) whose files this one starts from."""
    findings: list[str] = Field(min_length=1)
    """The labels in output order."""
    hidden: list[str] = []
    """Findings that are looked for but not put out; `no_finding` may need them."""
    no_finding: NoFinding | None = None
    uncertain: dict[str, LabelWord | Literal["blank"]] = {}
    """Finding -> what an uncertain label is put out as; without an entry it stays uncertain."""
    groups: dict[str, list[str]] = {}
    """Named selections of findings, for scores over a part of them."""
