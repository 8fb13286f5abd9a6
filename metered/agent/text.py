"""Octet strings of printers as text that a person can read.

Printers send UTF-8, Latin-1, Roman-8 and worse, end strings with NUL as C does, and HP's put the two bytes of
a symbol set in front: 01 15 (Roman-8) or FD E8 (UTF-8).
"""

import unicodedata

LONGEST = 255  # Printer-MIB's own limit; what is longer is not a name
SYMBOLS_UTF8 = b"\xfd\xe8"  # can't begin a text in UTF-8, nor one that makes sense in another encoding

# IANA character sets (MIBenum) as prtLocalizationCharacterSet gives them
CHARSETS = {
    3: "ascii",
    4: "latin-1",
    17: "shift_jis",
    18: "euc_jp",
    38: "euc_kr",
    106: "utf-8",
    109: "iso8859-13",
    111: "iso8859-15",
    113: "gbk",
    2004: "hp-roman8",
    2009: "cp850",
    2011: "cp437",
    2025: "gb2312",
    2026: "big5",
    2250: "cp1250",
    2251: "cp1251",
    2252: "cp1252",
}


def clean(raw: bytes, charset: int | None = None) -> str:
    """The text in `raw` without padding and control characters, at most 255 characters; "" if none.

    `charset` is the MIBenum that the printer declares; valid UTF-8 wins over it, as many declare wrongly.
    """
    # a leading symbol set goes first, so that its NUL does not end the string
    raw = raw.removeprefix(SYMBOLS_UTF8)
    start = 0
    while start < len(raw) and raw[start] < 0x20:
        start += 1
    body = raw[start:].split(b"\x00", 1)[0].rstrip(b"\xff")
    decoded = unicodedata.normalize("NFC", _decode(body, charset))
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in decoded)
    return " ".join(plain.split())[:LONGEST].rstrip()


def _decode(body: bytes, charset: int | None) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # cut by the agent's own length limit in the middle of a character
        if error.reason == "unexpected end of data" and error.start > 0:
            return body[: error.start].decode("utf-8")
    for encoding in (CHARSETS.get(charset or 0), "cp1252"):
        if encoding:
            try:
                return body.decode(encoding)
            except UnicodeDecodeError:
                continue
    return body.decode("latin-1")
