"""What may stand in `composition.yaml`, checked by pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chexlabel.patterns.schema import About, Phrases
from chexlabel.patterns.strict_model import StrictModel

__all__ = ["CompositionFile", "Joins", "Organs"]

Outcome = Literal["positive", "negative", "uncertain", "blank"]


class Joins(StrictModel):
    """How the members of a list are joined, each way shown for three: `A, B or C`."""

    all: Phrases = Field("", description="Ways that say that all are meant: `A, B and C`.")
    bare: Phrases = Field("", description="Ways without a word: `A, B, C`.")
    either: Phrases = Field("", description="Ways that offer alternatives: `A, B or C`.")
    nor: Phrases = Field("", description="Ways that go with `neither`: `A nor B nor C`.")


class Organs(StrictModel):
    """Statements on an organ and its state."""

    clauses: Phrases = Field("", description="With a verb: `the ORGAN is STATE`.")
    fragments: Phrases = Field("", description="Members of lists: `STATE ORGAN`.")


class CompositionFile(StrictModel):
    """`composition.yaml`: statements whose labels are known from how they are made.

    `chexlabel patterns check --compose` puts every phrase of the set into them. In a set that
    extends another, the other's statements count too.
    """

    about: About = ""
    joins: Joins = Field(Joins(), description="How the members of a list are joined.")
    modifiers: Phrases = Field("", description="Words that may stand before any member.")
    fragments: dict[Outcome, Phrases] = Field(
        {}, description="Statements without a verb, by the label of their members: `no ANY`."
    )
    clauses: dict[Outcome, Phrases] = Field(
        {}, description="Statements with a verb: `there {is|are} no ANY`."
    )
    causes: dict[Outcome, Phrases] = Field(
        {}, description="What follows a sign, by the label of the cause: `due to ONE`."
    )
    organs: Organs = Field(Organs(), description="Statements on an organ and its state.")
    pairs: Phrases = Field("", description="Two statements in a row: `STATEMENT; STATEMENT`.")
