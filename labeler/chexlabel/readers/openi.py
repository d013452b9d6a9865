"""Open-i: the XML reports of the Indiana University collection (doi:10.1093/jamia/ocv080)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from chexlabel.errors import InputError
from chexlabel.readers._files import FileSet, report_source
from chexlabel.readers._sections import BODY, join_sections
from chexlabel.readers._source import ReportSource
from chexlabel.report import Report

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["open_openi"]

_ID = "id"


def open_openi(files: FileSet) -> ReportSource:
    """Open the XML reports among the files.

    The sections are the `AbstractText` elements by their labels. The id is that of the `uId`
    element ("CXR4"), or else the file's name. `Report.metadata` holds the MeSH headings given by
    hand ("mesh_major") and by machine ("mesh_automatic"). Entities are not expanded, and nothing
    outside the file is loaded.

    Raises:
        InputError: when there is no XML file, or the one given cannot be read.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )

    def wanted(path: str) -> bool:
        return files.alone or path.lower().endswith(".xml")

    def parse(path: str, data: bytes) -> Report:
        name = files.name if files.alone else path
        if not data.strip():
            raise InputError(f"{name} is empty; give a file that holds a report")
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            # The parser's message may quote the text; its place does not.
            line, column = error.position
            raise InputError(
                f"{name} is broken XML at line {line}, column {column}; fetch the file again"
            ) from None
        entity = next(root.iter(etree.Entity), None)
        if entity is not None:
            raise InputError(
                f"{name} has an entity at line {entity.sourceline}, and entities are not expanded; "
                "write its text out"
            )
        return _report(root, name, PurePosixPath(path).stem)

    def failed(path: str, reason: str) -> Report:
        stem = PurePosixPath(path).stem
        return Report(stem, "", None, {_ID: stem}, error=reason)

    return report_source(
        files,
        wanted,
        parse,
        failed,
        format="openi",
        id_columns=(_ID,),
        none=".xml file; state another --format or source",
    )


def _report(root: etree._Element, name: str, stem: str) -> Report:
    sections = [(_section_name(element), _text(element)) for element in root.iter("AbstractText")]
    if not sections:
        raise InputError(f"{name} is XML, but no Open-i report: it has no AbstractText element")
    uid = root.find("uId")
    identifier = (uid.get("id") if uid is not None else None) or stem
    text, spans = join_sections(sections)
    metadata = {
        "mesh_major": tuple(map(_text, root.iterfind("MeSH/major"))),
        "mesh_automatic": tuple(map(_text, root.iterfind("MeSH/automatic"))),
    }
    return Report(identifier, text, spans, {_ID: identifier}, metadata)


def _section_name(element: etree._Element) -> str:
    return (element.get("Label") or BODY).strip().lower()


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()
