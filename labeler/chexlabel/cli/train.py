"""`chexlabel train`: a recipe's teachers, or the shipped refiner adapted to one's reports."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from chexlabel.cli._training import add_training_options, progress
from chexlabel.errors import InputError

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Train a refiner's teachers by a recipe (a YAML file), or, with --reports instead of a
recipe, adapt the installed refiner to the wording of your own reports, with the
rules as teacher. A run that was stopped goes on when it is called again."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "train", help="train a refiner, or adapt it to your reports", description=_DESCRIPTION
    )
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", help="the recipe, a YAML file")
    parser.add_argument(
        "--reports",
        metavar="SOURCE",
        action="append",
        default=[],
        help="reports to adapt the installed refiner to; may be repeated",
    )
    add_training_options(parser)


def run(args: argparse.Namespace) -> int:
    """Train."""
    if bool(args.recipe) == bool(args.reports):
        raise InputError("give either a recipe, or --reports to adapt the installed refiner to")
    out = Path(args.output)
    with progress(quiet=args.quiet) as on_step:
        if args.recipe:
            from chexlabel_neural.pipeline import train_teachers
            from chexlabel_neural.recipe import read_recipe
            from chexlabel_neural.sources import gather

            recipe = read_recipe(Path(args.recipe))
            if not recipe.teachers:
                raise InputError(f"{args.recipe}: it names no teachers; run chexlabel distill")
            teachers = train_teachers(recipe, gather(recipe), out, on_step)
            done = f"{len(teachers)} teachers in {out}; next: chexlabel distill"
        else:
            from chexlabel_neural.adapt import adapt

            folder = adapt([Path(path) for path in args.reports], out, on_step=on_step)
            done = f"the adapted refiner is {folder}; use it with --refiner {folder}"
    if not args.quiet:
        print(f"chexlabel: {done}", file=sys.stderr)
    return 0
