"""Find the sections of a report, and among them those that labels come from.

Headings and rules are data: `sections.yaml`, described in `chexlabel.patterns.section_schema`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.engine.headings import Heading, HeadingFinder
from chexlabel.engine.history import HistoryFinder
from chexlabel.errors import ChexlabelError
from chexlabel.labels import SectionSpan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chexlabel.patterns.section_schema import SectionsFile

__all__ = ["PREAMBLE", "Sectioner", "unify_line_ends"]

PREAMBLE = "preamble"
"""Name of text in front of the first heading that is not the body: a title, mostly."""

_LETTER = compiled_later(r"[^\W\d_]")
_VISIBLE = compiled_later(r"\S")
_BEFORE_WORDS = " \t\r\n-*:.>"
_OPENING = 60  # characters of a report in which its first words stand
_BLANK_LINE = compiled_later(r"\n[^\S\n]*\n")


class _Segment(NamedTuple):
    """The text from a heading to the next."""

    name: str
    role: str
    start: int
    end: int


class Sectioner:
    """Finds sections; compiled once from a pattern set's `sections.yaml`.

    Instances do not change after construction: they are picklable and safe to share by threads.

    Args:
        model: the validated `sections.yaml`.
        sections: the sections that labels come from, by canonical name or heading, in any letter
            case; `None` for those that the file counts. When a report has none of them, and none of
            those that the file counts, the file's `fallback` (such as the body) is taken.

    Raises:
        ChexlabelError: `sections` is empty, or names a section that the file does not define.
    """

    def __init__(self, model: SectionsFile, sections: Sequence[str] | None = None) -> None:
        self._finder = HeadingFinder(model)
        views = model.view_headings
        self._history = HistoryFinder(model.history, (*views.key_words, *views.words))
        self._roles: dict[str, str] = {s.name: s.role for s in model.sections}
        self._one_line = frozenset(s.name for s in model.sections if s.one_line)
        self._stands_for = {s.name: frozenset((s.name, *s.counts_as)) for s in model.sections}
        self._body = model.unheaded.name
        self._becomes = model.unheaded.becomes
        self._before = frozenset(model.unheaded.before)
        self._counted = frozenset(model.counted)
        self._fallback = tuple(model.fallback)
        self._amending = frozenset(s.name for s in model.sections if s.role == "amendment")
        self._preliminary = frozenset(s.name for s in model.sections if s.role == "preliminary")
        self._confirming = tuple(model.confirming)
        # With one of these, no unheaded paragraph is read.
        self._replaces_body = frozenset(
            name for name, others in self._stands_for.items() if self._becomes in others
        )
        self._asked = self._counted if sections is None else self._resolve(sections)
        self._quick = sections is None and all(
            self._roles.get(name) in ("content", "amendment") for name in self._counted
        )

    @property
    def asked(self) -> frozenset[str]:
        """Names of the sections that labels come from, fallbacks aside."""
        return self._asked

    def spans(self, text: str) -> tuple[SectionSpan, ...]:
        """Return all sections of a report that hold words, in text order, headings excluded."""
        if "\r" in text:
            text = unify_line_ends(text)
        return self._lay_out(text, self._find(text))

    def counted(self, text: str) -> tuple[SectionSpan, ...]:
        """Return the sections that labels come from, in text order: `select(spans(text))`."""
        if "\r" in text:
            text = unify_line_ends(text)
        headings = self._find(text)
        if self._quick:
            asked = self._asked
            # Most reports need no layout: they have a findings section, with which nothing unheaded
            # counts, or nothing unheaded at all.
            picked: list[SectionSpan] = []
            settled = bool(headings) and headings[0][1] == 0
            has_findings = False
            end = len(text)
            for name, heading, start in reversed(headings):
                if name not in asked:
                    settled = False
                elif _LETTER.search(text, start, end):
                    picked.append(_trimmed(name, text, start, end))
                    has_findings = has_findings or name in self._replaces_body
                end = heading
            if has_findings or settled:
                picked.reverse()
                return tuple(picked)
        return self.select(self._lay_out(text, headings))

    def select(self, spans: Iterable[SectionSpan]) -> tuple[SectionSpan, ...]:
        """Return those of a report's sections that labels come from, in their order.

        Args:
            spans: from `spans`, or from a source that gives the sections apart. Their names may be
                canonical ones or headings, in any letter case ("Impression").
        """
        named = [(self._canonical(span.name), span) for span in spans]
        here = {name for name, _ in named}
        wanted = self._asked & here
        if not (wanted | (self._counted & here)) - self._amending:
            wanted |= set([name for name in self._fallback if name in here][:1])
        return tuple(
            span if name == span.name else span._replace(name=name)
            for name, span in named
            if name in wanted
        )

    def _resolve(self, sections: Sequence[str]) -> frozenset[str]:
        """Return the canonical names of the sections asked for and of those that stand for them."""
        asked: set[str] = set()
        for given in [sections] if isinstance(sections, str) else sections:
            name = self._canonical(given)
            if name not in self._roles and name != self._body:
                from difflib import get_close_matches  # for the message alone

                names = [*self._roles, self._body]
                close = get_close_matches(name, names, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(names)}"
                raise ChexlabelError(f"there is no section {given!r}; {hint}")
            asked.add(name)
            asked.update(other for other, names in self._stands_for.items() if name in names)
        if not asked:
            raise ChexlabelError("no section was asked for; name at least one, such as impression")
        return frozenset(asked)

    def _canonical(self, name: str) -> str:
        if name in self._roles:
            return name
        words = name.lower().replace("_", " ").split()
        return self._finder.name(" ".join(words)) or "_".join(words)

    def _find(self, text: str) -> list[Heading]:
        headings = self._finder.find(text)
        for heading in headings:
            if heading[0] in self._preliminary:
                return self._supersede(text, headings)
        return headings

    def _supersede(self, text: str, headings: list[Heading]) -> list[Heading]:
        """Make preliminary all that a preliminary read holds, where a final report follows.

        Where that report agrees with the preliminary one, both are findings instead.
        """
        final = max(
            (i for i, heading in enumerate(headings) if self._roles[heading[0]] == "final"),
            default=-1,
        )
        if final >= 0 and self._confirms(text[headings[final][2] :]):
            return [
                (
                    self._becomes if self._roles[name] in ("preliminary", "final") else name,
                    at,
                    after,
                )
                for name, at, after in headings
            ]
        preliminary: str | None = None
        result: list[Heading] = []
        for i, (name, start, content) in enumerate(headings):
            role = self._roles[name]
            if i >= final or role in ("amendment", "final"):
                preliminary = None
            elif role == "preliminary":
                preliminary = name
            result.append((preliminary or name, start, content))
        return result

    def _confirms(self, report: str) -> bool:
        """Tell whether a final report begins with its agreement to the preliminary one."""
        opening = report.lstrip(_BEFORE_WORDS)[:_OPENING].lower()
        return any(
            opening.startswith(words) and not opening[len(words) : len(words) + 1].isalnum()
            for words in self._confirming
        )

    def _lay_out(self, text: str, headings: list[Heading]) -> tuple[SectionSpan, ...]:
        """Turn headings into sections, and what has no heading into the body."""
        segments: list[_Segment] = []
        if not headings or headings[0][1] > 0:
            segments.append(
                _Segment(PREAMBLE, "final", 0, headings[0][1] if headings else len(text))
            )
        opened = any(self._history.reports(text[s.start : s.end]) for s in segments)
        for i, (name, _, start) in enumerate(headings):
            end = headings[i + 1][1] if i + 1 < len(headings) else len(text)
            role = self._roles[name]
            if role == "closing" and not opened:
                role = "context"  # what opens a report closes nothing: "Follow up: lymphoma"
            opened = opened or role in ("content", "amendment")
            segments.append(_Segment(name, role, start, end))
        # A context heading without text ("COMPARISON:") still parts what surrounds it.
        segments = [s for s in segments if s.role == "context" or _LETTER.search(text, *s[2:])]

        body = self._find_body(text, segments)
        spans: list[SectionSpan] = []
        for segment in segments:
            name, _, start, end = segment
            parts = [(name, start, end)]
            if body is not None and body[0] is segment:
                _, body_name, body_start = body
                parts = [(name, start, body_start), (body_name, body_start, end)]
            spans += [_trimmed(n, text, s, e) for n, s, e in parts if _LETTER.search(text, s, e)]
        return tuple(spans)

    def _find_body(self, text: str, segments: list[_Segment]) -> tuple[_Segment, str, int] | None:
        """Return the segment that holds the unheaded text that is read, its name and its start.

        It is the last such text: after the own paragraph of a context section, or under no heading.
        Where that leaves nothing that reports on the film, it is what follows a context section's
        first line or sentence.
        """
        name = self._body
        limit = len(segments)
        for i, segment in enumerate(segments):
            if segment.name in self._replaces_body:
                return None
            if segment.role == "content" and limit == len(segments):
                if self._before.isdisjoint(self._stands_for[segment.name]):
                    return None
                name, limit = self._becomes, i
        before = segments[:limit]
        found = self._unheaded(text, before, name)
        if found is None or not self._history.reports(text[found[1] : found[0].end]):
            lines = name == self._becomes  # what stands in front of an impression
            guess = found is None and not lines
            found = self._run_on(text, before, lines=lines, guess=guess) or found
        if found is None:
            return None
        segment, start = found
        return segment, name, self._history.end_of_preface(text, start, segment.end)

    def _unheaded(
        self, text: str, segments: list[_Segment], name: str
    ) -> tuple[_Segment, int] | None:
        """Return the last segment with paragraphs that no heading opens, and where they start."""
        context_follows = False
        for segment in reversed(segments):
            if segment.role == "context":
                context_follows = True
                start = _after_first_paragraph(text, segment.start, segment.end)
                if _LETTER.search(text, start, segment.end):
                    return segment, start
            elif segment.role == "final" and not (context_follows and name == self._becomes):
                # In front of an impression, a preamble that headings follow is a title.
                return segment, segment.start
        return None

    def _run_on(
        self, text: str, segments: list[_Segment], *, lines: bool, guess: bool
    ) -> tuple[_Segment, int] | None:
        """Return the last context section that runs on into the report, and where that starts."""
        for segment in reversed(segments):
            if segment.role == "context":
                doubtful = self._roles[segment.name] != "context"  # it may close one
                start = self._history.end(
                    text,
                    segment.start,
                    segment.end,
                    lines=lines or doubtful,
                    guess=guess and not doubtful,
                    one_line=segment.name in self._one_line,
                )
                if start < segment.end:
                    return segment, start
        return None


def unify_line_ends(text: str) -> str:
    r"""Return `text` with "\n" at all its line ends, and all offsets unchanged."""
    return text.replace("\r\n", " \n").replace("\r", "\n")


def _after_first_paragraph(text: str, start: int, end: int) -> int:
    """Return where the text after the first paragraph begins."""
    visible = _VISIBLE.search(text, start, end)
    blank = _BLANK_LINE.search(text, visible.start(), end) if visible else None
    return blank.end() if blank else end


def _trimmed(name: str, text: str, start: int, end: int) -> SectionSpan:
    section = text[start:end]
    return SectionSpan(name, end - len(section.lstrip()), start + len(section.rstrip()))
