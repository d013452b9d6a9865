"""Label a column of a DataFrame, of whichever library it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chexlabel._extras import optional_imports
from chexlabel.errors import InputError

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler

__all__ = ["label_frame"]


def label_frame(labeler: Labeler, frame: Any, text: str) -> Any:
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
            "label_frame takes a DataFrame or Series of pandas, polars or pyarrow, "
            f"not {type(frame).__name__}{hint}"
        ) from None
    if isinstance(data, nw.Series):
        texts = data
    elif text in data.columns:
        texts = data[text]
    else:
        known = ", ".join(str(column) for column in data.columns)
        raise InputError(f"column {text!r}: not in the frame; its columns are: {known}")
    # What is no text is missing: None, NaN, pandas' NA.
    rows = labeler.label_batch(value if isinstance(value, str) else "" for value in texts)
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
