"""`chexlabel calibrate`: set anew when a model may change the labels of the rules."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Set a model folder's thresholds by a recipe's held-out text and further labelled texts,
with the pattern set as it is now. Needed after a change of the pattern set: until then
the summary of each run warns that the thresholds were measured with other rules."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "calibrate", help="set when a refiner may change a label", description=_DESCRIPTION
    )
    parser.add_argument("recipe", metavar="RECIPE", help="the recipe, a YAML file")
    parser.add_argument("model", metavar="MODEL", help="the model folder")
    parser.add_argument(
        "--gold",
        metavar="FILE",
        action="append",
        default=[],
        help='more labelled texts: JSON Lines with "text" and "labels"; may be repeated',
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary")


def run(args: argparse.Namespace) -> int:
    """Calibrate."""
    from chexlabel_neural.calibration import calibrate_model
    from chexlabel_neural.recipe import read_recipe

    recipe = read_recipe(Path(args.recipe))
    more = [Path(path) for path in args.gold]
    figures = calibrate_model(recipe, Path(args.model), more)
    if not args.quiet:
        print(f"chexlabel: {args.model}: {figures.line}", file=sys.stderr)
    return 0
