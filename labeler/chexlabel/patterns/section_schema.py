"""What may stand in `sections.yaml`, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from chexlabel.patterns.strict_model import StrictModel

__all__ = [
    "Answers",
    "History",
    "LineWidth",
    "Section",
    "SectionsFile",
    "Sentences",
    "Unheaded",
    "ViewHeadings",
]

Role = Literal[
    "content", "amendment", "context", "preliminary", "final", "closing"
]  # see Section.role

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]
_Words = Annotated[str, StringConstraints(pattern=r"^[^\sA-Z:]+( [^\sA-Z:]+)*$")]
_Word = Annotated[str, StringConstraints(pattern=r"^[^\sA-Z:]+$")]


class Section(StrictModel):
    """One canonical section with the headings that open it."""

    name: _Name = Field(description="Canonical name, as evidence and --sections give it.")
    role: Role = Field(
        description="What the section does to the report's layout. content: read until the next "
        "heading. amendment: content that adds to others and never replaces them. context: one "
        "paragraph of what was known before; what follows it without a heading is the body. "
        "preliminary: superseded by a final report. final: begins the final report. closing: what "
        "follows the report proper."
    )
    headings: list[_Words] = Field(
        default=[],
        description="Headings at the start of a line or after the end of a sentence, before a "
        "colon, or alone on a line.",
    )
    anywhere: list[_Words] = Field(
        default=[],
        description="Headings that are also recognised in the middle of a line before a colon, "
        "and at the start of a line before a dash.",
    )
    markers: list[_Words] = Field(
        default=[],
        description="Headings that are also recognised at the start of a line without a colon, "
        "before two spaces, a number, a bracket or a removed word.",
    )
    one_line: bool = Field(
        default=False,
        description="Of a context: it is told in one line. Where that line is complete (it ends "
        "with a full stop), the next one begins the body.",
    )
    counts_as: list[_Name] = Field(
        default=[],
        description="Other sections that it stands for when the user asks for those.",
    )

    @model_validator(mode="after")
    def _has_heading(self) -> Section:
        if not (self.headings or self.anywhere or self.markers):
            raise ValueError(f"section {self.name!r} has no heading; list at least one")
        return self


class Unheaded(StrictModel):
    """What becomes of paragraphs without a heading."""

    name: _Name = Field(description="Name of the body: paragraphs without a heading that count.")
    becomes: _Name = Field(
        description="The section they are instead when one of `before` follows and this one has "
        "no heading in the report."
    )
    before: list[_Name] = Field(description="Sections in front of which they become `becomes`.")


class ViewHeadings(StrictModel):
    """Headings made of the names of views, too many to list."""

    opens: _Name = Field(description="The section that such a heading opens.")
    key_words: list[_Word] = Field(
        min_length=1, description="Words of which at least one must be there; lower case."
    )
    words: list[_Word] = Field(
        description="The other words that may be there; numbers, times, dates and removed words "
        "always may."
    )


class History(StrictModel):
    """Words that tell a history from the report that follows it without a heading."""

    openers: list[_Words] = Field(
        default=[], description="A line or sentence that begins so is history: h/o, known case of."
    )
    complaints: list[_Words] = Field(
        default=[],
        description="In front of a report without headings, a line or sentence with one of these "
        "near its beginning, and no word of `reporting`, is history.",
    )
    requests: list[_Words] = Field(
        default=[],
        description="After a context heading, a line or sentence that begins so still belongs to "
        "it: please, exclude. So does a question.",
    )
    reporting: list[_Word] = Field(
        default=[], description="Words of a report on the film, by which its beginning is known."
    )
    signs: list[_Word] = Field(
        default=[],
        description="What is seen on films alone: effusion. A sentence that describes one by a "
        "word of `describing`, and has none of `earlier`, is of the report too.",
    )
    describing: list[_Word] = Field(
        default=[], description="Words for the size and side of a sign: small, left."
    )
    earlier: list[_Word] = Field(
        default=[], description="Words by which a sign is one of the history: known, last, drained."
    )


class LineWidth(StrictModel):
    """The widths, in characters, at which a typist's margin may have broken lines."""

    minimum: int = Field(ge=1, description="No margin is narrower than this.")
    maximum: int = Field(ge=1, description="Lines longer than this were not broken by a margin.")

    @model_validator(mode="after")
    def _ordered(self) -> LineWidth:
        if self.minimum > self.maximum:
            raise ValueError("minimum is greater than maximum; exchange the two")
        return self


class Answers(StrictModel):
    """Words beside which the boxes of a checklist stand: [ ] yes [x] no."""

    yes: list[_Word] = Field(default=[], description="Of these one is chosen where it is there.")
    no: list[_Word] = Field(default=[], description="Of these one is chosen where it is not.")
    unsure: list[_Word] = Field(default=[], description="Of these where nobody can tell.")


class Sentences(StrictModel):
    """Where sentences end."""

    abbreviations: list[_Word] = Field(
        description="Words whose full stop never ends a sentence; without that full stop."
    )
    abbreviations_before_number: list[_Word] = Field(
        description="Words whose full stop does not end a sentence when a number follows."
    )
    abbreviations_at_end: list[_Word] = Field(
        description="Words whose full stop ends a sentence only when one of `starters` follows."
    )
    starters: list[_Word] = Field(description="Words that begin a sentence.")
    line_width: LineWidth = Field(description="The widths at which lines may have been broken.")
    carried_words: list[_Word] = Field(
        description="A line that begins with one of these goes on with the line before it."
    )
    continuing_words: list[_Word] = Field(
        description="Words after which a sentence goes on in the next line."
    )


class SectionsFile(StrictModel):
    """`sections.yaml`: where a report's text counts, and where its sentences end."""

    counted: list[_Name] = Field(
        min_length=1, description="Sections that labels come from unless the user asks for others."
    )
    fallback: list[_Name] = Field(
        default=[],
        description="Used in this order when a report has none of the sections asked for and none "
        "of those in `counted`, amendments aside.",
    )
    unheaded: Unheaded = Field(description="What becomes of paragraphs without a heading.")
    sections: list[Section] = Field(min_length=1, description="The canonical sections.")
    confirming: list[_Words] = Field(
        default=[],
        description="How a final report begins that lets a preliminary one stand: agree with the "
        "above. Both then count.",
    )
    not_after: list[_Word] = Field(
        default=[],
        description="Words before an `anywhere` heading that make it a part of its sentence.",
    )
    view_headings: ViewHeadings = Field(description="Headings made of the names of views.")
    history: History = Field(
        default=History(), description="How a history without an end of its own is told."
    )
    answers: Answers = Field(
        default=Answers(), description="The answers to choose from that boxes stand at."
    )
    sentences: Sentences = Field(description="Where sentences end.")

    @model_validator(mode="after")
    def _consistent(self) -> SectionsFile:
        roles = {self.unheaded.name: "body"}
        owners: dict[str, str] = {}
        for section in self.sections:
            if section.name in roles:
                raise ValueError(f"section {section.name!r} is there twice; merge the two")
            roles[section.name] = section.role
            for heading in (*section.headings, *section.anywhere, *section.markers):
                if heading in owners:
                    raise ValueError(
                        f"heading {heading!r} is in both {owners[heading]!r} and "
                        f"{section.name!r}; remove it from one"
                        if owners[heading] != section.name
                        else f"heading {heading!r} is in {section.name!r} twice; remove one"
                    )
                owners[heading] = section.name
        named = {
            "counted": self.counted,
            "fallback": self.fallback,
            "unheaded": [self.unheaded.becomes, *self.unheaded.before],
            "view_headings.opens": [self.view_headings.opens],
            "counts_as": [name for section in self.sections for name in section.counts_as],
        }
        for key, names in named.items():
            for name in names:
                if name not in roles:
                    raise ValueError(
                        f"{key} names the section {name!r}, which is not defined; "
                        f"choose from {', '.join(roles)}"
                    )
        return self
