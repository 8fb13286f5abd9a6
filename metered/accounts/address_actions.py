"""What people do with addresses. Beside actions.py, the only writer of them.

An edit names the state that it began from: whoever comes second is told instead of overwriting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log, state, word_address
from metered.accounts.announcements import tell_of_address
from metered.accounts.models import Account, Address, AddressClosure, Fact, User
from metered.accounts.queries import stamp_of
from metered.lib.errors import Refused
from metered.lib.zones import time_zone_or_none

LONGEST_CLOSURE = dt.timedelta(days=366)
_WORDING = ("recipient", "lines", "city", "region", "postal_code", "country")
_BESIDE = ("contact", "phone", "delivery_note")


def _fields_of(address: Address) -> dict[str, str]:
    version = address.current
    worded = {name: str(getattr(version, name)) if version else "" for name in (*_WORDING, *_BESIDE)}
    return {"name": address.name, "time_zone": address.time_zone, **worded}


def _name_is_free(account_id: int, name: str, but: int | None = None) -> None:
    taken = Address.objects.filter(account_id=account_id, name=name, retired_at=None).exclude(pk=but)
    if taken.exists():
        raise _taken(name)


def _taken(name: str) -> Refused:
    text = _("You have an address called %(name)s already. Choose another name.") % {"name": name}
    return Refused(text, code="name_taken")


@transaction.atomic
def add_address(
    *,
    account: Account,
    name: str,
    time_zone: str,
    subdivision: str,
    wording: Mapping[str, str],
    actor: User | None = None,
) -> Address:
    """A new address of an account; its owners are told.

    Raises Refused(name_taken). The same name with the same wording is the same address: sent twice it is
    added once.
    """
    # Two forms of one account take turns, so that the second sees what the first added.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    there: QuerySet[Address] = Address.objects.filter(account=account, name=name, retired_at=None)
    for known in there.select_related("current"):
        if _fields_of(known) == {"name": name, "time_zone": time_zone, **wording}:
            return known
        raise _taken(name)
    address = Address.objects.create(
        account=account,
        name=name,
        time_zone=time_zone,
        country=wording["country"],
        subdivision=subdivision,
    )
    version = word_address(address=address, actor=actor, logged=True, **wording)
    address.refresh_from_db()
    tell_of_address(
        address, happened="added", event=f"address_added:{address.public_id}", actor=actor, after=version
    )
    return address


@transaction.atomic
def edit_address(
    *,
    address: Address,
    name: str,
    time_zone: str,
    subdivision: str,
    wording: Mapping[str, str],
    seen: str | None,
    actor: User | None = None,
) -> bool:
    """Changes an address; what has not been shipped follows it, and its owners are told.

    False: nothing differs. `seen`: `queries.stamp_of` the address when the person began; None overwrites
    whatever is there. Raises Refused(changed_meanwhile) when somebody else was faster, Refused(name_taken),
    Refused(retired).
    """
    if name != address.name:
        # Who takes a name takes turns with who adds an address.
        Account.objects.select_for_update(no_key=True).get(pk=address.account_id)
    locked = Address.objects.select_for_update(of=("self",)).select_related("current").get(pk=address.pk)
    if locked.retired_at is not None:
        raise Refused(_("This address was retired. Add a new one instead."), code="retired")
    before, after = _fields_of(locked), {"name": name, "time_zone": time_zone, **wording}
    if before == after and locked.subdivision == subdivision:
        return False
    if seen is not None and seen != stamp_of(locked):
        text = _("Somebody else changed this address meanwhile. Nothing of yours is saved yet.")
        raise Refused(text, code="changed_meanwhile")
    _name_is_free(locked.account_id, name, but=locked.pk)
    old = locked.current
    reworded = any(before[field] != after[field] for field in (*_WORDING, *_BESIDE))
    Address.objects.filter(pk=locked.pk).update(name=name, time_zone=time_zone, subdivision=subdivision)
    version = word_address(address=locked, actor=actor, logged=False, **wording) if reworded else old
    changed = [field for field in after if before[field] != after[field]]
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.pk,
        verb="changed",
        kind="address",
        public_id=locked.public_id,
        before={field: before[field] for field in changed},
        after={field: after[field] for field in changed},
    )
    if not reworded:
        _state_address(locked)
    locked = Address.objects.select_related("current", "account").get(pk=locked.pk)
    tell_of_address(
        locked,
        happened="changed",
        event=f"address_changed:{locked.public_id}:{timezone.now():%Y%m%d%H%M%S%f}",
        actor=actor,
        before=old,
        before_name=before["name"],
        after=version,
    )
    return True


@transaction.atomic
def retire_address(*, address: Address, actor: User | None = None) -> bool:
    """Takes an address out of use; its history stays. False: it was retired already.

    Whether devices or orders still need it is asked by the caller, who holds its row
    (portal.address_actions): this stage knows neither.
    """
    if Address.objects.filter(pk=address.pk, retired_at=None).update(retired_at=timezone.now()) != 1:
        return False
    log(
        actor=actor,
        account_id=address.account_id,
        address_id=address.pk,
        verb="retired",
        kind="address",
        public_id=address.public_id,
    )
    _state_address(address)
    tell_of_address(
        address,
        happened="retired",
        event=f"address_retired:{address.public_id}",
        actor=actor,
        after=address.current,
    )
    return True


@transaction.atomic
def close_address(
    *,
    address: Address,
    starts_on: dt.date,
    ends_on: dt.date,
    reason: str = "",
    actor: User | None = None,
) -> AddressClosure:
    """Nothing is delivered there on these days, both included. The same days again change nothing.

    Raises Refused: ends_first, in_the_past, too_long, overlaps.
    """
    locked = Address.objects.select_for_update(no_key=True).get(pk=address.pk)
    zone = time_zone_or_none(locked.time_zone) or dt.UTC
    known: AddressClosure | None = locked.closures.filter(
        starts_on__lte=ends_on, ends_on__gte=starts_on
    ).first()
    if known is not None and (known.starts_on, known.ends_on) == (starts_on, ends_on):
        return known
    if ends_on < starts_on:
        raise Refused(_("The last day lies before the first."), code="ends_first")
    if ends_on < timezone.now().astimezone(zone).date():
        raise Refused(_("These days are over."), code="in_the_past")
    if ends_on - starts_on > LONGEST_CLOSURE:
        raise Refused(
            _("That is over a year. If nothing is to be delivered any more, retire the address."),
            code="too_long",
        )
    if known is not None:
        raise Refused(_("Some of these days are closed already. Remove those dates first."), code="overlaps")
    closure = AddressClosure.objects.create(
        address=locked, starts_on=starts_on, ends_on=ends_on, reason=reason
    )
    _log_closure(closure, locked, "closed", actor)
    return closure


@transaction.atomic
def open_address(*, address: Address, closure_id: int, actor: User | None = None) -> None:
    """Removes closed dates. Twice changes nothing."""
    locked = Address.objects.select_for_update(no_key=True).get(pk=address.pk)
    closure = locked.closures.filter(pk=closure_id).first()
    if closure is not None:
        _log_closure(closure, locked, "opened", actor)
        closure.delete()


def _log_closure(closure: AddressClosure, address: Address, verb: str, actor: User | None) -> None:
    log(
        actor=actor,
        account_id=address.account_id,
        address_id=address.pk,
        verb=verb,
        kind="address",
        public_id=address.public_id,
        after={
            "starts_on": closure.starts_on.isoformat(),
            "ends_on": closure.ends_on.isoformat(),
            "reason": closure.reason,
        },
    )
    _state_address(address)


def _state_address(address: Address) -> None:
    state(
        kind=Fact.Kind.ADDRESS_CHANGED,
        account_id=address.account_id,
        address_id=address.pk,
        public_id=address.public_id,
    )
