"""Which devices' last attempt to report was refused."""

from __future__ import annotations

from django.db.models import F, Q


def last_attempt_refused() -> Q:
    """Devices refused since they were last heard of, or from their first report on (domain rule 9)."""
    return Q(state__refused_at__gt=F("state__received_at")) | Q(
        state__received_at=None, state__refused_at__isnull=False
    )
