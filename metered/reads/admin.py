"""The support desk's view of what machines and people reported. Observations are too many for lists."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.fleet.admin import AgentAdmin, DeviceAdmin
from metered.fleet.models import Agent, Device
from metered.fleet.software import is_below
from metered.lib.admin import Button, LookOnlyAdmin, LookOnlyInline, WithButtons, actor
from metered.reads import actions, agents, queries
from metered.reads.levels import decode
from metered.reads.models import (
    AgentSilence,
    AgentState,
    Batch,
    DeviceState,
    Read,
    ReadRequest,
    ReadValue,
)


class RejectForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)


def _reject(read: Read, values: dict[str, Any], request: HttpRequest) -> str:
    actions.reject_read(read=read, reason=values["reason"], actor=actor(request))
    return _("The read does not count. It stays in the history.")


class AskForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, help_text=gettext_lazy("The customer reads this.")
    )
    due_on = forms.DateField(
        label=gettext_lazy("By"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


def _ask(device: Device, values: dict[str, Any], request: HttpRequest) -> str:
    actions.ask_read(
        device_ids=[device.pk],
        because=ReadRequest.Because.STAFF,
        reason=values["reason"],
        due_on=values["due_on"],
        actor=actor(request),
    )
    return _("The read is asked for. The customer sees it under meter reads.")


def _withdraw(asked: ReadRequest, values: dict[str, Any], request: HttpRequest) -> str:
    actions.withdraw_request(request=asked, actor=actor(request))
    return _("The read is not asked for any more.")


def _accept(read: Read, values: dict[str, Any], request: HttpRequest) -> str:
    actions.accept_read(read=read, actor=actor(request))
    return _("The read is accepted.")


class ReadValueInline(LookOnlyInline):
    model = ReadValue
    fields = ("meter_type", "value")


@admin.register(Read)
class ReadAdmin(WithButtons, LookOnlyAdmin):
    list_display = ("taken_at", "device", "account", "source", "status", "entered_by", "note")
    list_filter = ("status", "source")
    search_fields = ("device__serial_key__startswith", "account__name", "public_id")
    list_select_related = ("device__model", "account", "entered_by")
    date_hierarchy = "taken_at"
    inlines = (ReadValueInline,)
    buttons = (
        Button(
            "accept",
            gettext_lazy("Accept this read"),
            _accept,
            explains=gettext_lazy("From now on it counts for billing, and later reads are compared with it."),
            when=lambda read: read.status in {Read.Status.HELD, Read.Status.CONFIRMED},
        ),
        Button(
            "reject",
            gettext_lazy("Do not accept"),
            _reject,
            form=RejectForm,
            explains=gettext_lazy("It stays in the history and counts for nothing. The customer sees that."),
            when=lambda read: read.status in {Read.Status.HELD, Read.Status.CONFIRMED},
        ),
    )


@admin.register(ReadRequest)
class ReadRequestAdmin(WithButtons, LookOnlyAdmin):
    list_display = ("due_on", "device", "account", "because", "reason", "asked_by", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "because")
    search_fields = ("device__serial_key__startswith", "account__name")
    list_select_related = ("device__model", "account", "asked_by")
    buttons = (
        Button(
            "withdraw",
            gettext_lazy("Not needed any more"),
            _withdraw,
            when=lambda asked: asked.closed_at is None,
        ),
    )


# The button stands on the device's page. The fleet itself knows of no reads.
DeviceAdmin.buttons = (  # type: ignore[assignment]
    *DeviceAdmin.buttons,
    Button(
        "ask-read",
        gettext_lazy("Ask for a meter read"),
        _ask,
        form=AskForm,
        explains=gettext_lazy("It stands among the customer's due reads until the next read of this device."),
        when=lambda device: device.removed_at is None,
    ),
)


class SilentFilter(admin.SimpleListFilter):
    title = gettext_lazy("silent")
    parameter_name = "silent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("For more than %(days)s days") % {"days": settings.SILENT_STAFF_DAYS})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(
            queries.silent(dt.timedelta(days=settings.SILENT_STAFF_DAYS), now=timezone.now())
        )


# On the list of devices: one that was never heard has no state. The fleet itself knows of no reports.
DeviceAdmin.list_filter = (*DeviceAdmin.list_filter, SilentFilter)  # type: ignore[assignment]


@admin.register(DeviceState)
class DeviceStateAdmin(LookOnlyAdmin):
    list_display = ("device", "account", "received_at", "software", "said", "refused_at", "refused_reason")
    list_filter = ("refused_reason", "path", "complete")
    search_fields = ("device__serial_key__startswith", "host")
    list_select_related = ("device__model", "account")
    ordering = ("device_id",)
    fields = (
        "device", "account", "observed_at", "received_at", "path", "software", "host", "complete",
        "said", "counted", "alerts", "held_meters", "refused_at", "refused_reason", "refused_count",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("levels"))
    def said(self, row: DeviceState) -> str:
        """Each slot and its level, in words: waste as the space left."""
        parts = []
        for key, code in zip(row.slot_keys, row.levels, strict=False):
            kind, colorant = [*key.split("/"), ""][:2]
            level = decode(code)
            shown = f"{level.percent:g} %" if level.percent is not None else level.state.replace("_", " ")
            parts.append(f"{colorant or kind} {shown}")
        return " · ".join(parts)

    @admin.display(description=gettext_lazy("meters"))
    def counted(self, row: DeviceState) -> str:
        return " · ".join(
            f"{key} {value}"
            for key, value in zip(row.meter_keys, row.meters, strict=False)
            if value is not None
        )


class AgentStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("silent", _("Silent")),
            ("refused", _("With refused reports")),
            ("waiting", _("With reports that wait")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        if self.value() == "silent":
            silent = agents.silent_agents_for_system(timezone.now())
            return queryset.filter(pk__in=silent.values("pk"))
        if self.value() == "refused":
            return queryset.filter(state__status__refused__0__isnull=False)
        if self.value() == "waiting":
            return queryset.filter(state__status__spooled__gt=0)
        return queryset


def _state(agent: Agent) -> AgentState | None:
    return getattr(agent, "state", None)


@admin.display(description=gettext_lazy("last contact"), ordering="state__received_at")
def _last_contact(agent: Agent) -> dt.datetime | None:
    state = _state(agent)
    return state.received_at if state else None


@admin.display(description=gettext_lazy("version"), ordering="state__version")
def _version(agent: Agent) -> str:
    state = _state(agent)
    if state is None:
        return ""
    if is_below(state.version, settings.MINIMUM_AGENT_VERSION):
        return _("%(version)s, too old") % {"version": state.version}
    return str(state.version)


@admin.display(description=gettext_lazy("devices"))
def _devices(agent: Agent) -> int:
    return DeviceState.objects.filter(
        agent=agent, account_id=agent.account_id, device__removed_at=None
    ).count()


@admin.display(description=gettext_lazy("waiting to be sent"))
def _spool(agent: Agent) -> str:
    state = _state(agent)
    status = (state.status if state else None) or {}
    count = status.get("spooled")
    if not count:
        return "" if count is None else "0"
    since = status.get("spool_oldest")
    oldest = date_format(timezone.localtime(dt.datetime.fromisoformat(since)), "j M, H:i") if since else ""
    return _("%(n)s since %(when)s") % {"n": count, "when": oldest} if oldest else str(count)


@admin.display(description=gettext_lazy("refused"))
def _refused(agent: Agent) -> str:
    state = _state(agent)
    items = ((state.status if state else None) or {}).get("refused") or []
    shown = ", ".join(
        f"{item.get('serial') or '–'} ({item['reason'].replace('_', ' ')})" for item in items[:3]
    )
    return f"{shown}, +{len(items) - 3}" if len(items) > 3 else shown


class AgentStateInline(LookOnlyInline):
    model = AgentState
    fields = ("received_at", "version", "instance", "said", "status_at")
    show_change_link = False

    @admin.display(description=gettext_lazy("says"))
    def said(self, row: AgentState) -> str:
        """What it says of itself, as it says it; refused items have a column of their own in the list."""
        parts = [
            f"{name.replace('_', ' ')} {value}"
            for name, value in sorted((row.status or {}).items())
            if name != "refused" and value is not None
        ]
        return " · ".join([*parts, f"refused {len((row.status or {}).get('refused') or [])}"])


class AgentSilenceInline(LookOnlyInline):
    model = AgentSilence
    fields = ("since", "noticed_at", "ended_at")
    show_change_link = False


# The fleet itself knows of no reports.
AgentAdmin.list_display = ("name", _last_contact, _version, _refused, _spool, _devices, "account")  # type: ignore[assignment]
AgentAdmin.list_select_related = ("account", "state")  # type: ignore[assignment]
AgentAdmin.list_filter = (*AgentAdmin.list_filter, AgentStateFilter)  # type: ignore[assignment]
AgentAdmin.inlines = (AgentStateInline, *AgentAdmin.inlines, AgentSilenceInline)  # type: ignore[assignment]


class ParkedFilter(admin.SimpleListFilter):
    title = gettext_lazy("taken further")
    parameter_name = "parked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Failed too often")), ("waiting", _("Waiting"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        if self.value() == "yes":
            return queryset.filter(parked_at__isnull=False, folded_at=None)
        if self.value() == "waiting":
            return queryset.filter(parked_at=None, folded_at=None)
        return queryset


def _retry(batch: Batch, values: dict[str, Any], request: HttpRequest) -> str:
    actions.retry_batch(batch=batch)
    return _("It is tried again now.")


@admin.register(Batch)
class BatchAdmin(WithButtons, LookOnlyAdmin):
    list_display = (
        "received_at",
        "account",
        "sender",
        "sequence",
        "accepted",
        "repeated",
        "refused",
        "folded_at",
    )
    list_filter = (ParkedFilter,)
    search_fields = ("instance", "account__name")
    list_select_related = ("account", "token__agent", "token__device")
    ordering = ("-id",)
    exclude = ("digest", "device_ids")
    buttons = (
        Button(
            "retry",
            gettext_lazy("Try again"),
            _retry,
            explains=gettext_lazy("Its reports are kept; the forecast does not know them yet."),
            when=lambda batch: batch.parked_at is not None and batch.folded_at is None,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        return super().get_queryset(request).defer("device_ids")

    @admin.display(description=gettext_lazy("sender"))
    def sender(self, row: Batch) -> str:
        return str(row.token.agent or row.token.device) if row.token else row.instance

    @admin.display(description=gettext_lazy("accepted"))
    def accepted(self, row: Batch) -> int:
        return int(row.answer["accepted"])

    @admin.display(description=gettext_lazy("duplicates"))
    def repeated(self, row: Batch) -> int:
        return int(row.answer["duplicates"])

    @admin.display(description=gettext_lazy("refused"))
    def refused(self, row: Batch) -> int:
        return len(row.answer["refused"])
