"""Hatch's build hook: puts the shipped pattern sets, compiled, into the wheel.

So that the first run on a machine need not compile them, also where no cache folder can be written
(`chexlabel.patterns.cache`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "chexlabel/data/compiled"


class CompiledSets(BuildHookInterface[Any]):
    """Compiles the sets of this source tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add a file a set; an editable install compiles its sets when they are used."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "labeler")))
        from chexlabel.patterns.cache import write_compiled
        from chexlabel.patterns.places import available_sets

        self._temporary = tempfile.TemporaryDirectory()
        folder = Path(self._temporary.name)
        for name, source in available_sets().items():
            path = folder / f"{name}.json"
            write_compiled(source, path)
            build_data["force_include"][str(path)] = f"{PACKAGE}/{path.name}"

    def finalize(
        self,
        version: str,
        build_data: dict[str, Any],  # noqa: ARG002
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Remove the files, which the wheel holds by now."""
        if version != "editable":
            self._temporary.cleanup()
