"""What the demo's operator has published, and what its customers have asked support."""

from __future__ import annotations

import datetime as dt
import uuid

from metered.accounts.access import Viewer
from metered.accounts.models import Membership, User
from metered.fleet.models import Bulletin, Device
from metered.orders.models import Order
from metered.portal import helpdesk, publishing
from metered.portal.demo.customers import STAFF
from metered.portal.models import Notice, Subscription, SupportMessage
from metered.portal.queries.messages import topic

ASKED = (
    (
        "maria.alvarez@northwind.example",
        "device",
        "Since Monday the display says “replace waste container”, but here it is half full. Which is right?",
        "The display is: this model reports its waste container in steps of 50 %. A new one left today.",
        50,
    ),
    (
        "maria.alvarez@northwind.example",
        "order",
        "Can this be left with the porter at the side entrance? The front desk closes at noon that week.",
        "",
        3,
    ),
    (
        "ray.kowalski@northwind.example",
        "",
        "We move two printers to the new building in spring. What do you need from us, and how early?",
        "",
        26,
    ),
)
"""Who, about what, the question, the answer (empty: still with support), and hours ago."""


def write(now: dt.datetime) -> None:
    """Two notices, a subscriber, and messages answered and waiting."""
    staff = User.objects.get(email=STAFF.email)
    _notices(now, staff)
    publishing.ask_for_updates(email="facilities@northwind.example", language="en")
    publishing.confirm_updates(key=Subscription.objects.get().key)
    for email, kind, text, answer, hours in ASKED:
        _message(email, kind, text, answer, now - dt.timedelta(hours=hours), staff)


def _notices(now: dt.datetime, staff: User) -> None:
    bulletin = Bulletin.objects.select_related("model").first()
    if bulletin is not None:
        publishing.publish(
            notice=Notice(
                title=f"{bulletin.model.name}: update the software",
                body=(
                    f"From that day on, a {bulletin.model.name} must have software"
                    f" **{bulletin.minimum_software} or later** to report by itself. Older ones can no longer"
                    " deliver meters and supply levels.\n\n"
                    "- [See whether yours is affected](/can-it-report/)\n"
                    "- [How printers report, and the device agent as a way out](/guide/connection/)\n\n"
                    "Your supplies go on being sent in any case, but by estimate."
                ),
                act_by=bulletin.from_date,
                starts_at=now - dt.timedelta(days=2),
            ),
            actor=staff,
        )
    publishing.publish(
        notice=Notice(
            title="Support is closed over the holidays",
            body="We are back on the first working day after them. Orders go on being shipped.",
            starts_at=now - dt.timedelta(days=340),
            ends_at=now - dt.timedelta(days=325),
            banner=False,
            mail=False,
        ),
        actor=staff,
    )


def _message(email: str, kind: str, text: str, answer: str, at: dt.datetime, staff: User) -> None:
    membership = Membership.objects.select_related("user").filter(user__email=email, limited=False).first()
    if membership is None:
        return
    viewer = Viewer(membership.user_id, membership.account_id, membership.role)
    about = None
    if kind:
        rows = _rows(kind, membership.account_id)
        about = topic(viewer, f"{kind}:{rows}") if rows else None
    message = helpdesk.write_to_support(
        viewer=viewer, actor=membership.user, text=text, once=uuid.uuid4(), topic=about
    )
    if answer:
        helpdesk.answer(message=message, text=answer, actor=staff)
    times = {"answered_at": at + dt.timedelta(hours=5)} if answer else {}
    SupportMessage.objects.filter(pk=message.pk).update(written_at=at, **times)


def _rows(kind: str, account_id: int) -> str:
    rows = Device.objects if kind == "device" else Order.objects
    found = rows.filter(account_id=account_id).order_by("-pk").values_list("public_id", flat=True).first()
    return str(found or "")
