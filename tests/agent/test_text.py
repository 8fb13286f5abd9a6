from __future__ import annotations

import pytest

from metered.agent.text import clean


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        (b"Black Toner", None, "Black Toner"),
        (b"Black Toner\x00", None, "Black Toner"),
        (b"Black Toner\x00old rest of the buffer", None, "Black Toner"),
        (b"  CNB1234567 \x00\x00\x00", None, "CNB1234567"),
        (b"VXB04\xff\xff\xff", None, "VXB04"),
        (b"\x01\x15HP LaserJet", None, "HP LaserJet"),
        (b"\x00\x0eHP LaserJet", None, "HP LaserJet"),
        (b"\xfd\xe8CKP1CN1829AR\x00", None, "CKP1CN1829AR"),
        (b"\xfd\xe8" + "Unité de fusion".encode(), 2004, "Unité de fusion"),
        (b"Fuser\r\n\tKit", None, "Fuser Kit"),
        ("Tóner magenta".encode(), None, "Tóner magenta"),
        ("Tóner magenta".encode(), 4, "Tóner magenta"),
        ("Tóner magenta".encode("latin-1"), 106, "Tóner magenta"),
        ("Unité de fusion – à".encode("cp1252"), None, "Unité de fusion – à"),
        ("récupérée".encode("hp-roman8"), 2004, "récupérée"),
        ("シアントナー".encode("shift_jis"), 17, "シアントナー"),
        ("très pressé".encode()[:-1], 106, "très press"),
        ("Gru\u0308n".encode(), None, "Grün"),
        (b"\x81\x8d\xffa", None, "ÿa"),
        (b"x" * 400, None, "x" * 255),
        (b"\x00\x00", None, ""),
        (b"", None, ""),
    ],
)
def test_octets_become_what_a_person_reads(raw: bytes, charset: int | None, text: str) -> None:
    assert clean(raw, charset) == text


def test_a_charset_that_is_not_known_falls_back() -> None:
    assert clean("Tóner".encode("latin-1"), 9999) == "Tóner"
