"""How long a parcel takes, learnt from those that came (method section 6: "learn it per region"). Pure.

One `Lane` is a fleet that delivers to one region (replay.py). The portal keeps counts for each region, its
country and the whole fleet, and believes of each what its own parcels and the next wider one say
(`learnt_days`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from metered.replenishment.arrays import Floats, Ints

POINT = 0.88
"""Share of parcels that are there in the days reckoned with: the 85 to 90 % point of section 6."""
PROMISE_POINT = 0.75
"""Where in the promised span that point is thought to lie before any parcel came."""
PROMISE_WEIGHT = 40.0
COUNTRY_WEIGHT, REGION_WEIGHT = 20.0, 40.0
"""Parcels as which the fleet weighs in its countries, and a country in its regions: countries differ by more
than the regions of one do."""
LONGEST = 60
FLEET = "*"
"""The region of everything."""
_NO_PARCELS = (0,) * (LONGEST + 1)


@dataclass(slots=True)
class Lane:
    """Working days from the evening of an order to the morning of its delivery, as counts; O(1)."""

    promise: tuple[int, int]
    counts: Floats = field(default_factory=lambda: np.zeros(LONGEST + 1))

    def learn(self, days: int, parcels: float = 1.0) -> None:
        self.counts[min(max(days, 0), LONGEST)] += parcels

    @property
    def promised(self) -> int:
        least, most = self.promise
        return max(int(np.ceil(least + PROMISE_POINT * (most - least))), 1)

    def days(self) -> int:
        """The days in which `POINT` of all parcels come; the promise weighs as much as 40 parcels."""
        return int(learnt_days(self.promised, self.counts)[0])


def learnt_days(promised: int, *lanes: Floats) -> Ints:
    """The days in which `POINT` of all parcels come, a value per row of the last of `lanes`; at least 1.

    `lanes`: counts of parcels by days (…, LONGEST + 1) of the fleet, of the country and of the region, each
    without those of the next, so that a parcel speaks once. The promise weighs as much as 40 parcels of the
    fleet, what is believed of the fleet as 20 of a country, what is believed of that as 40 of a region: a
    lane without parcels takes what the next wider one does.
    """
    believed = np.where(np.arange(LONGEST + 1) >= promised, 1.0, POINT - 0.03)
    weights = (PROMISE_WEIGHT, COUNTRY_WEIGHT, REGION_WEIGHT)
    for counts, weight in zip(lanes, weights, strict=False):
        share = np.cumsum(counts, axis=-1)
        believed = (share + weight * believed) / (share[..., -1:] + weight)
    # What is exactly enough must not fail for how it was divided.
    there = np.atleast_2d(believed) >= POINT - 1e-12
    days: Ints = np.maximum(there.argmax(axis=1), 1)
    return days


def days_in(regions: Sequence[str], known: Mapping[str, Sequence[int]], promised: int) -> dict[str, int]:
    """Region → the working days to reckon with there. `known`: the counts of lanes that have any, countries
    and FLEET among them, each with its regions' parcels.
    """
    if not regions:
        return {}

    def counts(names: Iterable[str]) -> Floats:
        return np.array([known.get(name, _NO_PARCELS) for name in names], dtype=np.float64)

    countries = ["" if region == FLEET else country_of(region) for region in regions]
    # An address of which only the country is known has nothing to say of its own.
    own = ["" if region == FLEET or region in countries else region for region in regions]
    every, national, regional = counts([FLEET] * len(regions)), counts(countries), counts(own)
    days = learnt_days(
        promised, np.maximum(every - national, 0), np.maximum(national - regional, 0), regional
    )
    return dict(zip(regions, days.tolist(), strict=True))


def late(counts: Sequence[int], promised: int) -> float:
    """Share of the parcels that took longer than promised; 0 without parcels."""
    return sum(counts[promised + 1 :]) / max(sum(counts), 1)


def region_of(country: str, subdivision: str, postal_code: str) -> str:
    """The region in which an address's parcels are counted together: "US 14", "IE-D", "HK".

    The first two characters of the postal code, since carriers cut their zones by it (a state in Germany, a
    part of one in the USA, a post town's area in Britain): at most a hundred or so in a country, so that each
    sees parcels enough. Without a postal code the subdivision (ISO 3166-2), and the whole country without
    either.
    """
    code = "".join(letter for letter in postal_code.upper() if letter.isalnum())
    if len(code) > 2:
        return f"{country} {code[:2]}"
    return f"{country}-{subdivision}" if subdivision else country


def country_of(region: str) -> str:
    """The country's own row of a region."""
    return region[:2]
