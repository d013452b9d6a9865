"""Small faults, made on purpose in a module of the engine.

Each is one changed comparison, condition, sum or statement.

After DeMillo, Lipton and Sayward, "Hints on test data selection", Computer 11(4), 1978.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ENGINE = Path(__file__).resolve().parents[1] / "labeler" / "chexlabel" / "engine"

_LONGEST = 200  # characters of the code that is shown

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


class Mutant(NamedTuple):
    """A fault.

    Attributes:
        module: the module's name.
        line: the line's number.
        was, becomes: the changed code, with the condition or function that it stands right under.
        tree: the whole module with the fault.
    """

    module: str
    line: int
    was: str
    becomes: str
    tree: ast.Module


def mutants_of(name: str) -> Iterator[tuple[str, int, int]]:
    """Yield the faults that a module may have: its name, the node's place, the change's number."""
    for place, node in enumerate(ast.walk(_parsed(name))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        for number, _ in enumerate(_changes(node)):
            yield name, place, number


def mutant(name: str, place: int, number: int) -> Mutant:
    """Return a module with one fault."""
    tree = _parsed(name)
    nodes = list(ast.walk(tree))
    target = nodes[place]
    above = next(node for node in nodes if target in ast.iter_child_nodes(node))
    was = _brief(target, above)
    list(_changes(target))[number]()
    ast.fix_missing_locations(tree)
    return Mutant(name, getattr(target, "lineno", 0), was, _brief(target, above), tree)


def _parsed(name: str) -> ast.Module:
    return ast.parse((ENGINE / f"{name}.py").read_text("utf-8"))


def _brief(node: ast.AST, above: ast.AST) -> str:
    """Return a node's code in one line, short; that of a jump with what it stands right under."""
    code = " ".join(ast.unparse(node).split())
    if isinstance(node, ast.If | ast.While):
        code = f"{type(node).__name__.lower()} {ast.unparse(node.test)}: ..."
    elif isinstance(node, ast.Return | ast.Break | ast.Continue):
        if isinstance(above, ast.If):
            code = f"if {ast.unparse(above.test)}: {code}"
        elif isinstance(above, ast.FunctionDef):
            code = f"{above.name}: {code}"
    return code[:_LONGEST]


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
