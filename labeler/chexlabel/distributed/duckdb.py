"""Labeling in DuckDB, as a function of SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chexlabel._extras import optional_imports

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler

__all__ = ["register_duckdb"]


def register_duckdb(
    connection: Any,  # noqa: ANN401 - of DuckDB
    labeler: Labeler | None = None,
    *,
    name: str = "chexlabel",
) -> None:
    """Make labeling a function of SQL: `chexlabel(report)['Pleural Effusion']`.

    It gives a struct with a TINYINT for each finding: 1, 0, -1, or NULL where the report does not
    speak of it, and where it is NULL. DuckDB hands it some thousands of reports at once.

    Args:
        connection: a `duckdb.DuckDBPyConnection`.
        labeler: labels the reports; by default `chexlabel.Labeler()`.
        name: the function's name.
    """
    with optional_imports():
        import pyarrow as pa
    if labeler is None:
        from chexlabel.engine.labeler import Labeler

        labeler = Labeler()
    label, findings = labeler.label_batch, labeler.findings

    def labels(reports: Any) -> Any:  # noqa: ANN401 - an Arrow array
        rows = label([text or "" for text in reports.to_pylist()])
        columns = zip(*rows, strict=True) if rows else ((),) * len(findings)
        arrays = [
            pa.array([None if cell is None else int(cell) for cell in column], pa.int8())
            for column in columns
        ]
        return pa.StructArray.from_arrays(arrays, names=list(findings))

    fields = ", ".join(f"{_quoted(finding)} TINYINT" for finding in findings)
    connection.create_function(
        name,
        labels,
        ["VARCHAR"],
        f"STRUCT({fields})",
        type="arrow",
        null_handling="special",
    )


def _quoted(name: str) -> str:
    """Quote a field's name, which may have quotation marks."""
    return '"' + name.replace('"', '""') + '"'
