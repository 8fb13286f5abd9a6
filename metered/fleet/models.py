"""What is out there: models of printers, the supplies that fit them, contracts, devices."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, User
from metered.accounts.scoping import OwnedManager
from metered.fleet.serials import serial_key
from metered.lib.fields import PublicIdField


class Kind(models.TextChoices):
    """Kinds of supply; the words of the telemetry format."""

    TONER = "toner", _("toner")
    WASTE = "waste", _("waste container")
    DRUM = "drum", _("drum")
    FUSER = "fuser", _("fuser")
    INK = "ink", _("ink")
    STAPLES = "staples", _("staples")
    OTHER = "other", _("other part")


class Eligibility(models.TextChoices):
    """What a model can do for automatic replenishment (domain rule 7)."""

    LEVELS = "reports_levels", _("reports levels")
    PAGES = "reports_pages_only", _("reports pages only")
    MANUAL = "manual_reads", _("manual reads")
    NONE = "not_eligible", _("not eligible")


class MeterType(models.Model):
    """A counter that can be billed. Types are rows, never columns."""

    code = models.SlugField(
        max_length=32, unique=True, help_text=_("The word of the telemetry format, such as mono")
    )
    name = models.CharField(max_length=60)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return self.name


class PrinterModel(models.Model):
    """What kind of printer a device is."""

    public_id = PublicIdField()
    vendor = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    eligibility = models.CharField(max_length=24, choices=Eligibility.choices, default=Eligibility.LEVELS)
    colour = models.BooleanField(_("prints colour"))
    waste_reports_fullness = models.BooleanField(
        _("waste reports fullness"),
        default=False,
        help_text=_(
            "Printer-MIB gives the space left; tick when this model sends how full the container is."
        ),
    )
    meter_digits = models.PositiveSmallIntegerField(
        default=9, help_text=_("Digits of its counters; a read with more is refused.")
    )
    meters = models.ManyToManyField(MeterType, through="ModelMeter", related_name="+")

    class Meta:
        verbose_name = _("printer model")
        ordering = ["vendor", "name"]
        constraints = [models.UniqueConstraint("vendor", Upper("name"), name="printer_model_once")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.name}"


class ModelMeter(models.Model):
    """A meter that a model counts."""

    model = models.ForeignKey(PrinterModel, models.CASCADE)
    meter_type = models.ForeignKey(MeterType, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "meter_type"], name="model_meter_once")]

    def __str__(self) -> str:
        return str(self.meter_type)


class Supply(models.Model):
    """An item with a reorder number."""

    public_id = PublicIdField()
    reorder_number = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    colorant = models.CharField(max_length=16, blank=True)
    yield_pages = models.PositiveIntegerField(
        help_text=_("Pages at the coverage it was rated for"), validators=[MinValueValidator(1)]
    )
    yield_standard = models.CharField(max_length=16, blank=True, help_text=_("Such as ISO/IEC 19798"))
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = _("supplies")
        ordering = ["reorder_number"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="supply_kind_known"),
            models.CheckConstraint(condition=Q(yield_pages__gte=1), name="supply_yield_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.reorder_number} {self.name}"


class ModelSupply(models.Model):
    """A supply that fits a model, and where. `preferred` is the one that is sent."""

    model = models.ForeignKey(PrinterModel, models.CASCADE, related_name="fits")
    supply = models.ForeignKey(Supply, models.PROTECT, related_name="fits")
    preferred = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("supply that fits")
        verbose_name_plural = _("supplies that fit")
        constraints = [models.UniqueConstraint(fields=["model", "supply"], name="model_supply_once")]

    def __str__(self) -> str:
        return f"{self.model}: {self.supply}"


class Contract(models.Model):
    """What an account pays per impression, and which supplies are included."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        ENDED = "ended", _("ended")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="contracts")
    number = models.CharField(max_length=32, unique=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, help_text=_("ISO 4217, such as USD"))
    included_kinds = ArrayField(
        models.CharField(max_length=12, choices=Kind.choices), verbose_name=_("included kinds")
    )
    read_every_months = models.PositiveSmallIntegerField(default=1)
    read_day = models.PositiveSmallIntegerField(
        default=25, help_text=_("Day of the month on which reads are due")
    )
    count_every_days = models.PositiveSmallIntegerField(default=90)

    objects = OwnedManager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="contract_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(read_day__range=(1, 28)), name="contract_read_day_in_month"),
            models.UniqueConstraint(fields=["account", "id"], name="contract_of_account"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="contract_currency_iso"),
        ]

    def __str__(self) -> str:
        return self.number


class ContractPrice(models.Model):
    """The price of one impression of a meter."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="prices")
    meter_type = models.ForeignKey(MeterType, models.PROTECT)
    price = models.DecimalField(max_digits=12, decimal_places=6)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "meter_type"], name="contract_price_once"),
            models.CheckConstraint(condition=Q(price__gte=0), name="contract_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.meter_type}: {self.price}"


class Device(models.Model):
    """One printer, known by its serial number. What it last said is kept by reads.DeviceState."""

    class Replenishment(models.TextChoices):
        ON = "on", _("on")
        STARTING = "starting", _("starts once use is known")
        OFF = "off", _("off")

    class Path(models.TextChoices):
        DIRECT = "direct", _("reports by itself")
        AGENT = "agent", _("read by a device agent")
        MANUAL = "manual", _("meter reads by hand")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="devices")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="devices")
    address = models.ForeignKey(Address, models.PROTECT, related_name="devices", verbose_name=_("ships to"))
    model = models.ForeignKey(PrinterModel, models.PROTECT, related_name="devices")
    serial = models.CharField(_("serial number"), max_length=64)
    serial_key = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=80, blank=True)
    place = models.CharField(_("where it stands"), max_length=120, blank=True)
    path = models.CharField(_("connection"), max_length=8, choices=Path.choices, default=Path.AGENT)
    installed_on = models.DateField()
    removed_at = models.DateTimeField(null=True, blank=True)
    replenishment = models.CharField(
        _("automatic replenishment"),
        max_length=10,
        choices=Replenishment.choices,
        default=Replenishment.STARTING,
    )
    replenishment_reason = models.CharField(_("because"), max_length=200, blank=True)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        ordering = ["name", "serial"]
        constraints = [
            models.UniqueConstraint(
                fields=["serial_key"], condition=Q(removed_at=None), name="device_serial_once_in_use"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "id"], condition=Q(removed_at=None), name="device_in_use"),
            models.Index(fields=["address"], condition=Q(removed_at=None), name="device_at_address"),
            models.Index(fields=["serial_key"], name="device_serial_key", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.serial})"

    def save(self, *args: object, **kwargs: object) -> None:
        self.serial_key = serial_key(self.serial)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        """A serial that names something. Address and contract are its customer's, by the database too."""
        if not serial_key(self.serial or ""):
            raise ValidationError({"serial": _("Enter the serial number: letters and digits.")})
        wrong = {
            name: _("This belongs to another customer.")
            for name in ("address", "contract")
            if getattr(self, f"{name}_id") and getattr(self, name).account_id != self.account_id
        }
        if wrong and self.account_id:
            raise ValidationError(wrong)

    @property
    def label(self) -> str:
        """What people call it: its name and model, or the model alone."""
        return f"{self.name} · {self.model.name}" if self.name else self.model.name


class Slot(models.Model):
    """A supply's place in one device. `position` is its index in the arrays of the device's levels."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.CASCADE, related_name="slots")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    colorant = models.CharField(max_length=24, blank=True)
    code = models.CharField(max_length=24, help_text=_("The printer's own supply index, such as 1.4"))
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120, blank=True)
    supply = models.ForeignKey(
        Supply,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="slots",
        help_text=_("What is sent for it"),
    )
    replenished = models.BooleanField(_("sent automatically"), default=True)

    objects = OwnedManager(address_path="device__address_id")

    class Meta:
        ordering = ["device", "position"]
        constraints = [
            models.UniqueConstraint(fields=["device", "kind", "colorant", "code"], name="slot_once"),
            models.UniqueConstraint(fields=["device", "position"], name="slot_position_once"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="slot_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.colorant} {self.get_kind_display()}".strip()

    @property
    def key(self) -> str:
        """The slot's name in reads.DeviceState: kind, colorant and the printer's index."""
        return f"{self.kind}/{self.colorant}/{self.code}"


class Agent(models.Model):
    """The program at the customer's site that reads printers and reports for them.

    What it last said is kept by reads.AgentState. One that was revoked stays, so that its history has a name.
    """

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="agents")
    name = models.CharField(_("name"), max_length=80)
    host = models.CharField(
        _("computer"),
        max_length=120,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("As it named itself"),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    enrolled_at = models.DateTimeField(
        _("enrolled"), null=True, editable=False, help_text=_("When it last got a key to report with")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects = OwnedManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"], condition=Q(revoked_at=None), name="agent_name_once"
            ),
            models.UniqueConstraint(fields=["account", "id"], name="agent_of_account"),
        ]

    def __str__(self) -> str:
        return self.name


class EnrolmentCode(models.Model):
    """What an agent is exchanged a key for, once (agents.py). Only a keyed hash is kept."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="codes")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    expires_at = models.DateTimeField(editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(
        null=True, editable=False, help_text=_("A newer one took its place, or the agent was revoked")
    )

    objects = OwnedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent"],
                condition=Q(used_at=None, withdrawn_at=None),
                name="code_open_once_per_agent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent}, {self.created_at:%Y-%m-%d %H:%M}"


class Token(models.Model):
    """What a sender proves itself with: of an agent or of one device. Only the hash is kept."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, models.CASCADE, null=True, blank=True, related_name="tokens")
    device = models.ForeignKey(Device, models.CASCADE, null=True, blank=True, related_name="tokens")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    hint = models.CharField(
        max_length=8, editable=False, help_text=_("Its first characters, to tell tokens apart")
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = OwnedManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(agent=None, device__isnull=False) | Q(agent__isnull=False, device=None),
                name="token_of_agent_or_device",
            )
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"


class Bulletin(models.Model):
    """For a model: the minimum software that may still report by itself, and from when (domain rule 9)."""

    public_id = PublicIdField()
    model = models.ForeignKey(PrinterModel, models.CASCADE, related_name="bulletins")
    minimum_software = models.CharField(max_length=40)
    from_date = models.DateField(_("refused from"))
    software_url = models.URLField(blank=True)
    instructions = models.TextField(blank=True)
    agent_is_way_out = models.BooleanField(default=True)
    published_at = models.DateTimeField(
        default=timezone.now, null=True, editable=False, help_text=_("Empty: a draft that counts nowhere yet")
    )
    moved_at = models.DateTimeField(null=True, editable=False, help_text=_("When the date last moved"))
    moves = models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)
    told_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Empty: its publication or last move is not told yet")
    )

    class Meta:
        ordering = ["-from_date"]
        constraints = [models.UniqueConstraint(fields=["model"], name="bulletin_one_per_model")]
        get_latest_by: ClassVar[str] = "from_date"

    def __str__(self) -> str:
        return f"{self.model}: {self.minimum_software} from {self.from_date}"


class DeviceRequest(models.Model):
    """What a customer asks to be changed about the fleet; staff decide (domain rule 6).

    `address` is where the device shipped to when it was asked, for a new device where it is to stand; None
    where that place is only described in the note.
    """

    class Kind(models.TextChoices):
        ADD = "add", _("add a device")
        MOVE = "move", _("move it to another address")
        REMOVE = "remove", _("take it out of use")
        SERIAL = "serial", _("correct its serial number")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        DECLINED = "declined", _("declined")

    STEPS: ClassVar[dict[str, list[str]]] = {"open": ["done", "declined"]}

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="requests")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    to_address = models.ForeignKey(
        Address, models.PROTECT, null=True, related_name="+", verbose_name=_("move to")
    )
    serial = models.CharField(_("serial number"), max_length=64, blank=True)
    serial_key = models.CharField(max_length=64, blank=True, editable=False)
    model_name = models.CharField(_("model"), max_length=120, blank=True)
    note = models.TextField(max_length=1000, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=300, blank=True, help_text=_("As the customer reads it"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name = _("change asked for")
        verbose_name_plural = _("changes asked for")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "kind"], condition=Q(state="open"), name="request_open_once_per_device"
            ),
            models.UniqueConstraint(
                fields=["account", "serial_key"],
                condition=Q(state="open", kind="add"),
                name="request_open_once_per_new_serial",
            ),
            models.CheckConstraint(
                condition=Q(kind="add", device=None) | (~Q(kind="add") & Q(device__isnull=False)),
                name="request_names_its_device",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reason=""), name="request_declined_with_reason"
            ),
        ]
        indexes = [
            models.Index("account", F("asked_at").desc(), name="request_by_account"),
            # staff's queue
            models.Index(fields=["asked_at"], condition=Q(state="open"), name="request_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.device or self.serial}"

    def save(self, *args: object, **kwargs: object) -> None:
        self.serial_key = serial_key(self.serial)
        super().save(*args, **kwargs)  # type: ignore[arg-type]
