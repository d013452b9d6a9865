"""`chexlabel distill`: a recipe's student, taught by its teachers, as a calibrated model folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from chexlabel.cli._training import add_training_options, progress

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Teach the small network of a recipe what its trained teachers say, and write it as a
model folder that --refiner takes: FOLDER/model."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "distill", help="make the small refiner of trained teachers", description=_DESCRIPTION
    )
    parser.add_argument("recipe", metavar="RECIPE", help="the recipe, a YAML file")
    add_training_options(parser)


def run(args: argparse.Namespace) -> int:
    """Distil and calibrate."""
    from chexlabel_neural.calibration import calibrate_model
    from chexlabel_neural.pipeline import distil, load_teacher
    from chexlabel_neural.recipe import read_recipe
    from chexlabel_neural.sources import gather

    recipe = read_recipe(Path(args.recipe))
    out = Path(args.output)
    teachers = [load_teacher(recipe, out, n + 1) for n in range(len(recipe.teachers))]
    with progress(quiet=args.quiet) as on_step:
        folder = distil(recipe, gather(recipe), teachers, out, on_step)
    figures = calibrate_model(recipe, folder)
    if not args.quiet:
        print(f"chexlabel: {folder}: {figures.line}", file=sys.stderr)
    return 0
