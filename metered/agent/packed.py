"""Brother's packed octet strings: records of code, 01, 04 and a big-endian number, ended by FF."""

RECORD = 7


def numbers(raw: bytes) -> dict[int, int]:
    """Code → number; {} when the string is not of this form as a whole, for half of it would be guesswork."""
    read: dict[int, int] = {}
    for at in range(0, len(raw), RECORD):
        if raw[at] == 0xFF:
            return read
        record = raw[at : at + RECORD]
        if len(record) < RECORD or record[1:3] != b"\x01\x04":
            return {}
        read[record[0]] = int.from_bytes(record[3:], "big")
    return {}
