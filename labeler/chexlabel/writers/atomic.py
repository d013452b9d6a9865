"""Output files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chexlabel.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["AtomicOutput", "output_errors", "write_atomic"]


class AtomicOutput:
    """A file under construction: written beside its destination, renamed onto it when complete.

    The bytes go to a temporary file in the destination's own folder. `commit` makes it durable and
    renames it; leaving the context without a commit, for whatever reason, removes it and leaves
    what stood at the destination untouched. Standard output ("-") and what is no regular file (a
    pipe, a device) are written directly.

    Args:
        path: where the file shall stand; "-" is standard output.
        force: whether an existing file may be replaced.

    Raises:
        OutputError: the file exists and `force` is not set, or cannot be written there.

    Attributes:
        name: the destination as the user gave it, for messages.
        stream: the open binary stream.
    """

    def __init__(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        self.name = os.fspath(path)
        self._force = force
        self._target: Path | None = None
        self._temporary: Path | None = None
        self.stream: BinaryIO
        if self.name == "-":
            self.stream = sys.stdout.buffer
            return
        # The target of a symbolic link is replaced, never the link.
        target = Path(os.path.realpath(self.name))
        mode = _mode(self.name, target)
        if mode is not None and stat.S_ISDIR(mode):
            raise OutputError(f"cannot write {self.name}: it is a folder; name a file in it")
        if mode is not None and not stat.S_ISREG(mode):
            with output_errors(self.name):
                self.stream = target.open("wb")
            return
        if mode is not None and not force:
            raise OutputError(f"{self.name} exists already; choose another name or add --force")
        if not target.parent.is_dir():
            raise OutputError(
                f"cannot write {self.name}: there is no folder {target.parent}; make it first"
            )
        self._target = target
        self._temporary = target.parent / f".chexlabel-{secrets.token_hex(8)}.tmp"
        try:
            with output_errors(self.name):
                # Not tempfile: its files are private to the user, these get the usual permissions.
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY
                self.stream = os.fdopen(os.open(self._temporary, flags, 0o666), "wb")
                if mode is not None:
                    self._temporary.chmod(stat.S_IMODE(mode))
        except BaseException:
            self._temporary.unlink(missing_ok=True)
            raise

    def finish(self) -> None:
        """Write out and close, so that only the renaming remains.

        With several outputs, finish all before committing the first: a full disk shows here.

        Raises:
            OutputError: the bytes could not be written.
        """
        with output_errors(self.name):
            self.stream.flush()
            if self._temporary is not None and not self.stream.closed:
                os.fsync(self.stream.fileno())
            if self.name != "-":
                self.stream.close()

    def commit(self) -> None:
        """Finish, if that is not done, and put the file in its place.

        Raises:
            OutputError: the bytes could not be written, or a file of this name has appeared since.
        """
        if not self.stream.closed:
            self.finish()
        if self._temporary is None or self._target is None:
            return
        if not self._force and os.path.lexists(self._target):
            raise OutputError(
                f"{self.name} has appeared during the run; choose another name or add --force"
            )
        with output_errors(self.name):
            self._temporary.replace(self._target)
        self._temporary = None

    def discard(self) -> None:
        """Close and remove the temporary file; does nothing after a commit."""
        if self.name != "-" and not self.stream.closed:
            # A full disk shows again when the buffer is flushed; the file goes away anyhow.
            with contextlib.suppress(OSError):
                self.stream.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def __enter__(self) -> AtomicOutput:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.discard()


def write_atomic(path: str | os.PathLike[str], text: str, *, force: bool = False) -> None:
    """Write a whole text file (UTF-8) atomically; "-" is standard output.

    Raises:
        OutputError: the file exists and `force` is not set, or cannot be written there.
    """
    with AtomicOutput(path, force=force) as output:
        with output_errors(output.name):
            output.stream.write(text.encode("utf-8", errors="backslashreplace"))
        output.commit()


@contextlib.contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Turn the system's errors while writing `name` into `OutputError`.

    A closed pipe passes as it is: that its reader has seen enough is no error of the output.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except PermissionError as error:
        raise OutputError(
            f"cannot write {name}: permission denied; choose a folder that you may write to"
        ) from error
    except OSError as error:
        raise OutputError(f"cannot write {name}: {error.strerror or error}") from error


_O_BINARY: int = getattr(os, "O_BINARY", 0)
"""Windows translates line ends in files opened without it."""


def _mode(name: str, target: Path) -> int | None:
    """Return what stands at the target as `st_mode`, or `None` where nothing stands."""
    try:
        return target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError(f"cannot write {name}: {error.strerror or error}") from error
