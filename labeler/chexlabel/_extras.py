"""Packages that only some commands need: which extra installs them, and what to say without it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chexlabel.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EXTRA_OF", "optional_imports"]

EXTRA_OF = {
    "jinja2": "validate",
    "markupsafe": "validate",
    "narwhals": "validate",
    "numpy": "validate",
    "pandas": "validate",
    "scipy": "validate",
    "sklearn": "validate",
    "negspacy": "spacy",
    "spacy": "spacy",
    "pyarrow": "parquet",
    "openpyxl": "excel",
    "aiohttp": "ray",
    "fsspec": "ray",
    "ray": "ray",
    "pyspark": "spark",
    "onnxruntime": "refine",
    "captum": "neural",
    "onnx": "neural",
    "safetensors": "neural",
    "tokenizers": "neural",
    "torch": "neural",
    "transformers": "neural",
}
"""Import name of a package -> the extra that installs it."""


@contextmanager
def optional_imports() -> Iterator[None]:
    """Say which extra to install where an import within the context fails for want of it.

    Raises:
        MissingExtraError: a package of an extra is not installed.

    >>> try:
    ...     with optional_imports():
    ...         raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow.parquet")
    ... except MissingExtraError as error:
    ...     print(error.name, "|", str(error).partition("; ")[2])
    pyarrow | install it with: python -m pip install 'chexlabel[parquet]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = EXTRA_OF.get(package)
        if extra is None:
            raise
        raise MissingExtraError(
            f"this needs {package}, which is not installed; "
            f"install it with: python -m pip install 'chexlabel[{extra}]'",
            name=package,
        ) from None
