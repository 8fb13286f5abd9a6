"""Rows for tests, each with as little as it needs. The standing cast is in `cast()`.

Northwind: Ana owns, Ben orders for Main St only, Vera views. Harbor Press is somebody else's account with
Charlie as its owner. Sam is support staff.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

from metered.accounts.access import Viewer
from metered.accounts.actions import word_address
from metered.accounts.models import Account, Address, Membership, User
from metered.fleet import actions as fleet
from metered.fleet.models import (
    Agent,
    Bulletin,
    Contract,
    Device,
    MeterType,
    ModelMeter,
    ModelSupply,
    PrinterModel,
    Slot,
    Supply,
)

PASSWORD = "correct horse battery"
COLORANTS = ("black", "cyan", "magenta", "yellow")
_number = itertools.count(1)


def account(name: str = "", **fields: Any) -> Account:
    n = next(_number)
    return Account.objects.create(name=name or f"Account {n}", number=f"A-{n:05d}", **fields)


def address(account: Account, name: str = "", *, postal_code: str = "14604", **fields: Any) -> Address:
    """An address in Rochester, worded."""
    name = name or f"Site {next(_number)}"
    fields = {"time_zone": "America/New_York", "country": "US", "subdivision": "NY"} | fields
    made = Address.objects.create(account=account, name=name, **fields)
    word_address(
        address=made,
        recipient=account.name,
        lines="1 Main St",
        city="Rochester",
        region="NY",
        postal_code=postal_code,
        country=made.country,
    )
    made.refresh_from_db()
    return made


def user(email: str, name: str = "", **fields: Any) -> User:
    return User.objects.create_user(email, PASSWORD, name=name or email.split("@")[0].title(), **fields)


def member(account: Account, user: User, role: str, *addresses: Address) -> Membership:
    """`addresses`: the membership is limited to them; none: the whole account."""
    made = Membership.objects.create(account=account, user=user, role=role, limited=bool(addresses))
    made.addresses.set(addresses)
    return made


def viewer_for(membership: Membership) -> Viewer:
    ids = frozenset(membership.addresses.values_list("pk", flat=True)) if membership.limited else None
    return Viewer(membership.user_id, membership.account_id, membership.role, ids)


def contract(account: Account, **fields: Any) -> Contract:
    fields = {
        "number": f"C-{next(_number):05d}",
        "starts_on": dt.date(2024, 1, 1),
        "currency": "USD",
        "included_kinds": ["toner", "waste", "drum"],
    } | fields
    return Contract.objects.create(account=account, **fields)


def meter_types(*codes: str) -> list[MeterType]:
    return [
        MeterType.objects.get_or_create(code=code, defaults={"name": code.replace("_", " "), "order": order})[
            0
        ]
        for order, code in enumerate(codes)
    ]


def printer_model(
    *, colour: bool = True, meters: tuple[str, ...] = ("total", "mono", "colour"), **fields: Any
) -> PrinterModel:
    fields = {"vendor": "Xerox", "name": f"VersaLink C{next(_number)}"} | fields
    made = PrinterModel.objects.create(colour=colour, **fields)
    for kind in meter_types(*meters):
        ModelMeter.objects.create(model=made, meter_type=kind)
    return made


def supply(
    kind: str = "toner", colorant: str = "black", *, fits: PrinterModel | None = None, **fields: Any
) -> Supply:
    n = next(_number)
    fields = {
        "reorder_number": f"006R{n:05d}",
        "name": f"{colorant} {kind}".strip(),
        "yield_pages": 6000,
    } | fields
    made = Supply.objects.create(kind=kind, colorant=colorant, **fields)
    if fits is not None:
        ModelSupply.objects.create(model=fits, supply=made)
    return made


def toners(model: PrinterModel) -> list[Supply]:
    """The toners of a model: four for colour, else black."""
    return [supply("toner", name, fits=model) for name in (COLORANTS if model.colour else COLORANTS[:1])]


def device(
    address: Address, *, contract: Contract | None = None, model: PrinterModel | None = None, **fields: Any
) -> Device:
    """A device at the address; contract and model are made when they are not given."""
    fields = {"serial": f"SN{next(_number):07d}", "installed_on": dt.date(2025, 1, 1)} | fields
    return Device.objects.create(
        account=address.account,
        contract=contract
        or Contract.objects.filter(account=address.account).first()
        or _contract(address.account),
        address=address,
        model=model or printer_model(),
        **fields,
    )


_contract = contract


def slot(
    device: Device, kind: str = "toner", colorant: str = "black", code: str = "1.1", **fields: Any
) -> Slot:
    return Slot.objects.create(
        account=device.account,
        device=device,
        kind=kind,
        colorant=colorant,
        code=code,
        position=device.slots.count(),
        **fields,
    )


def agent_token(account: Account, name: str = "Head office") -> str:
    agent, _ = Agent.objects.get_or_create(account=account, name=name)
    return fleet.issue_token(agent=agent)


def bulletin(model: PrinterModel, minimum: str, from_date: dt.date) -> Bulletin:
    return Bulletin.objects.create(model=model, minimum_software=minimum, from_date=from_date)


@dataclass
class Cast:
    northwind: Account
    main_st: Address
    harbor_st: Address
    contract: Contract
    ana: User
    ben: User
    vera: User
    owner: Viewer
    orderer: Viewer
    viewer: Viewer
    harbor_press: Account
    press_address: Address
    press_contract: Contract
    charlie: User
    outsider: Viewer
    sam: User


def cast() -> Cast:
    """The people and accounts that every test shares."""
    northwind, harbor_press = account("Northwind"), account("Harbor Press")
    main_st, harbor_st = address(northwind, "Main St"), address(northwind, "Harbor St", postal_code="14609")
    press_address = address(harbor_press, "Pier 4", postal_code="02210", subdivision="MA")
    ana, ben, vera, charlie = (user(f"{name}@example.com") for name in ("ana", "ben", "vera", "charlie"))
    return Cast(
        northwind=northwind,
        main_st=main_st,
        harbor_st=harbor_st,
        contract=contract(northwind),
        ana=ana,
        ben=ben,
        vera=vera,
        owner=viewer_for(member(northwind, ana, "owner")),
        orderer=viewer_for(member(northwind, ben, "orderer", main_st)),
        viewer=viewer_for(member(northwind, vera, "viewer")),
        harbor_press=harbor_press,
        press_address=press_address,
        press_contract=contract(harbor_press),
        charlie=charlie,
        outsider=viewer_for(member(harbor_press, charlie, "owner")),
        sam=user("sam@example.com", is_staff=True, is_superuser=True),
    )
