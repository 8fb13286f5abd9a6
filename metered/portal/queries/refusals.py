"""Which devices' last attempt to report by themselves was refused."""

from __future__ import annotations

from django.db.models import F, Q

from metered.reads.judge import AGENT_LEADS


def last_attempt_refused() -> Q:
    """Devices refused since they were last heard of, or from their first report on (domain rule 9).

    While an agent reads a device nothing is missing: the agent is the way out.
    """
    unheard = Q(state__refused_at__gt=F("state__received_at")) | Q(
        state__received_at=None, state__refused_at__isnull=False
    )
    read_by_agent = Q(state__agent_at__isnull=False, state__refused_at__lt=F("state__agent_at") + AGENT_LEADS)
    return unheard & ~read_by_agent
