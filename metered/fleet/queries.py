"""Reading what is known of models, and which devices there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet

from metered.fleet.models import Bulletin, Contract, Device, Supply
from metered.fleet.places import same_place, typed_serial
from metered.fleet.reorder_numbers import found
from metered.fleet.serials import serial_key


def published_bulletins_for_system(now: dt.datetime) -> QuerySet[Bulletin]:
    """The bulletins that count at `now` (domain rule 9): nobody hears of one before it is published.

    They are the operator's and the same for every account.
    """
    rows: QuerySet[Bulletin] = Bulletin.objects.filter(published_at__lte=now)
    return rows


def device_ids_for_system(serials: Sequence[str] | None = None) -> list[tuple[int, str]]:
    """(id, serial) of all devices that stand somewhere, in the order of id; of these serials when given."""
    rows = Device.objects.filter(removed_at=None).order_by("pk")
    if serials is not None:
        rows = rows.filter(serial__in=serials)
    return list(rows.values_list("pk", "serial"))


def claim_untold_bulletin_for_system(now: dt.datetime) -> Bulletin | None:
    """The next bulletin whose publication or last move nobody was told of, locked (SKIP LOCKED).

    Mark it with `actions.mark_bulletin_told` in the same transaction.
    """
    rows = published_bulletins_for_system(now).filter(told_at=None)
    return rows.select_for_update(of=("self",), skip_locked=True).select_related("model").first()


def bulletin_for_model_for_system(model_id: int, now: dt.datetime) -> Bulletin | None:
    """The bulletin that counts for a model at `now`; None without one."""
    return published_bulletins_for_system(now).filter(model_id=model_id).first()


def device_of_for_system(serial: str, place: str) -> Device | None:
    """The device in use with that serial whose supplies go to that place (domain rule 1); else None.

    `place`: a postal code, or the town where the country has none. Who asks has shown to know both.
    """
    found: Device | None = (
        Device.objects.filter(serial_key=serial_key(typed_serial(serial)), removed_at=None)
        .exclude(contract__status=Contract.Status.ENDED)
        .select_related("account", "address__current")
        .first()
    )
    current = found.address.current if found else None
    if current is None or not same_place(
        place, country=current.country, postal_code=current.postal_code, town=current.city
    ):
        return None
    return found


def supplies_named(typed: str) -> list[Supply]:
    """The supplies that a typed reorder number names, best first: none, one, or several to choose from.

    Spaces, hyphens, leading zeros and prefixes are forgiven (reorder_numbers). Which supplies there are is
    the operator's and the same for every account; those that are no longer sent can still be returned.
    """
    numbers = dict(Supply.objects.values_list("pk", "reorder_number"))
    ids = found(typed, numbers)
    by_id = Supply.objects.in_bulk(ids)
    return [by_id[pk] for pk in ids]
