"""The portal's pictures, drawn on the server as SVG: plain values in, markup out.

Pure Python without Django, so that pages, mails and tests draw them alike. Every picture has a title, a
text alternative and a companion that returns the same data as rows ("show as table"). Nothing in the markup
needs a script or an inline style; colours are classes of static/css/pictures.css. All text is escaped.
"""

from metered.lib.pictures.draw import Picture, Table
from metered.lib.pictures.levels import LevelPoint, LevelSeries, levels, levels_table
from metered.lib.pictures.outlook import OutlookRow, outlook, outlook_table
from metered.lib.pictures.spans import Span, spans, spans_table
from metered.lib.pictures.tile import Level, level_bar, level_value
from metered.lib.pictures.words import ENGLISH, Words

__all__ = [
    "ENGLISH",
    "Level",
    "LevelPoint",
    "LevelSeries",
    "OutlookRow",
    "Picture",
    "Span",
    "Table",
    "Words",
    "level_bar",
    "level_value",
    "levels",
    "levels_table",
    "outlook",
    "outlook_table",
    "spans",
    "spans_table",
]
