"""Text encodings: which one a file has, and what to say where it is another than stated."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from chexlabel._regex import compiled_later
from chexlabel.errors import InputError

if TYPE_CHECKING:
    from chexlabel.readers._streams import ByteStream

__all__ = [
    "HEAD_BYTES",
    "check_encoding",
    "codec_of",
    "decode",
    "decode_head",
    "marked_encoding",
    "no_byte_order",
    "undecodable",
]

HEAD_BYTES = 1 << 16
"""How much of a stream is looked at to recognise its format."""

# The longer marks stand first: the UTF-16 little-endian mark begins the UTF-32 one.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
# Encodings of Latin alphabets look alike; of them cp1252 is what Windows and Excel write. Others
# are looked for where more bytes than this share, and not just a few, are not ASCII.
_OTHER_SCRIPT = 0.25
_A_FEW = 8
_OTHER_SCRIPTS = (
    "cp1251", "koi8_r", "cp1253", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr",
)  # fmt: skip
_SAMPLE_BYTES = 1 << 13
_CONTROL = compiled_later(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_NOT_CONTROL = bytes(byte for byte in range(256) if not _CONTROL.match(chr(byte)) or byte > 0x7F)
# Text may hold a stray NUL. In images and programs one byte in ten is a control and one in eight
# another of Latin-1; where the bytes are no UTF-8 either, half as many tell enough.
_BINARY_SHARE = 0.2
_BINARY_SHARE_UNDECODED = 0.05


def check_encoding(encoding: str) -> None:
    """Check that Python knows a text encoding.

    Raises:
        InputError: when it does not.
    """
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        raise InputError(
            f"unknown encoding {encoding!r}; use a name such as utf-8, latin-1, cp1252 or utf-16"
        ) from None


def marked_encoding(data: bytes, encoding: str) -> str:
    """Return the encoding that a byte order mark tells, else the one stated or by default."""
    return next((marked for mark, marked in _BYTE_ORDER_MARKS if data.startswith(mark)), encoding)


def decode_head(stream: ByteStream, encoding: str) -> str:
    """Decode the head of a stream that should be text.

    Raises:
        InputError: when the stream is empty, binary, or in another encoding.
    """
    complete = len(stream.head) < HEAD_BYTES
    text = decode(stream.head, encoding, stream.name, complete=complete)
    if complete and not text.strip():
        raise InputError(f"{stream.name} is empty; give a file that holds reports")
    return text


def decode(data: bytes, encoding: str, name: str, *, complete: bool = True) -> str:
    """Decode a file's bytes without the byte order mark; line ends stay as they are.

    Args:
        data: the bytes of the file, or its first ones.
        encoding: their encoding.
        name: what messages call the file.
        complete: whether the bytes end with the file; otherwise a cut last character is left out.

    Raises:
        InputError: when the bytes are not text, or text in another encoding.
    """
    encoding = marked_encoding(data, encoding)
    codec = codec_of(encoding)
    try:
        if complete:
            text = data.decode(codec)
        else:
            text = codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError as error:
        wide = codec.startswith(("utf-16", "utf-32"))  # half of whose bytes are controls
        if not wide and _controls(data) > _BINARY_SHARE_UNDECODED * min(len(data), HEAD_BYTES):
            raise InputError(_binary(name)) from None
        # UTF-8's decoder counts from behind the byte order mark; from the end it counts right.
        offset = len(data) - len(error.object) + error.start
        raise InputError(undecodable(name, encoding, offset, error)) from None
    except UnicodeError:
        raise InputError(no_byte_order(name, encoding)) from None
    if codec == "utf-8-sig":
        head_length = min(len(data), HEAD_BYTES)
        controls = _controls(data)
    else:
        head_length = min(len(text), HEAD_BYTES)
        controls = len(_CONTROL.findall(text, 0, HEAD_BYTES))
    if controls > _BINARY_SHARE * head_length:
        raise InputError(_binary_or_utf16(data, name))
    return text


def codec_of(encoding: str) -> str:
    """Return the codec for an encoding; UTF-8 is read with or without its byte order mark."""
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


def undecodable(name: str, encoding: str, offset: int, error: UnicodeDecodeError) -> str:
    if codec_of(encoding).startswith(("utf-16", "utf-32")):
        return f"{name} is not {encoding} at byte {offset}; state another --encoding, or mend it"
    likely = _likely_encoding(error.object, error.start)
    return (
        f"{name} is not {encoding} at byte {offset}; it may be {likely}: state --encoding {likely}"
    )


def no_byte_order(name: str, encoding: str) -> str:
    return (
        f"{name} is not {encoding} at byte 0: it has no byte order mark; "
        f"state --encoding {encoding}-le, or another"
    )


def _likely_encoding(data: bytes, at: int) -> str:
    """Guess the encoding of bytes that are not the one stated, around the place that shows it."""
    sample = bytes(data[max(0, at - _SAMPLE_BYTES) : at + _SAMPLE_BYTES])
    if sum(byte > 0x7F for byte in sample) > max(_OTHER_SCRIPT * len(sample), _A_FEW):
        from charset_normalizer import from_bytes

        best = from_bytes(sample, cp_isolation=list(_OTHER_SCRIPTS)).best()
        if best is not None:
            return str(best.encoding)
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _controls(data: bytes) -> int:
    """Count the control bytes in the head of a file."""
    return len(data[:HEAD_BYTES].translate(None, _NOT_CONTROL))


def _binary_or_utf16(data: bytes, name: str) -> str:
    """Say what a file full of control bytes is: Latin text in UTF-16 has a NUL in each pair."""
    head = data[:HEAD_BYTES]
    nul_first, nul_second = head[::2].count(0), head[1::2].count(0)
    for more, less, encoding in (
        (nul_second, nul_first, "utf-16-le"),
        (nul_first, nul_second, "utf-16-be"),
    ):
        if more * 4 > len(head) and less * 20 < len(head):
            return f"{name} looks like {encoding}; state --encoding {encoding}"
    return _binary(name)


def _binary(name: str) -> str:
    return f"{name} is a binary file, not text; give a file that holds reports"
