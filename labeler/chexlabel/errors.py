"""One exception tree. Every message is one line: what is wrong, where, and how to mend it.

No message may quote report text: reports are private.
"""

__all__ = [
    "ChexlabelError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "PatternError",
    "RefinerError",
    "ValidationError",
    "one_line",
]


class ChexlabelError(Exception):
    """Base of all errors that a user of the library or the command can mend."""


class InputError(ChexlabelError):
    """The reports cannot be read: missing file, unknown column, wrong encoding, broken XML."""


class MissingExtraError(ChexlabelError, ImportError):
    """A package that only some features need is not installed; the message names the extra."""


class OutputError(ChexlabelError):
    """The labels cannot be written: the file exists, or its folder is missing or not writable."""


class PatternError(ChexlabelError):
    """A pattern set has an error; the message names the file and the line."""


class RefinerError(ChexlabelError):
    """The refiner cannot be used: no runtime or device, or a model folder that does not fit."""


class ValidationError(ChexlabelError):
    """Labels and gold labels cannot be compared: ids that do not match, unknown label values."""


def one_line(text: str) -> str:
    """Make a text safe for one line of a terminal: control characters are escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
