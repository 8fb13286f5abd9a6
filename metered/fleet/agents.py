"""Device agents: a code is made for one, it enrols with it, is renamed, and revoked.

An enrolment code stands for a key during an hour and is typed by a person, perhaps as somebody reads it to
them over the phone: CODE_LENGTH letters and digits of lib.ids.ALPHABET (Crockford's base 32), 60 random bits.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Agent, EnrolmentCode, Token
from metered.fleet.tokens import issue_token
from metered.lib.errors import Refused
from metered.lib.ids import ALPHABET

CODE_LENGTH = 12
CODE_GROUP = 4
CODE_HOLDS = dt.timedelta(minutes=60)
HOST_LENGTH = 120
_HEARD_WRONG = str.maketrans({"o": "0", "i": "1", "l": "1"})
"""Letters that the alphabet leaves out, as what they were meant for (Crockford's base 32)."""


@dataclass(frozen=True)
class Code:
    """A code that was just made. `text` is known now and never again."""

    text: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class Enrolled:
    """`token` is returned once and never kept."""

    agent: Agent
    token: str


def code_key(typed: str) -> str:
    """What a typed code is compared by: lower case, without spaces and hyphens, O as 0, I and L as 1."""
    return "".join(c for c in typed.lower() if c.isalnum()).translate(_HEARD_WRONG)


def code_digest(typed: str) -> bytes:
    """Keyed by our secret, so that 60 bits can't be searched by whoever reads the table."""
    return salted_hmac("metered.fleet.enrolment", code_key(typed), algorithm="sha256").digest()


def _new_text() -> str:
    text = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)).upper()
    return "-".join(text[at : at + CODE_GROUP] for at in range(0, CODE_LENGTH, CODE_GROUP))


@transaction.atomic
def add_agent(*, account_id: int, name: str, actor: User | None, now: dt.datetime | None = None) -> Agent:
    """The agent that is to enrol under this name; one that waits to enrol under it already is that one.

    Refused (`agent_name`) for the name of one that has enrolled.
    """
    name = name.strip()
    try:
        with transaction.atomic():
            agent = Agent.objects.create(account_id=account_id, name=name, created_at=now or timezone.now())
    except IntegrityError:
        waiting = Agent.objects.filter(account_id=account_id, name=name, revoked_at=None, enrolled_at=None)
        found: Agent | None = waiting.first()
        if found is None:
            raise _name_taken() from None
        return found
    _log(agent, actor, "added", after={"name": agent.name})
    return agent


@transaction.atomic
def make_code(*, agent: Agent, actor: User | None, now: dt.datetime | None = None) -> Code:
    """A code for this agent, good once and for CODE_HOLDS; the one before it is good no more.

    Refused (`agent_revoked`) for an agent that was revoked.
    """
    now = now or timezone.now()
    locked = _lock(agent)
    _withdraw_codes(locked, now)
    text = _new_text()
    made = EnrolmentCode.objects.create(
        account_id=locked.account_id,
        agent=locked,
        digest=code_digest(text),
        created_at=now,
        created_by=actor,
        expires_at=now + CODE_HOLDS,
    )
    _log(locked, actor, "made a code for")
    return Code(text, made.expires_at)


@transaction.atomic
def enrol(*, code: str, host: str, version: str = "", now: dt.datetime | None = None) -> Enrolled:
    """Exchanges a code for a key to report with. Keys that the agent had before are refused from now on.

    Refused (`no_code`) alike for a code that is unknown, used, withdrawn or expired.
    """
    now = now or timezone.now()
    row = EnrolmentCode.objects.select_related("agent", "created_by").filter(digest=code_digest(code)).first()
    if row is None:
        raise no_code()
    # Agent before code, as whoever makes or withdraws one.
    agent = Agent.objects.select_for_update().get(pk=row.agent_id)
    # Compare and swap: of two at once the second finds it used. What joins another table here would not look
    # at the code's row again after waiting for it.
    good = EnrolmentCode.objects.filter(pk=row.pk, used_at=None, withdrawn_at=None, expires_at__gt=now)
    if good.update(used_at=now) != 1:
        raise no_code()
    Token.objects.filter(agent=agent, revoked_at=None).update(revoked_at=now)
    token = issue_token(agent=agent, actor=row.created_by, logged=False)
    before = {"host": agent.host} if agent.enrolled_at else None
    agent.host, agent.enrolled_at = host.strip()[:HOST_LENGTH], now
    agent.save(update_fields=["host", "enrolled_at"])
    _log(agent, None, "enrolled", before=before, after={"host": agent.host, "version": version})
    return Enrolled(agent, token)


def no_code() -> Refused:
    """For programs, which speak no language of a person's."""
    return Refused("The code is unknown, was used, or is too old.", code="no_code")


@transaction.atomic
def rename_agent(*, agent: Agent, name: str, actor: User | None) -> None:
    """Another name for the agent; the same again changes nothing. Refused (`agent_name`) for one in use."""
    locked = _lock(agent)
    before, name = locked.name, name.strip()
    if name == before:
        return
    locked.name = name
    try:
        with transaction.atomic():
            locked.save(update_fields=["name"])
    except IntegrityError:
        raise _name_taken() from None
    _log(locked, actor, "renamed", before={"name": before}, after={"name": name})


@transaction.atomic
def revoke_agent(*, agent: Agent, actor: User | None, now: dt.datetime | None = None) -> None:
    """From now on the agent is refused, and its name is free. Revoking twice changes nothing.

    Its devices stay as they are: what they said before is kept.
    """
    now = now or timezone.now()
    locked = Agent.objects.select_for_update().get(pk=agent.pk)
    if locked.revoked_at is not None:
        return
    locked.revoked_at = now
    locked.save(update_fields=["revoked_at"])
    Token.objects.filter(agent=locked, revoked_at=None).update(revoked_at=now)
    _withdraw_codes(locked, now)
    _log(locked, actor, "revoked", before={"name": locked.name})


def _name_taken() -> Refused:
    return Refused(
        _("There is an agent of this name already. Give this one another name."), code="agent_name"
    )


def _lock(agent: Agent) -> Agent:
    locked: Agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if locked.revoked_at is not None:
        raise Refused(_("This agent was revoked. Enrol a new one instead."), code="agent_revoked")
    return locked


def _withdraw_codes(agent: Agent, now: dt.datetime) -> None:
    EnrolmentCode.objects.filter(agent=agent, used_at=None, withdrawn_at=None).update(withdrawn_at=now)


def _log(
    agent: Agent,
    actor: User | None,
    verb: str,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    log(
        actor=actor,
        account_id=agent.account_id,
        verb=verb,
        kind="agent",
        public_id=agent.public_id,
        before=before,
        after=after,
    )
