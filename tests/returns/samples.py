"""Papers that tests print."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.utils.translation import get_language

from metered.lib.markdown import fill
from metered.portal.shipped import shipped
from metered.returns.papers import House, Line, Papers

LINES = (
    Line(4, "006R01828", "Black toner"),
    Line(2, "006R01829", "Cyan toner"),
    Line(12, "013R00692", "Drum cartridge for the colours cyan, magenta and yellow, high capacity"),
    Line(1, "008R08101", "Waste container"),
)
HOUSE = House(
    operator="Metered",
    support_phone="1-800-000-0000",
    support_hours="7:30 to 19:00 US Eastern, Monday to Friday",
    policy_title="",
    policy="",
    site_url="https://portal.example",
)
SAMPLE = Papers(
    rma="407318265",
    filed_on=dt.date(2026, 11, 18),
    confirmed_on=dt.date(2026, 11, 20),
    account_name="Northwind Traders",
    customer_number="100482",
    from_address=("Northwind Traders", "2 Main St, Floor 3", "Rochester NY 14604", "United States"),
    country="US",
    contact="Maria Alvarez",
    phone="+1 585 555 0112",
    to_address=("Metered Returns", "Dock 4, 900 Warehouse Rd", "Columbus OH 43207", "United States"),
    lines=LINES,
    boxes=3,
    weight_text="92 lb",
    pallet=False,
    pick_up="Monday 23 November, 09:00 to 12:00",
    house=HOUSE,
)
FAR = dataclasses.replace(
    SAMPLE,
    account_name="Škoda Łódź Εταιρεία",
    from_address=("Škoda Łódź Εταιρεία", "ul. Żółkiewskiego 5", "Ελλάδα Οδός 12", "90-001 Łódź", "Polska"),
    country="PL",
    contact="Ђорђе Đặng",
    weight_text="42 kg",
)


def house() -> House:
    """With the shipped policy of the language that is active."""
    text = shipped("returns-policy", (get_language() or "en")[:2])
    assert text is not None
    facts = {
        "operator.name": HOUSE.operator,
        "phone": HOUSE.support_phone,
        "hours": HOUSE.support_hours,
        "email": "support@example.com",
    }
    return dataclasses.replace(HOUSE, policy=fill(text.body, facts), policy_title=text.title)


def papers(base: Papers = SAMPLE, **values: Any) -> Papers:
    """A sample, otherwise where `values` say so."""
    return dataclasses.replace(base, **{"house": house(), **values})
