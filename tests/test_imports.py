"""The import layers of pyproject.toml hold: data flows one way, and nothing runs in circles."""

from __future__ import annotations

import pytest

from places import ROOT


def test_no_room_imports_one_downstream(monkeypatch: pytest.MonkeyPatch) -> None:
    cli = pytest.importorskip("importlinter.cli", reason="import-linter is not installed")
    monkeypatch.chdir(ROOT)
    assert (
        cli.lint_imports(config_filename="pyproject.toml", no_cache=True) == cli.EXIT_STATUS_SUCCESS
    )
