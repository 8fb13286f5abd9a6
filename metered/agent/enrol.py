"""A one-time code from the portal becomes this agent's token."""

import re
import socket
from pathlib import Path

from metered.agent import VERSION, batch, secret
from metered.agent.portal import ENROL, Portal, PortalError, endpoint


def enrol(portal: Portal, code: str, token_file: Path) -> tuple[str, str]:
    """Writes the token and returns the agent's and the account's name.

    Raises PortalError (also for a code that is not known any more) and SecretError (the file cannot be
    written).
    The file is tried first: a code works once, and a token that has no place to go would be lost.
    """
    secret.try_writing(token_file)
    body = batch.encoded({"code": code.strip(), "host": socket.gethostname()[:255], "version": VERSION})
    try:
        answer = portal.post(ENROL, body)
    except PortalError as error:
        if error.status == 404:
            raise PortalError(
                "the portal does not know this code: each works once and for an hour. Make a new one in the"
                f" portal and mind its letters. ({error})",
                status=404,
            ) from None
        raise
    token = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]{8,200}", token):
        raise PortalError(f"{endpoint(portal.url, ENROL)} answered without a token; is it the portal?")
    secret.write(token_file, token)
    agent = answer.get("agent")
    name = agent.get("name") if isinstance(agent, dict) else None
    return str(name or "this agent"), str(answer.get("account") or "its account")
