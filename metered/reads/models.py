"""What machines send (observations), and what is billed by (reads)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, User
from metered.accounts.scoping import OwnedManager
from metered.fleet.models import Agent, Device, MeterType, Token
from metered.lib.fields import PublicIdField
from metered.lib.said import SaidField
from metered.reads.fields import PackedLevels, PackedMeters
from metered.reads.words import Note, Path


class Observation(models.Model):
    """One report of one machine. Partitioned by month of `observed_at`, no foreign keys, written by COPY.

    Its table is made by SQL (migration 0002) and its partitions by partitions.py. `meters` and `levels`
    follow the device's layout (`DeviceState.meter_keys`, `.slot_keys`) and may be shorter than it.
    """

    pk = models.CompositePrimaryKey("device_id", "observed_at")
    observed_at = models.DateTimeField()
    device_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    path = models.SmallIntegerField()
    notes = models.SmallIntegerField(default=0)
    meters = PackedMeters()
    levels = PackedLevels()
    cartridges = ArrayField(
        models.TextField(null=True),
        null=True,
        help_text=_("Serials of the cartridges, only where one has changed"),
    )

    class Meta:
        db_table = "reads_observation"

    def __str__(self) -> str:
        return f"{self.device_id} {self.observed_at:%Y-%m-%d %H:%M}"


class DeviceState(models.Model):
    """What a device last said: the latest state of each slot and meter. One row per device, updated in place.

    `meter_keys[i]` names `meters[i]`; `slot_keys[i]` is `Slot.key` of the slot at position i and names
    `levels[i]` and `cartridges[i]`. Levels are encoded as levels.py says.
    """

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="state")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    meter_keys = ArrayField(models.TextField(), default=list)
    slot_keys = ArrayField(models.TextField(), default=list)
    meters = ArrayField(models.BigIntegerField(null=True), default=list)
    levels = ArrayField(models.SmallIntegerField(null=True), default=list)
    cartridges = ArrayField(models.TextField(null=True), null=True)
    held_meters = ArrayField(
        models.BigIntegerField(null=True), null=True, help_text=_("Lower than before, and not believed yet")
    )
    observed_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True, help_text=_("Last contact"))
    late_since = models.DateTimeField(
        null=True, help_text=_("Since then its reports arrive only late: dated before what it said last")
    )
    path = models.SmallIntegerField(null=True, choices=[(Path.AGENT, _("agent")), (Path.DIRECT, _("direct"))])
    agent = models.ForeignKey(
        Agent,
        models.SET_NULL,
        null=True,
        related_name="states",
        help_text=_("The device agent that reported it last"),
        # Each report would have to write the index too; an account's devices are few enough to look through.
        db_index=False,
    )
    agent_at = models.DateTimeField(null=True, help_text=_("Last contact through a device agent"))
    direct_at = models.DateTimeField(null=True, help_text=_("Last contact by itself"))
    software = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=255, blank=True)
    alerts = ArrayField(models.TextField(), default=list)
    complete = models.BooleanField(default=True)
    refused_at = models.DateTimeField(null=True, help_text=_("The last attempt was refused"))
    refused_reason = models.CharField(max_length=40, blank=True)
    refused_count = models.PositiveIntegerField(default=0)

    objects = OwnedManager(address_path="device__address_id")

    class Meta:
        verbose_name = _("latest state of a device")
        verbose_name_plural = _("latest states of devices")

    def __str__(self) -> str:
        return str(self.device)


class AgentState(models.Model):
    """What a device agent last said of itself. One row per agent, updated once a batch (agents.py).

    `status` is wire.Status as JSON; None: nothing is known.
    """

    agent = models.OneToOneField(Agent, models.CASCADE, primary_key=True, related_name="state")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    received_at = models.DateTimeField(_("last contact"))
    version = models.CharField(_("version"), max_length=40)
    instance = models.CharField(max_length=64)
    status = models.JSONField(null=True)
    status_at = models.DateTimeField(null=True)

    objects = OwnedManager()

    class Meta:
        verbose_name = _("latest state of an agent")
        verbose_name_plural = _("latest states of agents")

    def __str__(self) -> str:
        return str(self.agent)


class AgentSilence(models.Model):
    """A time in which an agent was not heard of, from its last contact on. At most one of them is open."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="silences")
    since = models.DateTimeField()
    noticed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = OwnedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], condition=Q(ended_at=None), name="agent_silence_open_once"
            )
        ]
        # Asked when devices behind it are told of: portal.actions.tell_of_silent_devices
        indexes = [models.Index(fields=["ended_at"], name="agent_silence_by_end")]

    def __str__(self) -> str:
        return f"{self.agent} {self.since:%Y-%m-%d %H:%M}"


class ConnectionCheck(models.Model):
    """Somebody asked to be told of a device's next contact; ingest writes down what was heard (rule 8).

    Open while `outcome` is empty; at most one of a device is.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("a report was accepted")
        REFUSED = "refused", _("a report was refused")
        NOTHING = "nothing", _("nothing was heard")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.CASCADE, related_name="checks")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, blank=True, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True, help_text=_("Why it was refused"))
    path = models.SmallIntegerField(null=True)
    software = models.CharField(max_length=64, blank=True)
    complete = models.BooleanField(null=True)
    meters = models.PositiveSmallIntegerField(null=True, help_text=_("How many meters were known then"))
    levels = models.PositiveSmallIntegerField(null=True, help_text=_("How many levels were known then"))

    objects = OwnedManager(address_path="device__address_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device"], condition=Q(outcome=""), name="check_open_once")
        ]
        indexes = [
            # reads.checks.answer asks at every batch
            models.Index(fields=["account"], condition=Q(outcome=""), name="check_open"),
            models.Index("device", F("asked_at").desc(), name="check_by_device"),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.asked_at:%Y-%m-%d %H:%M}"


class ClockCorrection(models.Model):
    """An observation kept under another time than its machine claimed: so it is known when sent again."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    claimed_at = models.DateTimeField()
    observed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "claimed_at"], name="clock_correction_once")]
        # Consumer: reads.store.known_corrections, at every batch
        indexes = [models.Index(fields=["claimed_at"], name="clock_correction_by_claim")]

    def __str__(self) -> str:
        return f"{self.claimed_at:%Y-%m-%d %H:%M} → {self.observed_at:%Y-%m-%d %H:%M}"


class Batch(models.Model):
    """One accepted telemetry request: the record that makes it harmless to send it twice, and the
    hand-over to replenishment (`folded_at` NULL: its observations are not taken yet)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    token = models.ForeignKey(Token, models.SET_NULL, null=True, related_name="+")
    instance = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    digest = models.BinaryField(max_length=32, help_text=_("SHA-256 of the unpacked body"))
    answer = models.JSONField()
    received_at = models.DateTimeField()
    device_ids = ArrayField(models.BigIntegerField(), help_text=_("Devices with new observations, sorted"))
    observed_from = models.DateTimeField(null=True)
    observed_to = models.DateTimeField(null=True)
    folded_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0, help_text=_("How often folding it failed"))
    retry_at = models.DateTimeField(null=True, help_text=_("Not taken again before"))
    parked_at = models.DateTimeField(null=True, help_text=_("It failed too often and waits for staff"))

    objects = OwnedManager()

    class Meta:
        verbose_name_plural = _("batches")
        indexes = [
            # replenishment.fold takes these
            models.Index(fields=["id"], condition=Q(folded_at=None), name="batch_not_folded"),
            models.Index(fields=["token", "instance", "sequence"], name="batch_by_sequence"),
            models.Index(fields=["received_at"], name="batch_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.instance} {self.sequence}"


class Read(models.Model):
    """A billing-grade statement of a device's meters. Append-only: only `status` steps forward, and a
    correction replaces by reference (domain rule 13)."""

    class Source(models.TextChoices):
        DEVICE = "device", _("device")
        AGENT = "agent", _("device agent")
        CUSTOMER = "customer", _("customer")
        STAFF = "staff", _("support staff")
        ESTIMATE = "estimate", _("estimate")

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        HELD = "held", _("held")
        CONFIRMED = "confirmed", _("confirmed, waits for staff")
        REPLACED = "replaced", _("replaced")
        REJECTED = "rejected", _("not accepted")

    STEPS: ClassVar[dict[str, list[str]]] = {
        "held": ["accepted", "confirmed", "replaced", "rejected"],
        "confirmed": ["accepted", "replaced", "rejected"],
        "accepted": ["replaced"],
        "rejected": ["replaced"],
    }

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="reads")
    taken_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACCEPTED)
    note = SaidField(max_length=1000, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    once = models.UUIDField(
        null=True, editable=False, help_text=_("Of the form it came by: sent twice it is kept once")
    )

    objects = OwnedManager(address_path="address_id")

    class Meta:
        ordering = ["-taken_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "taken_at", "source"],
                condition=~Q(status__in=["replaced", "rejected"]),
                name="read_once",
            ),
            models.UniqueConstraint(fields=["device", "once"], name="read_once_per_form"),
            models.CheckConstraint(
                condition=Q(source__in=["device", "agent", "customer", "staff", "estimate"]),
                name="read_source_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["accepted", "held", "confirmed", "replaced", "rejected"]),
                name="read_status_known",
            ),
        ]
        indexes = [
            models.Index("device", F("taken_at").desc(), name="read_by_device"),
            models.Index("account", F("taken_at").desc(), name="read_by_account"),
            # staff's queue
            models.Index(
                fields=["taken_at"], condition=Q(status__in=["held", "confirmed"]), name="read_waits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.taken_at:%Y-%m-%d}"


class ReadValue(models.Model):
    """One meter of a read. Append-only."""

    read = models.ForeignKey(Read, models.PROTECT, related_name="values")
    meter_type = models.ForeignKey(MeterType, models.PROTECT, related_name="+")
    value = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["read", "meter_type"], name="read_value_once"),
            models.CheckConstraint(condition=Q(value__gte=0), name="read_value_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.meter_type}: {self.value}"


class ReadRequest(models.Model):
    """An additional read that was asked for (domain rule 14). The next real read of the device closes it."""

    class Because(models.TextChoices):
        STAFF = "staff", _("support asks")
        ORDER = "order", _("an order waits for it")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="read_requests")
    because = models.CharField(max_length=8, choices=Because.choices)
    reason = models.CharField(max_length=200)
    due_on = models.DateField()
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    read = models.ForeignKey(Read, models.PROTECT, null=True, blank=True, related_name="+")

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name = _("read asked for")
        verbose_name_plural = _("reads asked for")
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "because"], condition=Q(closed_at=None), name="read_request_one_open"
            ),
            models.CheckConstraint(condition=Q(because__in=["staff", "order"]), name="read_request_because"),
        ]
        indexes = [models.Index(fields=["account"], condition=Q(closed_at=None), name="read_request_open")]

    def __str__(self) -> str:
        return f"{self.device} {self.due_on:%Y-%m-%d}"


class ReadDraft(models.Model):
    """Rows that a person brought, before any is kept: the preview. `rows` are the cells as they came;
    `result` says what became of them once `kept_at` is set. Seen by that person only, gone after a day."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    once = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, blank=True, help_text=_("Of the file"))
    rows = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    kept_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    objects = OwnedManager()

    class Meta:
        verbose_name = _("rows of reads")
        verbose_name_plural = _("rows of reads")

    def __str__(self) -> str:
        return self.name or self.public_id


class Activity(models.Model):
    """How much an account's connected devices printed lately, against what is usual for them: 1 is as usual,
    0.2 a school in summer. What a typed read of the same days is compared with. One row an account."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    index = models.FloatField()
    devices = models.PositiveIntegerField(help_text=_("So many devices told it"))
    learnt_at = models.DateTimeField()

    objects = OwnedManager()

    class Meta:
        verbose_name = _("activity of an account")
        verbose_name_plural = _("activity of accounts")

    def __str__(self) -> str:
        return f"{self.account}: {self.index:.2f}"


__all__ = [
    "Activity",
    "AgentSilence",
    "AgentState",
    "Batch",
    "ClockCorrection",
    "ConnectionCheck",
    "DeviceState",
    "Note",
    "Observation",
    "Path",
    "Read",
    "ReadDraft",
    "ReadRequest",
    "ReadValue",
]
