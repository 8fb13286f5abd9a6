"""What replenishment knows and what it wants shipped."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, Fact, User
from metered.accounts.scoping import OwnedManager
from metered.fleet.models import Contract, Device, Slot, Supply
from metered.lib.fields import PublicIdField
from metered.lib.said import SaidField
from metered.replenishment import lanes, records
from metered.replenishment.reasons import ReasonField
from metered.stock.models import Pool


def never() -> float:
    """NaN: not known. A callable, since NaN equals nothing, and a migration would never look up to date."""
    return float("nan")


def _number(default: float | Callable[[], float] = 0.0) -> models.FloatField[float, float]:
    """A column of the running state. Never NULL, so that all of a row has a fixed width on its way to numpy;
    what is not known is NaN."""
    return models.FloatField(default=default)


class AllPositive(models.Func):
    """Whether every number of an array is above zero; an empty one is."""

    template = "0 < ALL (%(expressions)s)"
    output_field = models.BooleanField()
    conditional = True


class DeviceRate(models.Model):
    """How fast a device prints and what is in its slots: the running state of sections 1 to 3 of the method.
    Times are days since 1970 UTC.

    `folded_at`: the last observation that is in the state. `slots` and `uses` are as records.py describes
    them. Written by COPY only (saving.py).
    """

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="rate")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    folded_at = models.DateTimeField(null=True, help_text=_("The last observation that is in the state"))
    slots = models.BinaryField(default=bytes)
    uses = ArrayField(models.FloatField(), default=list)
    t = _number(never)
    total = _number(never)
    colour = _number(never)
    n_fast = _number()
    n_slow = _number()
    nc_fast = _number()
    nc_slow = _number()
    d_fast = _number()
    d_slow = _number()
    err = _number(0.36**2 - 0.04)
    held_t = _number(never)
    held_total = _number(never)
    held_colour = _number(never)

    objects = OwnedManager(address_path="device__address_id")

    class Meta:
        verbose_name = _("rate of a device")
        verbose_name_plural = _("rates of devices")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    n_fast__gte=0, n_slow__gte=0, nc_fast__gte=0, nc_slow__gte=0, d_fast__gte=0, d_slow__gte=0
                ),
                name="rate_not_negative",
            ),
            models.CheckConstraint(condition=AllPositive("uses"), name="rate_uses_positive"),
        ]

    def __str__(self) -> str:
        return str(self.device)

    def slot_states(self) -> dict[int, dict[str, float]]:
        """Slot → its state by the method's names. `a` of a slot that was never taught is relative to the
        fleet's mean use."""
        return records.plain(bytes(self.slots), self.uses)


class Source(models.IntegerChoices):
    """What a forecast stands on (sources.py)."""

    LEVELS_1 = 0, _("levels in steps of 1%")
    LEVELS_10 = 1, _("levels in steps of 10%")
    FLAGS = 2, _("only low and empty")
    PAGES_ONLY = 3, _("pages read by hand")
    NO_LEVEL = 4, _("pages, no level")


class Position(models.Model):
    """When one slot will be empty, as the last look worked it out from DeviceRate's state.

    `runs_out_from`, `runs_out_at`, `runs_out_until` are the 10 %, 50 % and 90 % points; NULL: not known yet.
    """

    slot = models.OneToOneField(Slot, models.CASCADE, primary_key=True, related_name="position_state")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.CASCADE, related_name="positions")
    pool = models.ForeignKey(Pool, models.SET_NULL, null=True, related_name="positions")
    cartridge = models.CharField(max_length=64, blank=True, help_text=_("The serial that was last reported"))
    days_q10 = models.FloatField(null=True)
    days_q50 = models.FloatField(null=True)
    days_q90 = models.FloatField(null=True)
    runs_out_from = models.DateTimeField(null=True)
    runs_out_at = models.DateTimeField(null=True)
    runs_out_until = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text=_("When the run-out was worked out"))
    source = models.SmallIntegerField(null=True, choices=Source.choices)

    objects = OwnedManager(address_path="device__address_id")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(runs_out_at=None)
                | Q(runs_out_from__lte=F("runs_out_at"), runs_out_at__lte=F("runs_out_until")),
                name="position_run_out_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "runs_out_at"],
                condition=Q(runs_out_at__isnull=False),
                name="position_by_run_out",
            ),
        ]

    def __str__(self) -> str:
        return str(self.slot)


class RunOutTold(models.Model):
    """What was told of a slot's run-out in a month, kept to be compared with what came (told.py).

    `q10`, `q50`, `q90`: days from `told_at`; `days`: those until it was empty, where that is known. A row is
    open until its cartridge was empty or changed; one that outlasts `q90` was "not empty by then".
    """

    class Outcome(models.TextChoices):
        OPEN = "open", _("still in use")
        DRY = "dry", _("ran out")
        LATER = "later", _("not empty by the last date told")
        EARLY = "early", _("changed before it was empty")
        UNSEEN = "unseen", _("changed, and nobody saw how empty it was")
        REMOVED = "removed", _("device removed")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    slot = models.ForeignKey(Slot, models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text=_("Its first day"))
    told_at = models.DateTimeField(_("told"))
    until = models.DateTimeField(_("last date told"), help_text=_("From then on it is judged"))
    q10 = models.FloatField(_("10% point, days"))
    q50 = models.FloatField(_("median, days"))
    q90 = models.FloatField(_("90% point, days"))
    source = models.SmallIntegerField(_("stands on"), choices=Source.choices)
    outcome = models.CharField(_("what came"), max_length=8, choices=Outcome.choices, default=Outcome.OPEN)
    days = models.FloatField(_("days until it was empty"), null=True)
    settled_at = models.DateTimeField(null=True)

    objects = OwnedManager(address_path="slot__device__address_id")

    class Meta:
        verbose_name = _("run-out as it was told")
        verbose_name_plural = _("run-outs as they were told: accuracy")
        constraints = [
            models.UniqueConstraint(fields=["slot", "month"], name="told_once_a_month"),
            models.CheckConstraint(
                condition=Q(q10__gte=0, q10__lte=F("q50"), q50__lte=F("q90")), name="told_in_order"
            ),
            models.CheckConstraint(
                condition=Q(outcome="dry", days__gt=0) | ~Q(outcome="dry") & Q(days=None),
                name="told_days_of_the_dry",
            ),
        ]
        indexes = [
            # Consumer: replenishment.told.settle
            models.Index(fields=["slot"], condition=Q(outcome="open"), name="told_open"),
            # Consumer: replenishment.accuracy, told.forget, and whether the month was told already
            models.Index(fields=["month"], name="told_by_month"),
        ]

    def __str__(self) -> str:
        return f"{self.slot}: {self.month:%Y-%m}"


class PoolForecast(models.Model):
    """What we believe of a pool's shelf (section 4 of the method), and the last decision about it.

    `shelf` follows the ledger up to `entry_id` and the swaps seen; it differs from the ledger where an empty
    machine, or a hand order, says that the shelf is empty after all, and where a rebuild found swaps that
    nobody posted.
    """

    pool = models.OneToOneField(Pool, models.CASCADE, primary_key=True, related_name="forecast")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    entry_id = models.BigIntegerField(default=0, help_text=_("The last ledger entry that is in the state"))
    shelf = _number()
    below = _number(0.09)
    right = _number(0.82)
    above = _number(0.09)
    base = _number(never)
    arrived = _number()
    r_base = _number(0.3)
    used = _number()
    v = _number(0.35**2)
    v_t = _number(never)
    asked = _number(never)
    decision = ReasonField(null=True, help_text=_("The last decision's reason, as explain.py describes it"))
    decided_at = models.DateTimeField(null=True)

    objects = OwnedManager(address_path="pool__address_id")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(shelf__gte=0), name="forecast_shelf_not_negative"),
            models.CheckConstraint(
                condition=Q(below__gte=0, right__gte=0, above__gte=0), name="forecast_belief_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pool)


class SupplyStats(models.Model):
    """What all devices together taught of a supply: at how much left it says "low" (section 3)."""

    supply = models.OneToOneField(Supply, models.CASCADE, primary_key=True, related_name="+")
    low_mean = _number(0.115)
    low_weight = _number(6.0)

    class Meta:
        verbose_name_plural = _("supply stats")

    def __str__(self) -> str:
        return str(self.supply)


class FleetStats(models.Model):
    """The fleet's mean use per nominal page of a kind of supply (section 2, learnt weekly)."""

    kind = models.CharField(
        max_length=8, primary_key=True, help_text=_("K, C, M, Y, drum, drumK, …, waste, other")
    )
    c_mean = _number(1.0)
    learnt_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = _("fleet stats")
        constraints = [models.CheckConstraint(condition=Q(c_mean__gt=0), name="fleet_use_positive")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.c_mean:.2f}"


class DeliveryLane(models.Model):
    """How long parcels took to a region, a country, or all (lanes.py): how many came after so many working
    days from the evening before they left. Written by lane_rows only."""

    region = models.CharField(
        _("region"), max_length=16, unique=True, help_text=_("As lanes.region_of has it; * is all of them")
    )
    counts = ArrayField(models.IntegerField(), size=lanes.LONGEST + 1)

    class Meta:
        verbose_name = _("delivery lane")
        verbose_name_plural = _("delivery lanes")
        ordering = ["region"]
        constraints = [
            models.CheckConstraint(condition=Q(counts__len=lanes.LONGEST + 1), name="lane_counts_every_day"),
        ]

    def __str__(self) -> str:
        return self.region


class AddressReview(models.Model):
    """When all pools of an address are weighed next. The hand-over from folding to deciding."""

    address = models.OneToOneField(Address, models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True, help_text=_("The last look failed; due again by itself"))

    objects = OwnedManager(address_path="address_id")

    class Meta:
        # Consumer: replenishment.actions.review_addresses
        indexes = [models.Index(fields=["due_at"], name="review_due")]

    def __str__(self) -> str:
        return f"{self.address}: {self.due_at:%Y-%m-%d %H:%M}"


class Shortage(models.Model):
    """A pool will run out before anything can arrive. Told once, by the portal; it ends when it is over.

    `runs_out_on`: when the first slot is likely empty without a spare; `arrives_on`: when an ordinary order
    of the last look would be there.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="+")
    slot_ids = ArrayField(models.BigIntegerField())
    runs_out_on = models.DateField(_("likely empty"))
    arrives_on = models.DateField(_("ordinary order arrives"))
    noticed_at = models.DateTimeField(_("noticed"), default=timezone.now)
    told_at = models.DateTimeField(_("told"), null=True)
    ended_at = models.DateTimeField(_("over"), null=True)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name = _("early warning")
        verbose_name_plural = _("early warnings")
        constraints = [
            models.UniqueConstraint(fields=["pool"], condition=Q(ended_at=None), name="shortage_open_once"),
        ]
        indexes = [
            # Consumer: portal.shortage_mails
            models.Index(
                fields=["address"], condition=Q(told_at=None, ended_at=None), name="shortage_untold"
            ),
            # Consumer: staff, who order for it.
            models.Index(fields=["runs_out_on"], condition=Q(ended_at=None), name="shortage_open"),
        ]

    def __str__(self) -> str:
        return f"{self.pool}: {self.runs_out_on}"


class FactTaken(models.Model):
    """A fact of an earlier stage that replenishment has dealt with: the addresses concerned are due again."""

    fact = models.OneToOneField(Fact, models.PROTECT, primary_key=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.fact)


class AnnouncedJob(models.Model):
    """Volume that a customer announced ahead for printers of one address (domain rule 23).

    What it means for each of them stands in its HeavyJobs. `once` names the form that announced it, `step`
    the form that changed it last: the same form again changes nothing, and one that was opened before
    somebody else's change is noticed.
    """

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    pages = models.PositiveIntegerField(help_text=_("All pages"))
    colour_pages = models.PositiveIntegerField(default=0, help_text=_("Of these in colour"))
    coverage = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Percent of the page that is printed; empty: as usual")
    )
    note = models.CharField(max_length=200, blank=True)
    once = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    step = models.UUIDField(default=uuid.uuid4, editable=False)
    announced_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    announced_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="announced_in_order"),
            models.CheckConstraint(
                condition=Q(pages__gt=0, colour_pages__lte=F("pages")), name="announced_pages_sane"
            ),
            models.CheckConstraint(
                condition=Q(coverage=None) | Q(coverage__range=(1, 100)), name="announced_coverage_sane"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "ends_on"], condition=Q(withdrawn_at=None), name="announced_by_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.starts_on} – {self.ends_on}"


class HeavyJob(models.Model):
    """What one device prints of an announced job: it adds demand, and is left out of the usual rate."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    job = models.ForeignKey(AnnouncedJob, models.CASCADE, related_name="parts")
    device = models.ForeignKey(Device, models.PROTECT, related_name="heavy_jobs")
    starts_on = models.DateField()
    ends_on = models.DateField()
    pages = models.PositiveIntegerField(help_text=_("All pages"))
    colour_pages = models.PositiveIntegerField(default=0, help_text=_("Of these in colour"))
    coverage = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    announced_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    announced_at = models.DateTimeField(default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedManager(address_path="device__address_id")

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="job_ends_after_start"),
            models.CheckConstraint(
                condition=Q(pages__gt=0, colour_pages__lte=F("pages")), name="job_pages_sane"
            ),
            models.UniqueConstraint(
                fields=["job", "device"], condition=Q(cancelled_at=None), name="job_once_per_device"
            ),
        ]
        indexes = [models.Index(fields=["device", "ends_on"], name="job_by_device")]

    def __str__(self) -> str:
        return f"{self.device}: {self.starts_on} – {self.ends_on}"


class Proposal(models.Model):
    """What replenishment wants shipped to a pool, and why.

    The hand-over to orders: `open` until an order takes it, `taken` while its line is unshipped,
    `closed` once it was shipped or given up.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        TAKEN = "taken", _("on an order")
        CLOSED = "closed", _("closed")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    slot_ids = ArrayField(models.BigIntegerField(), help_text=_("The places in devices that it is meant for"))
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)
    reason = ReasonField(help_text=_("Everything domain rule 25 names, as data"))
    decided_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    closed_reason = SaidField(max_length=500, blank=True)
    held_until = models.DateTimeField(
        null=True, help_text=_("Somebody cancelled it: the pool is not proposed for before then")
    )

    objects = OwnedManager(address_path="address_id")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__range=(1, 30)), name="proposal_quantity_sane"),
            # Domain rule 26, at the first place where it can be broken.
            models.UniqueConstraint(
                fields=["pool"], condition=Q(status__in=["open", "taken"]), name="proposal_one_per_pool"
            ),
        ]
        indexes = [
            # Consumer: orders.actions.take_proposals
            models.Index(fields=["address", "contract"], condition=Q(status="open"), name="proposal_to_take"),
            # Consumer: replenishment.deciding.facts
            models.Index(
                fields=["pool", "held_until"], condition=Q(held_until__isnull=False), name="proposal_held"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.pool}"


class NightRun(models.Model):
    """One night's look at every address that is due. Progress is counted from its shards."""

    day = models.DateField(unique=True)
    began_at = models.DateTimeField()
    shards = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}"


class NightShard(models.Model):
    """A part of a run that one worker takes at once: the due addresses between two ids.

    `due`: how many there were when the run began; `looked` and `failed`: what became of those that still
    were.
    """

    run = models.ForeignKey(NightRun, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    first_address = models.BigIntegerField()
    last_address = models.BigIntegerField()
    due = models.PositiveIntegerField()
    looked = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="night_shard_once"),
        ]
        indexes = [
            # Consumer: replenishment.nights.take_shard
            models.Index(fields=["run", "number"], condition=Q(done_at=None), name="night_shard_open"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.number}"


class BacktestRun(models.Model):
    """What would have happened at some addresses under other settings (backtests.py).

    `settings`: the trials as JSON, a key and policy.Settings each; the first is the one in force when it was
    asked for. `result`: backtest.summary, once every shard is done.
    """

    once = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    days = models.PositiveSmallIntegerField(
        _("days back"), default=180, help_text=_("Until yesterday; 30 to 730")
    )
    sites = models.PositiveIntegerField(
        _("addresses at most"),
        default=50,
        help_text=_("Chosen by chance, the same ones each time; 1 to 2,000. Fifty take some minutes."),
    )
    first_on = models.DateField(_("from"), editable=False)
    last_on = models.DateField(_("to"), editable=False)
    settings = models.JSONField(editable=False)
    shards = models.PositiveIntegerField(default=0, editable=False)
    ended_at = models.DateTimeField(_("done"), null=True, editable=False)
    result = models.JSONField(null=True, editable=False)

    class Meta:
        verbose_name = _("backtest of other settings")
        verbose_name_plural = _("backtests of other settings")
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(days__range=(30, 730), sites__range=(1, 2000)), name="backtest_bounded"
            ),
            models.CheckConstraint(condition=Q(first_on__lte=F("last_on")), name="backtest_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_on} – {self.last_on}"


class BacktestShard(models.Model):
    """Some addresses of a run that one worker plays through at once. `failed`: how many could not be."""

    run = models.ForeignKey(BacktestRun, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    address_ids = ArrayField(models.BigIntegerField())
    failed = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="backtest_shard_once")]
        indexes = [
            # Consumer: replenishment.backtests.take_shard
            models.Index(fields=["run", "number"], condition=Q(done_at=None), name="backtest_shard_open"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.number}"
