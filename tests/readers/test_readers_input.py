"""How a source is opened: recognition, encodings, gzip, standard input, and all that is refused."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from chexlabel.errors import InputError
from chexlabel.readers import FORMATS, open_reports

if TYPE_CHECKING:
    from pathlib import Path

    from chexlabel.report import Report

CSV = b'id,report\na,"Clear\nlungs."\nb,Edema.\n'
TSV = b"id\treport\na\tClear lungs.\n"
JSONL = b'{"id": "a", "report": "Clear lungs."}\n'
XML = b'<eCitation><uId id="CXR1"/><AbstractText Label="FINDINGS">Clear.</AbstractText></eCitation>'
PROSE = b"FINDINGS\nClear lungs, no edema.\n"
RANDOM = bytes((n * n * 31 + n * 7) >> 3 & 255 for n in range(5000))


def read(path: str | Path, **options: Any) -> list[Report]:
    with open_reports(path, **options) as reports:
        return list(reports)


def give_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> io.BytesIO:
    buffer = io.BytesIO(data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffer))
    return buffer


def parquet_bytes(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def tar_bytes(name: str = "1.xml", data: bytes = XML, count: int = 1) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for _ in range(count):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zip_bytes(*names: str, data: bytes = b"Clear lungs. " * 20) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
    return buffer.getvalue()


SOURCES = [
    (".csv", CSV, "csv", 2),
    (".CSV", CSV, "csv", 2),
    (".tsv", TSV, "tsv", 1),
    (".jsonl", JSONL, "jsonl", 1),
    (".xml", XML, "openi", 1),
    (".txt", PROSE, "text", 1),
    (".parquet", parquet_bytes(text=["Clear.", "Edema."]), "parquet", 2),
    (".tar", tar_bytes(), "openi", 1),
    (".zip", zip_bytes("p1/s1.txt", "p1/s2.txt"), "mimic", 2),
]
SUFFIXES = [suffix for suffix, *_ in SOURCES]


class TestRecognition:
    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
    @pytest.mark.parametrize(("suffix", "data", "name", "count"), SOURCES, ids=SUFFIXES)
    def test_by_name(
        self, tmp_path: Path, suffix: str, data: bytes, name: str, count: int, packed: bool
    ) -> None:
        path = tmp_path / f"reports{suffix}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(data) if packed else data)
        with open_reports(path) as source:
            assert source.format == name
            reports = list(source)
        assert len(reports) == count
        assert all(r.text and not r.error for r in reports)

    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
    @pytest.mark.parametrize("stdin", [False, True], ids=["file", "stdin"])
    @pytest.mark.parametrize(
        ("data", "name", "count"), [source[1:] for source in SOURCES if source[2] != "text"]
    )
    def test_by_content(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        data: bytes,
        name: str,
        count: int,
        stdin: bool,
        packed: bool,
    ) -> None:
        data = gzip.compress(data) if packed else data
        path = tmp_path / "reports"
        path.write_bytes(data)
        if stdin:
            give_stdin(monkeypatch, data)
        with open_reports("-" if stdin else path) as source:
            assert source.format == name
            assert len(list(source)) == count

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (b'"Clear lungs, no edema."\n"Edema."', "csv"),
            (b"Report Impression\nClear.", "csv"),
            (b"id;report\n1;Clear.", "csv"),
            (b"findings,impression\na,b", "csv"),
            (b"\n\n" + CSV, "csv"),
            (b"\ttext\n0\tClear.", "tsv"),
            (PROSE, "text"),
            (b"IMPRESSION\nNo report, note or text of old.", "text"),
        ],
    )
    def test_text_of_standard_input(
        self, monkeypatch: pytest.MonkeyPatch, data: bytes, name: str
    ) -> None:
        give_stdin(monkeypatch, data)
        with open_reports("-") as source:
            assert source.format == name
            assert all(report.text for report in source)

    def test_standard_input_as_one_report(self, monkeypatch: pytest.MonkeyPatch) -> None:
        buffer = give_stdin(monkeypatch, PROSE)
        [report] = read("-")
        assert (report.id, dict(report.columns)) == ("stdin", {"path": "stdin"})
        assert report.text == PROSE.decode()
        assert not buffer.closed

    def test_stated_format_goes_before_the_name(self, tmp_path: Path) -> None:
        path = tmp_path / "reports.txt"
        path.write_bytes(CSV)
        assert len(read(path, format="text")) == 1
        assert len(read(path, format="csv")) == 2

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (b'id,foo\n1,"No edema,\nclear."\n2,Edema, mild.\n', "csv"),
            (b",foo,study_id\n0,Clear.,r1\n", "csv"),
            (b"nr\tbefund\n1\tKlar.\n2\tErguss.\n", "tsv"),
            (b"r1;Clear.\nr2;Edema.\nr3;Clear.\n", "csv"),
            (JSONL, "jsonl"),
        ],
    )
    def test_a_table_is_not_read_as_one_report(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, name: str
    ) -> None:
        (tmp_path / "a.txt").write_bytes(data)
        with pytest.raises(InputError, match=f"looks like a table.*state --format {name}, or"):
            open_reports(tmp_path / "a.txt")
        (tmp_path / "b.txt").write_bytes(PROSE)
        bad, good = read(tmp_path)
        assert bad.error is not None
        assert bad.error.startswith("a.txt looks like a table")
        assert good.error is None
        assert not any(report.error for report in read(tmp_path, format="text"))
        if name != "jsonl":
            give_stdin(monkeypatch, data)
            with pytest.raises(InputError, match="standard input looks like a table"):
                open_reports("-")

    @pytest.mark.parametrize(
        "text",
        [
            "Heart size normal, lungs clear.\nNo effusion, no pneumothorax.",
            "Report, note\nClear lungs, no edema",
            "Findings\tclear\nImpression\tnormal\n",
            "Patient|Doe\nStudy|Chest\nReport|Clear.\n",
            "Heart\tnormal\nLungs\tclear\nPleura\tclear\n",
            "1\tHeart normal\n2\tLungs clear\n3\tNo effusion\n",
            "Exam,Chest\n",
        ],
    )
    def test_a_report_with_delimiters_is_no_table(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.txt").write_text(text)
        [report] = read(tmp_path / "a.txt")
        assert (report.text, report.error) == (text, None)

    def test_who_asks_for_a_column_speaks_of_a_table(self, monkeypatch: pytest.MonkeyPatch) -> None:
        give_stdin(monkeypatch, b"id;foo\n1;Clear.\n")
        with pytest.raises(InputError, match=r"has no column 'nope'.*columns are: id, foo"):
            open_reports("-", text_column="nope")

    def test_text_column_helps_to_recognise(self, tmp_path: Path) -> None:
        path = tmp_path / "reports"
        path.write_text("id;dictation\n1;Clear.\n")
        [report] = read(path, text_column="dictation")
        assert (report.id, report.text) == ("1", "Clear.")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    @pytest.mark.parametrize("data", [CSV, parquet_bytes(text=["a", "b"])], ids=["csv", "parquet"])
    def test_named_pipe(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "pipe"
        os.mkfifo(path)
        writer = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
        process = subprocess.Popen([sys.executable, "-c", writer, path], stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(data)
        process.stdin.close()
        assert len(read(path)) == 2
        assert process.wait() == 0


class TestEncodings:
    @pytest.mark.parametrize("suffix", ["csv", "jsonl"])
    @pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "cp1252", "utf-16", "utf-32"])
    def test_stated(self, tmp_path: Path, suffix: str, encoding: str) -> None:
        path = tmp_path / f"reports.{suffix}"
        text = {"csv": "id,report\n1,Café.\n", "jsonl": '{"id": 1, "report": "Café."}\n'}[suffix]
        path.write_bytes(text.encode(encoding))
        assert [r.text for r in read(path, encoding=encoding)] == ["Café."]

    @pytest.mark.parametrize(
        ("suffix", "data", "count"),
        [(suffix, data, count) for suffix, data, _, count in SOURCES[:6]],
    )
    def test_byte_order_mark(self, tmp_path: Path, suffix: str, data: bytes, count: int) -> None:
        path = tmp_path / f"reports{suffix}"
        path.write_bytes(b"\xef\xbb\xbf" + data)
        with open_reports(path) as source:
            assert "\ufeff" not in source.id_columns[0]
            reports = list(source)
        assert len(reports) == count
        assert not any("\ufeff" in r.text for r in reports)

    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "mark"])
    @pytest.mark.parametrize("rows", [0, 1, 700, 5000, 50_000])
    @pytest.mark.parametrize("end", [b"\n", b""])
    def test_error_says_at_which_byte(
        self, tmp_path: Path, rows: int, mark: bytes, packed: bool, end: bytes
    ) -> None:
        path = tmp_path / "reports.csv"
        before = mark + b"id,report\n" + b"1,Clear lungs.\n" * rows + b"2,Caf"
        data = before + b"\xe9" + end
        path.write_bytes(gzip.compress(data, 1) if packed else data)
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value) == (
            f"{path} is not utf-8 at byte {len(before)}; it may be cp1252: state --encoding cp1252"
        )

    def test_wrong_encoding_in_jsonl(self, tmp_path: Path) -> None:
        path = tmp_path / "reports.jsonl"
        path.write_bytes(JSONL * 5000 + b"\xe9\n")
        with open_reports(path) as source, pytest.raises(InputError, match=r"at byte 190000;"):
            list(source)

    @pytest.mark.parametrize(
        ("encoding", "stated", "message"),
        [
            ("utf-16-le", "utf-8", "looks like utf-16-le; state --encoding utf-16-le"),
            ("utf-16-be", "utf-8", "looks like utf-16-be; state --encoding utf-16-be"),
        ],
    )
    @pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "txt", ""])
    def test_utf16_and_utf32_are_named(
        self, tmp_path: Path, suffix: str, encoding: str, stated: str, message: str
    ) -> None:
        path = tmp_path / f"reports.{suffix}"
        path.write_bytes(CSV.decode().encode(encoding))
        with pytest.raises(InputError) as error:
            open_reports(path, encoding=stated)
        assert str(error.value) == f"{path} {message}"

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
    @pytest.mark.parametrize("stated", ["utf-8", "cp1252", "utf-16-be"])
    @pytest.mark.parametrize("suffix", ["csv", "txt"])
    def test_a_byte_order_mark_takes_precedence_over_the_encoding_stated(
        self, tmp_path: Path, suffix: str, encoding: str, stated: str
    ) -> None:
        path = tmp_path / f"reports.{suffix}"
        text = "id,report\n1,Café.\n" if suffix == "csv" else "Café."
        path.write_bytes(text.encode(encoding))
        with open_reports(path, encoding=stated) as reports:
            [report] = reports
        assert report.text == "Café."
        assert "\ufeff" not in reports.id_columns[0]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
    def test_a_byte_order_mark_tells_utf16(
        self, tmp_path: Path, encoding: str, packed: bool
    ) -> None:
        path = tmp_path / "reports.csv"
        data = "id,report\n1,Café.\n".encode(encoding)
        path.write_bytes(gzip.compress(data) if packed else data)
        assert [r.text for r in read(path)] == ["Café."]

    @pytest.mark.parametrize(
        ("text", "encoding", "likely"),
        [
            ("The patient\u2019s heart is normal.", "cp1252", "cp1252"),
            ("Épanchement pleural à gauche.", "latin-1", "cp1252"),
            ("Herz größenmäßig normal, kein Erguß.", "cp1252", "cp1252"),
            ("Сердце нормальных размеров. Без выпота.", "cp1251", "cp1251"),
            ("心脏大小正常。双肺清晰。未见胸腔积液。", "gb18030", "gb18030"),
            ("a\x81b", "latin-1", "latin-1"),
        ],
    )
    def test_the_likely_encoding_is_named(
        self, tmp_path: Path, text: str, encoding: str, likely: str
    ) -> None:
        path = tmp_path / "reports.csv"
        path.write_bytes(f'id,report\n1,"{text}"\n'.encode(encoding))
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value).endswith(f"it may be {likely}: state --encoding {likely}")
        assert [r.text for r in read(path, encoding=likely)] == [text]

    @pytest.mark.parametrize("stated", ["utf-16", "utf-32"])
    def test_latin_text_is_not_utf16(self, tmp_path: Path, stated: str) -> None:
        path = tmp_path / "reports.csv"
        path.write_bytes(CSV + b"c,d\n" * 40)
        with pytest.raises(InputError, match=rf"reports\.csv (is not {stated}|has no column)"):
            read(path, encoding=stated)

    @pytest.mark.parametrize("encoding", ["utf-9", "hex", "", "a\0b"])
    def test_unknown_encoding(self, tmp_path: Path, encoding: str) -> None:
        with pytest.raises(InputError, match=r"unknown encoding .*; use a name such as utf-8"):
            open_reports(tmp_path, encoding=encoding)


class TestSource:
    def test_is_read_once(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(CSV)
        source = open_reports(tmp_path / "a.csv")
        assert len(list(source)) == 2
        with pytest.raises(RuntimeError, match="open the source again"):
            iter(source)

    def test_is_not_read_when_closed(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(CSV)
        with open_reports(tmp_path / "a.csv") as source:
            assert repr(source) == "ReportSource(format='csv', id_columns=('id',))"
        source.close()
        with pytest.raises(RuntimeError, match="closed"):
            iter(source)

    @pytest.mark.parametrize(("suffix", "data"), [source[:2] for source in SOURCES], ids=SUFFIXES)
    def test_closes_its_files(self, tmp_path: Path, suffix: str, data: bytes) -> None:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(data)
        with open_reports(path) as source:
            next(iter(source))
        assert [f for f in open_files() if f.endswith(path.name)] == []

    def test_imports_nothing_heavy(self) -> None:
        program = (
            "import sys, chexlabel.readers\n"
            "print(*{'lxml', 'pyarrow', 'pandas', 'numpy', 'spacy', 'torch'} & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.stdout.strip() == ""


def open_files() -> list[str]:
    """Return the paths of the files that this process has open, where the system tells."""
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):  # noqa: PTH112
        pytest.skip("this system does not list open files")
    found = []
    for name in os.listdir(folder):  # noqa: PTH208
        try:
            found.append(os.readlink(f"{folder}/{name}"))  # noqa: PTH115
        except OSError:  # the folder's own, closed by now
            continue
    return found


def parquet_of_bytes(text: bytes) -> bytes:
    """Return a file whose column calls itself a string, and is not UTF-8."""
    array = pa.StringArray.from_buffers(
        1, pa.py_buffer(struct.pack("<2i", 0, len(text))), pa.py_buffer(text)
    )
    buffer = io.BytesIO()
    parquet.write_table(pa.table({"report": array}), buffer)
    return buffer.getvalue()


def damaged(data: bytes, at: float, count: int = 40) -> bytes:
    place = int(len(data) * at)
    return data[:place] + b"\xa5" * count + data[place + count :]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

BAD_FILES = [
    # name, content, options, message (after the file's name)
    ("a.csv", b"", {}, "is empty; give a file that holds reports"),
    ("a.csv", b"\n \r\n", {}, "is empty; give a file that holds reports"),
    ("a.csv", b"\xef\xbb\xbf", {}, "is empty; give a file that holds reports"),
    ("a.csv.gz", gzip.compress(b""), {}, "is empty; give a file that holds reports"),
    ("a.tsv", b"", {}, "is empty; give a file that holds reports"),
    ("a.jsonl", b"", {}, "is empty; give a file that holds reports"),
    ("a.parquet", b"", {}, "is empty; give a file that holds reports"),
    ("a.xml", b"", {}, "is empty; give a file that holds reports"),
    ("a.txt", b" \n", {}, "is empty; give a file that holds reports"),
    ("a.zip", b"", {}, "is empty; give a file that holds reports"),
    ("a", b"", {}, "is empty; give a file that holds reports"),
    ("a.csv", RANDOM, {}, "is a binary file, not text; give a file that holds reports"),
    ("a.csv", bytes(1000), {}, "is a binary file, not text; give a file that holds reports"),
    ("a.csv", RANDOM, {"encoding": "latin-1"}, "is a binary file, not text; give a file"),
    ("a.jsonl", RANDOM, {}, "is a binary file, not text; give a file that holds reports"),
    ("a.txt", OLE, {}, "is an old Office document (.xls); save it as .xlsx or CSV"),
    ("a.dcm", bytes(128) + b"DICM" + RANDOM, {}, "is a binary file, not text"),
    ("a", RANDOM, {}, "is a binary file, not text; give a file that holds reports"),
    ("a", RANDOM, {"format": "csv"}, "is a binary file, not text; give a file"),
    (
        "a.csv",
        b"id,age,sex\n1,2,f\n",
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its columns are: id, age, sex",
    ),
    (
        "a.csv",
        b'"1","Small left effusion, no edema."\n',
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its first row (2 cells) does not look like column names; if it has none, state",
    ),
    (
        "a.csv",
        b"SECRETH,effusion,stable\nr2,b,c\n",
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its first row (3 cells) does not look like column names; if it has none, state",
    ),
    (
        "a.csv",
        b"study_nr,BefundText,Datum\n1,b,c\n",
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its columns are: study_nr, BefundText and 1 more",
    ),
    (
        "a.jsonl",
        b'{"No effusion. Heart size normal.": 1}\n',
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "it has 1 column, whose name is not shown, being no single words",
    ),
    (
        "a.csv",
        b"Case,No effusion,Normal\n",
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its first row (3 cells) does not look like column names",
    ),
    (
        "a.csv",
        b"Patient ID,Age At Study\n",
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its columns are: Patient ID, Age At Study",
    ),
    ("a.csv", CSV + b"c,\xe9\0" + b"-" * 50, {}, f"is not utf-8 at byte {len(CSV) + 2}; it may"),
    (
        "a.csv",
        CSV,
        {"text_column": "body"},
        "has no column 'body' (--text-column); its columns are: id, report",
    ),
    (
        "a.csv",
        CSV,
        {"id_column": ["id", "study"]},
        "has no column 'study' (--id-column); its columns are: id, report",
    ),
    (
        "a.jsonl",
        JSONL,
        {"text_column": "body"},
        "has no column 'body' (--text-column); its columns are: id, report",
    ),
    (
        "a.parquet",
        parquet_bytes(age=[1], sex=["f"]),
        {},
        "has no column that is known to hold reports; name it with --text-column; "
        "its columns are: age, sex",
    ),
    (
        "a.csv",
        ",".join(f"c{n}" for n in range(99)).encode(),
        {"text_column": "x"},
        "has no column 'x' (--text-column); its columns are: "
        + ", ".join(f"c{n}" for n in range(30))
        + " and 69 more",
    ),
    (
        "a.csv",
        b'"Clear lungs."\n',
        {"text_column": "body"},
        "has one column and no header, so no column can be asked for by name",
    ),
    ("a.csv", b'id,"report\n', {}, ": the first row cannot be read: its opening quote is never"),
    ("a.jsonl", b"Clear.\n[1]\n", {}, "has no line that is a JSON object; write one report a line"),
    ("a.json", b'[{"report": "a"}]', {}, "has no line that is a JSON object; write one"),
    (
        "a.parquet",
        parquet_bytes(report=[1, 2]),
        {},
        "has int64 in column 'report', not text; name the column of the reports with --text-column",
    ),
    ("a.parquet", parquet_of_bytes(b"No \xe9dema."), {}, "holds text that is not UTF-8"),
    ("a.parquet", CSV, {}, "is not a Parquet file, or is damaged; fetch or make it again"),
    ("a.parquet", parquet_bytes(text=["a"])[:-9], {}, "is not a Parquet file, or is damaged"),
    (
        "a.parquet",
        damaged(parquet_bytes(text=[f"Report {n}." for n in range(5000)]), 0.1, 2000),
        {},
        "is not a Parquet file, or is damaged; fetch or make it again",
    ),
    ("a.csv.gz", gzip.compress(CSV)[:-10], {}, "is damaged or cut short (gzip); fetch or make"),
    (
        "a.csv.gz",
        gzip.compress(CSV * 99_000, 1)[:-2000],
        {},
        "is damaged or cut short (gzip); fetch or make the file again",
    ),
    (
        "a.csv.gz",
        damaged(gzip.compress(CSV * 99_000, 1), 0.8),
        {},
        "is damaged or cut short (gzip); fetch or make the file again",
    ),
    ("a.tgz", gzip.compress(tar_bytes(count=99))[:-20], {}, "is damaged or cut short (gzip)"),
    ("a.tgz", gzip.compress(CSV), {}, "is a damaged or cut short archive; fetch or make it again"),
    ("a.tar", CSV, {}, "is a damaged or cut short archive; fetch or make it again"),
    ("a.tar", tar_bytes(count=60)[:-11_000], {}, "is a damaged or cut short archive; fetch or"),
    ("a.tar", tar_bytes(count=60)[: 1024 * 50 + 100], {}, "is a damaged or cut short archive"),
    ("a.tar", damaged(tar_bytes(count=60), 0.5, 1024), {}, "is a damaged or cut short archive"),
    ("a.zip", CSV, {}, "is a damaged or cut short archive; fetch or make it again"),
    ("a.zip", zip_bytes("a.txt", "b.txt")[:-30], {}, "is a damaged or cut short archive; fetch"),
    ("a.zip", damaged(zip_bytes("p1/s1.txt"), 0.25, 8), {}, "is a damaged or cut short archive"),
    ("a.zip", zip_bytes("a.csv"), {}, "has no reports; give a folder or archive of MIMIC-CXR .txt"),
    ("a.tar", tar_bytes("a.csv"), {}, "has no reports; give a folder or archive of MIMIC-CXR"),
    (
        "a.xlsx",
        zip_bytes("[Content_Types].xml", "word/document.xml"),
        {},
        "is an office document; save its sheet as .xlsx or CSV",
    ),
    ("a.csv", zip_bytes("a.txt"), {"format": "csv"}, "is a zip archive, not csv; unpack it"),
    ("a.zip", zip_bytes("a.txt"), {"format": "mimic"}, "has no report named as in MIMIC-CXR (p1"),
    ("a.zip", zip_bytes("a.txt"), {"format": "openi"}, "has no .xml file; state another --format"),
    ("a.tar", tar_bytes("1.xml"), {"format": "text"}, "has no .txt file; state another --format"),
    (
        "a.zip",
        zip_bytes("a.txt"),
        {"text_column": "x"},
        "has no columns (text); leave out --text-column",
    ),
    ("a.xml", XML, {"id_column": "x"}, "has no columns (openi); leave out --id-column"),
    ("a.xml", XML[:-9], {}, "is broken XML at line 1, column "),
    (
        "notes.dat",
        PROSE,
        {},
        "has no format that its name or beginning tells; "
        "state --format csv, tsv, jsonl, parquet, xlsx, mimic, openi or text",
    ),
]


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "data", "options", "message"),
        BAD_FILES,
        ids=[f"{number}-{name}" for number, (name, *_) in enumerate(BAD_FILES)],
    )
    def test_file(
        self, tmp_path: Path, name: str, data: bytes, options: dict[str, Any], message: str
    ) -> None:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError) as error:
            read(path, **options)
        text = str(error.value)
        assert text.startswith(str(path) + ("" if message.startswith(":") else " ") + message)
        assert "\n" not in text
        assert "effusion" not in text
        assert [file for file in open_files() if file == str(path)] == []

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        give_stdin(monkeypatch, b"")
        with pytest.raises(InputError, match=r"^standard input is empty"):
            open_reports("-")

    def test_missing_file(self, tmp_path: Path) -> None:
        path = tmp_path / "gone.csv"
        with pytest.raises(InputError) as error:
            open_reports(path)
        assert str(error.value) == f"{path} does not exist; check the path"

    @pytest.mark.parametrize("name", ["a\0b.csv", "a.csv/b.csv"])
    def test_impossible_path(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "a.csv").write_bytes(CSV)
        with pytest.raises(InputError, match=r"cannot be read|is not a path"):
            open_reports(str(tmp_path / name))

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
    def test_forbidden(self, tmp_path: Path) -> None:
        folder = tmp_path / "folder"
        (folder / "inner").mkdir(parents=True)
        (folder / "a.csv").write_bytes(CSV)
        (folder / "a.csv").chmod(0)
        (folder / "inner").chmod(0)
        for path in (folder, folder / "a.csv"):
            with pytest.raises(InputError, match="cannot be read: Permission denied"):
                open_reports(path)
        (folder / "inner").chmod(0o700)

    @pytest.mark.parametrize(
        ("files", "options", "message"),
        [
            ([], {}, "has no reports; give a folder or archive of MIMIC-CXR .txt files or"),
            (["a.csv", ".b.txt"], {}, "has no reports; give a folder or archive of MIMIC-CXR"),
            (["a.txt"], {"format": "csv"}, "is a folder, not a csv file; give the file"),
            (["a.txt"], {"format": "openi"}, "has no .xml file; state another --format or"),
            (["a.txt"], {"format": "mimic"}, "has no report named as in MIMIC-CXR"),
            (["a.xml"], {"format": "text"}, "has no .txt file; state another --format or"),
            (["a.txt"], {"delimiter": ";"}, "has no columns (text); leave out --delimiter"),
        ],
    )
    def test_folder(
        self, tmp_path: Path, files: list[str], options: dict[str, Any], message: str
    ) -> None:
        for name in files:
            (tmp_path / name).write_bytes(PROSE)
        with pytest.raises(InputError) as error:
            open_reports(tmp_path, **options)
        assert str(error.value).startswith(f"{tmp_path} {message}")

    def test_an_option_that_there_is_not(self, tmp_path: Path) -> None:
        message = r"^open_reports\(\) got .* argument 'encodings'; did you mean 'encoding'\?$"
        with pytest.raises(TypeError, match=message):
            open_reports(tmp_path / "reports.csv", encodings="cp1252")

    def test_unknown_format(self, tmp_path: Path) -> None:
        with pytest.raises(InputError) as error:
            open_reports(tmp_path, format="docx")
        assert str(error.value) == f"unknown format 'docx'; state one of {', '.join(FORMATS)}"

    @pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
    def test_impossible_delimiter(self, tmp_path: Path, delimiter: str) -> None:
        with pytest.raises(InputError, match="is not one character; state --delimiter"):
            open_reports(tmp_path, delimiter=delimiter)

    def test_encrypted_zip(self, tmp_path: Path) -> None:
        data = bytearray(zip_bytes("a.txt"))
        data[data.rindex(b"PK\x01\x02") + 8] |= 1
        (tmp_path / "a.zip").write_bytes(data)
        with pytest.raises(InputError, match="is encrypted; unpack it first"):
            open_reports(tmp_path / "a.zip")
