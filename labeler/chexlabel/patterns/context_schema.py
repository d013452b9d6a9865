"""What may stand in `context.yaml` and `recognition.yaml`, checked by pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chexlabel.patterns.schema import About, Phrases
from chexlabel.patterns.strict_model import StrictModel

__all__ = ["Antecedent", "ContextFile", "Effect", "RecognitionFile", "Reference"]

Effect = Literal["absent", "present", "persists", "opposite", "denied", "uncertain", "none"]
Antecedent = Literal["all", "first", "last", "rest"]


class Reference(StrictModel):
    """What a sentence may say of findings named before it.

    The sentence begins with it; with `of` first, last or rest it may stand anywhere.
    """

    effect: Effect = Field(
        description="What they say of the findings named before. `absent`, `present`, `uncertain`: "
        "that. `persists`: what was there is still there; what was denied still is. `opposite`: "
        "what was there is not, what was not is. `denied`: the same of what was asked. `none`: the "
        "words before were no finding.",
    )
    state: str = Field(
        "",
        description="For organs (anatomy): the state, a name in `states.yaml`, that they are in.",
    )
    of: Antecedent = Field(
        "all", description="Which of the findings named before: both, the former, the latter."
    )
    closed: bool = Field(
        False,
        description="Whether a mark or the end of the sentence must follow: it does not (but not: "
        "it does not matter). Always so for `answers`.",
    )
    only: list[str] = Field(
        [], description="The findings that they can be said of; without it, of all."
    )
    verdicts: Phrases = Field(
        "", description="What is said of one of the `anaphors`, after it: has cleared."
    )
    phrases: Phrases = Field("", description="The same without an anaphor: no trace of it.")


class ContextFile(StrictModel):
    """`context.yaml`: sentences that speak of findings that an earlier sentence names."""

    about: About = ""
    anaphors: Phrases = Field(
        "", description="Words for what was named before, in front of `verdicts`: it, both."
    )
    openings: Phrases = Field("", description="What may stand before an anaphor: on this film.")
    references: list[Reference] = Field(
        [], description="Sentences that refer to the one before them: it has since cleared."
    )
    echo_openings: Phrases = Field(
        "",
        description="Beginnings of sentences that carry the verdict of the one before on, and are "
        "read with it: so has. Whole words, without `*` and `...`; `echoes` of `structure.yaml` "
        "say what they do.",
    )
    echo_endings: Phrases = Field(
        "",
        description="The same of endings, for `late_echoes` and `reversals`: has not.",
    )
    question_openings: Phrases = Field(
        "",
        description="Beginnings of questions that ask whether a finding is there. What they name "
        "is uncertain unless the report says something else of it: any. Whole words, without `*` "
        "and `...`; a question mark ends the sentence.",
    )
    leaning: Phrases = Field(
        "",
        description="Words by which a sentence leans on the one before it: neither. The rules read "
        "it alone, unless it is one of the `references`; the refiner reads both together. Single "
        "words.",
    )
    leaning_alone: Phrases = Field(
        "",
        description="The same of words that count in a sentence that names no finding, and no "
        "organ that one is read from: gone.",
    )
    answer_openings: Phrases = Field(
        "", description="What may stand before one of the `answers`: a :."
    )
    answers: list[Reference] = Field(
        [],
        description="Answers to a question that is the sentence before, or to a finding's bare "
        "name: yes. A mark or the sentence's end must follow the phrase.",
    )


class RecognitionFile(StrictModel):
    """`recognition.yaml`: by what a chest X-ray report is known that names no finding.

    A report in which neither a finding of the set nor one of these is found has all labels blank.
    """

    about: About = ""
    anywhere: Phrases = Field("", description="Words and phrases that chest X-ray reports have.")
    alone: Phrases = Field("", description="Phrases that count where they are a whole sentence.")
