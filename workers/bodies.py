"""Read the body of a reply and inflate it within bounds, so that no bomb ever takes more memory than its cap.

Only gzip and deflate are asked for: with a brotli body of a few bytes, a decoder hands over hundreds of megabytes at
once (ANCHORS section 2).
"""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Iterator

ENCODINGS = "gzip, deflate"
MOST_MEMBERS = 1000  # a gzip body may be several joined ones; real ones have one, hostile ones a million empty ones
STEP_BYTES = 262_144  # inflated at a time (a millisecond); 64 kB of a bomb hold 64 MB, and others wait for the loop
RAW_SLACK_BYTES = 65_536  # headers of an encoding can make a small body a little larger, not more than this
_GZIP_MAGIC = b"\x1f\x8b"
_REFUSED = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


class BodyError(Exception):
    """A body that cannot be taken. `permanent` is True when trying again is useless."""

    def __init__(self, why: str, *, permanent: bool) -> None:
        super().__init__(why)
        self.why = why
        self.permanent = permanent


async def read_body(chunks: AsyncIterator[bytes], encoding: str, max_bytes: int, *, cut: bool) -> tuple[bytes, bool]:
    """The inflated body of at most `max_bytes` bytes, and whether it was cut there.

    `encoding` is the header Content-Encoding, empty when there is none; what no registry knows is taken for none, as
    some servers put the charset there. With `cut`, what fits of a larger body is kept. Raises BodyError.
    """
    inflate = _inflater(encoding.strip().lower())
    body, raw = io.BytesIO(), 0  # its value is handed over without a copy, which would be as large again
    async for chunk in chunks:
        raw += len(chunk)
        for piece in inflate(chunk):
            body.write(piece)
            if body.tell() > max_bytes:
                break
            if len(piece) == STEP_BYTES:
                await asyncio.sleep(0)
        if body.tell() > max_bytes or raw > max_bytes + RAW_SLACK_BYTES:
            if not cut:
                raise BodyError(f"the body is larger than {max_bytes} bytes", permanent=True)
            body.truncate(max_bytes)
            return body.getvalue(), True
    if raw and not inflate.complete and not cut:
        raise BodyError("the compressed body breaks off", permanent=False)
    return body.getvalue(), False


class _Plain:
    """Takes bytes as they are."""

    complete = True

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


class _Inflater:
    """Inflates gzip or deflate step by step, no further than is asked; what follows a body's end is not kept."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._head = b""
        self._inflater = None if encoding == "deflate" else zlib.decompressobj(31)
        self._members = 1
        self.complete = False

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        data, self._head = self._head + chunk, b""
        piece = b""
        while data or len(piece) == STEP_BYTES:  # a full piece: the decoder may have more without further bytes
            inflater = self._inflater_for(data) if data else self._inflater
            if inflater is None:
                return
            try:
                piece = inflater.decompress(data, STEP_BYTES)
            except zlib.error as error:
                raise BodyError(f"the body is not {self._encoding}: {error}"[:200], permanent=False) from error
            self.complete = inflater.eof
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            yield piece

    def _inflater_for(self, data: bytes) -> zlib._Decompress | None:
        """The decoder that takes `data`, None when it must wait for a byte more or is what no decoder takes."""
        if self._inflater is None or self.complete:
            if len(data) < len(_GZIP_MAGIC):
                self._head = data
                return None
            if self._inflater is None:
                self._inflater = _deflater(data)
            elif self._encoding == "deflate" or not data.startswith(_GZIP_MAGIC):
                return None
            else:
                self._members += 1
                self._inflater = zlib.decompressobj(31)
                self.complete = False
        if self._members > MOST_MEMBERS:
            raise BodyError(f"the body is made of more than {MOST_MEMBERS} gzip members", permanent=True)
        return self._inflater


def _deflater(data: bytes) -> zlib._Decompress:
    """A decoder with or without the zlib header: RFC 9110 section 8.4.1.2 asks for it, some servers leave it out."""
    has_header = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
    return zlib.decompressobj(15 if has_header else -15)


def _inflater(encoding: str) -> _Plain | _Inflater:
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Inflater(encoding.removeprefix("x-"))
    if encoding in _REFUSED or "," in encoding:
        raise BodyError(f"the content encoding {encoding[:40]!r} was not asked for", permanent=False)
    return _Plain()
