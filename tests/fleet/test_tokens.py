"""A token is shown once, kept as a hash, and refused once it is revoked."""

from __future__ import annotations

import hashlib

import pytest
from django.db import IntegrityError, connection, transaction

from metered.accounts.models import ActivityEntry
from metered.fleet import actions
from metered.fleet.models import Agent, Token
from metered.lib.errors import Refused
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_only_the_hash_is_kept() -> None:
    account = make.account()
    token = make.agent_token(account)
    row = Token.objects.get()
    assert bytes(row.digest) == hashlib.sha256(token.encode()).digest() == actions.token_digest(token)
    assert (row.hint, row.account, row.revoked_at) == (token[:7], account, None)
    assert len(token) >= 43, "256 random bits"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t::text FROM fleet_token t UNION ALL SELECT a::text FROM accounts_activityentry a"
        )
        assert not [line for (line,) in cursor.fetchall() if token[8:] in line], (
            "the token itself is kept nowhere"
        )


def test_two_tokens_of_one_agent_differ() -> None:
    account = make.account()
    assert make.agent_token(account) != make.agent_token(account)
    assert Token.objects.count() == 2 and Agent.objects.count() == 1


def test_issuing_and_revoking_are_on_the_log() -> None:
    cast = make.cast()
    agent = Agent.objects.create(account=cast.northwind, name="HQ")
    actions.issue_token(agent=agent, actor=cast.sam)
    token = Token.objects.get()
    actions.revoke_token(token=token, actor=cast.sam)
    token.refresh_from_db()
    assert token.revoked_at is not None
    entries = ActivityEntry.objects.filter(kind="token").order_by("pk")
    assert [(entry.verb, entry.actor, entry.account) for entry in entries] == [
        ("issued", cast.sam, cast.northwind),
        ("revoked", cast.sam, cast.northwind),
    ]


def test_revoking_twice_changes_nothing() -> None:
    make.agent_token(make.account())
    token = Token.objects.get()
    actions.revoke_token(token=token)
    token.refresh_from_db()
    first = token.revoked_at
    actions.revoke_token(token=token)
    token.refresh_from_db()
    assert token.revoked_at == first
    assert ActivityEntry.objects.filter(verb="revoked").count() == 1


def test_a_token_has_exactly_one_owner() -> None:
    device = make.device(make.address(make.account()))
    agent = Agent.objects.create(account=device.account, name="HQ")
    for named in (None, agent):
        with pytest.raises(Refused) as refused:
            actions.issue_token(agent=named, device=device if named else None)
        assert refused.value.code == "token_owner"
    with pytest.raises(IntegrityError, match="token_of_agent_or_device"), transaction.atomic():
        Token.objects.create(account=device.account, digest=b"x" * 32, hint="x")
    with pytest.raises(IntegrityError, match="token_of_agent_or_device"), transaction.atomic():
        Token.objects.create(account=device.account, agent=agent, device=device, digest=b"x" * 32, hint="x")


def test_the_tokens_of_a_removed_device_are_revoked_with_it() -> None:
    device, other = (make.device(make.address(make.account())) for _ in range(2))
    actions.issue_token(device=device)
    actions.issue_token(device=other)
    actions.remove_device(device=device)
    assert Token.objects.get(device=device).revoked_at is not None
    assert Token.objects.get(device=other).revoked_at is None
