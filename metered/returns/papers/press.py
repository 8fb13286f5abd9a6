"""Typst (docs/adr/0015): a layout of ours and values in, a PDF out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typst

LAYOUTS = Path(__file__).parent / "layouts"


@cache
def fonts() -> typst.Fonts:
    """Those that come with packages, never the machine's: the same papers look the same everywhere."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(files("font_source_sans_pro") / "files")],
    )


def press(
    layout: str, values: Mapping[str, Any], made_on: dt.date, standard: Literal["ua-1"] | None = None
) -> bytes:
    """The PDF of ``layouts/<layout>.typ``, tagged. `values` must be JSON; they are data, never markup.

    `made_on` is the date that the PDF bears. `standard` refuses what breaks it: "ua-1" (PDF/UA-1) also a
    letter that no font has, which is why papers that are sent don't ask for it. Raises typst.TypstError.
    """
    compiler = typst.Compiler(
        LAYOUTS / f"{layout}.typ",
        root=LAYOUTS,
        font_paths=fonts(),
        sys_inputs={"values": json.dumps(values, ensure_ascii=False)},
    )
    midnight = dt.datetime.combine(made_on, dt.time(), dt.UTC)
    made = compiler.compile(format="pdf", timestamp=midnight, pdf_standards=[standard] if standard else [])
    assert isinstance(made, bytes)
    return made
