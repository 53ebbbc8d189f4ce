"""The body of a request as it arrives, of a known length or chunked. Whatever is wrong with it is a ``ValueError``."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

PIECE = 65536
_TRAILERS = 100


def read_length(lengths: list[str]) -> int:
    """The one length that all ``Content-Length`` headers give. Raises ``ValueError``."""
    values = {value.strip() for value in lengths}
    if len(values) != 1:
        raise ValueError("several lengths")
    value = values.pop()
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise ValueError("not a length")
    return int(value)


def pieces(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    """A body of a known length, piece by piece. Raises ``ValueError`` if it is cut short."""
    while length:
        piece = stream.read(min(length, PIECE))
        if not piece:
            raise ValueError("the client left before its body was here")
        length -= len(piece)
        yield piece


def chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    """A chunked body, piece by piece; extensions and trailers are passed over. Raises ``ValueError``."""
    while size := _chunk_size(_line(stream)):
        yield from pieces(stream, size)
        if _line(stream):
            raise ValueError("a chunk longer than its size")
    for _ in range(_TRAILERS):
        if not _line(stream):
            return
    raise ValueError("too many trailers")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits.isalnum() or len(digits) > 16:  # int() would take signs, underscores and 0x as well
        raise ValueError("not a size")
    return int(b"0" + digits, 16)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(PIECE)
    if not line.endswith(b"\n"):
        raise ValueError("a line without an end")
    return line.rstrip(b"\r\n")
