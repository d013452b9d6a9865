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

from chexlabel.patterns import load
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
def _shipped(name: str) -> SetSource:
    return read_set(name)


@pytest.fixture(scope="module", autouse=True)
def _read_once() -> Iterator[None]:
    """Read the sets that ship once: what differs between labelers here is not the rules."""

    def read(patterns: str | os.PathLike[str]) -> SetSource:
        shipped = {path: name for name, path in available_sets().items()}
        name = patterns if isinstance(patterns, str) else shipped.get(Path(patterns))
        return _shipped(name) if name else read_set(patterns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "read_set", read)
        yield
