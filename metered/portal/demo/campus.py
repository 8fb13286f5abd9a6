"""The other printers of the customer with 2,000 devices: buildings, floors and rooms, made from a seed."""

from __future__ import annotations

import numpy as np

from metered.portal.demo.customers import PrinterFact

_BUILDINGS = {
    "Central Receiving": (
        ("Arts Hall", 6),
        ("Engineering Complex", 5),
        ("Library", 7),
        ("Science Theatres", 4),
        ("Students Centre", 4),
        ("Administration", 5),
        ("Kinesiology", 3),
        ("Residence North", 8),
        ("Residence South", 8),
        ("Law", 4),
    ),
    "Health Sciences Campus": (
        ("Building A", 5),
        ("Building B", 4),
        ("Building C", 6),
        ("Research Tower", 9),
    ),
    "Downtown Campus": (("Downtown", 8),),
    "Vancouver Centre": (("Hastings", 4),),
    "Toronto Centre": (("Adelaide", 3),),
}
_SHARE = {
    "Central Receiving": 0.62,
    "Health Sciences Campus": 0.24,
    "Downtown Campus": 0.08,
    "Vancouver Centre": 0.035,
    "Toronto Centre": 0.025,
}
_ROOMS = (
    "Office",
    "Copy room",
    "Student printing",
    "Lab",
    "Reading room",
    "Seminar room",
    "Advising",
    "Teaching support",
    "Workroom",
    "Corridor",
)
# A campus buys few models and many of each: that is what lets a shelf serve a building.
_MODELS = (
    ("HP LaserJet Enterprise M507dn", 0.26),
    ("HP LaserJet Pro M404dn", 0.20),
    ("Xerox VersaLink B405", 0.14),
    ("Lexmark MS826de", 0.10),
    ("HP LaserJet Enterprise M608dn", 0.08),
    ("Xerox VersaLink C405", 0.08),
    ("Xerox VersaLink C7130", 0.06),
    ("HP Color LaserJet Enterprise MFP M577", 0.05),
    ("Lexmark CX725de", 0.03),
)


def printers(rng: np.random.Generator, wanted: int) -> list[PrinterFact]:
    """`wanted` printers over all campuses, each with a name that says where it stands."""
    addresses = list(_SHARE)
    counts = np.floor(np.array([_SHARE[a] for a in addresses]) * wanted).astype(int)
    counts[0] += wanted - int(counts.sum())
    names = [name for name, _ in _MODELS]
    weights = np.array([share for _, share in _MODELS])
    facts: list[PrinterFact] = []
    for address, count in zip(addresses, counts.tolist(), strict=True):
        floors = [(b, f) for b, top in _BUILDINGS[address] for f in range(1, top + 1)]
        where = np.sort(rng.integers(0, len(floors), count))
        seen: dict[tuple[str, int], int] = {}
        for i in where.tolist():
            building, floor = floors[i]
            number = seen[building, floor] = seen.get((building, floor), 0) + 1
            model = names[int(rng.choice(len(names), p=weights / weights.sum()))]
            room = _ROOMS[int(rng.integers(0, len(_ROOMS)))]
            facts.append(
                PrinterFact(
                    address,
                    model,
                    f"{building} {floor}-{number:02d}",
                    f"{building}, floor {floor}, {room.lower()} {floor}{int(rng.integers(1, 60)):02d}",
                    path="direct" if "Xerox" in model and rng.random() < 0.5 else "agent",
                )
            )
    return facts
