"""The outbox: one row per event and recipient. It knows addresses, not people."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.lib.fields import PublicIdField


class Message(models.Model):
    """A mail to be sent once. What was sent is kept beside it."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        PARKED = "parked", _("needs staff")

    public_id = PublicIdField()
    event = models.CharField(
        max_length=120, help_text=_("What happened, once per recipient: order_announced:abc123")
    )
    email = models.EmailField()
    language = models.CharField(max_length=8)
    time_zone = models.CharField(max_length=64, default="UTC")
    kind = models.CharField(max_length=10, blank=True, help_text=_("May be declined; empty: is always sent"))
    digest = models.BooleanField(default=False, help_text=_("Sent together with others, once a day"))
    template = models.CharField(max_length=60)
    values = models.JSONField(default=dict)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = [models.UniqueConstraint(fields=["event", "email"], name="message_once")]
        indexes = [
            # Consumer: notify.actions.send_due
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="message_due"),
            models.Index(fields=["-created_at", "-id"], name="message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.template} → {self.email}"
