"""People, the companies they act for, and where supplies are sent."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.scoping import OwnedManager
from metered.lib.fields import PublicIdField
from metered.lib.zones import validate_time_zone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may see is said by their memberships, never by this row."""

    public_id = PublicIdField()
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_time_zone])
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("support staff"), default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """Up to two letters for the avatar."""
        parts = (self.name or self.email.split("@")[0]).replace(".", " ").split()
        return "".join(part[0] for part in [parts[0], *parts[1:][-1:]]).upper() if parts else "?"


class Account(models.Model):
    """A customer: the company that holds the contract."""

    public_id = PublicIdField()
    number = models.CharField(_("customer number"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=160)
    language = models.CharField(_("language"), max_length=8, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="America/New_York", validators=[validate_time_zone]
    )
    contact_email = models.EmailField(_("contract's contact"), blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Address(models.Model):
    """Where supplies are sent. Its text lives in versions: a shipment keeps the one it left with."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="addresses")
    name = models.CharField(
        _("name"), max_length=80, help_text=_("What your people call it, such as Main St")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    country = models.CharField(_("country"), max_length=2)
    subdivision = models.CharField(_("state or province"), max_length=8, blank=True)
    current = models.ForeignKey("AddressVersion", models.PROTECT, null=True, related_name="+", editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    refused_reason = models.CharField(
        _("refused because"),
        max_length=200,
        blank=True,
        help_text=_("Nothing is shipped while this says why."),
    )

    objects = OwnedManager(address_path="id")

    class Meta:
        verbose_name_plural = _("addresses")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"], condition=Q(retired_at=None), name="address_name_once"
            ),
            models.UniqueConstraint(fields=["account", "id"], name="address_of_account"),
        ]

    def __str__(self) -> str:
        return self.name


class AddressVersion(models.Model):
    """One wording of an address. Append-only."""

    address = models.ForeignKey(Address, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    recipient = models.CharField(max_length=160)
    lines = models.TextField(help_text=_("Street, building, floor: a line each"))
    city = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=80, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2)
    contact = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    delivery_note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "version"], name="address_version_once")]

    def __str__(self) -> str:
        return f"{self.recipient}, {self.one_line}"

    @property
    def one_line(self) -> str:
        """Town, region and postal code, as it stands beside a device: Rochester NY 14604."""
        town = [self.city, self.region, self.postal_code]
        if self.country not in {"US", "CA"}:
            town = [self.postal_code, self.city]
        return " ".join(part for part in town if part)


class AddressClosure(models.Model):
    """Dates on which an address takes no deliveries; both days are included."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="closures")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="closure_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} – {self.ends_on}"


class Role(models.TextChoices):
    """Domain rule 4. What each may do stands in access.py."""

    OWNER = "owner", _("owner")
    ORDERER = "orderer", _("orderer")
    REPORTER = "reporter", _("reporter")
    VIEWER = "viewer", _("viewer")


class Membership(models.Model):
    """One person's part in one account, whole or limited to chosen addresses."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    limited = models.BooleanField(_("limited to some addresses"), default=False)
    addresses = models.ManyToManyField(Address, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OwnedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Registration(models.Model):
    """Somebody asked to be let in (domain rule 1). What comes of it is decided after they were answered.

    It is claimed by portal.registrations; a match makes it the single-use link that is mailed.
    """

    class Outcome(models.TextChoices):
        MATCHED = "matched", _("matched")
        UNMATCHED = "unmatched", _("not matched")
        TOLD = "told", _("told already")

    public_id = PublicIdField()
    serial = models.CharField(_("serial number"), max_length=64)
    place = models.CharField(_("postal code or town"), max_length=80)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), max_length=254)
    language = models.CharField(max_length=8)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    taken_at = models.DateTimeField(null=True, editable=False)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField(_("link holds until"), null=True)
    used_at = models.DateTimeField(_("link used"), null=True)

    objects = OwnedManager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            # Consumer: portal.registrations.take_registrations
            models.Index(fields=["due_at"], condition=Q(taken_at=None), name="registration_due"),
            models.Index(fields=["email", "-created_at"], name="registration_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.serial}"


class RegistrationMail(models.Model):
    """When an address was last mailed about registering, and what it was told: one mail an hour at most.

    `account` None: it was told that nothing matched. The row is locked by who mails.
    """

    email = models.EmailField(max_length=254, unique=True)
    sent_at = models.DateTimeField(null=True)
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")

    objects = OwnedManager()

    def __str__(self) -> str:
        return self.email


class Tries(models.Model):
    """How often something was tried by one network or for one address since `since`. See limits.py."""

    key = models.CharField(max_length=80, unique=True)
    since = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = _("tries")

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class JoinRequest(models.Model):
    """Somebody activated for an account that has an owner, who decides about it (domain rule 3)."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="join_requests")
    user = models.ForeignKey(User, models.CASCADE, related_name="join_requests")
    serial = models.CharField(_("serial number"), max_length=64, help_text=_("What they registered with"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    approved = models.BooleanField(null=True, editable=False)

    objects = OwnedManager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user"], condition=Q(decided_at=None), name="join_request_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.account}"


class Invitation(models.Model):
    """An owner asked somebody in (domain rule 4): seven days, one use, for the address it was mailed to."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    limited = models.BooleanField(_("limited to some addresses"), default=False)
    addresses = models.ManyToManyField(Address, blank=True, related_name="+")
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = OwnedManager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                "account",
                Lower("email"),
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_open_once",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"


class ApiKey(models.Model):
    """By which a program acts for a person in one account, with what they may do there. A hash is kept."""

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=80)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    hint = models.CharField(max_length=8, editable=False, help_text=_("Its first characters"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_on = models.DateField(null=True, editable=False, help_text=_("The last day on which it was used"))
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = OwnedManager()

    class Meta:
        verbose_name = _("key for programs")
        verbose_name_plural = _("keys for programs")
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class Fact(models.Model):
    """Something happened that later stages deal with, each in its own time. A trigger keeps it append-only.

    A taker keeps a row of its own per fact, in its own app, written in the transaction in which it dealt with
    it. `address` None: it concerns wherever the account's devices are.
    """

    class Kind(models.TextChoices):
        DEVICE_ADDED = "device_added", _("a device was added")
        DEVICE_CHANGED = "device_changed", _("a device was moved, switched or changed")
        DEVICE_REMOVED = "device_removed", _("a device was removed")
        CONTRACT_CHANGED = "contract_changed", _("a contract was changed")
        ADDRESS_CHANGED = "address_changed", _("an address was changed")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    public_id = models.CharField(max_length=32, help_text=_("Of the row it is about"))
    at = models.DateTimeField(default=timezone.now)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        # Consumer: replenishment.actions.notice_facts
        indexes = [models.Index(fields=["at"], name="fact_by_time")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.public_id}"


class MailKind(models.TextChoices):
    """What mails are about that nobody has to get. All others (sign-in, people, own orders) are sent."""

    ORDERS = "orders", _("orders that are announced, on their way or delivered")
    DEVICES = "devices", _("devices that stopped reporting or need newer software")
    COUNTS = "counts", _("reads and counts that are asked for")


class MailChoice(models.Model):
    """How a person wants mails of a kind; without a row each comes by itself."""

    class How(models.TextChoices):
        SINGLE = "single", _("each at once")
        DIGEST = "digest", _("together, once a day")
        OFF = "off", _("not at all")

    user = models.ForeignKey(User, models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=10, choices=MailKind.choices)
    how = models.CharField(max_length=8, choices=How.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="mail_choice_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_how_display()}"


class ActivityEntry(models.Model):
    """Who did what, when, before and after (domain rule 5). A trigger keeps it append-only."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address_id: int | None
    address = models.ForeignKey(Address, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    verb = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    public_id = models.CharField(max_length=32)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name_plural = _("activity")
        indexes = [models.Index("account", F("at").desc(), name="activity_by_account")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.kind} {self.public_id}"
