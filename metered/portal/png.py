"""Makes screenshots small: pages have few colours, so 256 of them and a palette are enough. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256


def smaller(png: bytes) -> bytes:
    """The same picture with a palette; the picture itself when it is not what a browser writes in haste.

    That is eight-bit RGB without interlace, every line stored as such or as the difference to the one above.
    """
    header, data = b"", b""
    for kind, content in _chunks(png):
        if kind == b"IHDR":
            header = content
        elif kind == b"IDAT":
            data += content
    width, height, depth, colour, _method, _filter, interlace = struct.unpack(">IIBBBBB", header)
    if (depth, colour, interlace) != (8, 2, 0):
        return png
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 3 * width)
    kinds = lines[:, 0]
    if not np.isin(kinds[1:], (2,)).all() or kinds[0] not in (0, 2):
        return png
    # Each line is the difference to the one above: their running sum, modulo 256.
    pixels = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8).reshape(height * width, 3)
    palette, indices = _palette(pixels)
    rows = np.zeros((height, 1 + width), np.uint8)
    rows[:, 1:] = indices.reshape(height, width)
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """At most 256 colours, and for each pixel the nearest of them.

    First the most frequent one of each region of the colour space, so that a small logo keeps its own, then
    the most frequent ones of all.
    """
    wide = pixels.astype(np.uint32)
    packed = (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]
    found, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    every = np.stack([found >> 16, (found >> 8) & 255, found & 255], axis=1).astype(np.int32)
    frequent = np.argsort(-counts, kind="stable")
    region = (every[frequent] >> 4) @ np.array([256, 16, 1])
    first = np.sort(np.unique(region, return_index=True)[1])
    rest = np.delete(np.arange(len(every)), first)
    chosen = every[frequent[np.concatenate([first, rest])[:COLOURS]]]
    nearest = np.concatenate(
        [
            ((part[:, None, :] - chosen[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(every, 1 + len(every) // 4096)
        ]
    )
    return chosen.astype(np.uint8), nearest.astype(np.uint8)[inverse.reshape(-1)]


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
