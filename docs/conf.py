"""How the documentation is built: `sphinx-build -W -b html docs docs/_build`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "labeler"), str(ROOT / "neural")]

from chexlabel import __version__  # noqa: E402 (the checkout's, not an installed one)

project = "chexlabel"
author = "The chexlabel authors"
copyright = "The chexlabel authors"  # noqa: A001 (Sphinx reads this name)
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "chexlabel"
html_static_path: list[str] = []
# Nothing is loaded from elsewhere, so that the site can be read offline.
html_copy_source = False

myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # pages that include another begin below the first level

default_role = "code"  # docstrings write `code` as Markdown does
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "separated"
napoleon_numpy_docstring = False
