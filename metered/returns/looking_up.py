"""Reorder numbers that people typed, looked up together: one reading of the catalogue for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from metered.fleet.models import Supply
from metered.fleet.reorder_numbers import found


def named(texts: Iterable[str]) -> dict[str, list[Supply]]:
    """Typed text → the supplies that it names, best first (as fleet.queries.supplies_named has it)."""
    asked = [text for text in dict.fromkeys(texts) if text.strip()]
    if not asked:
        return {}
    supplies = {supply.pk: supply for supply in Supply.objects.all()}
    known = {pk: supply.reorder_number for pk, supply in supplies.items()}
    return {text: [supplies[pk] for pk in found(text, known)] for text in asked}


def supplies_for_system(ids: Iterable[int]) -> dict[int, Supply]:
    """The supplies of these ids."""
    return Supply.objects.in_bulk(list(ids))
