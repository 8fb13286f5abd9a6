"""Orders and shipments. State belongs to the line; the order's is derived (domain rule 19)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, AddressVersion, User
from metered.accounts.scoping import OwnedManager
from metered.fleet.models import Contract, Device, Slot, Supply
from metered.lib.fields import PublicIdField
from metered.lib.said import SaidField
from metered.replenishment.models import Proposal
from metered.stock.models import Pool


class LineState(models.TextChoices):
    PLACED = "placed", _("placed")
    AWAITING_READ = "awaiting_read", _("waiting for a read")
    IN_REVIEW = "in_review", _("being looked at")
    RELEASED = "released", _("being packed")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")
    DECLINED = "declined", _("declined")


STEPS: dict[str, list[str]] = {
    "placed": ["awaiting_read", "in_review", "released", "cancelled", "declined"],
    "awaiting_read": ["in_review", "released", "cancelled", "declined"],
    "in_review": ["awaiting_read", "released", "cancelled", "declined"],
    "released": ["shipped", "cancelled"],
    "shipped": ["delivered"],
}
"""Which state may follow which. A trigger made from this table refuses every other step."""

UNSHIPPED = ("placed", "awaiting_read", "in_review", "released")


class Order(models.Model):
    """What is sent to one address together."""

    class Origin(models.TextChoices):
        AUTOMATIC = "automatic", _("automatic")
        CUSTOMER = "customer", _("by hand")
        EMERGENCY = "emergency", _("urgent")
        REPLACED = "replaced", _("replacement")

    public_id = PublicIdField()
    number = models.CharField(max_length=16, unique=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="orders")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    origin = models.CharField(max_length=10, choices=Origin.choices)
    placed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now)
    reference = models.CharField(_("your reference"), max_length=60, blank=True)
    cost_centre = models.CharField(_("cost centre"), max_length=60, blank=True)
    release_at = models.DateTimeField(
        null=True, help_text=_("Automatic orders are announced and leave from then on")
    )
    held_at = models.DateTimeField(null=True, help_text=_("Somebody said “not now” to all of it"))
    once = models.UUIDField(null=True, editable=False, help_text=_("The form it was placed with"))

    objects = OwnedManager(address_path="address_id")

    class Meta:
        ordering: ClassVar = ["-placed_at", "-id"]
        constraints = [
            # Placing twice places once (domain rule 19): a form makes one order of each contract.
            models.UniqueConstraint(fields=["once", "contract"], name="order_placed_once"),
            models.CheckConstraint(
                condition=~Q(origin="automatic") | Q(release_at__isnull=False),
                name="order_automatic_is_announced",
            ),
        ]
        indexes = [
            models.Index("account", F("placed_at").desc(), F("id").desc(), name="order_history"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """Units of one supply for one pool."""

    public_id = PublicIdField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="+")
    supply = models.ForeignKey(Supply, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    state = models.CharField(max_length=14, choices=LineState.choices, default=LineState.PLACED)
    automatic = models.BooleanField()
    proposal = models.OneToOneField(Proposal, models.PROTECT, null=True, related_name="+")
    slots = models.ManyToManyField(Slot, related_name="+", help_text=_("The places it is meant for"))
    reason = models.JSONField(null=True, help_text=_("The decision as it stood (domain rule 25)"))
    release_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True, help_text=_("Somebody said “not now” to it"))
    weighed = models.JSONField(
        null=True, help_text=_("What a line by hand was weighed against (orders.limits.Weighed)")
    )
    weighed_at = models.DateTimeField(null=True)
    closed_reason = SaidField(max_length=500, blank=True)

    objects = OwnedManager(address_path="order__address_id")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_quantity_positive"),
            models.CheckConstraint(condition=Q(state__in=LineState.values), name="line_state_known"),
            # Domain rule 26: at most one unshipped automatic line per pool, whatever runs twice.
            models.UniqueConstraint(
                fields=["pool"],
                condition=Q(automatic=True, state__in=UNSHIPPED),
                name="line_one_automatic_per_pool",
            ),
        ]
        indexes = [
            # Consumer: orders.actions.release_due
            models.Index(
                fields=["release_at"], condition=Q(state="placed", release_at__isnull=False), name="line_due"
            ),
            # Consumer: orders.actions.weigh_held, and staff.
            models.Index(
                fields=["order"], condition=Q(state__in=["awaiting_read", "in_review"]), name="line_held"
            ),
            # Consumer: staff, who ship what was released.
            models.Index(fields=["order"], condition=Q(state="released"), name="line_to_ship"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.supply}"


class Shipment(models.Model):
    """A parcel. It keeps the wording of the address that it left with."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, models.PROTECT, related_name="shipments")
    to = models.ForeignKey(AddressVersion, models.PROTECT, related_name="+")
    carrier = models.CharField(max_length=40, blank=True)
    tracking = models.CharField(max_length=60, blank=True)
    shipped_at = models.DateTimeField(default=timezone.now)
    expected_on = models.DateField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedManager(address_path="order__address_id")

    class Meta:
        ordering: ClassVar = ["shipped_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(delivered_at__gte=F("shipped_at")),
                name="delivered_after_shipped",
            )
        ]
        indexes: ClassVar = [
            # Consumer: orders.timing.time_parcels
            models.Index(
                fields=["delivered_at"], condition=Q(delivered_at__isnull=False), name="shipment_delivered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} · {self.carrier} {self.tracking}".strip()


class TimedParcel(models.Model):
    """A parcel that the lane to its region has learnt from: once (orders.timing)."""

    shipment = models.OneToOneField(Shipment, models.CASCADE, primary_key=True, related_name="+")
    region = models.CharField(max_length=16)
    days = models.PositiveSmallIntegerField(
        help_text=_("Working days there, from the evening before it left")
    )

    def __str__(self) -> str:
        return f"{self.shipment}: {self.days}"


class ShipmentLine(models.Model):
    """How much of an order line is in a parcel, and how much of it arrived."""

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="shipped")
    quantity = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shipment_quantity_positive"),
            models.CheckConstraint(
                condition=Q(delivered__lte=F("quantity")), name="delivered_not_more_than_shipped"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.supply}"


class Cart(models.Model):
    """What a person means to order for an address. It outlives signing out; placing it ends it."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    urgent = models.BooleanField(default=False)
    reference = models.CharField(max_length=60, blank=True)
    cost_centre = models.CharField(max_length=60, blank=True)
    once = models.UUIDField(default=uuid.uuid4, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "account", "address"], name="cart_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.address}"


class CartLine(models.Model):
    """Units of one pool in a cart, for one device or for whichever needs it first."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="+")
    device = models.ForeignKey(Device, models.CASCADE, null=True, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cart", "pool", "device"], nulls_distinct=False, name="cart_line_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cart_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.pool}"


class Problem(models.Model):
    """What was wrong with units that arrived, or that did not arrive (domain rule 19)."""

    class Kind(models.TextChoices):
        WRONG = "wrong", _("the wrong supply")
        DAMAGED = "damaged", _("damaged")
        DEFECTIVE = "defective", _("does not work")
        MISSING = "missing", _("missing")

    class Status(models.TextChoices):
        OPEN = "open", _("waits for an answer")
        REPLACED = "replaced", _("replaced")
        CLOSED = "closed", _("answered")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="problems")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = models.PositiveIntegerField()
    note = models.CharField(max_length=500, blank=True)
    once = models.UUIDField(editable=False)
    reported_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reported_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    answer = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    replacement = models.OneToOneField(Order, models.PROTECT, null=True, related_name="replaces")

    objects = OwnedManager(address_path="line__order__address_id")

    class Meta:
        ordering: ClassVar = ["-reported_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["once", "line"], name="problem_reported_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="problem_quantity_positive"),
            models.CheckConstraint(
                condition=Q(status="replaced", replacement__isnull=False)
                | ~Q(status="replaced") & Q(replacement=None),
                name="problem_replaced_by_an_order",
            ),
        ]
        indexes = [
            # Consumer: staff, who answer them.
            models.Index(fields=["reported_at"], condition=Q(status="open"), name="problem_to_answer"),
        ]

    def __str__(self) -> str:
        return f"{self.line.order}: {self.quantity} × {self.line.supply} {self.get_kind_display()}"
