"""Tell what the boxes of a checklist say: "[x] edema [ ] effusion", "Effusion: [ ] yes [x] no"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.engine.marks import ABSENT_BEFORE, MINUS, NO, PLUS, PRESENT_BEFORE, YES

if TYPE_CHECKING:
    from chexlabel.patterns.section_schema import Answers

__all__ = ["EMPTY", "TICKED", "BoxReader"]

EMPTY, TICKED = "\u2610\u25a1", "\u2611\u2612"
_FEWEST = 2  # answers to choose from
_BOX = compiled_later(rf"\[[ \t]?(?:([xXyY+\u2713\u2714])|[nN-])?[ \t]?\]|[{EMPTY}]|([{TICKED}])")
_ASKED = compiled_later(r"\?(?=[ \t]*\[[ \t]?[xXyYnN+\u2713\u2714-]?[ \t]?\])")
_CHOICE = compiled_later(r"[ \t]*[^\s,;]+(?: [^\s,;]+)*")
_LETTER = compiled_later(r"[^\W\d_]")
_VISIBLE = compiled_later(r"[^\n]")


class _Box(NamedTuple):
    """A box: its offsets in its line, and whether it is ticked."""

    start: int
    end: int
    ticked: bool


class BoxReader:
    """Reads the boxes of lines; compiled once from `sections.yaml`. Picklable and thread-safe.

    Args:
        answers: the words for yes and no beside which boxes stand.
    """

    def __init__(self, answers: Answers) -> None:
        yes, no = ("|".join(map(re.escape, words)) or "(?!)" for words in (answers.yes, answers.no))
        choices = rf"(?:({yes})|(?:{no}))"
        self._answer = compiled_later(rf"[ \t]*{choices}\b[ \t:/|,-]*", re.IGNORECASE)
        self._answer_before = compiled_later(rf"\b{choices}[ \t]*+:?+[ \t]*+$", re.IGNORECASE)

    def plain(self, line: str) -> str:
        """Return a line with its boxes made plain.

        They stand before their items ("[x] edema [ ] effusion"), after them ("edema [x] effusion
        [ ]"), or at the answers to choose from, of which the ticked are kept: behind their item
        ("Effusion: [ ] yes [x] no", "Effusion: yes [ ] no [x]"), before it ("[ ] yes [x] no
        effusion"), or below it, alone on their line. What no answer is ticked for is left out.
        """
        boxes = [_Box(*box.span(), bool(box[1] or box[2])) for box in _BOX.finditer(line)]
        if not boxes:
            return line
        for chosen in (self._answers_first(line, boxes), self._boxes_last(line, boxes)):
            if chosen is not None:
                return chosen
        line = _ASKED.sub(" ", line)  # "Effusion? [n]" asks no more than "Effusion [n]"
        if self._is_unanswered(line, boxes):
            return _blanked(line)
        is_first = not _LETTER.search(line, 0, boxes[0].start)
        is_last = not _LETTER.search(line, boxes[-1].end)
        pieces = [line[: boxes[0].start]]
        ends = [box.start for box in boxes[1:]] + [len(line)]
        for box, end in zip(boxes, ends, strict=True):
            before, after = PLUS if box.ticked else MINUS
            words = line[box.end : end]
            mark = before if is_first else after if is_last else ""
            if not mark and not box.ticked:
                words = _CHOICE.sub(lambda found: " " * len(found[0]), words, count=1)
            pieces += [mark.center(box.end - box.start), words]
        return "".join(pieces)

    def _answers_first(self, line: str, boxes: Sequence[_Box]) -> str | None:
        """Return a line that opens with answers, the ticked one made plain; else `None`."""
        answers = self._answers(line, boxes)
        if not answers or line[: boxes[0].start].strip():
            return None
        ticked = [(box, answer) for box, answer in zip(boxes, answers, strict=True) if box.ticked]
        place = answers[-1].end()
        item = line[place:]
        if ticked and not item.strip():  # the answer to the line above
            box, answer = ticked[-1]
            return " " * box.start + f"{answer[0].strip()}.".ljust(len(line) - box.start)
        if not item[:1].isalpha():
            return None
        if not ticked:
            return _blanked(line)
        return (PRESENT_BEFORE if ticked[-1][1][1] else ABSENT_BEFORE).ljust(place) + item

    def _boxes_last(self, line: str, boxes: Sequence[_Box]) -> str | None:
        """Return a line whose boxes stand behind answers, the ticked made plain; else `None`."""
        ends = [0, *(box.end for box in boxes)]
        answers: list[re.Match[str]] = []
        firsts: list[int] = []  # the answers that an item stands before
        for at, (end, box) in enumerate(zip(ends, boxes, strict=False)):
            answer = self._answer_before.search(line, end, box.start)
            if answer is None:
                return None
            answers.append(answer)
            if _LETTER.search(line, end, answer.start()):
                firsts.append(at)
        if firsts[:1] != [0] or len(boxes) < _FEWEST * len(firsts):
            return None
        pieces = []
        for first, following in pairwise([*firsts, len(boxes)]):
            item = line[ends[first] : answers[first].start()].replace("?", " ")
            width = ends[following] - answers[first].start()
            ticked = [at for at in range(first, following) if boxes[at].ticked]
            if ticked:
                pieces += [item, (YES if answers[ticked[-1]][1] else NO).ljust(width)]
            else:
                pieces.append(" " * (len(item) + width))
        return "".join([*pieces, line[ends[-1] :]])

    def _is_unanswered(self, line: str, boxes: Sequence[_Box]) -> bool:
        """Say whether none of the answers to choose from is ticked: "Effusion: [ ] yes [ ] no"."""
        if any(box.ticked for box in boxes):
            return False
        answers = self._answers(line, boxes)
        return bool(answers) and answers[-1].end() == len(line.rstrip())

    def _answers(self, line: str, boxes: Sequence[_Box]) -> list[re.Match[str]]:
        """Return the answers, one behind each box; none if the boxes stand at items."""
        answers = [answer for box in boxes if (answer := self._answer.match(line, box.end))]
        if len(answers) != len(boxes) or len(boxes) < _FEWEST:
            return []
        reaches = all(a.end() == box.start for a, box in zip(answers, boxes[1:], strict=False))
        return answers if reaches else []


def _blanked(line: str) -> str:
    return _VISIBLE.sub(" ", line)
