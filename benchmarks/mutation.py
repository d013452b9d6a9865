"""Do the tests notice faults in the engine? Makes small ones on purpose and counts those noticed.

    python benchmarks/mutation.py                 # 150 faults of the assertion stages, some minutes
    python benchmarks/mutation.py --text          # of the stages that find sentences and phrases
    python benchmarks/mutation.py --module clauses --count 5000    # all that there are of a module

Each fault (a mutant, see `mutants.py`) takes the place of the right module in a process of its own.
There the texts of the tests are labeled (tests/phenomena, tests/blind, the sample reports, composed
statements as in tests/composition), first those that noticed other faults, until one gets other
labels than its test demands: the mutant is killed. Where none does, the tests of tests/engine that
take no long time are run. What survives is printed, unless it stands in `EQUIVALENT`: those change
nothing that can be seen, and do not count.

Needs a system that can fork (Linux, macOS).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import gc
import importlib
import io
import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import yaml
from mutants import Mutant, mutant, mutants_of

import chexlabel.engine.labeler
from chexlabel import Label, Labeler
from chexlabel.composition import Grammar, Members
from chexlabel.composition.check import covering, is_clean
from chexlabel.patterns import read_set

TESTS = Path(__file__).resolve().parents[1] / "tests"
PACKAGE = "chexlabel.engine"
STAGES = (
    "answers", "junctions", "inner_words", "phrases", "openings", "clauses", "scopes", "anatomy",
    "decide", "echoes", "context",
)  # fmt: skip
"""Modules that judge a sentence."""
TEXT = (
    "markup", "boxes", "signs", "tables", "checklists", "lead_ins", "headings", "history",
    "sections", "sentences", "match", "aggregate", "mask", "recognition",
)  # fmt: skip
"""Modules that find sentences and phrases, and put together what they say."""
UNIT_TESTS = {
    **dict.fromkeys(STAGES, ("test_stages", "test_context")),
    **dict.fromkeys(
        TEXT,
        (
            *("test_sections", "test_sections_elsewhere", "test_sentences", "test_labeler"),
            *("test_checklists", "test_lead_ins"),
        ),
    ),
}
SLOW = "linear or quick or any_text or frame"
COMPOSED = 1000
"""How many composed statements are among the cases."""
LONGEST = 60
"""Seconds of CPU after which a mutant that has not ended (a loop without end) counts as killed."""
MEMORY = 4 << 30
"""Bytes of address space that a mutant may use before it counts as killed."""

_PLACE = "at each place stands one phrase, so two of different kinds never share one"
_ORDER = "two phrases of one kind never begin at the same word"
_TYPES = "every cue has a kind; the check is for the types"
_CLAUSE = "mentions of one clause stand together: before one of another there is none to find"
_FILTER = "a filter for speed: what it lets through is looked at again"
EQUIVALENT = {
    ("clauses", "scope.cue.start >= self.relative"): _ORDER,
    ("clauses", "scopes[-1].cue.start > last.start"): _ORDER,
    ("openings", "cue.role.kind is None"): _TYPES,
    ("openings", "item.end < self.anywhere.end"): "no finding's words end with a boundary",
    ("scopes", "scopes[self._next].start <= place"): _PLACE,
    ("scopes", "mention.place <= sentence.relatives[relative] < mentions[last].place"): _PLACE,
    ("scopes", "if mention.clause is not clause: continue"): _CLAUSE,
    ("scopes", "if mention.clause is not clause or not (same_words or in_list): continue"): _CLAUSE,
    ("scopes", "if kind is not None and cue.start - mention.item.end > kind.reach: continue"): (
        "the mentions before one that is out of reach are farther still"
    ),
    ("scopes", "start <= mention.place < end"): _PLACE,
    ("phrases", "describes_next: return True"): "asked only where a finding or an organ follows",
    ("echoes", "words.start < cue.start"): "a reversal begins with its verb, the denial with `not`",
    ("context", "ended or symbol != REMOVED"): _FILTER,
    ("context", "if following is None: continue"): _FILTER,
    ("context", "_opens: return True"): "a question ends with a mark that no phrase holds",
    ("checklists", "hint not in text"): _FILTER,
    ("checklists", "sign not in text"): _FILTER,
    ("headings", "line or not line.isspace()"): _FILTER,
    ("sections", "heading[0] not in self._preliminary"): _FILTER,
    ("sections", "has_findings and name in self._replaces_body"): (
        "a shortcut: without it the whole report is laid out"
    ),
    (
        "sections",
        "i > final",
    ): "the heading at that place is a final one, which is asked for beside",
    ("sections", "headings[0][1] >= 0"): "a stretch of no length holds no words and is dropped",
    ("sentences", "start - 1"): "a shortcut: without it the letter is searched for",
}
"""Module and mutated code -> why nothing changes that can be seen."""

_FORK = multiprocessing.get_context("fork")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the survivors and the rate; return 1 where fewer than nine in ten are killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=150, help="how many faults to try")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--text", action="store_true", help="the stages that find sentences")
    parser.add_argument("--module", choices=STAGES + TEXT, help="one module's faults only")
    arguments = parser.parse_args(argv)
    chooser = random.Random(arguments.seed)  # noqa: S311
    group = TEXT if arguments.text else STAGES
    modules = [arguments.module] if arguments.module else group
    possible = [each for name in modules for each in mutants_of(name)]
    chosen = chooser.sample(possible, min(arguments.count, len(possible)))
    tests = Tests()
    killed = equivalent = 0
    started = time.perf_counter()
    for each in chosen:
        fault = mutant(*each)
        if tests.kill(fault):
            killed += 1
        elif (fault.module, fault.becomes) in EQUIVALENT:
            equivalent += 1
        else:
            what = f"{fault.module}.py:{fault.line}: {fault.was} -> {fault.becomes}"
            print(f"survived {what}", flush=True)
    counted = len(chosen) - equivalent
    rate = killed / max(1, counted)
    print(
        f"{killed} of {counted} mutants killed ({rate:.1%}), {equivalent} equivalent, of "
        f"{len(possible)} possible; {time.perf_counter() - started:.0f} s"
    )
    return 0 if rate >= 0.9 else 1


class Case(NamedTuple):
    """A text, and the labels that its test demands: finding's place -> label."""

    text: str
    labels: Mapping[int, Label | None]


class Tests:
    """The fast tests."""

    def __init__(self) -> None:
        # One compiled set for all processes: it says nothing of the engine.
        vars(chexlabel.engine.labeler)["load_compiled"] = functools.cache(
            chexlabel.engine.labeler.load_compiled
        )
        labeler = Labeler(refine=False)
        # Some cases of the blind sets are wrong still; their tests demand nothing.
        cases = {case.text: case for case in _cases(labeler)}
        self._cases = [case for case in cases.values() if _is_right(labeler, case)]
        self._order = list(range(len(self._cases)))
        gc.freeze()

    def kill(self, fault: Mutant) -> bool:
        """Say whether a test notices a fault."""
        here, there = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=self._try, args=(fault, there))
        process.start()
        there.close()
        try:
            noticed = here.recv()
        except EOFError:
            noticed = "crashed, or without end"
        process.join()
        if isinstance(noticed, int):  # may well notice the next one, too
            self._order.insert(0, self._order.pop(noticed))
        return noticed is not None

    def _try(self, fault: Mutant, told: Connection) -> None:
        """Tell what notices a fault: a case's place in the order, or a name; `None` if nothing."""
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
        try:
            _put_in_place(importlib.import_module(f"{PACKAGE}.{fault.module}"), fault)
            labeler = Labeler(refine=False)
            for place, number in enumerate(self._order):
                if not _is_right(labeler, self._cases[number]):
                    told.send(place)
                    return
        except Exception:
            told.send("an error")
            return
        told.send(None if _pass_unit_tests(UNIT_TESTS[fault.module]) else "unit tests")


def _is_right(labeler: Labeler, case: Case) -> bool:
    labels = labeler.label(case.text)
    return all(labels[place] is label for place, label in case.labels.items())


def _pass_unit_tests(names: Sequence[str]) -> bool:
    files = [str(TESTS / "engine" / f"{name}.py") for name in names]
    os.chdir(TESTS.parent)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-qx", "-o", "addopts=", "-p", "no:cacheprovider", "-k", f"not ({SLOW})"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return pytest.main([*options, *files]) == 0


def _put_in_place(module: ModuleType, fault: Mutant) -> None:
    """Put a mutant in the place of its module, and of what others imported from that.

    Also where that stands in a table of theirs.
    """
    space = vars(module)
    right = {name: space[name] for name in space["__all__"]}
    exec(compile(fault.tree, str(module.__file__), "exec"), space)  # noqa: S102
    for name, value in right.items():
        for other in list(sys.modules.values()):
            there = getattr(other, "__dict__", {})
            if there is not space and there.get(name) is value:
                there[name] = space[name]
                for table in there.values():  # such as the conditions in `inner_words`
                    if isinstance(table, dict):
                        table.update({at: space[name] for at in table if table[at] is value})


def _cases(labeler: Labeler) -> Iterator[Case]:
    """Yield the texts of the tests with the labels that these demand."""
    findings = labeler.findings

    def case(text: str, labels: Mapping[str, int], *, no_finding: bool) -> Case:
        said = {name: Label(value) for name, value in labels.items()}
        asked = [name for name in findings if no_finding or name != "No Finding"]
        return Case(text, {findings.index(name): said.get(name) for name in asked})

    for folder in ("phenomena", "blind", "blind/elsewhere"):
        for path in sorted((TESTS / folder).glob("*.yaml")):
            for group in yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader):
                has_no_finding = bool(group.get("no_finding"))
                for each in group.get("cases", ()):
                    yield case(each["text"], each["labels"], no_finding=has_no_finding)
    samples = resources.files("chexlabel") / "data" / "samples"
    reports = csv.DictReader(io.StringIO((samples / "reports.csv").read_text("utf-8")))
    rows = csv.DictReader(io.StringIO((samples / "labels.csv").read_text("utf-8")))
    for report, row in zip(reports, rows, strict=True):
        labels = {name: int(float(row[name])) for name in findings if row[name]}
        yield case(report["report"], labels, no_finding=True)
    source, chance = read_set("chexpert14"), random.Random(0)  # noqa: S311
    grammar = Grammar(source, Members(source, labeler, chance), chance)
    for statement in chance.sample(list(covering(grammar, chance)), COMPOSED):
        if is_clean(labeler, statement):
            yield case(statement.text, statement.says, no_finding=False)


if __name__ == "__main__":
    sys.exit(main())
