"""The world of the access matrix: one of everything, in two accounts, and clients for everybody who asks.

Northwind has two addresses, Main St and Harbor St; Harbor Press is somebody else. Each has a device, an
order, a mail. `MISSING` is an identifier that no row has.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from psycopg import sql

from metered.accounts import joining
from metered.accounts import people as people_actions
from metered.accounts.access import Viewer
from metered.accounts.keys import make_key
from metered.accounts.models import (
    Account,
    Address,
    ApiKey,
    Invitation,
    JoinRequest,
    Membership,
    Registration,
    User,
)
from metered.accounts.queries import Recipient
from metered.fleet import actions as fleet
from metered.fleet.models import Agent, Contract, Device, ModelMeter
from metered.notify.actions import post
from metered.notify.models import Message
from metered.orders import actions as orders
from metered.orders.models import Order, Problem
from metered.portal import helpdesk, publishing
from metered.portal.models import Notice, Subscription, SupportMessage
from metered.reads.models import (
    AgentState,
    Batch,
    DeviceState,
    Read,
    ReadDraft,
    ReadRequest,
    ReadValue,
)
from metered.replenishment import models as replenishment
from metered.replenishment.backtests import begin as begin_backtest
from metered.replenishment.job_actions import Announced, announce_job
from metered.replenishment.models import AnnouncedJob
from metered.returns import actions as returns
from metered.returns.models import Leftover, Receipt, ReceiptPhoto, Return, Unconfirmed
from tests import factories as make
from tests.orders.scene import Scene, announced, scene

MISSING = "0" * 16
PEOPLE = ("viewer", "reporter", "orderer", "owner", "limited", "outsider", "nobody", "clerk", "staff")


@dataclass
class Place:
    """One address with what stands there."""

    account: Account
    address: Address
    scene: Scene
    order: Order
    mail: Message
    read: Read
    draft: ReadDraft
    """Of the account's owner."""
    job: AnnouncedJob
    given: Return
    photo: ReceiptPhoto
    """Of what came of it."""
    leftover: Leftover
    markers: set[str] = field(default_factory=set)
    """What nobody may read who may not see this place: identifiers, serials, numbers, names."""

    @property
    def device(self) -> Device:
        return self.scene.device


@dataclass
class World:
    main: Place
    harbor: Place
    press: Place
    people: dict[str, User]
    tokens: dict[str, str]
    link: Registration
    """A registration that matched, of somebody who is not here yet."""
    invitation: Invitation
    request: JoinRequest
    member: Membership
    """The viewer's part in Northwind."""
    clients: dict[str, Client]
    """A browser for each of PEOPLE, signed in, and one for "anon"."""
    notice: Notice
    subscription: Subscription
    """Asked for and not confirmed."""
    message: SupportMessage
    """The owner's, to support."""
    key: ApiKey
    """The owner's, for programs."""
    unconfirmed: Unconfirmed
    """A return of somebody who was not signed in; its link was mailed."""
    agent: Agent
    """Northwind's."""
    code: str
    """Another agent of Northwind's can enrol with it."""
    whole: set[str]
    """What only those of Northwind may read who are not limited to an address."""


def signed_in(user: User, **more: Any) -> Client:
    client = Client(**more)
    client.force_login(user)
    # As if the password had just been typed: pages that ask for it once more need not.
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
    request.session.save()
    return client


def _place(account: Account, contract: Contract, name: str, reader: User, owner: User) -> Place:
    address = make.address(account, name)
    made = scene(address, contract=contract, colours=1)
    order = announced(made)
    person = Recipient(reader.email, reader.name, "en", "UTC")
    values = {
        "order_number": order.number,
        "address_name": name,
        "lines": [],
        "item_count": 1,
        "release_at": None,
    }
    post(event=f"e:{name}", to=[person], template="order_announced", values=values | {"order_path": "/x/"})
    mail = Message.objects.get(event=f"e:{name}", email=reader.email)
    DeviceState.objects.create(
        device=made.device,
        account=account,
        slot_keys=[slot.key for slot in made.slots],
        levels=[410 for _ in made.slots],
        meter_keys=["total"],
        meters=[12345],
        observed_at=timezone.now(),
        received_at=timezone.now(),
    )
    (kind,) = make.meter_types("mono")
    ModelMeter.objects.get_or_create(model=made.device.model, meter_type=kind)
    read = Read.objects.create(
        account=account, address=address, device=made.device, source=Read.Source.CUSTOMER,
        taken_at=timezone.now() - dt.timedelta(days=40),
    )  # fmt: skip
    ReadValue.objects.create(read=read, meter_type=kind, value=1000)
    draft = ReadDraft.objects.create(
        account=account, user=owner, rows=[[made.device.serial, 1100]],
        expires_at=timezone.now() + dt.timedelta(days=1),
    )  # fmt: skip
    fleet.ask_for_change(
        account_id=account.pk, kind="serial", device=made.device, serial=f"S-{name}", actor=reader
    )
    coming = timezone.localdate() + dt.timedelta(days=9)
    job = announce_job(
        announced=Announced([made.device], starts_on=coming, ends_on=coming, pages=4000),
        once=uuid.uuid4(),
        actor=reader,
    )
    given, photo, left = _given(made, reader)
    markers = {
        given.public_id,
        photo.public_id,
        left.public_id,
        job.public_id,
        made.device.public_id,
        made.device.serial,
        order.public_id,
        order.number,
        name,
    }
    markers |= {address.public_id, made.pools[0].public_id}
    return Place(account, address, made, order, mail, read, draft, job, given, photo, left, markers)


def _given(made: Scene, person: User) -> tuple[Return, ReceiptPhoto, Leftover]:
    """A return that staff confirmed, a picture of what came, and something that is left over."""
    pool = made.pools[0]
    given = returns.file_return(
        account_id=pool.account_id,
        address=made.address,
        filled=returns.Filled({pool.supply_id: 1}, boxes=1, weight_kg=None, contact="Ana"),
        once=uuid.uuid4(),
        actor=person,
    )
    accepted = {line.public_id: line.quantity for line in given.lines.all()}
    given = returns.decide(made=given, accepted=accepted, reasons={})
    owned: dict[str, Any] = {"account": made.address.account}
    receipt = Receipt.objects.create(parent=given, once=uuid.uuid4(), **owned)
    photo = ReceiptPhoto.objects.create(
        receipt=receipt, image=b"\xff\xd8", width=1, height=1, digest=b"d", **owned
    )
    left = Leftover.objects.create(
        address=made.address, pool=pool, device=made.device, remind_at=timezone.now(), **owned
    )
    return given, photo, left


def world() -> World:
    northwind, harbor_press = make.account("Northwind"), make.account("Somebody Else")
    people = {name: make.user(f"{name}@example.com") for name in PEOPLE}
    contracts = {account: make.contract(account) for account in (northwind, harbor_press)}
    for role in ("viewer", "reporter", "orderer", "owner"):
        make.member(northwind, people[role], role)
    make.member(harbor_press, people["outsider"], "owner")
    main = _place(northwind, contracts[northwind], "Main Street 1", people["limited"], people["owner"])
    harbor = _place(northwind, contracts[northwind], "Harbor Street 2", people["owner"], people["owner"])
    press = _place(harbor_press, contracts[harbor_press], "Pier Four", people["outsider"], people["outsider"])
    make.member(northwind, people["limited"], "owner", main.address)
    User.objects.filter(pk__in=[people["clerk"].pk, people["staff"].pk]).update(is_staff=True)
    User.objects.filter(pk=people["staff"].pk).update(is_superuser=True)
    for person in people.values():
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        person.refresh_from_db()
    clients = {name: signed_in(person) for name, person in people.items()} | {"anon": Client()}
    return World(
        main, harbor, press, people, _tokens(main, press), *_doors(northwind, people["owner"]),
        Membership.objects.get(user=people["viewer"]), clients,
        *_told(northwind, people["owner"]), _key(northwind, people["owner"]), _unconfirmed(northwind),
        *_agents(main, people["owner"]),
    )  # fmt: skip


def _key(account: Account, owner: User) -> ApiKey:
    make_key(user=owner, account_id=account.pk, name="ERP")
    return ApiKey.objects.get(user=owner)


def _agents(main: Place, owner: User) -> tuple[Agent, str, set[str]]:
    """One that reports, with a device behind it, and one that is to enrol."""
    agent = Agent.objects.get(account=main.account)
    AgentState.objects.create(
        agent=agent, account=main.account, received_at=timezone.now(), version="1.0.0", instance="i",
        status={"devices": 1, "refused": [{"serial": "STRANGER1", "reason": "unknown_serial"}]},
    )  # fmt: skip
    DeviceState.objects.filter(device=main.device).update(agent=agent, agent_at=timezone.now())
    waiting = fleet.add_agent(account_id=main.account.pk, name="Branch", actor=owner)
    code = fleet.make_code(agent=waiting, actor=owner).text
    return agent, code, {agent.public_id, agent.name, waiting.public_id}


def _told(account: Account, owner: User) -> tuple[Notice, Subscription, SupportMessage]:
    notice = publishing.publish(notice=Notice(title="Act soon", body="Text"))
    publishing.ask_for_updates(email="reader@example.com", language="en")
    message = helpdesk.write_to_support(
        viewer=Viewer(owner.pk, account.pk, "owner"), actor=owner, text="Help", once=uuid.uuid4()
    )
    return notice, Subscription.objects.get(), message


def _unconfirmed(account: Account) -> Unconfirmed:
    supply = make.supply(reorder_number="MATRIX1")
    filled = {"units": {str(supply.pk): 1}, "boxes": 1, "contact": "Nora", "pick_up": "1 Elsewhere"}
    asked = returns.ask(known_as=account.number, email="nora@example.com", language="en", filled=filled)
    returns.take_unconfirmed()
    asked.refresh_from_db()
    return asked


def _doors(account: Account, owner: User) -> tuple[Registration, Invitation, JoinRequest]:
    """Ways in: a link to an account without people, an invitation to send again, somebody who asks."""
    now = timezone.now()
    joining.register(serial="S", place="14604", name="Rita", email="rita@example.com", language="en")
    link = Registration.objects.get()
    joining.answer(registration=link, account=make.account("Nobody Yet"), now=now)
    invitation = people_actions.invite(
        account_id=account.pk, actor=owner, email="ivy@example.com", role="viewer", addresses=None,
        now=now - timedelta(hours=2),
    )  # fmt: skip
    request = JoinRequest.objects.create(account=account, user=make.user("jo@example.com"), serial="S")
    return link, invitation, request


def _tokens(main: Place, press: Place) -> dict[str, str]:
    agent = Agent.objects.create(account=main.account, name="Basement server")
    other = Agent.objects.create(account=press.account, name="HQ")
    gone = make.device(main.address, contract=main.device.contract)
    tokens = {
        "agent": fleet.issue_token(agent=agent),
        "device": fleet.issue_token(device=main.device),
        "other account's agent": fleet.issue_token(agent=other),
        "revoked": fleet.issue_token(agent=agent),
        "removed device's": fleet.issue_token(device=gone),
        "unknown": "mt_" + "x" * 43,
    }
    fleet.revoke_token(token=agent.tokens.get(digest=fleet.token_digest(tokens["revoked"])))
    fleet.remove_device(device=gone)
    return tokens


def one_of_everything(made: World) -> None:
    """A row of each model that the admin shows and no story above has made."""
    device, now = made.main.device, timezone.now()
    owned: dict[str, Any] = {"account": made.main.account}
    model = device.model
    make.bulletin(model, "1.0", now.date())
    orders.release_now(order=made.harbor.order)
    line = made.main.order.lines.order_by("pk")[0]
    Problem.objects.create(line=line, kind="damaged", quantity=1, once=uuid.uuid4(), **owned)
    replenishment.DeviceRate.objects.create(device=device, folded_at=now, **owned)
    replenishment.Position.objects.create(slot=made.main.scene.slots[0], device=device, **owned)
    replenishment.PoolForecast.objects.create(pool=made.main.scene.pools[0], **owned)
    replenishment.Shortage.objects.create(
        address=made.main.address, pool=made.main.scene.pools[0], slot_ids=[], runs_out_on=now.date(),
        arrives_on=now.date(), **owned,
    )  # fmt: skip
    replenishment.SupplyStats.objects.create(supply=made.main.scene.pools[0].supply)
    replenishment.FleetStats.objects.get_or_create(kind="K")
    replenishment.DeliveryLane.objects.create(region="US 14", counts=[0, 2] + [0] * 59)
    replenishment.NightRun.objects.create(day=now.date(), began_at=now)
    replenishment.RunOutTold.objects.create(
        slot=made.main.scene.slots[0], month=now.date().replace(day=1), told_at=now, until=now, q10=1, q50=2,
        q90=3, source=0, **owned,
    )  # fmt: skip
    begin_backtest(once=uuid.uuid4(), days=30, sites=5, actor=None)
    replenishment.AddressReview.objects.update_or_create(
        address=made.main.address, defaults={"due_at": now, **owned}
    )
    Batch.objects.create(
        instance="i", sequence=1, digest=b"d", received_at=now, device_ids=[], parked_at=now,
        answer={"received": 0, "accepted": 0, "duplicates": 0, "refused": [], "warnings": []}, **owned,
    )  # fmt: skip
    Read.objects.create(
        device=device, address=made.main.address, taken_at=now, received_at=now,
        source=Read.Source.CUSTOMER, status=Read.Status.HELD, **owned,
    )  # fmt: skip
    ReadRequest.objects.create(
        device=device, address=made.main.address, because="staff", reason="x", due_on=now.date(), **owned
    )
    given = returns.file_return(
        account_id=made.main.account.pk, address=made.main.address, once=uuid.uuid4(), actor=None,
        filled=returns.Filled({made.main.scene.pools[0].supply_id: 1}, 1, None, "Ana"),
    )  # fmt: skip
    Unconfirmed.objects.create(
        email="rita@example.com", known_as="S", language="en",
        filled={"units": {str(line.supply_id): 1 for line in given.lines.all()}, "boxes": 1, "contact": "R"},
    )  # fmt: skip
    publishing.take_over(slug="privacy", language="en")
    Group.objects.create(name="Desk")
    Authenticator.objects.create(user=made.people["owner"], type="webauthn", data={"name": "key"})
    UserSession.objects.create(user=made.people["owner"], ip="127.0.0.1", session_key="s", user_agent="t")


UNTOLD = {"django_session", "django_migrations"}
"""A session is written when somebody comes; nothing that counts is kept there."""


def fingerprint() -> dict[str, str]:
    """Every table's rows as a digest each: two are equal only if no row came, went or changed."""
    tables = [name for name in connection.introspection.table_names() if name not in UNTOLD]
    questions = [
        sql.SQL(
            "SELECT {name}, count(*) || ':' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
            " FROM {table} t"
        ).format(name=sql.Literal(name), table=sql.Identifier(name))
        for name in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(questions))
        return dict(cursor.fetchall())


def rows_written() -> int:
    """Rows that this transaction has inserted, updated or deleted so far, undone ones included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_xact_user_tables"
            " WHERE relname <> ALL (%s)",
            [list(UNTOLD)],
        )
        return int(cursor.fetchone()[0])


class Unchanged:
    """No row came, went or changed since this was made; the tables are read only when rows were written."""

    def __init__(self) -> None:
        self.before = fingerprint()
        self.written = rows_written()

    def check(self, what: str) -> None:
        """Raises AssertionError that names the tables that changed."""
        written = rows_written()
        if written == self.written:
            return
        now = fingerprint()
        changed = sorted(name for name, digest in now.items() if self.before.get(name) != digest)
        assert not changed, f"{what} and changed {changed}"
        self.written = written


_TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=|csrfToken":\s*)"[^"]+"|csrf[^"]*"[A-Za-z0-9]{64}"')


def same_bytes(content: bytes) -> str:
    """A page's digest without what differs each time: the token against forged forms."""
    return hashlib.sha256(_TOKEN.sub(b"", content)).hexdigest()
