"""MIMIC-CXR, Open-i and other report files, in folders, archives and alone."""

from __future__ import annotations

import gc
import gzip
import io
import stat
import tarfile
import tracemalloc
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chexlabel.errors import InputError
from chexlabel.readers import open_reports
from places import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chexlabel.report import Report

    Pack = Callable[[Mapping[str, bytes]], Path]

OPENI_ARCHIVE = SHARED / "openi" / "NLMCXR_reports_dev.tgz"

MIMIC = {
    "files/p10/p10000001/s50000002.txt": b" FINAL REPORT\n Clear lungs.\n",
    "files/p10/p10000001/s50000001.txt": b" FINAL REPORT\r\n Edema.\r\n",
    "files/p11/p11000001/s50000003.txt": "Effusion\u00e9.".encode(),
}


def read(path: str | Path, **options: Any) -> list[Report]:
    with open_reports(path, **options) as reports:
        return list(reports)


def openi_xml(
    uid: str | None = "CXR1",
    sections: Mapping[str | None, str] | None = None,
    mesh: str = "",
    prolog: str = '<?xml version="1.0" encoding="utf-8"?>',
) -> bytes:
    if sections is None:
        sections = {"FINDINGS": "Clear lungs.", "IMPRESSION": "No acute disease."}
    identifier = "" if uid is None else f'<uId id="{uid}"/>'
    elements = "".join(
        f"<AbstractText{'' if label is None else f' Label={chr(34)}{label}{chr(34)}'}>{text}"
        "</AbstractText>\n"
        for label, text in sections.items()
    )
    return (
        f"{prolog}<eCitation>{identifier}<MedlineCitation><Article><Abstract>{elements}"
        f"</Abstract></Article></MedlineCitation><MeSH>{mesh}</MeSH></eCitation>"
    ).encode()


def write_tree(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], mode: Any = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture(params=["folder", "zip", "tgz", "tar.gz", "tar"])
def container(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pack(container: str, tmp_path: Path) -> Pack:
    """Write files as a folder, and as each kind of archive."""

    def write(files: Mapping[str, bytes]) -> Path:
        if container == "folder":
            return write_tree(tmp_path / "folder", files)
        path = tmp_path / f"archive.{container}"
        if container == "zip":
            return write_zip(path, files)
        return write_tar(path, files, "w" if container == "tar" else "w:gz")

    return write


class TestMimic:
    def test_tree_and_archives(self, pack: Pack, container: str) -> None:
        path = pack(MIMIC)
        with open_reports(path) as source:
            assert (source.format, source.id_columns) == ("mimic", ("subject_id", "study_id"))
            assert source.text_columns == ()
            assert source.total == 3
            reports = list(source)
        found = [(r.id, dict(r.columns), r.text, r.spans) for r in reports]
        expected = [
            (
                study,
                {"subject_id": subject, "study_id": study},
                MIMIC[f"files/p{subject[:2]}/p{subject}/s{study}.txt"].decode(),
                None,
            )
            for subject, study in [
                ("10000001", "50000001"),
                ("10000001", "50000002"),
                ("11000001", "50000003"),
            ]
        ]
        if "t" in container:  # a tar archive is read in its own order
            found.sort(key=lambda report: report[0])
        assert found == expected

    def test_tar_archives_keep_their_order(self, tmp_path: Path) -> None:
        path = write_tar(tmp_path / "a.tgz", MIMIC)
        assert [r.id for r in read(path)] == ["50000002", "50000001", "50000003"]

    @pytest.mark.parametrize("below", ["files", "files/p10", "files/p10/p10000001"])
    def test_from_any_folder_of_the_tree(self, tmp_path: Path, below: str) -> None:
        reports = read(write_tree(tmp_path, MIMIC) / below)
        assert dict(reports[0].columns) == {"subject_id": "10000001", "study_id": "50000001"}

    def test_from_within_the_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(write_tree(tmp_path, MIMIC) / "files/p10/p10000001")
        for source in (".", "s50000001.txt"):
            report = read(source)[0]
            assert dict(report.columns) == {"subject_id": "10000001", "study_id": "50000001"}

    def test_single_report(self, tmp_path: Path) -> None:
        path = write_tree(tmp_path, MIMIC) / "files/p10/p10000001/s50000001.txt"
        with open_reports(path) as source:
            assert (source.format, source.total) == ("mimic", 1)
            [report] = source
        assert report.text == " FINAL REPORT\r\n Edema.\r\n"
        assert dict(report.columns) == {"subject_id": "10000001", "study_id": "50000001"}

    def test_single_gzipped_report(self, tmp_path: Path) -> None:
        path = tmp_path / "p10000001" / "s50000001.txt.gz"
        path.parent.mkdir()
        path.write_bytes(gzip.compress(b"Clear."))
        [report] = read(path)
        assert (report.text, report.columns["subject_id"]) == ("Clear.", "10000001")

    def test_flat_folder_has_no_subjects(self, tmp_path: Path) -> None:
        [report] = read(write_tree(tmp_path, {"s50000001.txt": b"Clear."}))
        assert dict(report.columns) == {"subject_id": "", "study_id": "50000001"}

    def test_other_files_are_passed_over(self, pack: Pack) -> None:
        others = {"LICENSE.txt": b"Use it well.", "index.html": b"<html>", "a.xml": openi_xml()}
        hidden = {"files/p10/p10000001/._s50000001.txt": b"\0", ".cache/p1/s1.txt": b"x"}
        with open_reports(pack({**others, **hidden, **MIMIC})) as source:
            assert source.format == "mimic"
            assert source.total == 3
            assert len(list(source)) == 3

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"Caf\xe9.", "is not utf-8 at byte 3; it may be cp1252: state --encoding cp1252"),
            (b"\xff\xfeN\0N\xd8", "is not utf-16 at byte 4"),
            (bytes(range(256)), "is a binary file, not text"),
        ],
    )
    def test_file_that_cannot_be_decoded_is_a_bad_row(
        self, pack: Pack, data: bytes, message: str
    ) -> None:
        name = "files/p10/p10000001/s50000001.txt"
        reports = {r.id: r for r in read(pack({**MIMIC, name: data}))}
        assert len(reports) == 3
        bad = reports["50000001"]
        assert bad.error is not None
        assert bad.error.startswith(f"{name} {message}")
        assert (bad.text, bad.columns["subject_id"]) == ("", "10000001")
        assert reports["50000003"].error is None

    def test_encoding_can_be_stated(self, pack: Pack) -> None:
        path = pack({"p1/s1.txt": b"Caf\xe9.", "p1/s2.txt": b""})
        assert [r.text for r in read(path, encoding="latin-1")] == ["Café.", ""]

    def test_unreadable_file_is_a_bad_row(self, tmp_path: Path) -> None:
        write_tree(tmp_path, MIMIC)
        (tmp_path / "files/p10/p10000001/s50000009.txt").symlink_to(tmp_path / "gone")
        bad = read(tmp_path)[2]
        assert (bad.id, bad.text) == ("50000009", "")
        assert bad.error is not None
        assert "s50000009.txt cannot be read: not a plain file" in bad.error


class TestTexts:
    def test_paths_are_the_identifiers(self, pack: Pack, container: str) -> None:
        files = {"b/2.txt": b"two", "b/10.txt": b"ten", "a.TXT": b"a"}
        with open_reports(pack(files)) as source:
            assert (source.format, source.id_columns) == ("text", ("path",))
            reports = [(r.id, r.columns["path"], r.text) for r in source]
        if "t" in container:
            reports.sort(key=lambda report: len(report[0]))
        assert reports == [
            ("a.TXT", "a.TXT", "a"),
            ("b/2.txt", "b/2.txt", "two"),
            ("b/10.txt", "b/10.txt", "ten"),
        ]

    def test_single_text(self, tmp_path: Path) -> None:
        (tmp_path / "note.txt").write_bytes(b"\xef\xbb\xbfClear,\r\n\0lungs.")
        [report] = read(tmp_path / "note.txt")
        assert (report.id, report.text) == ("note.txt", "Clear,\r\n\0lungs.")

    def test_mimic_names_as_plain_texts(self, pack: Pack) -> None:
        reports = read(pack({**MIMIC, "README.txt": b"x"}), format="text")
        assert {r.id for r in reports} == {*MIMIC, "README.txt"}

    def test_names_that_are_not_utf8(self, tmp_path: Path) -> None:
        try:
            (tmp_path / "a\udcff.txt").write_bytes(b"Clear.")
        except OSError:
            pytest.skip("this file system takes only UTF-8 names")
        [report] = read(tmp_path)
        assert (report.id, report.text) == ("a?.txt", "Clear.")

    def test_links_and_devices_in_a_tar_archive_are_passed_over(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w") as archive:
            for name, kind in (
                ("a.txt", tarfile.SYMTYPE),
                ("b.txt", tarfile.LNKTYPE),
                ("c.txt", tarfile.FIFOTYPE),
                ("d.txt", tarfile.DIRTYPE),
            ):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/passwd"
                archive.addfile(member)
            member = tarfile.TarInfo("../../e.txt")
            member.size = 6
            archive.addfile(member, io.BytesIO(b"Clear."))
        assert [(r.id, r.text) for r in read(path)] == [("../../e.txt", "Clear.")]
        assert sorted(tmp_path.iterdir()) == [path]

    def test_links_in_a_zip_archive_are_passed_over(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "a.zip", {"a.txt": b"Clear."})
        with zipfile.ZipFile(path, "a") as archive:
            link = zipfile.ZipInfo("b.txt")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
            archive.mkdir("c.txt")
        assert [r.id for r in read(path)] == ["a.txt"]


class TestOpeni:
    def test_sections_become_one_text_with_spans(self, tmp_path: Path) -> None:
        path = tmp_path / "1.xml"
        path.write_bytes(
            openi_xml(
                "CXR1",
                {
                    "COMPARISON": "None.",
                    "INDICATION": "",
                    "FINDINGS": " Heart &lt; normal.<!-- a note --> Clear <b>lungs</b>. ",
                    "IMPRESSION": "No edema.",
                },
                "<major>Lung/clear </major><major>normal</major><automatic>edema</automatic>",
            )
        )
        with open_reports(path) as source:
            assert (source.format, source.id_columns, source.total) == ("openi", ("id",), 1)
            [report] = source
        assert report.text == (
            "COMPARISON: None.\n\nFINDINGS: Heart < normal. Clear lungs.\n\nIMPRESSION: No edema."
        )
        assert report.spans is not None
        assert [(s.name, report.text[s.start : s.end]) for s in report.spans] == [
            ("comparison", "None."),
            ("findings", "Heart < normal. Clear lungs."),
            ("impression", "No edema."),
        ]
        assert (report.id, dict(report.columns)) == ("CXR1", {"id": "CXR1"})
        assert report.metadata == {
            "mesh_major": ("Lung/clear", "normal"),
            "mesh_automatic": ("edema",),
        }

    def test_containers(self, pack: Pack, container: str) -> None:
        files = {f"reports/{n}.xml": openi_xml(f"CXR{n}") for n in (10, 2, 1)}
        path = pack({"README.txt": b"x", **files, "reports/._1.xml": b"\0"})
        with open_reports(path) as source:
            assert (source.format, source.total) == ("openi", 3)
            ids = [report.id for report in source]
        assert ids == (["CXR10", "CXR2", "CXR1"] if "t" in container else ["CXR1", "CXR2", "CXR10"])

    def test_many_files_in_a_stream(self, tmp_path: Path) -> None:
        files = {f"{n}.xml": openi_xml(f"CXR{n}") for n in range(100)}
        with open_reports(write_tar(tmp_path / "a.tgz", files)) as source:
            assert source.total is None
            assert [r.id for r in source] == [f"CXR{n}" for n in range(100)]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"<eCitation><Abstract></eCitation>", "is broken XML at line 1, column "),
            (openi_xml()[:-30], "is broken XML at line "),
            (b"", "is empty"),
            (b"\x89PNG\r\n\x1a\n\0\0", "is broken XML at line 1"),
            (b"<html><body/></html>", "is XML, but no Open-i report"),
            (openi_xml().replace(b"Clear", b"Cl\xe9ar"), "is broken XML at line 1"),
        ],
    )
    def test_broken_file(self, pack: Pack, tmp_path: Path, data: bytes, message: str) -> None:
        reports = {r.id: r for r in read(pack({"1.xml": openi_xml(), "2.xml": data}))}
        assert sorted(reports) == ["2", "CXR1"]
        bad = reports["2"]
        assert bad.error is not None
        assert bad.error.startswith(f"2.xml {message}")
        assert (bad.text, dict(bad.columns)) == ("", {"id": "2"})

        alone = tmp_path / "2.xml"
        alone.write_bytes(data)
        with pytest.raises(InputError) as error:
            open_reports(alone)
        assert str(error.value).startswith(f"{alone} {message}")

    def test_identifier_without_uid_is_the_file_name(self, tmp_path: Path) -> None:
        (tmp_path / "77.xml").write_bytes(openi_xml(None, {None: "Clear."}))
        [report] = read(tmp_path)
        assert (report.id, report.text) == ("77", "Clear.")
        assert report.spans == (("body", 0, 6),)

    def test_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "1.xml").write_bytes(openi_xml(sections={"FINDINGS": "", "IMPRESSION": " "}))
        [report] = read(tmp_path)
        assert (report.text, report.spans, report.error) == ("", (), None)

    def test_entities_are_neither_loaded_nor_expanded(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("SECRET")
        path = tmp_path / "1.xml"
        path.write_bytes(
            openi_xml(
                sections={"FINDINGS": "a &x; &y; b"},
                prolog=f'<!DOCTYPE e [<!ENTITY x SYSTEM "{secret.as_uri()}">'
                '<!ENTITY y "EXPANDED">]>',
            )
        )
        with pytest.raises(InputError, match="has an entity at line 1, and entities") as error:
            read(path)
        assert "SECRET" not in str(error.value)

    def test_a_report_with_an_unresolved_entity_is_unreadable(self, tmp_path: Path) -> None:
        # Read without the entity, it would state an effusion.
        hidden = openi_xml(
            sections={"FINDINGS": "&no; effusion"}, prolog='<!DOCTYPE e [<!ENTITY no "No">]>'
        )
        (tmp_path / "1.xml").write_bytes(hidden)
        (tmp_path / "2.xml").write_bytes(openi_xml(sections={"FINDINGS": "&lt; 1 cm &#233;"}))
        bad, good = read(tmp_path)
        assert (bad.text, good.error) == ("", None)
        assert bad.error is not None
        assert bad.error.startswith("1.xml has an entity at line 1")
        assert good.text == "FINDINGS: < 1 cm \u00e9"

    def test_entity_bomb_is_harmless(self, tmp_path: Path) -> None:
        entities = '<!ENTITY e0 "aaaaaaaaaa">' + "".join(
            f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)
        )
        bomb = openi_xml(sections={"&e11;": "a &e11;"}, prolog=f"<!DOCTYPE e [{entities}]>")
        (tmp_path / "1.xml").write_bytes(openi_xml())
        (tmp_path / "2.xml").write_bytes(bomb)
        good, bad = read(tmp_path)
        assert good.error is None
        assert bad.error is not None
        assert "broken XML" in bad.error

    @pytest.mark.skipif(
        not OPENI_ARCHIVE.exists(), reason="the Open-i reports are not in ../shared"
    )
    def test_real_archive(self) -> None:
        with open_reports(OPENI_ARCHIVE) as source:
            assert (source.format, source.id_columns) == ("openi", ("id",))
            reports = list(source)
        assert len(reports) == 3184
        assert len({report.id for report in reports}) == 3184
        assert not any(report.error for report in reports)
        names = {"comparison", "indication", "findings", "impression"}
        for report in reports:
            assert report.spans is not None
            assert {span.name for span in report.spans} <= names
            for span in report.spans:
                assert report.text[: span.start].endswith(f"{span.name.upper()}: ")
                assert report.text[span.end :][:2] in ("", "\n\n")
        assert sum(len(report.metadata["mesh_major"]) for report in reports) == 6676


class TestPassedOver:
    """No file that could have been read is passed over without a word."""

    @pytest.mark.parametrize("container", ["folder", "zip"])
    def test_tables_beside_reports_are_named(self, pack: Pack) -> None:
        tables = {"a.csv": b"id,report\n", "b/c.jsonl.gz": b"x", ".d.csv": b"x"}
        with open_reports(pack({**tables, **MIMIC, "LICENSE.txt": b"x"})) as source:
            assert source.note.endswith(
                " is read as mimic; 3 other files are passed over: LICENSE.txt, a.csv, b/c.jsonl.gz"
            )

    def test_nothing_is_said_where_all_is_read(self, pack: Pack) -> None:
        with open_reports(pack(MIMIC)) as source:
            assert source.note == ""

    @pytest.mark.parametrize("container", ["folder", "zip"])
    def test_tables_with_a_text_or_two_are_not_taken_for_texts(self, pack: Pack) -> None:
        files = {"a.csv": b"id,report\n1,Clear.\n", "README.txt": b"Two tables."}
        path = pack(files)
        with pytest.raises(InputError, match=r"has tables \(a.csv\) and texts \(README.txt\)"):
            open_reports(path)
        assert [report.id for report in read(path, format="text")] == ["README.txt"]
        with open_reports(pack({**files, "1.txt": b"Clear."})) as source:
            assert "1 other file is passed over: a.csv" in source.note


class TestLinkedFolders:
    def test_they_are_followed(self, tmp_path: Path) -> None:
        write_tree(tmp_path / "real", {"p10/1.txt": b"Clear."})
        write_tree(tmp_path / "other", {"2.txt": b"Edema."})
        (tmp_path / "real/p11").symlink_to("../other")
        assert [report.id for report in read(tmp_path / "real")] == ["p10/1.txt", "p11/2.txt"]

    def test_no_report_is_read_twice(self, tmp_path: Path) -> None:
        write_tree(tmp_path / "in", {"p10/1.txt": b"Clear.", ".store/2.txt": b"Edema."})
        for name, target in {"again": "p10", "p10/up": "..", "p11": ".store", "z": "p11"}.items():
            (tmp_path / "in" / name).symlink_to(target)
        (tmp_path / "in/gone").symlink_to("nowhere")
        assert [report.id for report in read(tmp_path / "in")] == ["p10/1.txt", "p11/2.txt"]


class TestLimits:
    """What is too long, twice there or cut short is unreadable and named; memory stays bounded."""

    @pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tgz"])
    def test_a_file_that_is_too_long(self, tmp_path: Path, kind: str) -> None:
        path = packed(
            tmp_path, kind, {"a.txt": b"Clear.", "b.txt": b"x" * 2000, "c.txt": b"Edema."}
        )
        first, bad, last = read(path, max_size=1 << 10)
        assert (first.text, bad.text, last.text) == ("Clear.", "", "Edema.")
        assert bad.error == (
            "b.txt cannot be read: it is longer than 1 KB; allow more with --max-size"
        )
        assert [report.error for report in read(path)] == [None] * 3

    def test_a_text_file_alone(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes(gzip.compress(b"edema " * (1 << 16)))
        with pytest.raises(InputError, match="longer than 64 KB; allow more with --max-size"):
            read(tmp_path / "a.txt", max_size=1 << 16)

    @pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.jsonl.gz"])
    def test_a_packed_line_without_end(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        start = b"id,report\n1,ab" if "csv" in name else b'{"id": 1, "report": "ab'
        with gzip.open(path, "wb", 1) as file:
            file.write(start + b" a" * 2_000)
            for _ in range(100):
                file.write(b"a" * (1 << 20))
            end = b'"\n2,Clear.\n' if "csv" in name else b'"}\n{"id": 2, "report": "Clear."}\n'
            file.write(end)
        gc.collect()
        tracemalloc.start()
        bad, good = read(path, max_size=4 << 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert bad.error is not None
        assert bad.error.endswith("longer than 8 MB; allow more with --max-size")
        assert (good.id, good.text) == ("2", "Clear.")
        # A line of 100 MB, of which 8 MB may be kept; some copies are, until garbage is collected.
        assert peak < 64 << 20

    @pytest.mark.parametrize("kind", ["zip", "tar"])
    def test_a_name_that_is_there_twice(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / f"reports.{kind}"
        files = [("a.txt", b"Edema."), ("b.txt", b"Clear."), ("a.txt", b"No edema.")]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # zipfile's, of the duplicate
            path.write_bytes(archive_bytes(kind, files))
        reports = read(path)
        assert "Clear." in [report.text for report in reports]
        bad = [report for report in reports if report.error is not None]
        assert [report.id for report in bad] == ["a.txt"]
        assert "keep one" in bad[0].error

    def test_a_tar_archive_cut_between_two_files(self, tmp_path: Path) -> None:
        whole = archive_bytes("tar", [("a.txt", b"Edema."), ("b.txt", b"Clear.")])
        path = tmp_path / "reports.tar"
        path.write_bytes(whole[:1024])
        with pytest.raises(InputError, match="is a damaged or cut short archive"):
            read(path)


def archive_bytes(kind: str, files: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in files:
                archive.writestr(name, data)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz" if kind == "tgz" else "w") as archive:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def packed(tmp_path: Path, kind: str, files: dict[str, bytes]) -> Path:
    if kind == "folder":
        write_tree(tmp_path / "reports", files)
        return tmp_path / "reports"
    path = tmp_path / f"reports.{kind}"
    path.write_bytes(archive_bytes(kind, list(files.items())))
    return path
