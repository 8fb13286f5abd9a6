"""What may be sent where (domain rule 26): one law for the decision, the release and the shipment. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol


class Terms(Protocol):
    """What the law asks of a contract."""

    @property
    def status(self) -> str: ...
    @property
    def starts_on(self) -> dt.date: ...
    @property
    def ends_on(self) -> dt.date | None: ...
    @property
    def included_kinds(self) -> Collection[str]: ...


class Place(Protocol):
    """What the law asks of an address."""

    @property
    def retired_at(self) -> dt.datetime | None: ...
    @property
    def refused_reason(self) -> str: ...


class Item(Protocol):
    """What the law asks of a supply."""

    @property
    def kind(self) -> str: ...
    @property
    def active(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Use:
    """A slot that the supply is meant for.

    `here`: its device ships to this address under this contract, and the slot takes this supply. `on`:
    neither the device nor the slot is switched off. `removed`: the device is.
    """

    here: bool
    on: bool
    removed: bool = False


def may_go(contract: Terms, address: Place, today: dt.date) -> str:
    """Whether anything at all may be sent there: empty, or `contract` or `address`."""
    if contract.status != "active" or contract.starts_on > today:
        return "contract"
    if contract.ends_on is not None and contract.ends_on < today:
        return "contract"
    return "address" if address.retired_at is not None or address.refused_reason else ""


def may_be_sent(contract: Terms, address: Place, supply: Item, uses: Iterable[Use], today: dt.date) -> str:
    """Whether this supply may be sent automatically: empty, or what bars it.

    `contract`, `address`, `kind` (the contract does not include it), `supply` (no longer sent), `removed`
    (its devices were), `unused` (no device there takes it any more), `off` (those that do are switched off).
    """
    if barred := may_go(contract, address, today):
        return barred
    if supply.kind not in contract.included_kinds:
        return "kind"
    if not supply.active:
        return "supply"
    meant_for = list(uses)
    if meant_for and all(use.removed for use in meant_for):
        return "removed"
    standing = [use for use in meant_for if use.here and not use.removed]
    if not standing:
        return "unused"
    return "" if any(use.on for use in standing) else "off"
