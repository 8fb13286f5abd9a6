"""Links that prove whom they were mailed to: a row's public id with our signature.

Nothing secret is kept in the database; whether a link still holds is said by its row.
"""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

from metered.lib.ids import LENGTH


def sign(purpose: str, public_id: str) -> str:
    """The token for a link, fit for a URL's slug. One purpose's token is no other's."""
    return f"{public_id}-{_signer(purpose).signature(public_id)}"


def signed(purpose: str, token: str) -> str:
    """The public id of a token that is ours; empty for any other."""
    public_id, signature = token[:LENGTH], token[LENGTH + 1 :]
    try:
        _signer(purpose).unsign(f"{public_id}:{signature}")
    except BadSignature:
        return ""
    return public_id


def _signer(purpose: str) -> Signer:
    return Signer(salt=f"metered.link.{purpose}")
