"""The file with the logins and the agent's token: what a person or a script needs to use the demo."""

from __future__ import annotations

import json
import os
from pathlib import Path

from metered.fleet.actions import issue_token, token_digest
from metered.fleet.models import Token
from metered.portal.demo.load import agent_for_recordings
from metered.portal.demo.people import logins


def write_logins(path: Path) -> None:
    """Writes {"agent_token", "logins"} readable for the owner only. A token that stands there and still
    holds is kept.

    Only hashes of tokens are stored, so a lost file means a new token.
    """
    agent = agent_for_recordings()
    token = _token_in(path)
    if not Token.objects.filter(agent=agent, digest=token_digest(token), revoked_at=None).exists():
        token = issue_token(agent=agent)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"agent_token": token, "logins": logins()}, file, indent=2)
    new.replace(path)


def _token_in(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return str(found["agent_token"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
