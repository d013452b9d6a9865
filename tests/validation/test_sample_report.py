"""The command that makes the example in docs/ again."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from places import ROOT


@pytest.fixture(scope="module")
def sample_report() -> ModuleType:
    path = ROOT / "benchmarks" / "sample_report.py"
    spec = importlib.util.spec_from_file_location("sample_report", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_compares_both_labelers_on_the_samples(
    sample_report: ModuleType, tmp_path: Path
) -> None:
    page = sample_report.make(tmp_path).read_text("utf-8")
    assert "<strong>chexlabel</strong>, <strong>NegEx</strong>" in page
    assert "75 reports, 14 findings" in page
    assert 'class="cx-mention' in page
    assert [path.name for path in tmp_path.iterdir()] == ["sample-report.html"]


def test_the_example_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "sample-report.html").read_text("utf-8")
    assert "<strong>chexlabel</strong>, <strong>NegEx</strong>" in page
    assert "sample-report.html" in (ROOT / "docs" / "validation.md").read_text("utf-8")
