"""Fuzz targets: each takes bytes, and fails on all but a result or an error of chexlabel's own.

`test_fuzz.py` runs them on the saved corpus and on some mutations, `benchmarks/fuzz.py` on a
million.
"""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from textwrap import dedent

from chexlabel import Labeler
from chexlabel.errors import InputError, PatternError
from chexlabel.patterns import read_set
from chexlabel.patterns.compile import compile_set
from chexlabel.patterns.syntax import expand
from chexlabel.readers import open_reports
from pattern_sets import ROOT, write_root

__all__ = ["CORPUS", "PATTERN_FILES", "SEEDS", "TARGETS", "TOKENS", "mutated"]

CORPUS = Path(__file__).with_name("corpus")
"""Inputs that once failed: a folder a target, a file an input."""

PRIVATE = "zzqx"
"""A word of the seeds' reports that no error may quote."""

LIMIT = 1 << 16

PATTERN_FILES = {
    "set.yaml": """\
name: child
version: "1"
extends: root
findings: [Rash, Cough]
hidden: []
no_finding: {name: Rash, unless: [Cough]}
uncertain: {Cough: positive}
groups: {one: [Rash]}
""",
    "findings/rash.yaml": """\
finding: Rash
positive: |
  {red|sore} [skin] rash*
  {sore|
   itchy} \\<skin>
  ...
anatomy:
  - phrases: skin
    states: {red: positive, calm: negative}
parts:
  - {words: "spot*", within: [back], reach: 3}
exclude: \\# rash
ignore_cues: [doubt]
examples:
  negative: No rash.
""",
    "assertion/denial.yaml": """\
kind: denial
effect: negative
before: |
  {no|without} [sign of]
  ...
after: absent
reach: 4
""",
    "structure.yaml": dedent(ROOT["structure.yaml"]),
    "sections.yaml": dedent(ROOT["sections.yaml"]),
    "states.yaml": """\
states:
  red: |
    {red|reddened}
  calm: pale
places: {back: back}
weak: [calm]
""",
    "spelling.yaml": """\
terms: |
  reddened
  coughing
not_misspelled: roughing
corrections: {coff: cough}
glued: no
sound_alikes:
  - {meant: rash, heard: "[the] rush", near: skin}
""",
    "context.yaml": """\
anaphors: "{it|this}"
openings: on this day [,]
references:
  - {effect: absent, verdicts: 'has {gone|left}', phrases: no trace of it, only: [Rash]}
answers:
  - {effect: present, closed: true, phrases: yes}
""",
    "recognition.yaml": """\
anywhere: "{skin|throat}"
alone: |
  all clear
""",
    "words.yaml": """\
lists:
  sore: |
    {red|sore}
    <very> itchy
  very: [very, badly]
""",
    "composition.yaml": """\
joins: {all: "A, B and C", bare: "A/B/C"}
modifiers: small
fragments: {negative: no ANY}
clauses: {positive: "there {is|are} ALL"}
pairs: STATEMENT; STATEMENT
""",
}
"""Files of a pattern set that are right, each with every key that it has room for."""


def _read(data: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "reports" + suffix)
        path.write_bytes(data)
        try:
            with open_reports(path, max_size=LIMIT) as reports:
                errors = [report.error for report in reports if report.error is not None]
        except InputError as error:
            errors = [str(error)]
    for error in errors:
        assert "\n" not in error, "an error of several lines"
        # Where a mutation has glued the word to a column's name, nobody can tell the two apart.
        assert PRIVATE not in error.partition("its columns are:")[0], "an error quotes a report"


def _reader(suffix: str) -> Callable[[bytes], None]:
    return lambda data: _read(data, suffix)


def _phrase(data: bytes) -> None:
    try:
        expand(data.decode("utf-8", "replace"))
    except ValueError as error:
        assert str(error), "an error without a word"  # noqa: PT017 - both ways are right


@cache
def _beside_root() -> tempfile.TemporaryDirectory[str]:
    """Return a folder with a small set; it is removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="chexlabel-fuzz-")
    write_root(Path(folder.name), {"states.yaml": PATTERN_FILES["states.yaml"]})
    return folder


def _pattern_file(data: bytes, file: str) -> None:
    """Put a file into a set that extends a small one: a large one takes long to read."""
    with tempfile.TemporaryDirectory(dir=_beside_root().name) as name:
        Path(name, "set.yaml").write_text(PATTERN_FILES["set.yaml"])
        path = Path(name, file)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        try:
            compile_set(read_set(name))
        except PatternError as error:
            assert "\n" not in str(error), "an error of several lines"  # noqa: PT017


def _patterns(file: str) -> Callable[[bytes], None]:
    return lambda data: _pattern_file(data, file)


@cache
def _labeler() -> Labeler:
    return Labeler()


def _engine(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    labeler = _labeler()
    report = labeler(text)
    for mention in report.mentions:
        assert text[mention.start : mention.end] == mention.text, "a mention quotes other words"
    assert tuple(report.labels.values()) == labeler.label(text), "two ways, two answers"


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": _reader(".csv"),
    "tsv": _reader(".tsv"),
    "jsonl": _reader(".jsonl"),
    "xml": _reader(".xml"),
    "any": _reader(""),
    "gzip": _reader(".csv.gz"),
    "zip": _reader(".zip"),
    "tar": _reader(".tar"),
    "xlsx": _reader(".xlsx"),
    "parquet": _reader(".parquet"),
    "phrase": _phrase,
    **{Path(file).stem: _patterns(file) for file in PATTERN_FILES},
    "engine": _engine,
}
"""The targets by their names."""

_CSV = (
    f'id,report\nr1,"Small {PRIVATE} effusion, no edema."\nr2,Clear {PRIVATE}.\nr3,"a ""b"" c"\n'
).encode()
_XML = (
    f'<eCitation><uId id="CXR1"/><AbstractText Label="FINDINGS">No {PRIVATE} edema.</AbstractText>'
    "</eCitation>"
).encode()


def _zip(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def _tar(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _workbook() -> bytes:
    from chexlabel.report import Report
    from chexlabel.writers import Layout, labels_writer

    buffer = io.BytesIO()
    writer = labels_writer(buffer, Layout(("id",), "report", ()), "xlsx")
    writer.write([Report("r1", f"No {PRIVATE} edema.", columns={"id": "r1"})], [()])
    writer.close()
    return buffer.getvalue()


def _parquet() -> bytes:
    from chexlabel.report import Report
    from chexlabel.writers import Layout, labels_writer

    buffer = io.BytesIO()
    writer = labels_writer(buffer, Layout(("id",), "report", ()), "parquet")
    writer.write([Report("r1", f"No {PRIVATE} edema.", columns={"id": "r1"})], [()])
    writer.close()
    return buffer.getvalue()


@cache
def _seeds() -> dict[str, list[bytes]]:
    text = f"FINDINGS: No {PRIVATE} edema or effusion. Possible pneumonia; heart normal.".encode()
    return {
        "csv": [_CSV, b"\xef\xbb\xbf" + _CSV, _CSV.decode().encode("utf-16")],
        "tsv": [_CSV.replace(b",", b"\t")],
        "jsonl": [f'{{"id": 1, "report": "No {PRIVATE} edema."}}\n'.encode() * 2],
        "xml": [_XML],
        "any": [_CSV, _XML, text],
        "gzip": [gzip.compress(_CSV)],
        "zip": [_zip("p10000032/s50414267.txt", text), _zip("1.xml", _XML)],
        "tar": [_tar("p10000032/s50414267.txt", text)],
        "xlsx": [_workbook()],
        "parquet": [_parquet()],
        "phrase": [b"{small|tiny} [left] effusion* ... pleura", rb"\# of the rib"],
        **{Path(file).stem: [text.encode()] for file, text in PATTERN_FILES.items()},
        "engine": [text],
    }


SEEDS = _seeds
"""Returns inputs that are right, by target; mutations start from them."""

TOKENS = (
    b'"', b'""', b",", b"\n", b"\r", b"\0", b"\t", b";", b"{", b"}", b"[", b"]", b"|", b"*", b"...",
    b"&x;", b"<", b"]]>", b"<!DOCTYPE e [<!ENTITY x 'y'>]>", b"!!int ", b"&a ", b"*a", b"\xff",
    b"\xe9", b"\xed\xa0\x80", b"no ", b"not ", b"without ", b" or ", b" but ", b"effusion ",
    b"IMPRESSION:\n",
    b"XXXX ", b"___", b"[** **]", b": ", b"- ", b"? ", b"1. ", b"PK\x03\x04", b"PAR1", b"ustar",
    b"\x1f\x8b", b"9" * 40, b"a" * 300, "\u0130\u00df\u202e\U0001f600".encode(),
)  # fmt: skip
"""What mutations put in: whatever means something to one of the targets."""


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return an input with some random changes: bytes cut, doubled, changed, tokens put in."""
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice((1, 1, 2, 8, 64)))
        kind = chance.randrange(4)
        if kind == 0:
            data = data[:at] + data[end:]
        elif kind == 1:
            data = data[:end] + data[at:]
        elif kind == 2:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        else:
            data = data[:at] + chance.choice(TOKENS) + data[at:]
    return data
