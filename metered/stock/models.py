"""Stock is a ledger per pool. Nothing edits a number (domain rule 16)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, User
from metered.accounts.scoping import OwnedManager
from metered.fleet.models import Contract, Supply
from metered.lib.fields import PublicIdField
from metered.lib.said import SaidField


class Pool(models.Model):
    """An address and a supply of one contract: the shelf and what is on the way.

    `shelf`, `on_the_way` and `leaving` (set aside for a return, not taken back yet) are the ledger's sums,
    kept by the ledger's actions in the same transaction. What is leaving is no longer on the shelf.
    """

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="pools")
    supply = models.ForeignKey(Supply, models.PROTECT, related_name="+")
    shelf = models.PositiveIntegerField(default=0)
    on_the_way = models.PositiveIntegerField(default=0)
    leaving = models.PositiveIntegerField(default=0, db_default=0)
    counted_at = models.DateTimeField(null=True)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "address", "supply"], name="pool_once"),
        ]
        indexes = [models.Index(fields=["address"], name="pool_at_address")]

    def __str__(self) -> str:
        return f"{self.supply} @ {self.address}"


class Entry(models.Model):
    """One line of the ledger. A trigger keeps it append-only; `cause` makes posting twice harmless."""

    class Kind(models.TextChoices):
        EXPECT = "expect", _("ordered")
        RECEIVE = "receive", _("delivered")
        CANCEL = "cancel", _("order cancelled")
        INSTALL = "install", _("put into a device")
        COUNT = "count", _("counted")
        SET_ASIDE = "set_aside", _("set aside for a return")
        PUT_BACK = "put_back", _("not returned after all")
        TAKE_BACK = "take_back", _("returned")
        ADJUST = "adjust", _("adjusted")

    class Origin(models.TextChoices):
        AUTOMATIC = "automatic", _("automatic")
        CUSTOMER = "customer", _("customer")
        EMERGENCY = "emergency", _("emergency")
        STAFF = "staff", _("staff")
        DEVICE = "device", _("device")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = models.IntegerField(
        help_text=_("Units; for a count, what was counted; for an adjustment, the change")
    )
    shelf_change = models.IntegerField(help_text=_("By how much the expected shelf changed"))
    cause = models.CharField(max_length=100, unique=True, help_text=_("What it was posted for, once"))
    origin = models.CharField(max_length=10, choices=Origin.choices)
    at = models.DateTimeField(default=timezone.now)
    posted_at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    note = SaidField(max_length=500, blank=True)

    objects = OwnedManager(address_path="pool__address_id")

    class Meta:
        verbose_name_plural = _("entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="adjust") | Q(quantity__gte=0), name="entry_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["count", "adjust"]) | Q(quantity__gt=0), name="entry_moves_something"
            ),
        ]
        indexes = [
            models.Index("pool", F("at").desc(), name="entry_by_pool"),
            # Consumer: replenishment.actions.notice_entries
            models.Index(fields=["posted_at"], name="entry_by_posting"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity}"


class CountRequest(models.Model):
    """Somebody should count a pool's shelf (domain rule 17). Its next count closes it."""

    class Because(models.TextChoices):
        CADENCE = "cadence", _("it is time again")
        ORDER = "order", _("something is being ordered")
        DISAGREEMENT = "disagreement", _("the levels and the books disagree")
        STAFF = "staff", _("support asked for it")
        UNSURE = "unsure", _("we are not sure what is there")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="count_requests")
    because = models.CharField(max_length=12, choices=Because.choices)
    asked_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField()
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = OwnedManager(address_path="pool__address_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pool"], condition=Q(closed_at=None), name="count_request_one_open_per_pool"
            ),
        ]
        indexes = [
            # Consumer: the portal, which shows an account what it is asked to count.
            models.Index(fields=["account"], condition=Q(closed_at=None), name="count_request_open"),
        ]

    def __str__(self) -> str:
        return f"{self.pool}: {self.get_because_display()}"
