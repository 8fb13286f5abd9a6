"""Code 128 (ISO/IEC 15417) of digits: pairs by set C, an odd last digit by set B."""

from __future__ import annotations

QUIET = 10
"""Modules that stay white on either side (ISO/IEC 15417, 4.3.2)."""
TO_B, START_C, STOP = 100, 105, 106
# Widths of bar, space, bar, … of the symbols 0 to 106, in modules (ISO/IEC 15417, table 1).
WIDTHS = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231
113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211
212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131
113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111
314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211
241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141
214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214
211232 2331112
""".split()  # noqa: SIM905 (a table reads better in lines)


def symbols(digits: str) -> list[int]:
    """The values from start to stop, the check among them. Raises ValueError for anything but digits."""
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f"digits only, not {digits!r}")
    values = [START_C, *(int(digits[at : at + 2]) for at in range(0, len(digits) - 1, 2))]
    if len(digits) % 2:
        values += [TO_B, int(digits[-1]) + 16]
    check = values[0] + sum(place * value for place, value in enumerate(values))
    return [*values, check % 103, STOP]


def svg(digits: str) -> tuple[str, int]:
    """A picture one unit high and a module per unit wide, with its quiet zones, and its width in modules."""
    at, bars = QUIET, []
    for value in symbols(digits):
        for place, width in enumerate(map(int, WIDTHS[value])):
            if place % 2 == 0:
                bars.append(f"M{at} 0h{width}v1h-{width}z")
            at += width
    wide = at + QUIET
    # The white ground makes the quiet zones part of the picture.
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="1" viewBox="0 0 {wide} 1" '
        f'preserveAspectRatio="none"><path fill="#fff" d="M0 0h{wide}v1h-{wide}z"/>'
        f'<path fill="#000" shape-rendering="crispEdges" d="{"".join(bars)}"/></svg>'
    )
    return drawn, wide
