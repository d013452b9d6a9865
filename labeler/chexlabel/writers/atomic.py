"""Output files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chexlabel.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["AtomicOutput", "check_not_input", "output_errors", "write_atomic"]


class AtomicOutput:
    """A file under construction: written beside its destination, renamed onto it when complete.

    The bytes go to a temporary file in the destination's own folder, which only the user may read.
    `commit` makes it durable, gives it the permissions of an ordinary file and renames it; leaving
    the context without a commit, for whatever reason, removes it and leaves what stood at the
    destination untouched. What a killed run could not remove, the next run with the same
    destination does. Standard output ("-") and what is no regular file (a pipe, a device) are
    written directly.

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
        self._mode = 0
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
        _remove_abandoned(target)
        self._target = target
        with output_errors(self.name):
            self._temporary, descriptor = _create_locked(target)
        self.stream = os.fdopen(descriptor, "wb")
        self._mode = 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode)

    @property
    def is_direct(self) -> bool:
        """Whether what is written is seen at once: no regular file, which could be taken back."""
        return self._temporary is None

    def finish(self) -> None:
        """Write everything out, so that only the renaming remains.

        With several outputs, finish all before committing the first: a full disk shows here.

        Raises:
            OutputError: the bytes could not be written.
        """
        with output_errors(self.name):
            self.stream.flush()
            if self._temporary is not None:
                os.fsync(self.stream.fileno())
            elif self.name != "-":
                self.stream.close()

    def commit(self) -> None:
        """Finish, and put the file in its place.

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
            self._temporary.chmod(self._mode)
            if os.name == "nt":  # which renames no open file; elsewhere its lock holds until then
                self.stream.close()
            self._temporary.replace(self._target)
            self._temporary = None
            self.stream.close()

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


def check_not_input(
    output: str | os.PathLike[str], *sources: str | os.PathLike[str] | None
) -> None:
    """Refuse to write over a file that is read, `force` or not: force replaces outputs.

    Args:
        output: the file to be written; "-" is standard output.
        sources: the files that are read; "-" is standard input, `None` none.

    Raises:
        OutputError: the output is one of the sources.
    """
    name = os.fspath(output)
    for source in sources:
        if source is None or "-" in (name, os.fspath(source)):
            continue
        if os.path.realpath(source) == os.path.realpath(output):
            raise OutputError(f"{name} is the input itself; choose another name for the output")


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


def _create_locked(target: Path) -> tuple[Path, int]:
    """Create a temporary file for `target`; return it and its descriptor, which holds its lock."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY
    while True:
        path = target.parent / f"{_temporary_prefix(target)}{os.urandom(8).hex()}.tmp"
        descriptor = os.open(path, flags, 0o600)
        _lock(descriptor)
        # Between the two calls another run may have taken it for abandoned.
        if path.exists():
            return path, descriptor
        os.close(descriptor)


def _remove_abandoned(target: Path) -> None:
    """Remove the temporary files for `target` that no living process holds the lock of."""
    for path in target.parent.glob(f"{_temporary_prefix(target)}*.tmp"):
        # Not ours to read, or gone meanwhile; Windows removes no file that is open elsewhere.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | _O_BINARY)
            try:
                if _lock(descriptor):
                    path.unlink()
            finally:
                os.close(descriptor)
            if os.name == "nt":
                path.unlink()


def _temporary_prefix(target: Path) -> str:
    """Return how the temporary files for `target` begin: short, whatever its name's length."""
    digest = hashlib.blake2b(os.fsencode(target.name), digest_size=6).hexdigest()
    return f".chexlabel-{digest}-"


def _lock(descriptor: int) -> bool:
    """Take the lock of an open file, which lasts until it is closed; tell whether it was free."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another process, or a file system without locks
        return False
    return True


def _umask() -> int:
    """Return which permissions the user withholds from new files."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


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
