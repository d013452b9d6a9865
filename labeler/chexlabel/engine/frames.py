"""Label a column of a DataFrame, of whichever library it is."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from chexlabel._extras import optional_imports
from chexlabel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from narwhals import Series

    from chexlabel.engine.labeler import Labeler

__all__ = ["label_frame"]


def label_frame(labeler: Labeler, frame: Any, text: Hashable) -> Any:
    """Label the texts in a column of a DataFrame, or a Series of texts.

    See `Labeler.label_frame`.
    """
    with optional_imports():
        import narwhals as nw

    try:
        data = nw.from_native(frame, eager_only=True, allow_series=True)
    except TypeError:
        hint = "; call its collect() first" if hasattr(frame, "collect") else ""
        raise TypeError(
            "label_frame takes a DataFrame or Series of pandas or polars, or a Table of pyarrow, "
            f"not {type(frame).__name__}{hint}"
        ) from None
    except nw.exceptions.DuplicateError:
        names = Counter(getattr(frame, "column_names", None) or frame.columns)
        twice = ", ".join(repr(name) for name, times in names.items() if times > 1)
        raise InputError(
            f"several columns of the frame have one name: {twice}; rename or drop all but one"
        ) from None
    if isinstance(data, nw.Series):
        texts = data
    elif text in data.columns:
        texts = data.get_column(cast("str", text))  # data[text] would be a row where it is a number
    else:
        known = ", ".join(map(repr, data.columns))
        raise InputError(f"column {text!r}: not in the frame; its columns are: {known}")
    where = "the Series" if texts is data else f"column {text!r}"
    rows = labeler.label_batch(_reports(texts, where))
    columns = {
        finding: [None if (label := row[i]) is None else int(label) for row in rows]
        for i, finding in enumerate(labeler.findings)
    }
    if texts.implementation.is_pandas():
        # An index is pandas' own, and so is an integer column with missing values.
        import pandas as pd

        return pd.DataFrame(columns, index=texts.to_native().index, dtype="Int8")
    integers = {finding: nw.Int8() for finding in columns}
    return nw.from_dict(columns, schema=integers, backend=texts.implementation).to_native()


def _reports(texts: Series[Any], where: str) -> Iterator[str]:
    """Yield the texts of a column, empty where a value is missing: None, NaN, pandas' NA and NaT.

    Raises:
        InputError: a value is something else than text; it names its row and type, not the value.
    """
    for row, (value, is_missing) in enumerate(zip(texts, texts.is_null(), strict=True), 1):
        if isinstance(value, str):
            yield value
        elif is_missing or (isinstance(value, float) and math.isnan(value)):
            yield ""
        else:
            raise InputError(
                f"{where}: has {type(value).__name__} in row {row}, not text; "
                "name the column of the reports, or make it text first"
            )
