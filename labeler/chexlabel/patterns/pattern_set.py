"""What the engine runs on: a pattern set, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from chexlabel.labels import Label
from chexlabel.patterns.context import ContextRules
from chexlabel.patterns.lexicon import Lexicon

if TYPE_CHECKING:
    from chexlabel.patterns.lineage import Ancestor
    from chexlabel.patterns.section_schema import SectionsFile

__all__ = ["NoFindingRule", "PatternSet"]


class NoFindingRule(NamedTuple):
    """When a report counts as having no abnormality.

    Attributes:
        column: place of the label among the set's labels.
        unless: numbers of the findings that must be neither positive nor uncertain.
        otherwise: the label when one is.
    """

    column: int
    unless: tuple[int, ...]
    otherwise: Label | None


class PatternSet(NamedTuple):
    """A compiled pattern set.

    Attributes:
        name, version: from set.yaml.
        findings: the labels, in output order.
        tracked: all findings that have phrases; their place is their number.
        columns: for each label, the number of its finding, -1 for "no finding".
        uncertain: for each label, what an uncertain label becomes.
        no_finding: the rule for the label that stands for "no abnormality".
        groups: named selections of findings.
        lexicon: the phrases.
        sections: headings and how sentences end.
        context: phrases that refer to findings named before.
        recognition: phrases by which a report is known; `None` where any text is taken for one.
        weak_states: states of organs that count only where nothing else is said of the finding.
        lineage: the set itself and those that it extends, the nearest first.
    """

    name: str
    version: str
    findings: tuple[str, ...]
    tracked: tuple[str, ...]
    columns: tuple[int, ...]
    uncertain: tuple[Label | None, ...]
    no_finding: NoFindingRule | None
    groups: Mapping[str, tuple[str, ...]]
    lexicon: Lexicon
    sections: SectionsFile
    context: ContextRules
    recognition: Lexicon | None
    weak_states: frozenset[str]
    lineage: tuple[Ancestor, ...]
