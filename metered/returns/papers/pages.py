"""The papers themselves: words, bars and a layout put together."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from metered.returns.papers import words
from metered.returns.papers.blocks import blocks
from metered.returns.papers.code128 import svg
from metered.returns.papers.content import House, Papers
from metered.returns.papers.press import press

Standard = Literal["ua-1"] | None


def packing_slip(papers: Papers, *, standard: Standard = None) -> bytes:
    """What lies in the box: number, addresses, how to pack, the lines, and the returns policy at its end."""
    values = {**words.slip(papers), "barcode": _barcode(papers), **_policy(papers.house)}
    return press("slip", values, papers.confirmed_on, standard)


def labels(papers: Papers, *, box: int | None = None, standard: Standard = None) -> bytes:
    """What stands on the boxes, a page for each, or that of one `box` (from 1).

    Raises ValueError for a box that the return doesn't have.
    """
    if box is not None and not 1 <= box <= papers.boxes:
        raise ValueError(f"box {box} of {papers.boxes}")
    numbers = [box] if box is not None else range(1, papers.boxes + 1)
    values = {
        **words.labels(papers),
        "barcode": _barcode(papers),
        "labels": [words.label(number, papers.boxes) for number in numbers],
    }
    return press("labels", values, papers.confirmed_on, standard)


def policy_paper(house: House, country: str, made_on: dt.date, *, standard: Standard = None) -> bytes:
    """The returns policy alone, to go with a mail: on the paper of that country, dated `made_on`."""
    values = {**words.common(house, country, house.policy_title), **_policy(house)}
    return press("policy", values, made_on, standard)


def _policy(house: House) -> dict[str, Any]:
    return {"policy_title": house.policy_title, "policy": blocks(house.policy, house.site_url)}


def _barcode(papers: Papers) -> dict[str, Any]:
    drawn, modules = svg(papers.rma)
    return words.barcode(papers, drawn, modules)
