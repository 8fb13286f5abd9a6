"""How often something may be tried, counted in PostgreSQL: parallel tries wait for one another's count."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import math

from allauth.account.adapter import get_adapter
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

_COUNT = """
    INSERT INTO accounts_tries AS tries (key, since, count) VALUES (%(key)s, %(now)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN tries.since <= %(over)s THEN 1 ELSE LEAST(tries.count + 1, 1000000) END,
        since = CASE WHEN tries.since <= %(over)s THEN %(now)s ELSE tries.since END
    RETURNING count, since
"""


def allowed(
    what: str, who: str, *, at_most: int, within: dt.timedelta, now: dt.datetime | None = None
) -> bool:
    """Counts one more try of `what` by `who`; whether it is among the first `at_most` of its period.

    The period begins with the first try and the count starts anew after `within`. Not to be called inside
    a transaction that may be rolled back: the try would not count. `who` is kept as a hash only.
    """
    return not wait(what, who, at_most=at_most, within=within, now=now)


def wait(what: str, who: str, *, at_most: int, within: dt.timedelta, now: dt.datetime | None = None) -> int:
    """Counts like `allowed`; for how many seconds there is none left, 0 for one that is among the first."""
    now = now or timezone.now()
    key = f"{what}:{hashlib.sha256(who.encode()).hexdigest()[:40]}"
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "now": now, "over": now - within})
        count, since = cursor.fetchone()
    return 0 if count <= at_most else max(1, math.ceil((since + within - now).total_seconds()))


def network(request: HttpRequest) -> str:
    """Whose try it is: an IPv4 address, or the /64 that one connection owns."""
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
