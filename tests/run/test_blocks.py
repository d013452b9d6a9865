"""A file read in blocks, in any order and with deaths, gives what one reader of it gives."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import chexlabel.readers._streams
from chexlabel.errors import ChexlabelError, InputError
from chexlabel.readers import MAX_SIZE, START, open_reports, read_block
from chexlabel.report import Report
from chexlabel.run import blocks as _blocks
from chexlabel.run.blocks import LabeledBlock

PIECES = (
    *("a", " ", "no edema", "é", '"', '""', ",", "\n", "\r\n", "\r", ";", "7"),
    *('r1,"', '"\n2,', "\n3,x\n", '\n4,"y\nz"\n', '5" tube', "\n,\n", "\n\n", "r6,a,b\n", '"\n'),
)
HEADERS = ("id,report\n", "report\n", "report,study_id\n", "a,id,text,b\r\n", "")


def said(reports: list[Report]) -> list[str]:
    return [repr((r.id, r.text, r.spans, r.columns, r.error)) for r in reports]


def by_one(path: Path, **reading: Any) -> tuple[list[str], str | None]:
    """Read a file as one process does; return its reports and how the reading ended."""
    found: list[Report] = []
    try:
        with open_reports(path, **reading) as source:
            found.extend(source)
    except InputError as error:
        return said(found), str(error)
    return said(found), None


class FakeWorker:
    def __init__(self, pool: FakeWorkers) -> None:
        self.job: Any = None
        self.pool = pool
        self.inbox: list[Any] = []
        self.block: Any = None

    def send(self, message: object) -> None:
        self.inbox.append(message)

    def work(self) -> Any:
        """Answer the next message as a worker process does, with what was read for labels."""
        message = self.inbox.pop(0)
        reader = self.pool.reader
        if self.block is None:
            self.block = message
            read = read_block(reader, message, START)
            return _blocks._Extent(len(read.reports), read.lines, read.left)
        block, self.block = self.block, None
        if message is None:
            return FakeWorkers
        read = read_block(reader, block, message)
        return LabeledBlock(
            len(read.reports), "\0".join(said(read.reports)).encode(), b"", (), (), (), read.error
        )


class FakeWorkers:
    """Workers within this process that speak in any order, and die now and then."""

    def __init__(self, reader: Any, number: int, chance: random.Random, mortal: bool) -> None:
        self.reader = reader
        self.chance = chance
        self.mortal = mortal
        self.all = [FakeWorker(self) for _ in range(number)]
        self.died: set[int] = set()

    def are_busy(self) -> bool:
        return all(worker.job is not None for worker in self.all)

    def idle(self) -> FakeWorker | None:
        return next((worker for worker in self.all if worker.job is None), None)

    def messages(self) -> Iterator[tuple[FakeWorker, Any]]:
        worker = self.chance.choice([worker for worker in self.all if worker.inbox])
        if self.mortal and worker.job and worker.job.deaths == 0 and self.chance.random() < 0.3:
            self.all[self.all.index(worker)] = FakeWorker(self)
            yield worker, None
            return
        answer = worker.work()
        if answer is not FakeWorkers:
            yield worker, answer


def by_blocks(
    path: Path, size: int, seed: int, *, mortal: bool = False, **reading: Any
) -> tuple[list[str], str | None]:
    """Read a file in blocks, by workers that speak in any order."""
    found: list[str] = []
    try:
        with open_reports(path, **reading) as source:
            cut = source.blocks()
            assert cut is not None
            chance = random.Random(seed)  # noqa: S311 - no secret
            pool: Any = FakeWorkers(cut.reader, chance.randint(1, 4), chance, mortal)
            for block, share in _blocks._Run(cut, pool, 5, size).labeled():
                assert 0 < share <= 1
                found += block.labels.decode().split("\0") if block.rows else []
    except InputError as error:
        return found, str(error)
    return found, None


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    header=st.sampled_from(HEADERS),
    pieces=st.lists(st.sampled_from(PIECES), max_size=60),
    size=st.integers(1, 80),
    seed=st.integers(0, 1000),
    longest=st.sampled_from([MAX_SIZE, 10]),
)
@example("id,report\n", ['r1,"', "a", "\n3,x\n", "\n3,x\n", '\n4,"y\nz"\n'], 8, 0, MAX_SIZE)
@example("report\n", ['"', "a\n"] * 20, 3, 1, MAX_SIZE)
@example("", ['"a', "\n", 'b"\n'] * 9, 5, 2, MAX_SIZE)
@example("", ["\n,\n"], 1, 0, MAX_SIZE)
@example("id,report\n", ["a" * 15, '5" tube', "\r\n", "a"], 3, 0, 10)
@example("id,report\n", ["é" * 200, "\n", "\n3,x\n"] * 3, 20, 1, 10)
def test_blocks_give_what_one_reader_gives(
    tmp_path: Path, header: str, pieces: list[str], size: int, seed: int, longest: int
) -> None:
    path = tmp_path / "reports.csv"
    path.write_bytes((header + "".join(pieces)).encode())
    expected = by_one(path, max_size=longest)
    if expected[0] and "\n" in header + "".join(pieces):
        found = by_blocks(path, size, seed, mortal=seed % 2 == 1, max_size=longest)
        assert found == expected


ROWS = [f'{n},"Small effusion.\nNo ""new"" edema {n}."\r\n' for n in range(200)]


@pytest.mark.parametrize("head", [300, 1 << 16])
@pytest.mark.parametrize("size", [50, 333, 4000])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain.csv", "id,report\n" + "".join(ROWS)),
        ("mark.csv", "\ufeffid,report\n" + "".join(ROWS) + "\ufeff7,x\n"),
        ("none.csv", "".join(row.partition(",")[2] for row in ROWS)),
        ("stray.csv", "id,report\n" + "".join([*ROWS[:50], '50,"never closed\n', *ROWS[50:]])),
        ("inches.csv", "id,report\n" + "".join(f'{n},5" tube.{n}\n' for n in range(99))),
        ("long.csv", "id,report\n" + "".join([*ROWS[:9], f'9,"{"x" * 5000}\n"\n', *ROWS])),
        ("wide.csv", "id,report\n" + "".join([*ROWS[:50], "50,a,b\n\n", *ROWS[50:], "51"])),
        ("lines.jsonl", "".join(f'{{"id": {n}, "report": "x {n}"}}\n' for n in range(99))),
        ("bad.jsonl", '{"report": "x"}\n\n[]\n{"report": 7}\n{\n' * 30),
    ],
)
def test_awkward_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: str, size: int, head: int
) -> None:
    monkeypatch.setattr(chexlabel.readers._streams, "HEAD_BYTES", head)
    for packed in (False, True):
        path = tmp_path / (name + ".gz" * packed)
        raw = data.encode()
        path.write_bytes(gzip.compress(raw) if packed else raw)
        expected = by_one(path)
        assert len(expected[0]) > 90
        for seed in range(3):
            assert by_blocks(path, size, seed, mortal=seed == 2) == expected


@pytest.mark.parametrize("kind", ["undecodable", "undecodable behind a long line", "cut short"])
def test_what_ends_the_reading_ends_it_with_the_same_words(tmp_path: Path, kind: str) -> None:
    raw = ("id,report\n" + "".join(ROWS * 60)).encode()
    reading = {}
    if kind == "undecodable":
        raw = raw[:70_001] + b"\xe9" + raw[70_001:]
    elif kind == "undecodable behind a long line":
        at = raw.index(b"150,")
        raw = raw[:at] + "é".encode() * 900_000 + b"\n" + raw[at:] + b"\xe9"
        reading = {"max_size": 2_000}
    else:
        raw = gzip.compress(raw)[:-500]
    path = tmp_path / ("reports.csv" + ".gz" * (kind == "cut short"))
    path.write_bytes(raw)
    reports, error = by_one(path, **reading)
    assert error is not None
    for size in (1000, 30_000):
        found, same = by_blocks(path, size, 0, **reading)
        assert same == error
        shorter = min(len(found), len(reports))
        assert found[:shorter] == reports[:shorter]


@pytest.mark.parametrize("name", ["reports.csv", "reports.jsonl"])
@pytest.mark.parametrize("text", ["x", "é", "\U0001fac1", '"', "y,"])
def test_a_line_that_is_too_long_costs_its_row(tmp_path: Path, name: str, text: str) -> None:
    rows = [f"{n},Clear.\n" for n in range(99)]
    if name.endswith("l"):
        rows = [f'{{"id": {n}, "report": "Clear."}}\n' for n in range(99)]
    rows.insert(50, f"long,{text * 400_000}\n")
    path = tmp_path / name
    path.write_text("id,report\n" * name.endswith("v") + "".join(rows), encoding="utf-8")
    expected = by_one(path, max_size=1000)
    assert expected[1] is None
    assert sum("'Clear.'" in report for report in expected[0]) == 99
    place = "row 51 (line 52)" if name.endswith("v") else "row 51 (line 51)"
    assert place in expected[0][50]
    assert "longer than 1 KB; allow more with --max-size" in expected[0][50]
    for size in (50, 4000):
        assert by_blocks(path, size, 0, max_size=1000) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "shift_jis"])
def test_what_does_not_write_line_ends_as_ascii_does_is_read_as_a_whole(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "reports.csv"
    path.write_bytes(("id,report\n" + "1,x\n" * 9).encode(encoding))
    with open_reports(path, encoding=encoding) as source:
        assert source.blocks() is None


def test_other_sources_are_read_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("Small effusion.")
    with open_reports(tmp_path) as source:
        assert source.blocks() is None


def test_a_pipe_is_cut_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "reports.csv"
    path.write_text("id,report\n" + "".join(ROWS))
    expected = by_one(path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert by_blocks(Path("-"), 400, 0) == expected


def test_a_block_that_kills_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reports.csv"
    path.write_text("id,report\n" + "".join(ROWS))

    class Deadly(FakeWorkers):
        def messages(self) -> Iterator[tuple[FakeWorker, Any]]:
            worker = self.chance.choice([worker for worker in self.all if worker.inbox])
            if b"\n77," in (worker.block or worker.job.block).data and worker.block:
                self.all[self.all.index(worker)] = FakeWorker(self)
                yield worker, None
            else:
                yield worker, worker.work()

    with open_reports(path) as source:
        cut = source.blocks()
        assert cut is not None
        chance = random.Random(0)  # noqa: S311 - no secret
        pool: Any = Deadly(cut.reader, 2, chance, mortal=False)
        done: list[int] = []
        with pytest.raises(ChexlabelError, match=r"in the block of the reports 7\d to 8\d, and so"):
            done.extend(block.rows for block, _ in _blocks._Run(cut, pool, 4, 400).labeled())
