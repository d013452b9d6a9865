"""The tiny model, made once for all tests of the refiner; pattern sets are compiled once.

Toy networks train on one thread: two only wait for one another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from chexlabel.engine import labeler
from chexlabel.patterns.compile import PatternSet, compile_set
from chexlabel.patterns.load import available_sets, read_set
from chexlabel.patterns.source import SetSource
from tiny_model import needs_runtime, write_tiny_model

if find_spec("torch"):
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_runtime()
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@cache
def _shipped(name: str) -> tuple[SetSource, PatternSet]:
    source = read_set(name)
    return source, compile_set(source)


@pytest.fixture(scope="module", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Compile the sets that ship once: what differs between labelers here is not the rules."""

    def read(patterns: str | os.PathLike[str]) -> SetSource:
        return _shipped(patterns)[0] if isinstance(patterns, str) else read_set(patterns)

    def compiled(source: SetSource) -> PatternSet:
        name = source.info.name
        known = name in available_sets() and _shipped(name)[0] is source
        return _shipped(name)[1] if known else compile_set(source)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labeler, "read_set", read)
        patch.setattr(labeler, "compile_set", compiled)
        yield
