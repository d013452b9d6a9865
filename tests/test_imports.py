"""The import layers of pyproject.toml hold, and the package shows all that it offers."""

from __future__ import annotations

import pytest

import chexlabel
from places import ROOT


def test_no_room_imports_one_downstream(monkeypatch: pytest.MonkeyPatch) -> None:
    cli = pytest.importorskip("importlinter.cli", reason="import-linter is not installed")
    monkeypatch.chdir(ROOT)
    assert (
        cli.lint_imports(config_filename="pyproject.toml", no_cache=True) == cli.EXIT_STATUS_SUCCESS
    )


def test_a_private_module_is_imported_within_its_package_alone() -> None:
    grimp = pytest.importorskip("grimp", reason="import-linter is not installed")
    graph = grimp.build_graph("chexlabel", "chexlabel_neural", cache_dir=None)
    private = [name for name in graph.modules if name.rpartition(".")[2].startswith("_")]
    assert private
    for name in private:
        package = name.rpartition(".")[0]
        for importer in graph.find_modules_that_directly_import(name):
            assert f"{importer}.".startswith(f"{package}."), f"{importer} imports {name}"


def test_help_and_completion_know_all_public_names() -> None:
    assert set(chexlabel.__all__) <= set(dir(chexlabel))
    assert all(hasattr(chexlabel, name) for name in chexlabel.__all__)
