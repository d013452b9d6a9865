"""Batches labeled by several processes: how many are held, and what becomes of one that dies."""

from __future__ import annotations

import pytest

from chexlabel.errors import ChexlabelError
from chexlabel.report import Report
from chexlabel.run.batches import LABELS_ALONE
from chexlabel.run.pool import label_in_pool
from fakes import FakeLabeler


def test_memory_stays_bounded_with_workers() -> None:
    taken = 0
    most_ahead = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield [Report(id=str(taken), text="edema")]

    labeled = label_in_pool(FakeLabeler(), endless(), LABELS_ALONE, workers=2)
    for given, (batch, _) in zip(range(1, 40), labeled, strict=False):
        assert batch[0].id == str(given)
        most_ahead = max(most_ahead, taken - given)
    labeled.close()
    assert most_ahead <= 4


def test_a_worker_that_dies_is_a_clear_error() -> None:
    labeled = label_in_pool(FakeLabeler(), [[Report("1", "CRASH")]], LABELS_ALONE, workers=2)
    with pytest.raises(ChexlabelError, match=r"worker process ended .* fewer --workers"):
        next(labeled)
