"""Do the tests notice faults in the engine? Makes small ones on purpose and counts those noticed.

    python benchmarks/mutation.py                 # 150 faults, some minutes
    python benchmarks/mutation.py --count 500 --seed 3
    python benchmarks/mutation.py --module clauses

Each fault (a mutant) is one changed comparison, condition, number or statement in a module of the
assertion stages. The changed module takes the place of the right one in the running process; then
the fast cases are labeled (tests/phenomena, tests/blind, the composed statements of
tests/composition, the sentences of two tests of tests/engine), first those that noticed other
faults of the module, until one gets another label: the mutant is killed. Survivors are printed.
Those that change nothing that can be seen stand in `EQUIVALENT`, with the reason, and do not count.

After DeMillo, Lipton and Sayward, "Hints on test data selection", Computer 11(4), 1978.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml

from chexlabel import Labeler
from chexlabel.composition import Grammar, Members
from chexlabel.composition.check import covering
from chexlabel.engine import context, decide
from chexlabel.engine.context import BOUNDARY, ContextReader
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, find_matches, symbolize
from chexlabel.patterns import read_set

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "chexlabel.engine"
MODULES = (
    "answers", "junctions", "inner_words", "phrases", "openings", "clauses", "scopes", "anatomy",
    "decide", "context",
)  # fmt: skip
LONGEST = 20.0
"""Seconds after which a mutant that has not ended (a loop without end) counts as killed."""

_STEP = "an automaton's node worked out again is the same node"
_ORDER = "two phrases of one kind never begin at the same word"
EQUIVALENT = {
    ("context", "following is not PENDING"): _STEP,
    ("context", "if not following is PENDING: following = node.step(symbol)"): _STEP,
    ("clauses", "scope.cue.start >= self.relative"): _ORDER,
    ("clauses", "scopes[-1].cue.start > last.start"): _ORDER,
    ("openings", "cue.role.kind is None"): "every cue has a kind; the check is for the types",
}
"""Module and mutated code -> why nothing changes that can be seen."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


class Mutant(NamedTuple):
    """A fault.

    Attributes:
        module: the module's name.
        line: the line's number.
        was, becomes: the changed code.
        tree: the whole module with the fault.
    """

    module: str
    line: int
    was: str
    becomes: str
    tree: ast.Module


def main(argv: Sequence[str] | None = None) -> int:
    """Print the survivors and the rate; return 1 where fewer than nine in ten are killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=150, help="how many faults to try")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--module", choices=MODULES, help="one module's faults only")
    arguments = parser.parse_args(argv)
    chooser = random.Random(arguments.seed)  # noqa: S311
    modules = [arguments.module] if arguments.module else MODULES
    possible = [each for name in modules for each in mutants_of(name)]
    chosen = chooser.sample(possible, min(arguments.count, len(possible)))
    tests = Cases()
    killed = equivalent = 0
    started = time.perf_counter()
    for each in chosen:
        fault = mutant(*each)
        if tests.kill(fault):
            killed += 1
        elif (fault.module, fault.becomes) in EQUIVALENT:
            equivalent += 1
        else:
            print(f"survived {fault.module}.py:{fault.line}: {fault.was} -> {fault.becomes}")
    counted = len(chosen) - equivalent
    rate = killed / max(1, counted)
    print(
        f"{killed} of {counted} mutants killed ({rate:.1%}), {equivalent} equivalent, of "
        f"{len(possible)} possible; {time.perf_counter() - started:.0f} s"
    )
    return 0 if rate >= 0.9 else 1


class Cases:
    """The fast cases, with what the right engine says of them."""

    def __init__(self) -> None:
        labeler = Labeler(refine=False)
        patterns = labeler.patterns
        self._patterns = patterns
        self._order: dict[str, list[int]] = {}
        passages = map(labeler.passages, dict.fromkeys(_texts()))
        reports = [BOUNDARY.join(of_report).split(BOUNDARY) for of_report in passages]
        sentences = dict.fromkeys(sentence for report in reports for sentence in report)
        read = [(s, symbolize(s, patterns.lexicon)) for s in sentences]
        self._items = [
            (items, len(symbols))
            for _, symbols in read
            if (items := find_matches(symbols, patterns.lexicon))
        ]
        reach = ContextReader(patterns.context, patterns.lexicon).reach
        self._reports = [report for report in reports if any(map(reach, report))]
        self._expected = [self._answer(number) for number in range(self._count)]

    @property
    def _count(self) -> int:
        return len(self._items) + len(self._reports)

    def kill(self, mutant: Mutant) -> bool:
        """Say whether a case comes out otherwise with the mutant in place."""
        module = importlib.import_module(f"{PACKAGE}.{mutant.module}")
        order = self._order.setdefault(mutant.module, list(range(self._count)))
        deadline = time.perf_counter() + LONGEST
        try:
            with _InPlace(module, mutant.tree):
                for place, number in enumerate(order):
                    if (
                        self._answer(number) != self._expected[number]
                        or time.perf_counter() > deadline
                    ):
                        order.insert(0, order.pop(place))  # may well notice the next one, too
                        return True
        except Exception:
            return True
        return False

    def _answer(self, number: int) -> list[Any]:
        """Return what is said of a sentence or a report: labels, words and cues."""
        if number < len(self._items):
            return _plain(decide.judge(*self._items[number]))
        sentences = self._reports[number - len(self._items)]
        reader = context.ContextReader(self._patterns.context, self._patterns.lexicon)
        bounds = reader.passages(sentences, reader.reach, self._speaks)
        return [(b, _plain(reader.judge(sentences[b[0] : b[1]], self._read))) for b in bounds]

    def _speaks(self, sentence: str) -> bool:
        return any(judgement.label is not None for judgement in self._read_text(sentence))

    def _read_text(self, sentence: str) -> list[Judgement]:
        return self._read(symbolize(sentence, self._patterns.lexicon))[1]

    def _read(self, symbols: list[str]) -> tuple[list[Match], list[Judgement]]:
        items = find_matches(symbols, self._patterns.lexicon) or []
        return items, decide.judge(items, len(symbols))


def _plain(judgements: Sequence[Judgement]) -> list[tuple[int, int]]:
    """Return what judgements say of the findings; what is blank left out."""
    said = {(j.item.role.finding, j.label) for j in judgements if j.label is not None}
    return sorted((finding, int(label)) for finding, label in said)


def _texts() -> Iterator[str]:
    for folder in ("phenomena", "blind", "blind/elsewhere"):
        for path in sorted((ROOT / "tests" / folder).glob("*.yaml")):
            for group in yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader):
                yield from (case["text"] for case in group.get("cases", ()))
    for name in ("test_stages.py", "test_context.py"):
        for node in ast.walk(ast.parse((ROOT / "tests" / "engine" / name).read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                yield node.value
    source, chance = read_set("chexpert14"), random.Random(0)  # noqa: S311
    grammar = Grammar(source, Members(source, Labeler(refine=False), chance), chance)
    yield from (statement.text for statement in covering(grammar, chance))


class _InPlace:
    """Puts a mutant in the place of its module, and of what others imported from that."""

    def __init__(self, module: ModuleType, tree: ast.Module) -> None:
        self._module = module
        self._tree = tree
        self._kept: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def __enter__(self) -> None:
        space = vars(self._module)
        right = dict(space)
        self._kept.append((space, right))
        exec(compile(self._tree, str(self._module.__file__), "exec"), space)  # noqa: S102
        for name in right["__all__"]:
            for other in list(sys.modules.values()):
                there = getattr(other, "__dict__", {})
                if there is not space and there.get(name) is right[name]:
                    self._kept.append((there, {name: right[name]}))
                    there[name] = space[name]

    def __exit__(self, *_: object) -> None:
        for space, right in self._kept:
            space.update(right)


def mutants_of(name: str) -> Iterator[tuple[str, int, int]]:
    """Yield the faults that a module may have: its name, the node's place, the change's number."""
    for place, node in enumerate(ast.walk(_parsed(name))):
        for number, _ in enumerate(_changes(node)):
            yield name, place, number


def mutant(name: str, place: int, number: int) -> Mutant:
    """Return a module with one fault."""
    tree = _parsed(name)
    target = next(node for at, node in enumerate(ast.walk(tree)) if at == place)
    was = _brief(ast.unparse(target))
    list(_changes(target))[number]()
    ast.fix_missing_locations(tree)
    return Mutant(name, getattr(target, "lineno", 0), was, _brief(ast.unparse(target)), tree)


def _parsed(name: str) -> ast.Module:
    path = ROOT / "labeler" / "chexlabel" / "engine" / f"{name}.py"
    return ast.parse(path.read_text("utf-8"))


def _brief(code: str) -> str:
    return " ".join(code.split())[:110]


def _changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Yield what may be changed in a node, each as a function that changes it in place."""
    if isinstance(node, ast.Compare):
        yield lambda: node.ops.__setitem__(0, _COMPARISONS[type(node.ops[0])]())
    elif isinstance(node, ast.BoolOp):
        other = ast.And if isinstance(node.op, ast.Or) else ast.Or
        yield lambda: setattr(node, "op", other())
        for at in range(len(node.values)):
            yield lambda at=at: node.values.pop(at)  # type: ignore[misc]
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and node.value is not None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
            value = not node.value.value
            yield lambda: setattr(node, "value", ast.Constant(value))
    elif isinstance(node, ast.Break | ast.Continue):
        other_jump = ast.Continue if isinstance(node, ast.Break) else ast.Break
        yield lambda: setattr(node, "__class__", other_jump)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        swapped = ast.Sub if isinstance(node.op, ast.Add) else ast.Add
        yield lambda: setattr(node, "op", swapped())
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield lambda: setattr(node, "value", ast.Constant(None))


if __name__ == "__main__":
    sys.exit(main())
