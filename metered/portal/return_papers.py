"""The papers of a return with what only the portal knows: the operator's returns policy and its links.

They go with the mail that confirms it, and can be had on its page.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_language

from metered.lib import wording
from metered.lib.markdown import fill
from metered.lib.zones import time_zone_or_none
from metered.notify.attachments import Attachment
from metered.portal.presentation.texts import facts
from metered.portal.queries.texts import text_for_system
from metered.returns.models import Return
from metered.returns.numbers import spoken
from metered.returns.papers import House, Line, Papers, labels, packing_slip, policy_paper
from metered.returns.sheet import weight

PDF = "application/pdf"


def house() -> House:
    """Who takes returns and by which policy, in the language that is active."""
    text = text_for_system("returns-policy", get_language() or "en")
    operator = settings.OPERATOR
    return House(
        operator=str(operator["name"]),
        support_phone=str(operator["phone"]),
        support_hours=str(operator["hours"]),
        policy_title=text.title,
        policy=fill(text.body, facts()),
        site_url=settings.SITE_URL,
    )


def papers_of(made: Return) -> Papers | None:
    """What stands on the papers of a return; None for one that has no number."""
    if made.number is None or made.decided_at is None:
        return None
    zone = time_zone_or_none(made.time_zone)
    lines = made.lines.filter(accepted__gt=0).select_related("supply").order_by("supply__reorder_number")
    return Papers(
        rma=made.number,
        filed_on=made.filed_at.astimezone(zone).date(),
        confirmed_on=made.decided_at.astimezone(zone).date(),
        account_name=made.account.name,
        customer_number=made.account.number,
        from_address=tuple(made.pick_up.splitlines()),
        country=made.country,
        contact=made.contact,
        phone=made.phone,
        to_address=tuple(settings.RETURNS_ADDRESS.splitlines()),
        lines=tuple(Line(line.accepted or 0, line.supply.reorder_number, line.supply.name) for line in lines),
        boxes=made.boxes,
        weight_text=weight(made.weight_kg, made.country) if made.weight_kg is not None else "",
        pallet=made.pallet,
        pick_up=_pick_up(made),
        house=house(),
    )


def _pick_up(made: Return) -> str:
    if made.pick_up_on is None:
        return ""
    return ", ".join(part for part in (wording.full_day(made.pick_up_on), made.carrier) if part)


def attached(public_id: str) -> list[Attachment]:
    """Slip, labels and policy of a return, to go with its mail. Raises Return.DoesNotExist."""
    made = Return.objects.select_related("account").get(public_id=public_id)
    papers = papers_of(made)
    if papers is None:
        return []
    rma = spoken(papers.rma).replace(" ", "-")
    return [
        Attachment(f"return-{rma}-packing-slip.pdf", packing_slip(papers), PDF),
        Attachment(f"return-{rma}-labels.pdf", labels(papers), PDF),
        Attachment(
            "returns-policy.pdf", policy_paper(papers.house, papers.country, papers.confirmed_on), PDF
        ),
    ]
