"""The picture for the docs: days out against spares, our dials as a line and the others as points."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from metered.replenishment.simulation.report import Score

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 24, 56
STYLE = """
.axis{fill:none;stroke:#888;stroke-width:1}.grid{stroke:#8884;stroke-width:1}.ours{fill:none;stroke:#0b6e75;stroke-width:2}
.dot{fill:#0b6e75}.other{fill:#b4531a}text{font:13px system-ui,sans-serif;fill:#222}
@media (prefers-color-scheme:dark){text{fill:#eee}.ours{stroke:#5cc4cb}.dot{fill:#5cc4cb}.other{fill:#f0a070}}
"""


def draw(dials: Mapping[str, Score], others: Mapping[str, Score], base: str) -> str:
    """An SVG document. Both axes are ratios to `base`, which stands at (1, 1)."""
    yard = others[base]

    def place(score: Score) -> tuple[float, float]:
        # A fleet too small to run out anywhere has nothing to compare with.
        return score.spare / (yard.spare or 1.0), score.out_days / (yard.out_days or 1.0)

    line = sorted((*place(score), name) for name, score in dials.items())
    points = [(*place(score), name) for name, score in others.items()]
    top_x = max(1.6, *(x for x, _, _ in (*line, *points))) * 1.05
    top_y = min(max(1.2, *(y for _, y, _ in (*line, *points))) * 1.05, 2.5)

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            round(LEFT + x / top_x * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - min(y, top_y) / top_y * (HEIGHT - TOP - BOTTOM), 1),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-label="Days out against spare stock">',
        f"<style>{STYLE}</style>",
    ]
    x0, y0 = at(0, 0)
    for i in range(int(top_y / 0.2) + 1):
        x, y = at(0, 0.2 * i)
        parts.append(f'<path class="grid" d="M{x0} {y}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{0.2 * i:.1f}</text>')
    for i in range(int(top_x / 0.2) + 1):
        x, _ = at(0.2 * i, 0)
        parts.append(f'<text x="{x}" y="{y0 + 18}" text-anchor="middle">{0.2 * i:.1f}</text>')
    parts.append(f'<path class="axis" d="M{x0} {TOP}V{y0}H{WIDTH - RIGHT}"/>')
    parts.append(f'<text x="{x0}" y="{HEIGHT - 12}">spare stock, {escape(base)} = 1</text>')
    parts.append(f'<text x="8" y="{TOP - 8}">days out, {escape(base)} = 1</text>')
    if line:
        path = "L".join("{} {}".format(*at(x, y)) for x, y, _ in line)
        parts.append(f'<path class="ours" d="M{path}"/>')
    for marks, kind, up in ((line, "dot", -10), (points, "other", 18)):
        for i, (x, y, name) in enumerate(marks):
            px, py = at(x, y)
            parts.append(f'<circle class="{kind}" cx="{px}" cy="{py}" r="4"/>')
            # Above the line and below the points, the line's names one step higher each second time.
            rise = up - 16 * (i % 2) * (kind == "dot")
            name = name.removeprefix("risk ") if i else name
            parts.append(f'<text x="{px}" y="{py + rise}" text-anchor="middle">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
