"""Keys to report with: of an agent, or of one device. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.models import Agent, Device, Token
from metered.lib.errors import Refused


def token_digest(token: str) -> bytes:
    """SHA-256 of a token; enough for 256 random bits, and quick at every request."""
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def issue_token(
    *,
    agent: Agent | None = None,
    device: Device | None = None,
    actor: User | None = None,
    logged: bool = True,
) -> str:
    """A new token for an agent or for one device. It is returned once and never kept.

    Refused for an agent that was revoked. `logged` False: the caller writes down what happened.
    """
    owner = agent or device
    if owner is None or (agent and device):
        raise Refused(_("A token belongs to an agent or to a device."), code="token_owner")
    if agent is not None and agent.revoked_at is not None:
        raise Refused(_("This agent was revoked. Enrol a new one instead."), code="agent_revoked")
    token = f"mt_{secrets.token_urlsafe(32)}"
    Token.objects.create(
        account_id=owner.account_id,
        agent=agent,
        device=device,
        digest=token_digest(token),
        hint=token[:7],
        created_by=actor,
    )
    if agent is not None:
        Agent.objects.filter(pk=agent.pk).update(enrolled_at=timezone.now())
    if logged:
        log(
            actor=actor,
            account_id=owner.account_id,
            verb="issued",
            kind="token",
            public_id=owner.public_id,
            after={"hint": token[:7]},
        )
    return token


@transaction.atomic
def revoke_token(*, token: Token, actor: User | None = None) -> None:
    """From now on the token is refused. Revoking twice changes nothing."""
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()) != 1:
        return
    log(
        actor=actor,
        account_id=token.account_id,
        verb="revoked",
        kind="token",
        public_id=token.hint,
    )
