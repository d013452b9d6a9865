"""One labeler in several threads, in a process that was forked off, and pickled."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chexlabel.engine.labeler import Labeler
from chexlabel.labels import Label
from pattern_sets import write_child

TEXTS = [
    f"FINDINGS: {finding} on film {number}. It has since cleared. No {other}."
    for number in range(40)
    for finding, other in (("Small effusion", "edema"), ("Possible pneumonia", "pneumothorax"))
]


def labels(labeler: Labeler, texts: Sequence[str] = TEXTS) -> list[tuple[Label | None, ...]]:
    return [labeler.label(text) for text in texts]


def send(labeler: Labeler, connection: Any) -> None:
    connection.send(labels(labeler))


@pytest.fixture(scope="module")
def expected() -> list[tuple[Label | None, ...]]:
    return labels(Labeler(refine=False))


def test_eight_threads_share_a_labeler(expected: list[Any]) -> None:
    labeler = Labeler(refine=False)
    found: list[Any] = []
    start = threading.Barrier(8)

    def work(first: int) -> None:
        start.wait()
        # Each begins elsewhere, so that they meet new sentences at the same time.
        shifted = labels(labeler, TEXTS[first:] + TEXTS[:first])
        mentions = [labeler(text).mentions for text in TEXTS]
        found.append((shifted[len(TEXTS) - first :] + shifted[: len(TEXTS) - first], mentions))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 80, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    alone = Labeler(refine=False)
    mentions = [alone(text).mentions for text in TEXTS]
    assert all(one == (expected, mentions) for one in found)


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
@pytest.mark.parametrize("used", [False, True])
def test_a_labeler_works_on_in_a_forked_process(expected: list[Any], used: bool) -> None:
    labeler = Labeler(refine=False)
    if used:
        labels(labeler, TEXTS[:30])
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=send, args=(labeler, theirs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads of other tests that are still there
        process.start()
    theirs.close()
    assert ours.recv() == expected
    process.join()
    assert process.exitcode == 0


def test_one_section_by_its_name_alone_is_kept_in_a_pickle() -> None:
    labeler = Labeler(sections="impression", refine=False)
    text = "FINDINGS: Edema.\nIMPRESSION: Effusion."
    copied = pickle.loads(pickle.dumps(labeler))  # noqa: S301 - our own
    assert copied.label(text) == labeler.label(text) != Labeler(refine=False).label(text)


def test_a_pickled_labeler_of_a_folder_is_found_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_child(tmp_path, {})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(Labeler("child", refine=False))
    monkeypatch.chdir("elsewhere")
    assert pickle.loads(data).findings == ("Rash", "Cough")  # noqa: S301 - our own


def test_a_pickled_labeler_is_small_and_labels_alike(expected: list[Any]) -> None:
    labeler = Labeler(sections=("findings", "impression"), refine=False)
    labels(labeler)
    data = pickle.dumps(labeler)
    assert len(data) < 1000
    assert labels(pickle.loads(data)) == expected  # noqa: S301 - our own
