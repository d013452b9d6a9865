"""Statements whose labels are known from how they are made, of every phrase of a pattern set.

What the rules read are products: a cue or none, a list of findings, what follows it, a second
statement. `composition.yaml` says how statements are put together; `Grammar` fills them with the
set's phrases, and `check_composition` compares the labels that they get with those that they must
get. After metamorphic and behavioural testing of language models (Ribeiro et al., "Beyond accuracy:
behavioral testing of NLP models with CheckList", ACL 2020, doi:10.18653/v1/2020.acl-main.442).
"""

from __future__ import annotations

from chexlabel.composition.check import CompositionResult, Misread, check_composition
from chexlabel.composition.grammar import Grammar, Statement
from chexlabel.composition.members import Member, Members

__all__ = [
    "CompositionResult",
    "Grammar",
    "Member",
    "Members",
    "Misread",
    "Statement",
    "check_composition",
]
