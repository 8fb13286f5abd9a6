"""What staff see of the forecasts. Everything here is written by actions only."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Left
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.admin import LookOnly, LookOnlyAdmin
from metered.replenishment import (
    accuracy_words,
    actions,
    admin_backtests,  # noqa: F401 (it registers itself)
    lanes,
)
from metered.replenishment.accuracy import MOST_MODELS, accuracies
from metered.replenishment.admin_parts import PartsAdmin
from metered.replenishment.calibration import TOO_FEW
from metered.replenishment.explain import explain
from metered.replenishment.models import (
    AddressReview,
    AnnouncedJob,
    DeliveryLane,
    DeviceRate,
    FleetStats,
    HeavyJob,
    NightRun,
    NightShard,
    PoolForecast,
    Position,
    Proposal,
    RunOutTold,
    SupplyStats,
)
from metered.replenishment.other_settings import under
from metered.replenishment.rates import PRIOR_DAYS
from metered.replenishment.state import UNTAUGHT


def _words(reason: dict[str, object] | None) -> str:
    if not reason:
        return "–"
    said = explain(reason)
    facts = "; ".join(f"{name}: {value}" for name, value in said.facts)
    return f"{said.title}. {facts}. {said.text}"


def _data(reason: dict[str, object] | None) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(reason, indent=2, sort_keys=True))


def _other_settings(reason: dict[str, object] | None) -> str:
    """What the risk alone would have changed; whatever else is a backtest's to say."""
    found = under(reason or {})
    if not found:
        return "–"
    words = {
        "due": _("due by itself"),
        "along": _("not due by itself; along with what was due"),
        "not yet": _("not yet"),
    }
    lines = format_html_join(
        "",
        "<li>{}: {}</li>",
        [
            (
                _("at %(times)s the risk (%(risk)s%% in force)")
                % {
                    "times": number_format(row.times, 2 if row.times < 1 else 0),
                    "risk": number_format(100 * row.alpha, 2),
                },
                words[row.verdict],
            )
            for row in found
        ],
    )
    return format_html(
        "<ul>{}</ul><p>{} <a href='{}'>{}</a></p>",
        lines,
        _("The record says no more. Other days of joining or delivery:"),
        reverse("admin:replenishment_backtestrun_changelist"),
        _("backtests"),
    )


@admin.register(Proposal)
class ProposalAdmin(LookOnlyAdmin):
    list_display = ("decided_at", "account", "address", "pool", "quantity", "status", "closed_reason")
    list_filter = ("status",)
    list_select_related = ("account", "address", "pool__supply", "pool__address")
    search_fields = ("account__name", "account__number", "pool__supply__reorder_number")
    ordering = ("-decided_at",)
    readonly_fields = ("why", "other_settings", "reason_data")

    @admin.display(description=gettext_lazy("Why"))
    def why(self, proposal: Proposal) -> str:
        return _words(proposal.reason)

    @admin.display(description=gettext_lazy("Under other settings"))
    def other_settings(self, proposal: Proposal) -> str:
        return _other_settings(proposal.reason)

    @admin.display(description=gettext_lazy("Reason as data"))
    def reason_data(self, proposal: Proposal) -> SafeString:
        return _data(proposal.reason)


@admin.register(PoolForecast)
class PoolForecastAdmin(LookOnlyAdmin):
    list_display = ("pool", "account", "rule", "risk", "believed_shelf", "decided_at")
    list_select_related = ("account", "pool__supply", "pool__address")
    search_fields = ("account__name", "account__number", "pool__supply__reorder_number")
    readonly_fields = ("why", "other_settings", "reason_data")

    @admin.display(description=gettext_lazy("Decision"))
    def rule(self, forecast: PoolForecast) -> str:
        return str((forecast.decision or {}).get("rule", "–"))

    @admin.display(description=gettext_lazy("Chance to run short"))
    def risk(self, forecast: PoolForecast) -> str:
        risk = (forecast.decision or {}).get("risk")
        return "–" if risk is None else f"{100 * float(risk):.2f}%"

    @admin.display(description=gettext_lazy("Believed on the shelf"))
    def believed_shelf(self, forecast: PoolForecast) -> str:
        return f"{forecast.shelf:.0f}"

    @admin.display(description=gettext_lazy("Why"))
    def why(self, forecast: PoolForecast) -> str:
        return _words(forecast.decision)

    @admin.display(description=gettext_lazy("Under other settings"))
    def other_settings(self, forecast: PoolForecast) -> str:
        return _other_settings(forecast.decision)

    @admin.display(description=gettext_lazy("Reason as data"))
    def reason_data(self, forecast: PoolForecast) -> SafeString:
        return _data(forecast.decision)


@admin.register(Position)
class PositionAdmin(LookOnlyAdmin):
    list_display = (
        "slot",
        "device",
        "account",
        "left",
        "use_per_page",
        "runs_out_from",
        "runs_out_at",
        "runs_out_until",
    )
    list_select_related = ("slot", "device__model", "device__rate", "account")
    search_fields = ("device__serial_key", "account__name")

    @admin.display(description=gettext_lazy("Left"))
    def left(self, position: Position) -> str:
        state = _state_of(position)
        return f"{100 * state['f']:.0f}%" if state else "–"

    @admin.display(description=gettext_lazy("Use against the rated"))
    def use_per_page(self, position: Position) -> str:
        state = _state_of(position)
        return f"× {state['a'] / state['b']:.2f}" if state and state["b"] != UNTAUGHT else "–"


def _state_of(position: Position) -> dict[str, float] | None:
    rate = getattr(position.device, "rate", None)
    return rate.slot_states().get(position.slot_id) if rate else None


class PeriodFilter(admin.SimpleListFilter):
    title = gettext_lazy("period")
    parameter_name = "months"
    usual = "12"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(n, _("Told in the last %(n)s months") % {"n": n}) for n in ("3", "12", "36")]

    def choices(self, changelist: Any) -> Any:
        # Without "all": three years are all that is kept.
        for value, title in self.lookup_choices:
            yield {
                "selected": value == (self.value() or self.usual),
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[RunOutTold]) -> QuerySet[RunOutTold]:
        chosen = self.value() if self.value() in ("3", "36") else self.usual
        first = timezone.now().date() - dt.timedelta(days=round(365 * int(chosen or self.usual) / 12))
        return queryset.filter(month__gt=first)


@admin.register(RunOutTold)
class RunOutToldAdmin(LookOnlyAdmin):
    list_display = ("told_at", "slot", "device", "source", "q10", "q50", "q90", "outcome", "days")
    list_filter = (PeriodFilter, "source", "outcome")
    list_select_related = ("slot__device__model", "account")
    search_fields = ("slot__device__model__name", "slot__device__serial_key__startswith")
    search_help_text = gettext_lazy("Printer model or serial number")
    ordering = ("-month", "-pk")
    change_list_template = "admin/run_outs_told.html"

    @admin.display(description=gettext_lazy("device"))
    def device(self, row: RunOutTold) -> str:
        return str(row.slot.device)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list as usual, and above it what its rows come to: filters and search hold for both."""
        page = super().changelist_view(request, extra_context)
        if isinstance(page, TemplateResponse) and page.context_data and "cl" in page.context_data:
            found = accuracies(page.context_data["cl"].queryset, timezone.now())
            page.context_data |= {
                "accuracy": found, "tables": accuracy_words.tables(found), "goal": accuracy_words.goal(),
                "most": MOST_MODELS, "few": TOO_FEW,
            }  # fmt: skip
        return page


@admin.register(DeviceRate)
class DeviceRateAdmin(LookOnlyAdmin):
    list_display = ("device", "account", "pages_a_day", "folded_at")
    list_select_related = ("device__model", "account")
    search_fields = ("device__serial_key", "account__name")

    @admin.display(description=gettext_lazy("Pages a working day, lately"))
    def pages_a_day(self, rate: DeviceRate) -> str:
        return f"{rate.n_fast / rate.d_fast:.0f}" if rate.d_fast > PRIOR_DAYS else "–"


@admin.register(AddressReview)
class AddressReviewAdmin(LookOnlyAdmin):
    list_display = ("address", "account", "due_at", "reviewed_at")
    list_select_related = ("address", "account")
    search_fields = ("account__name", "account__number", "address__name")
    ordering = ("due_at",)
    actions = ("look_now",)

    @admin.action(description=gettext_lazy("Weigh these addresses now"), permissions=["view"])
    def look_now(self, request: HttpRequest, queryset: QuerySet[AddressReview]) -> None:
        actions.look_again(address_ids=list(queryset.values_list("pk", flat=True)), at=timezone.now())
        self.message_user(request, _("They are next."))


@admin.register(AnnouncedJob)
class AnnouncedJobAdmin(LookOnlyAdmin):
    list_display = ("address", "account", "starts_on", "ends_on", "pages", "announced_by", "withdrawn_at")
    list_select_related = ("address", "account", "announced_by")
    search_fields = ("address__name", "account__name", "note")


@admin.register(HeavyJob)
class HeavyJobAdmin(LookOnlyAdmin):
    list_display = ("device", "account", "starts_on", "ends_on", "pages", "colour_pages", "cancelled_at")
    list_select_related = ("device__model", "account")
    search_fields = ("device__serial_key", "account__name")


@admin.register(SupplyStats)
class SupplyStatsAdmin(LookOnlyAdmin):
    list_display = ("supply", "low_mean", "low_weight")
    list_select_related = ("supply",)


@admin.register(DeliveryLane)
class DeliveryLaneAdmin(LookOnlyAdmin):
    list_display = ("region", "parcels", "promised", "reckoned", "late")
    readonly_fields = ("parcels", "promised", "reckoned", "late")
    search_fields = ("region",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryLane]:
        rows: QuerySet[DeliveryLane] = super().get_queryset(request)
        wider = DeliveryLane.objects.values("counts")
        return rows.annotate(
            country_counts=Subquery(wider.filter(region=Left(OuterRef("region"), 2))),
            fleet_counts=Subquery(wider.filter(region=lanes.FLEET)),
        )

    @admin.display(description=gettext_lazy("Parcels"))
    def parcels(self, lane: DeliveryLane) -> int:
        return sum(lane.counts)

    @admin.display(description=gettext_lazy("Promised, working days"))
    def promised(self, _lane: DeliveryLane) -> int:
        return int(settings.REPLENISHMENT_LEAD_DAYS)

    @admin.display(description=gettext_lazy("Reckoned with, working days"))
    def reckoned(self, lane: Any) -> int:
        known = {
            lanes.FLEET: lane.fleet_counts,
            lanes.country_of(lane.region): lane.country_counts,
            lane.region: lane.counts,
        }
        known = {region: counts for region, counts in known.items() if counts}
        return lanes.days_in([lane.region], known, settings.REPLENISHMENT_LEAD_DAYS)[lane.region]

    @admin.display(description=gettext_lazy("Late"))
    def late(self, lane: DeliveryLane) -> str:
        return f"{100 * lanes.late(lane.counts, settings.REPLENISHMENT_LEAD_DAYS):.0f}%"


@admin.register(FleetStats)
class FleetStatsAdmin(LookOnlyAdmin):
    list_display = ("kind", "c_mean", "learnt_at")


class NightShardInline(LookOnly, admin.TabularInline):
    model = NightShard
    fields = ("number", "due", "looked", "failed", "done_at")


@admin.register(NightRun)
class NightRunAdmin(PartsAdmin):
    list_display = ("day", "began_at", "progress", "addresses", "failed", "ended_at")
    readonly_fields = ("progress", "addresses", "failed")
    inlines = (NightShardInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[NightRun]:
        rows: QuerySet[NightRun] = super().get_queryset(request)
        return rows.annotate(
            looked_at=Coalesce(Sum("parts__looked"), 0),
            due_then=Coalesce(Sum("parts__due"), 0),
        )

    @admin.display(description=gettext_lazy("Addresses weighed"))
    def addresses(self, run: Any) -> str:
        return _("%(looked)s of %(due)s") % {"looked": run.looked_at, "due": run.due_then}
