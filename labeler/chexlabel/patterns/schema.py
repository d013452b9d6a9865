"""What may stand in the files of a pattern set, checked by pydantic.

A block of phrases is one text with a phrase a line (`|` in YAML), or a list; see
`chexlabel.patterns.syntax` for how phrases are written. The descriptions are what
docs/pattern-files.md says of the keys.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chexlabel.patterns.strict_model import StrictModel

__all__ = [
    "BASE",
    "AcceptedWarning",
    "Anatomy",
    "AssertionFile",
    "Examples",
    "FindingFile",
    "NoFinding",
    "Part",
    "SetFile",
    "SoundAlike",
    "SpellingFile",
    "StatesFile",
    "StructureFile",
    "WordsFile",
]

BASE = "..."
"""In a list of a set that extends another: what stands in the other set's list."""

Phrases = str | list[str]
LabelWord = Literal["positive", "negative", "uncertain"]
Name = Annotated[str, Field(min_length=1)]
About = Annotated[str, Field(description="What the file is for, in words for its readers.")]


class Anatomy(StrictModel):
    """Neutral words (`heart size`) that a state word in the same clause decides."""

    phrases: Phrases = Field(description="The words for the organ, without its state.")
    states: dict[str, LabelWord] = Field(
        min_length=1,
        description="State (a name in `states.yaml`) and the label that it gives; where several "
        "states hold, the first here decides. A state that is not listed says nothing.",
    )


class Part(StrictModel):
    """Words that are a finding only where they are: `fluid`, in a pleural space."""

    words: Phrases = Field(description="The words: a substance, an event.")
    within: list[str] = Field(
        [],
        description="The places (names in `places` of `states.yaml`) of which the nearest to the "
        "words must be one; without it they count anywhere but in those of `outside`.",
    )
    outside: list[str] = Field(
        [],
        description="The places of which the nearest to the words must be none; without `within`, "
        "one that a mark parts from the words after it does not count.",
    )
    reach: int = Field(
        8, ge=1, description="The most words between the words and a place that says where."
    )


class Examples(StrictModel):
    """Sentences with the label they must get: the file's own tests."""

    positive: Phrases = Field("", description="Sentences that say that the finding is there.")
    negative: Phrases = Field("", description="Sentences that deny it.")
    uncertain: Phrases = Field("", description="Sentences that leave it open.")
    blank: Phrases = Field("", description="Sentences that say nothing of it.")


class FindingFile(StrictModel):
    """One file of `findings/`."""

    finding: Name = Field(description="The finding's name, as `set.yaml` lists it.")
    about: About = ""
    extends: list[str] = Field(
        [],
        description="Findings whose phrases this one starts from: others of this set, or those of "
        "the set that this one extends. With its own name here a file adds to that finding of the "
        "other set; without, it replaces it.",
    )
    positive: Phrases = Field(
        "", description="Phrases that name the finding: positive unless a cue says otherwise."
    )
    uncertain: Phrases = Field(
        "", description="Phrases that are uncertain when stated, and negative when denied."
    )
    negative: Phrases = Field(
        "", description="Phrases that deny the finding by themselves: `extubated`, `unfractured`."
    )
    anatomy: list[Anatomy] = Field(
        [], description="Organs whose state makes the finding: a list of `phrases` with `states`."
    )
    parts: list[Part] = Field(
        [],
        description="Words that are the finding only in certain places: a list of `words` with "
        "places. What cues say of them is as of any phrase.",
    )
    exclude: Phrases = Field(
        "",
        description="Longer phrases that hold one of the phrases above but mean something else.",
    )
    ignore_cues: list[str] = Field(
        [], description="Kinds of cue that do not touch this finding (an old fracture is one)."
    )
    examples: Examples = Field(
        Examples(), description="Sentences under the label that they must get."
    )


class AssertionFile(StrictModel):
    """One file of `assertion/` with the cues of one kind."""

    kind: Name = Field(
        description="The kind of cue. `order` in `structure.yaml` must list it; several files may "
        "add to one kind."
    )
    about: About = ""
    effect: Literal["positive", "negative", "uncertain", "none", "neutral"] | None = Field(
        None,
        description="What a cue makes of a mention in its scope. `positive`: the mention stands, "
        "and is no alternative. `none`: the mention gives no label. `neutral`: the cue does "
        "nothing, and hides the cues that its words hold. Stated once for a kind.",
    )
    before: Phrases = Field("", description="Cues that stand before what they govern.")
    after: Phrases = Field("", description="Cues that stand after what they govern.")
    reach: int | None = Field(
        None,
        ge=1,
        description="The most words between a cue and what it governs; without it, as far as the "
        "clause goes. A file that leaves it out takes it from the kind's first file.",
    )
    restarts: bool = Field(
        False,
        description="Whether a cue before its mention ends the scopes that opened before it. A "
        "file that leaves it out takes it from the kind's first file.",
    )
    encloses: bool = Field(
        False,
        description="Whether a cue governs only what stands among its own words (in the gap of "
        "`what looks like ... turns out to be`), and nothing after it.",
    )
    blank_for: list[str] = Field(
        [],
        description="Findings that a cue leaves without a label rather than with that of the "
        "`effect`. Names that the set doesn't have are passed over.",
    )
    turns: dict[Name, Literal["positive", "negative", "uncertain", "none"]] = Field(
        {},
        description="Kinds of cue, with the effect that theirs becomes where such a cue governs "
        'what they speak of too: `resolution: positive` for `neither` ("neither A nor B has '
        'resolved"). Of mentions, not of organs with their states.',
    )


class StructureFile(StrictModel):
    """`structure.yaml`: the words that show how a sentence is built, and so where scopes end."""

    about: About = ""
    order: list[str] = Field(
        [],
        description="Kinds of cue, strongest first: where several reach a mention, the first "
        "decides.",
    )
    terminators: Phrases = Field("", description="End every scope: but, however, except for.")
    with_words: Phrases = Field("", description="End a scope that came from before: with.")
    adjuncts: Phrases = Field(
        "",
        description="Begin an adjunct, which no scope reaches from before, nor one from after it: "
        "superimposed on.",
    )
    conjunctions: Phrases = Field(
        "", description="Carry a scope on through a list, unless a new clause begins: and."
    )
    disjunctions: Phrases = Field(
        "",
        description="Carry a scope on; two mentions outside any scope become alternatives: or.",
    )
    alternatives: Phrases = Field(
        "", description="Make the mentions on both sides alternatives: versus, and/or."
    )
    separators: Phrases = Field(
        "", description="Part the items of a list or begin a new clause: the comma, brackets."
    )
    existentials: Phrases = Field("", description="Begin a new clause: there is.")
    verbs: Phrases = Field(
        "", description="Finite verbs: with a subject of its own, one makes a clause."
    )
    plurals: Phrases = Field(
        "",
        description="Verbs in the plural, and words that take up a list (these, them), each a "
        "single word: a verdict that holds one speaks of a whole list, where commas alone join it "
        "too (`effusion, consolidation have resolved`).",
    )
    colons: Phrases = Field(
        "", description="Stand between a heading word and what is said of it: the colon."
    )
    modals: Phrases = Field(
        "",
        description="Verbs that stand before another verb: may, could. A cue that holds a verb or "
        "a modal (`may represent`) makes a clause too.",
    )
    presence: Phrases = Field(
        "",
        description="Verb groups that only say that something is there (`is seen`): they close a "
        "list.",
    )
    relatives: Phrases = Field(
        "", description="Begin a relative clause, whose verb is not the clause's: which, that."
    )
    elisions: Phrases = Field(
        "",
        description="Stand for a statement of the finding named before, whose noun is left out: "
        "`small on the left`, `the left persists`. They count where a boundary stands on both "
        "sides.",
    )
    echoes: Phrases = Field(
        "",
        description="Carry the verdict before them on to the finding right after them: `as is`, "
        "`so has`.",
    )
    late_echoes: Phrases = Field(
        "",
        description="The same after the finding, where they end a clause without a verdict of its "
        "own: `the edema too`.",
    )
    reversals: Phrases = Field(
        "",
        description="Turn the verdict before them round, where they end a clause: `the effusion "
        "has not`. A denial becomes a statement; so does a verdict that only describes (`has "
        "improved`): what has not changed is there.",
    )
    asking: Phrases = Field(
        "",
        description="Single words by which a hedge asks what its subject is: in `whether the "
        "opacity is a pneumonia` the opacity is there.",
    )
    assertives: Phrases = Field(
        "", description="Words that present what follows as being there: stable, small."
    )


class StatesFile(StrictModel):
    """`states.yaml`: the words for states and places, for the anatomy and parts of all findings."""

    about: About = ""
    states: dict[str, Phrases] = Field(
        description="State (a name that `anatomy` refers to) and the words for it."
    )
    places: dict[str, Phrases] = Field(
        {}, description="Place (a name that `parts` refer to) and the words for it."
    )
    weak: list[str] = Field(
        [],
        description="States that count only where the report says nothing else of the finding: "
        "`stable` beside a plain `normal`.",
    )


class SoundAlike(StrictModel):
    """What dictation makes of a word: `plural` for `pleural`."""

    meant: Name = Field(description="The word or words that were said.")
    heard: Phrases = Field(description="What is written instead.")
    near: Phrases = Field(
        "",
        description="Words of which one must stand within four words of it; without it, it is "
        "never anything else.",
    )


class SpellingFile(StrictModel):
    """`spelling.yaml`: which misspellings are forgiven."""

    about: About = ""
    terms: Phrases = Field(
        "", description="Words that are recognised also when a letter or two are wrong."
    )
    not_misspelled: Phrases = Field(
        "", description="Words that look like a misspelt term but are words of their own."
    )
    corrections: dict[str, str] = Field(
        {}, description="Misspelling and the word it stands for, for those too far off to guess."
    )
    glued: Phrases = Field(
        "", description="Words that may be stuck to a term: `no` in `noeffusion`."
    )
    sound_alikes: list[SoundAlike] = Field(
        [], description="What dictation makes of words, each in the company that makes it safe."
    )


class WordsFile(StrictModel):
    """`words.yaml`: word lists, which the phrases of the other files use by their names."""

    about: About = ""
    lists: dict[Name, Phrases] = Field(
        max_length=1000,
        description="Name, and what stands for it in phrases: `<look-alike>` is any line of the "
        "list `look-alike`. A list may name others. In a set that extends another, a list replaces "
        "that set's list of the same name, in that set's phrases too; a line `...` in it stands "
        "for that one's lines.",
    )


class NoFinding(StrictModel):
    """What the label for a report without abnormality means in this set."""

    name: Name = Field(description="The label's name; `findings` must list it.")
    unless: list[str] = Field(
        description="It is positive when the report has text and none of these findings is "
        "positive or uncertain."
    )
    otherwise: Literal["blank", "negative"] = Field(
        "blank", description="What it is when one of them is."
    )


class AcceptedWarning(StrictModel):
    """A warning of `chexlabel patterns check` that is looked into and right as it is."""

    file: Name = Field(
        description="The file that it is about, seen from the set's folder: "
        "`assertion/history.yaml`."
    )
    warning: Name = Field(
        description="How it begins, up to where it names other lines. It is accepted with the "
        "places that it counts; once it begins otherwise, it is given again."
    )
    reason: Name = Field(description="Why nothing is to be mended.")


class SetFile(StrictModel):
    """`set.yaml`. In a set that extends another, a key left out is as in that set."""

    name: Name = Field(description="The set's name.")
    version: Name = Field(description='Its version, in quotes: `"1.0"`.')
    about: About = ""
    extends: str | None = Field(
        None,
        description="The set that this one starts from: one that ships with chexlabel, or a folder "
        "beside this one.",
    )
    findings: list[str] = Field(
        [],
        description="The labels in output order. `...` stands for those of the set that this one "
        "extends.",
    )
    hidden: list[str] = Field(
        [],
        description="Findings that are looked for and give evidence but no column; `no_finding` "
        "may need them.",
    )
    no_finding: NoFinding | None = Field(
        None, description="The label for a report without abnormality, where the set has one."
    )
    uncertain: dict[str, Literal[LabelWord, "blank"]] = Field(
        {},
        description="Finding and what its uncertain label is written as; without an entry it stays "
        "uncertain. Examples state the label before this.",
    )
    alternatives: Literal["uncertain", "positive"] = Field(
        "uncertain",
        description="What mentions are that are offered as alternatives: X or Y, X versus Y.",
    )
    groups: dict[str, list[str]] = Field(
        {}, description="Named selections of findings, for scores over a part of them."
    )
    accepted: list[AcceptedWarning] = Field(
        [],
        description="Warnings of `chexlabel patterns check` on this set's own files that it leaves "
        "out. One that the check would not give any more is a warning itself.",
    )
