"""Real makes and models with the reorder numbers and yields that their makers publish.

What is not known for sure is left out: such a slot has no supply, and nothing is sent for it.
"""

from __future__ import annotations

from metered.portal.demo.catalogue import desks, floors, xerox
from metered.portal.demo.catalogue.kit import ModelFact, SupplyFact

MODELS: dict[str, ModelFact] = {model.key: model for model in (*xerox.MODELS, *desks.MODELS, *floors.MODELS)}


def supplies() -> dict[str, SupplyFact]:
    """Every supply once, by reorder number: several models may take the same one."""
    facts = (place.supply for model in MODELS.values() for place in model.places)
    return {fact.number: fact for fact in facts if fact is not None}
