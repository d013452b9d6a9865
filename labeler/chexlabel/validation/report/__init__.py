"""The report: the same content as HTML, Markdown and JSON."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from chexlabel._extras import optional_imports
from chexlabel.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chexlabel.validation.harness import Validation
    from chexlabel.validation.results import ScoreResult, StatsResult, ValidationResult

__all__ = ["FORMATS", "render", "report_format", "write_report", "write_texts"]

FORMATS: Final = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}
"""File name ending -> format."""

_SCORE_TITLE: Final = "Clinical efficacy of generated reports"


def report_format(path: str | os.PathLike[str]) -> str:
    """Tell the format of a report by its file name.

    Raises:
        OutputError: the ending is none of `FORMATS`.
    """
    name = PurePath(path).name
    try:
        return FORMATS[PurePath(name).suffix.lower()]
    except KeyError:
        raise OutputError(f"{name}: unknown kind of report; use .html, .md or .json") from None


@optional_imports()
def render(
    result: ValidationResult | StatsResult | ScoreResult, report_format: str, title: str = ""
) -> str:
    """Render a result in one of the formats "html", "markdown" and "json".

    Args:
        result: what `validate`, `describe` or `score` found.
        report_format: the format.
        title: title of a score report; the others bring their own.
    """
    from chexlabel.validation.results import ScoreResult, StatsResult

    if report_format == "json":
        return result.to_json()
    if report_format == "html":
        from chexlabel.validation.report import html as module
    else:
        from chexlabel.validation.report import markdown as module  # type: ignore[no-redef]
    if isinstance(result, ScoreResult):
        return module.render_score(result, title or _SCORE_TITLE)
    if isinstance(result, StatsResult):
        return module.render_stats(result)
    return module.render_validation(result)


def write_report(
    validation: Validation,
    *paths: str | os.PathLike[str],
    force: bool = False,
) -> Sequence[str]:
    """Write a validation to one or more files, the format by each file's ending.

    When the result does not show all disagreements, a CSV with all of them (ids and labels, no
    text) is written beside the first file, named after it: `report.html` gets
    `report.disagreements.csv`.

    Args:
        validation: what `validate` found.
        paths: the files.
        force: replace files that exist.

    Returns:
        The files written, in order.

    Raises:
        OutputError: an ending is unknown, or a file exists or cannot be written. All endings are
            looked at before anything is written.
    """
    from chexlabel.validation.disagreements import to_csv

    formats = [report_format(path) for path in paths]
    result = validation.result
    texts: dict[str, str] = {}
    if paths and len(result.disagreements.shown) < result.disagreements.total:
        first = PurePath(paths[0])
        beside = first.with_name(first.stem + ".disagreements.csv")
        names = [labeler.name for labeler in result.labelers]
        texts[str(beside)] = "".join(to_csv(validation.disagreements, names))
        listed = result.disagreements.model_copy(update={"full_list": beside.name})
        result = result.model_copy(update={"disagreements": listed})
    for path, chosen in zip(paths, formats, strict=True):
        texts[os.fspath(path)] = render(result, chosen)
    write_texts(texts, force=force)
    return list(texts)


def write_texts(texts: Mapping[str, str], *, force: bool = False) -> None:
    """Write several files (path -> text, UTF-8): all of them, or none.

    Raises:
        OutputError: a file exists and `force` is not set, or cannot be written, or two paths are
            of one file.
    """
    from chexlabel.writers import AtomicOutput, output_errors

    places: dict[str, str] = {}
    for path in texts:
        same = places.setdefault(os.path.realpath(path), path)
        if same != path:
            raise OutputError(f"{path} and {same} are one file; name each report once")
    with ExitStack() as stack:
        outputs = [
            (stack.enter_context(AtomicOutput(path, force=force)), text)
            for path, text in texts.items()
        ]
        for output, text in outputs:
            with output_errors(output.name):
                # A lone surrogate, which some readers let through, has no UTF-8.
                output.stream.write(text.encode("utf-8", errors="backslashreplace"))
            output.finish()
        for output, _ in outputs:
            output.commit()
