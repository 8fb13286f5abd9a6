"""What waits for support staff: the queues at the head of the admin."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.models import JoinRequest
from metered.fleet.models import DeviceRequest
from metered.notify.models import Message
from metered.orders.models import LineState, Order
from metered.portal.models import SupportMessage
from metered.reads.agents import silent_agents_for_system
from metered.reads.models import Batch, Read
from metered.reads.queries import silent_for_system
from metered.replenishment.models import Shortage
from metered.returns.models import Return, ReturnState


@dataclass(frozen=True)
class Queue:
    label: str
    waiting: int
    url: str
    permission: str
    """Who lacks it does not see the queue."""


def queues_for_system(user: Any) -> list[Queue]:
    """Every queue that this person may work on, the most urgent kind first; unscoped, as the admin is."""
    orders = reverse("admin:orders_order_changelist")
    silent = silent_for_system(dt.timedelta(days=settings.SILENT_STAFF_DAYS)).count()
    queues = [
        Queue(
            _("Orders to be shipped"),
            _orders(LineState.RELEASED),
            f"{orders}?queue=ship",
            "orders.view_order",
        ),
        Queue(
            _("Supplies that run out before anything can arrive"),
            Shortage.objects.filter(ended_at=None).count(),
            reverse("admin:replenishment_shortage_changelist") + "?state=open",
            "replenishment.view_shortage",
        ),
        Queue(
            _("Orders held for a read or a look"),
            _orders(LineState.AWAITING_READ, LineState.IN_REVIEW),
            f"{orders}?queue=held",
            "orders.view_order",
        ),
        Queue(
            _("Returns to answer"),
            Return.objects.filter(state=ReturnState.FILED).count(),
            reverse("admin:returns_return_changelist") + "?queue=answer",
            "returns.view_return",
        ),
        Queue(
            _("Returns to close"),
            Return.objects.filter(state=ReturnState.RECEIVED).count(),
            reverse("admin:returns_return_changelist") + "?queue=close",
            "returns.view_return",
        ),
        Queue(
            _("Changes of devices asked for"),
            DeviceRequest.objects.filter(state=DeviceRequest.State.OPEN).count(),
            reverse("admin:fleet_devicerequest_changelist") + "?state__exact=open",
            "fleet.view_devicerequest",
        ),
        Queue(
            _("Meter reads to check"),
            Read.objects.filter(status__in=["held", "confirmed"]).count(),
            reverse("admin:reads_read_changelist") + "?status__in=held,confirmed",
            "reads.view_read",
        ),
        Queue(
            _("Devices silent for more than %(days)s days") % {"days": settings.SILENT_STAFF_DAYS},
            silent,
            reverse("admin:fleet_device_changelist") + "?silent=yes",
            "fleet.view_device",
        ),
        Queue(
            _("Silent device agents"),
            silent_agents_for_system(timezone.now()).count(),
            reverse("admin:fleet_agent_changelist") + "?state=silent",
            "fleet.view_agent",
        ),
        Queue(
            _("Messages from customers to answer"),
            SupportMessage.objects.filter(answered_at=None).count(),
            reverse("admin:portal_supportmessage_changelist") + "?answered=no",
            "portal.view_supportmessage",
        ),
        Queue(
            _("People who ask to join an account"),
            JoinRequest.objects.filter(decided_at=None).count(),
            reverse("admin:accounts_joinrequest_changelist") + "?decided_at__isempty=1",
            "accounts.view_joinrequest",
        ),
        Queue(
            _("Mails that could not be sent"),
            Message.objects.filter(status=Message.Status.PARKED).count(),
            reverse("admin:notify_message_changelist") + "?status__exact=parked",
            "notify.view_message",
        ),
        Queue(
            _("Reports that could not be taken further"),
            Batch.objects.filter(parked_at__isnull=False, folded_at=None).count(),
            reverse("admin:reads_batch_changelist") + "?parked=yes",
            "reads.view_batch",
        ),
    ]
    return [queue for queue in queues if user.has_perm(queue.permission)]


def _orders(*states: str) -> int:
    return Order.objects.filter(lines__state__in=states).distinct().count()
