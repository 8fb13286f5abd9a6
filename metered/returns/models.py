"""Returns: what is left comes back (domain rules 29 to 31)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, Fact, User
from metered.accounts.scoping import OwnedManager
from metered.fleet.models import Device, Supply
from metered.lib.fields import PublicIdField
from metered.lib.said import SaidField
from metered.stock.models import Pool


class ReturnState(models.TextChoices):
    FILED = "filed", _("being looked at")
    CONFIRMED = "confirmed", _("confirmed")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    RECEIVED = "received", _("received")
    CLOSED = "closed", _("closed")


STEPS: dict[str, list[str]] = {
    "filed": ["confirmed", "rejected", "withdrawn"],
    "confirmed": ["received", "withdrawn", "closed"],
    "received": ["closed"],
}
"""Which state may follow which. A trigger made from this table refuses every other step."""

STANDING = ("filed", "confirmed", "received", "closed")
"""A return in one of these counts against what may still be returned."""


class Return(models.Model):
    """What a customer gives back from one address. `number` is the RMA, drawn when it is confirmed.

    `address` None: somebody who was not signed in typed where to pick it up, and staff have not found the
    address yet.
    """

    public_id = PublicIdField()
    number = models.CharField(  # noqa: DJ001 (unique: several have none)
        _("RMA number"), max_length=9, unique=True, null=True, editable=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="returns")
    address = models.ForeignKey(Address, models.PROTECT, null=True, related_name="+")
    pick_up = models.TextField(_("pick-up address"), help_text=_("As it is worded on the label"))
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=64)
    contact = models.CharField(_("contact"), max_length=120)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    boxes = models.PositiveIntegerField(_("boxes"))
    weight_kg = models.DecimalField(_("weight in kg"), max_digits=8, decimal_places=1, null=True)
    pallet = models.BooleanField(_("pallet"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)
    filed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    filed_email = models.EmailField(blank=True, help_text=_("Of somebody who was not signed in"))
    language = models.CharField(max_length=8)
    filed_at = models.DateTimeField(_("filed"), default=timezone.now)
    state = models.CharField(max_length=10, choices=ReturnState.choices, default=ReturnState.FILED)
    asks = SaidField(
        max_length=500, blank=True, help_text=_("What staff have to look at before it is confirmed")
    )
    due_on = models.DateField(_("due"))
    due_at = models.DateTimeField()
    alarm_at = models.DateTimeField()
    escalate_at = models.DateTimeField()
    last_chance_at = models.DateTimeField()
    alarmed_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    unanswered = models.BooleanField(
        default=False, help_text=_("Confirmed as the last day began, since nobody had answered")
    )
    pick_up_on = models.DateField(_("pick-up on"), null=True)
    carrier = models.CharField(_("carrier"), max_length=40, blank=True)
    tracking = models.CharField(_("tracking number"), max_length=60, blank=True)
    handed_over_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_reason = SaidField(max_length=500, blank=True)
    once = models.UUIDField(unique=True, editable=False, help_text=_("The form it was filed with"))

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name = _("return")
        ordering: ClassVar = ["-filed_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReturnState.values), name="return_state_known"),
            models.CheckConstraint(condition=Q(boxes__gte=1), name="return_has_boxes"),
            models.CheckConstraint(
                condition=Q(number=None) | Q(decided_at__isnull=False), name="return_number_when_confirmed"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "received", "closed"])
                | Q(number__isnull=False, address__isnull=False),
                name="return_confirmed_has_number",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | Q(number=None), name="return_rejected_has_no_number"
            ),
        ]
        indexes = [
            models.Index("account", F("filed_at").desc(), F("id").desc(), name="return_history"),
            # Consumer: staff's queue, and returns.deciding.answer_due
            models.Index(fields=["due_at"], condition=Q(state="filed"), name="return_to_answer"),
            # Consumer: staff, who receive.
            models.Index(fields=["decided_at"], condition=Q(state="confirmed"), name="return_to_receive"),
        ]

    def __str__(self) -> str:
        return self.number or self.public_id


class ReturnLine(models.Model):
    """Units of one supply on a return. `accepted` None: not decided; `received`: what receipts counted."""

    public_id = PublicIdField()
    parent = models.ForeignKey(Return, models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    supply = models.ForeignKey(Supply, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, null=True, related_name="+")
    quantity = models.PositiveIntegerField(help_text=_("Units asked for; 0 for what came unannounced"))
    asks = models.CharField(max_length=20, blank=True, help_text=_("What is asked of it (returns.policy)"))
    accepted = models.PositiveIntegerField(null=True)
    reason = SaidField(max_length=500, blank=True, help_text=_("Why not all of it, as the customer reads it"))
    received = models.PositiveIntegerField(default=0)

    objects = OwnedManager(address_path="parent__address_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "supply"], name="return_line_once"),
            models.CheckConstraint(
                condition=Q(accepted=None) | Q(accepted__lte=F("quantity")), name="return_line_accepted_asked"
            ),
            models.CheckConstraint(
                condition=Q(accepted=None) | Q(accepted=F("quantity")) | ~Q(reason=""),
                name="return_line_less_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.supply}"

    @property
    def difference(self) -> int:
        """Units received more than accepted; negative: fewer."""
        return self.received - (self.accepted or 0)


class Receipt(models.Model):
    """Boxes of a return arrived and were opened at the operator's dock."""

    public_id = PublicIdField()
    parent = models.ForeignKey(Return, models.PROTECT, related_name="receipts")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    received_at = models.DateTimeField(default=timezone.now)
    received_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    boxes = models.PositiveIntegerField(null=True)
    note = models.CharField(max_length=500, blank=True)
    once = models.UUIDField(unique=True, editable=False)

    objects = OwnedManager(address_path="parent__address_id")

    class Meta:
        ordering: ClassVar = ["received_at", "id"]

    def __str__(self) -> str:
        return f"{self.parent}, {self.received_at:%Y-%m-%d}"


class ReceiptLine(models.Model):
    """Units of a supply that were in the boxes, and in what condition."""

    class Condition(models.TextChoices):
        SEALED = "sealed", _("sealed")
        OPENED = "opened", _("opened")
        DAMAGED = "damaged", _("damaged")

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="lines")
    line = models.ForeignKey(ReturnLine, models.PROTECT, related_name="receipts")
    quantity = models.PositiveIntegerField()
    condition = models.CharField(max_length=8, choices=Condition.choices, default=Condition.SEALED)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt", "line", "condition"], name="receipt_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="receipt_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.supply}"


class ReceiptPhoto(models.Model):
    """A picture that staff took of what came. Kept as JPEG of modest size, without what the camera knew."""

    public_id = PublicIdField()
    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="photos")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    image = models.BinaryField(editable=False)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32, editable=False)
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = OwnedManager(address_path="receipt__parent__address_id")

    class Meta:
        ordering: ClassVar = ["added_at", "id"]
        constraints = [models.UniqueConstraint(fields=["receipt", "digest"], name="receipt_photo_once")]

    def __str__(self) -> str:
        return f"{self.receipt}: {self.width} × {self.height}"


class Leftover(models.Model):
    """Unused supplies that no device uses any more: they are to be returned, or put to another use.

    `device`: the removed one that used them last; None when their contract ended.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to be settled")
        RETURNED = "returned", _("on a return")
        ASSIGNED = "assigned", _("given to other devices")
        GONE = "gone", _("none left")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    found_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    returned_in = models.ForeignKey(Return, models.PROTECT, null=True, related_name="leftovers")
    assigned_to = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    remind_at = models.DateTimeField()
    reminders = models.PositiveSmallIntegerField(default=0)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pool"], condition=Q(state="open"), name="leftover_open_once"),
            models.CheckConstraint(
                condition=~Q(state="returned") | Q(returned_in__isnull=False), name="leftover_names_return"
            ),
            models.CheckConstraint(
                condition=~Q(state="assigned") | Q(assigned_to__isnull=False), name="leftover_names_device"
            ),
        ]
        indexes = [
            # Consumer: returns.leftovers.remind
            models.Index(fields=["remind_at"], condition=Q(state="open"), name="leftover_to_remind"),
            models.Index(fields=["address"], condition=Q(state="open"), name="leftover_open_here"),
        ]

    def __str__(self) -> str:
        return f"{self.pool}: {self.get_state_display()}"


class FactTaken(models.Model):
    """A fact of accounts that returns have dealt with."""

    fact = models.OneToOneField(Fact, models.PROTECT, primary_key=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.fact_id)


class Unconfirmed(models.Model):
    """A return that somebody who was not signed in filled in: it counts once the mailed link is used.

    Kept also when the customer number or serial is not known, so that both are answered alike.
    """

    class Outcome(models.TextChoices):
        MATCHED = "matched", _("link mailed")
        UNMATCHED = "unmatched", _("nothing matched")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    address = models.ForeignKey(Address, models.CASCADE, null=True, related_name="+")
    email = models.EmailField()
    language = models.CharField(max_length=8)
    known_as = models.CharField(
        max_length=64, help_text=_("Customer number or serial number, as it was typed")
    )
    filled = models.JSONField(help_text=_("The form as it was filled in"))
    made_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    taken_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    filed = models.OneToOneField(Return, models.PROTECT, null=True, related_name="+")

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name = _("return to be confirmed by mail")
        verbose_name_plural = _("returns to be confirmed by mail")
        indexes = [
            # Consumer: returns.unconfirmed.take_unconfirmed
            models.Index(fields=["made_at"], condition=Q(taken_at=None), name="unconfirmed_to_take"),
        ]

    def __str__(self) -> str:
        return self.email
