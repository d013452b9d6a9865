"""The tiny model, made once for all tests of the refiner; pattern sets are compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from chexlabel.engine import labeler
from chexlabel.patterns.compile import PatternSet
from chexlabel.patterns.load import SetSource
from tiny_model import needs_runtime, write_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_runtime()
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Build many labelers quickly: what differs between them here is not the rules."""
    read, compile_set = cache(labeler.read_set), labeler.compile_set
    compiled: dict[int, tuple[SetSource, PatternSet]] = {}

    def compile_once(source: SetSource) -> PatternSet:
        if id(source) not in compiled:
            compiled[id(source)] = (source, compile_set(source))
        return compiled[id(source)][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labeler, "read_set", read)
        patch.setattr(labeler, "compile_set", compile_once)
        yield
