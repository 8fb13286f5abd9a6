"""Screenshots get small without looking different."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from metered.portal.png import SIGNATURE, smaller


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _rgb(pixels: np.ndarray, kind: int = 2) -> bytes:
    """A picture as browsers write it: lines as differences to the line above (kind 2)."""
    height, width, _three = pixels.shape
    flat = pixels.reshape(height, -1).astype(np.int16)
    lines = np.diff(flat, axis=0, prepend=np.zeros((1, flat.shape[1]), np.int16)) if kind == 2 else flat
    data = np.insert((lines % 256).astype(np.uint8), 0, kind, axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(data, 1)) + _chunk(b"IEND", b"")
    )


def _read(png: bytes) -> np.ndarray:
    """The pixels of a picture with a palette."""
    parts: dict[bytes, bytes] = {}
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        content = png[place + 8 : place + 8 + length]
        assert (
            zlib.crc32(png[place + 4 : place + 8] + content)
            == struct.unpack_from(">I", png, place + 8 + length)[0]
        )
        parts[png[place + 4 : place + 8]] = content
        place += 12 + length
    width, height = struct.unpack_from(">II", parts[b"IHDR"])
    indices = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)[:, 1:]
    return np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)[indices]


def test_a_picture_of_few_colours_stays_exactly_the_same() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (200, 3), dtype=np.uint8)
    pixels = colours[np.random.default_rng(2).integers(0, 200, (60, 40))]
    assert (_read(smaller(_rgb(pixels))) == pixels).all()


def test_rare_colours_become_the_nearest_frequent_one() -> None:
    grey = (np.arange(32 * 32) % 256).astype(np.uint8).reshape(32, 32)
    pixels = np.stack([grey, grey, grey], axis=2)
    pixels[0, :, 2] ^= 3  # 32 colours that stand there once each
    back = _read(smaller(_rgb(pixels))).astype(int)
    assert (back[1:] == pixels[1:]).all()
    assert 0 < abs(back[0] - pixels[0].astype(int)).max() <= 3


def test_a_small_logo_keeps_its_colour() -> None:
    rng = np.random.default_rng(3)
    # Thousands of greys that differ a little, and nine magenta pixels.
    pixels = rng.integers(90, 130, (100, 100, 3), dtype=np.uint8)
    pixels[50:53, 50:53] = (199, 21, 133)
    back = _read(smaller(_rgb(pixels)))
    assert (back[50:53, 50:53] == (199, 21, 133)).all()


def test_a_picture_of_another_kind_is_left_alone() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    odd = _rgb(pixels, kind=0)
    assert smaller(odd) == odd
