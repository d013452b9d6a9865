"""The reading of a report's sentences as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chexlabel.engine.trace import Trace

__all__ = ["trace_text"]


def trace_text(traces: Iterable[Trace]) -> str:
    """Return, for each sentence that names a finding, its clauses, lists, scopes and decisions."""
    return "\n\n".join("\n".join(_lines(trace)) for trace in traces) + "\n"


def _lines(trace: Trace) -> Iterator[str]:
    yield trace.text
    for number, clause in enumerate(trace.clauses, start=1):
        yield f'  clause {number} ({clause.rule}): "{clause.text}"'
        if len(clause.members) > 1:
            yield f"    list: {' | '.join(clause.members)}"
        for scope in clause.scopes:
            direction = "back over" if scope.is_verdict else "over"
            yield f'    scope: "{scope.cue}" ({scope.kind}) {direction} "{scope.governed}"'
    for decision in trace.decisions:
        label = "blank" if decision.label is None else decision.label.name.lower()
        yield f'  {decision.finding} {label}: "{decision.words}" by {decision.rule}'
