"""The tiny model, made once for all tests of the refiner."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiny_model import needs_runtime, write_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_runtime()
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
