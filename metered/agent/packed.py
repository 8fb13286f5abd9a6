"""Brother's packed octet strings: records of a code, 01, a length and a big-endian number, ended by FF.

Nearly all lengths are 4; older printers have shorter numbers too.
"""

LENGTHS = range(1, 9)


def numbers(raw: bytes) -> dict[int, int]:
    """Code → number; {} when the string is not of this form as a whole, for half of it would be guesswork.

    A code that stands twice with two numbers is left out.
    """
    read: dict[int, int] = {}
    twice: set[int] = set()
    at = 0
    while at < len(raw):
        code = raw[at]
        if code == 0xFF:
            return {code: number for code, number in read.items() if code not in twice}
        if at + 3 > len(raw) or raw[at + 1] != 1 or raw[at + 2] not in LENGTHS:
            return {}
        end = at + 3 + raw[at + 2]
        if end > len(raw):
            return {}
        number = int.from_bytes(raw[at + 3 : end], "big")
        if read.setdefault(code, number) != number:
            twice.add(code)
        at = end
    return {}
