"""What the operator tells its customers, and what they write to it: texts, notices, updates, messages."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metered.accounts.models import Account, Address, User
from metered.accounts.scoping import OwnedManager
from metered.lib.fields import PublicIdField


class Page(models.Model):
    """A text that staff took into their own hands. Empty title and body: the shipped file counts again."""

    slug = models.CharField(_("page"), max_length=40)
    language = models.CharField(_("language"), max_length=8)
    title = models.CharField(_("title"), max_length=120, blank=True)
    body = models.TextField(_("text (Markdown)"), blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("text of a page")
        verbose_name_plural = _("texts of pages")
        ordering = ["slug", "language"]
        constraints = [
            models.UniqueConstraint(fields=["slug", "language"], name="page_once"),
            models.CheckConstraint(
                condition=Q(title="", body="") | (~Q(title="") & ~Q(body="")), name="page_whole_or_shipped"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} ({self.language})"


class PageVersion(models.Model):
    """One wording of a text. Append-only."""

    page = models.ForeignKey(Page, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120, blank=True)
    body = models.TextField(blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    written_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["page", "version"], name="page_version_once")]

    def __str__(self) -> str:
        return f"{self.page} {self.version}"


class Notice(models.Model):
    """Something that customers should know or do by a date (domain rule 10)."""

    public_id = PublicIdField()
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text (Markdown)"))
    act_by = models.DateField(_("act by"), null=True, blank=True)
    starts_at = models.DateTimeField(_("shown from"), default=timezone.now)
    ends_at = models.DateTimeField(_("shown until"), null=True, blank=True)
    banner = models.BooleanField(
        _("as a banner on every page"), default=True, help_text=_("It also stands on the page of notices.")
    )
    mail = models.BooleanField(_("mail it to subscribers"), default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    mailed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("notice")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="notice_ends_after_start"
            )
        ]
        indexes = [
            # Consumer: portal.publishing.tell_subscribers
            models.Index(fields=["starts_at"], condition=Q(mail=True, mailed_at=None), name="notice_to_mail"),
        ]

    def __str__(self) -> str:
        return self.title


class Dismissal(models.Model):
    """A person has read a notice as it was; when it changes, its banner comes back."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="dismissals")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "user"], name="dismissal_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.notice}"


class Subscription(models.Model):
    """An e-mail address that asked for updates; it gets none before it has confirmed."""

    public_id = PublicIdField()
    email = models.EmailField()
    language = models.CharField(max_length=8, default="en")
    time_zone = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    key = models.CharField(max_length=32, blank=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("subscription to updates")
        verbose_name_plural = _("subscriptions to updates")
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="subscription_once")]

    def __str__(self) -> str:
        return self.email


class SupportMessage(models.Model):
    """What a customer wrote to support, and what was answered."""

    class About(models.TextChoices):
        NOTHING = "", _("something else")
        ORDER = "order", _("an order")
        DEVICE = "device", _("a device")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    address_id: int | None
    address = models.ForeignKey(Address, models.PROTECT, null=True, related_name="+")
    user_id: int
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    once = models.UUIDField(default=uuid.uuid4, editable=False)
    about = models.CharField(max_length=8, choices=About.choices, blank=True)
    about_public_id = models.CharField(max_length=32, blank=True)
    about_label = models.CharField(_("about"), max_length=200, blank=True)
    text = models.TextField(_("message"))
    written_at = models.DateTimeField(_("written"), default=timezone.now)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = OwnedManager(address_path="address_id")

    class Meta:
        verbose_name = _("message to support")
        verbose_name_plural = _("messages to support")
        ordering = ["-written_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "once"], name="support_message_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="support_message_answer_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "account", "-written_at", "-id"], name="support_message_own"),
            models.Index(
                fields=["written_at"], condition=Q(answered_at=None), name="support_message_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.text[:60]}"
