"""Name an unexpected exception without its message, which may quote a report."""

from __future__ import annotations

from pathlib import PurePath

from chexlabel.errors import ChexlabelError

__all__ = ["RemoteFault", "fault", "portable"]


class RemoteFault(Exception):  # noqa: N818 - named as `fault` is
    """An unexpected error in another process, as `fault` named it there."""


def portable(error: Exception) -> Exception:
    """Return an error as it may go to another process: without what may quote a report."""
    return error if isinstance(error, ChexlabelError) else RemoteFault(fault(error))


def fault(error: BaseException) -> str:
    """Return an exception's type and the innermost line of our own code it passed, on one line.

    The message is left out: a library's exception often quotes what it worked on, and reports are
    private.

    Returns:
        For example "ValueError at chexlabel/engine/match.py:120".
    """
    if isinstance(error, RemoteFault):
        return str(error)
    import traceback  # for the message alone

    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        parts = PurePath(frame.filename).parts
        for package in ("chexlabel", "chexlabel_neural"):
            if package in parts[:-1]:
                last = len(parts) - 1 - parts[::-1].index(package)
                return f"{kind} at {'/'.join(parts[last:])}:{frame.lineno}"
    if frames:
        return f"{kind} at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}"
    return kind
