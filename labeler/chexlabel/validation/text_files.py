"""Text files of labels and evidence, opened: gzip unpacked, UTF-16 known, errors in one line."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chexlabel.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

__all__ = ["open_text"]


@contextmanager
def open_text(path: Path, name: str) -> Iterator[TextIO]:
    """Open a file in UTF-8, or in what its byte order mark tells, with line ends as they are.

    Args:
        path: the file, gzip if it ends in ".gz".
        name: what messages call it.

    Raises:
        ValidationError: it is missing, damaged or in another encoding; also while it is read.
    """
    from chexlabel.readers import marked_encoding

    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rb") as head:
            encoding = marked_encoding(head.read(4), "utf-8")
        if encoding == "utf-8":
            encoding = "utf-8-sig"
        with opener(path, "rt", encoding=encoding, newline="") as stream:
            yield stream
    except FileNotFoundError:
        raise ValidationError(f"{path}: no such file; check the path") from None
    except UnicodeError as error:
        place = f"byte {error.start} is" if isinstance(error, UnicodeDecodeError) else "it is"
        raise ValidationError(f"{name}: {place} not UTF-8; save it as UTF-8") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ValidationError(
            f"{name}: no gzip file, or cut short; fetch or make it again"
        ) from None
    except OSError as error:
        raise ValidationError(f"{path}: cannot be read ({error.strerror or error})") from None
