"""What people are told about a return: one outbox row per person and event; papers are made at sending."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import translation

from metered.accounts.models import Address, User
from metered.accounts.queries import Recipient, desk, recipient_for_system, recipients_for_system
from metered.notify.actions import post
from metered.returns.models import Leftover, Receipt, Return, ReturnLine, Unconfirmed
from metered.returns.numbers import spoken

PAPERS = "return_papers"
"""The kind of attachment (notify.attachments) that holds slip, labels and policy of a return."""


def readers(made: Return) -> list[Recipient]:
    """Who filed it, while they belong to the account; else the address's orderers."""
    if made.filed_by_id is not None:
        person = recipient_for_system(made.filed_by_id, made.account_id)
        return [person] if person else recipients_for_system(made.account_id, address_id=made.address_id)
    return [Recipient(made.filed_email, made.contact, made.language, made.time_zone)]


def path_of(made: Return) -> str:
    """Where they read on; nowhere for somebody who has no sign-in."""
    return f"/returns/{made.public_id}/" if made.filed_by_id is not None else ""


def _line(line: ReturnLine) -> dict[str, Any]:
    return {
        "quantity": line.quantity,
        "accepted": line.accepted,
        "received": line.received,
        "difference": line.difference,
        "supply": line.supply.name,
        "reorder_number": line.supply.reorder_number,
        "reason": str(line.reason),
    }


def _post(
    made: Return, event: str, template: str, people: list[Recipient] | None = None, **more: Any
) -> None:
    for person in readers(made) if people is None else people:
        with translation.override(person.language or settings.LANGUAGE_CODE):
            # Read under that language: reasons are kept sentences.
            lines = list(made.lines.select_related("supply").order_by("supply__reorder_number"))
            values: dict[str, Any] = {
                "number": spoken(made.number or ""),
                "account_name": made.account.name,
                "address_name": made.address.name if made.address else made.pick_up,
                "lines": [_line(line) for line in lines],
                "boxes": made.boxes,
                "pallet": made.pallet,
                "due_on": made.due_on.isoformat(),
                "pick_up_on": made.pick_up_on.isoformat() if made.pick_up_on else None,
                "carrier": made.carrier,
                "tracking": made.tracking,
                **more,
            }
            if path := path_of(made):
                values["return_path"] = path
        post(event=f"{event}:{made.public_id}", to=[person], template=template, values=values)


def tell_filed(made: Return) -> None:
    """It was filed and is being looked at: they get an answer by the due date."""
    _post(made, "return_filed", "return_filed")


def tell_confirmed(made: Return) -> None:
    """It has its number; slip, labels and the returns policy are attached."""
    _post(
        made,
        "return_confirmed",
        "return_confirmed",
        attachments=[{"kind": PAPERS, "ref": made.public_id}],
    )


def tell_rejected(made: Return) -> None:
    """Nothing of it is taken back, and why."""
    _post(made, "return_rejected", "return_rejected")


def tell_pick_up(made: Return) -> None:
    """When and by whom it is picked up; told again when that changes."""
    day = made.pick_up_on.isoformat() if made.pick_up_on else ""
    _post(made, f"return_pick_up:{day}:{made.tracking}"[:90], "return_pick_up")


def tell_withdrawn(made: Return, actor: User | None) -> None:
    """It stays after all, as they or somebody else said."""
    _post(made, "return_withdrawn", "return_withdrawn", who=str(actor) if actor else "")


def tell_received(made: Return, receipt: Receipt) -> None:
    """Boxes of it arrived: what was in them."""
    _post(made, f"return_received:{receipt.public_id}", "return_received")


def tell_closed(made: Return) -> None:
    """All is settled: what came, and what differs from what was confirmed."""
    _post(made, "return_closed", "return_closed", because=str(made.closed_reason))


def alarm_staff(made: Return, *, louder: bool) -> None:
    """Support staff hear that a return waits for its answer: on day 5, and once more on day 6."""
    _post(
        made,
        "return_escalated" if louder else "return_alarm",
        "return_alarm",
        people=desk(),
        louder=louder,
        asks=str(made.asks),
        desk_path=f"/admin/returns/return/{made.pk}/change/",
        last_chance_at=made.last_chance_at.isoformat(),
    )


def tell_leftovers(address: Address, rows: list[Leftover], *, day: dt.date, reminder: bool) -> None:
    """Unused supplies of removed devices wait to be returned: the form stands filled in."""
    values = {
        "address_name": address.name,
        "devices": sorted({row.device.label for row in rows if row.device is not None}),
        "contract_ended": any(row.device is None for row in rows),
        "lines": [
            {
                "quantity": row.pool.shelf,
                "supply": row.pool.supply.name,
                "reorder_number": row.pool.supply.reorder_number,
            }
            for row in rows
        ],
        "units": sum(row.pool.shelf for row in rows),
        "reminder": reminder,
        "return_path": f"/returns/new/?left={address.public_id}",
    }
    post(
        event=f"leftovers:{address.public_id}:{day.isoformat()}",
        to=recipients_for_system(address.account_id, address_id=address.pk),
        template="leftovers",
        values=values,
    )


def mail_link(row: Unconfirmed, path: str) -> None:
    """The link by which somebody who was not signed in confirms the return that they filled in."""
    assert row.account is not None and row.expires_at is not None
    post(
        event=f"return_link:{row.public_id}",
        to=[Recipient(row.email, "", row.language, row.account.time_zone)],
        template="return_link",
        values={"confirm_path": path, "known_as": row.known_as, "expires_at": row.expires_at.isoformat()},
    )


def mail_no_match(row: Unconfirmed) -> None:
    """Nothing matched what they named: what to do instead."""
    post(
        event=f"return_link:{row.public_id}",
        to=[Recipient(row.email, "", row.language, settings.DESK_TIME_ZONE)],
        template="return_no_match",
        values={"known_as": row.known_as},
    )
