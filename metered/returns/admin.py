"""The returns desk: answer within a week, have it picked up, count what came, close it (domain rule 30)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metered.lib import wording
from metered.lib.admin import Button, LookOnly, PageButton, WithButtons, actor
from metered.returns import actions, desk_leftovers, numbers
from metered.returns.desk_forms import (
    CloseForm,
    DecideForm,
    PickUpAddressForm,
    PickUpForm,
    WithdrawForm,
    form_of,
)
from metered.returns.desk_pages import RECEIVABLE, count_page, photo_page
from metered.returns.desk_queue import QUEUES, QueueFilter, chosen, named, order_of, wrong_number
from metered.returns.desk_words import Words, arrivals, missing, name_of, rows_of, state_of, timeline
from metered.returns.models import ReceiptPhoto, Return, ReturnLine, ReturnState

__all__ = ["ReturnAdmin", "desk_leftovers"]


def _decide(made: Return, values: dict[str, Any], request: HttpRequest) -> str:
    after = actions.decide(
        made=made,
        accepted=values["accepted"],
        reasons=values["reasons"],
        pick_up_on=values["pick_up_on"],
        carrier=values["carrier"],
        actor=actor(request),
    )
    if after.number is None:
        return _("Rejected. The customer is told by mail, with the reasons.")
    return _("Confirmed as %(number)s. The customer is told by mail, with the labels.") % {
        "number": numbers.spoken(after.number)
    }


def _choose_address(made: Return, values: dict[str, Any], request: HttpRequest) -> str:
    actions.choose_address(made=made, address=values["address"], actor=actor(request))
    return _("It is picked up at %(address)s. Its lines are compared with the shelf there.") % {
        "address": values["address"]
    }


def _arrange(made: Return, values: dict[str, Any], request: HttpRequest) -> str:
    actions.arrange_pick_up(made=made, actor=actor(request), **values)
    return _("The pick-up is arranged. The customer is told by mail.")


def _close(made: Return, values: dict[str, Any], request: HttpRequest) -> str:
    actions.close(made=made, because=values["because"], actor=actor(request))
    return _("Closed. The customer is told by mail.")


def _withdraw(made: Return, values: dict[str, Any], request: HttpRequest) -> str:
    actions.withdraw(made=made, because=values["because"], actor=actor(request))
    return _("Withdrawn. The customer is told by mail.")


def _closes(made: Return) -> str:
    if rest := missing(made):
        return _(
            "Fewer came than were accepted: %(rest)s. They stand on the customer's shelf again in our books."
        ) % {"rest": "; ".join(rest)}
    return _("All that was accepted came.")


def _typed(made: Return) -> str:
    return _("As the customer wrote it: %(address)s") % {"address": ", ".join(made.pick_up.splitlines())}


def _filed(made: Return) -> bool:
    return made.state == ReturnState.FILED


def _confirmed(made: Return) -> bool:
    return made.state == ReturnState.CONFIRMED


def _receivable(made: Return) -> bool:
    return made.state in RECEIVABLE


def _came(made: Return) -> bool:
    return made.state in (ReturnState.RECEIVED, ReturnState.CLOSED)


def _stays(made: Return) -> bool:
    return made.state in (ReturnState.FILED, ReturnState.CONFIRMED) and made.handed_over_at is None


def tag(words: Words) -> SafeString:
    """A state with its colour."""
    return format_html('<span class="desk-tag {}">{}</span>', words.tone, words.text)


@admin.register(Return)
class ReturnAdmin(LookOnly, WithButtons):
    list_display = ("name", "status", "where", "what", "asked")
    list_select_related = ("account", "address")
    list_filter = (QueueFilter,)
    list_per_page = 50
    sortable_by = ()
    search_fields = ("account__name", "account__number", "contact")
    search_help_text = gettext_lazy("RMA number as it is read aloud, customer or reorder number")
    show_full_result_count = False
    change_list_template = "admin/return_list.html"
    change_form_template = "admin/return.html"
    fields = ()
    buttons = (
        Button(
            "decide",
            gettext_lazy("Decide"),
            _decide,
            form_for=form_of(DecideForm),
            template="admin/return_decide.html",
            when=_filed,
        ),
        Button(
            "address",
            gettext_lazy("Choose the address"),
            _choose_address,
            form_for=form_of(PickUpAddressForm),
            explains=_typed,
            when=_filed,
            initial=lambda made: {"address": made.address_id},
        ),
        Button(
            "pick-up",
            gettext_lazy("Arrange the pick-up"),
            _arrange,
            form=PickUpForm,
            explains=gettext_lazy("The customer is told by mail, each time that it changes."),
            when=_confirmed,
            initial=lambda made: {
                "pick_up_on": made.pick_up_on,
                "carrier": made.carrier,
                "tracking": made.tracking,
            },
        ),
        PageButton(
            "receive",
            gettext_lazy("Receive"),
            count_page,
            template="admin/return_receive.html",
            when=_receivable,
        ),
        PageButton(
            "pictures",
            gettext_lazy("Add pictures"),
            photo_page,
            template="admin/return_pictures.html",
            when=_came,
        ),
        Button(
            "close",
            gettext_lazy("Close the return"),
            _close,
            form_for=form_of(CloseForm),
            explains=_closes,
            when=_receivable,
        ),
        Button(
            "withdraw",
            gettext_lazy("Withdraw it for the customer"),
            _withdraw,
            form=WithdrawForm,
            explains=gettext_lazy("It stays with them: what was set aside is on their shelf again."),
            when=_stays,
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("number/", view(self.number_view), name="returns_return_number"),
            path("picture/<slug:public_id>/", view(self.picture_view), name="returns_picture"),
            *super().get_urls(),
        ]

    def name_of(self, row: Return) -> str:
        return name_of(row)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Return]:
        lines = ReturnLine.objects.select_related("supply").order_by("supply__reorder_number")
        return super().get_queryset(request).prefetch_related(Prefetch("lines", lines))

    def get_ordering(self, request: HttpRequest) -> Any:
        return order_of(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Return], search_term: str
    ) -> tuple[QuerySet[Return], bool]:
        found, twice = super().get_search_results(request, queryset, search_term)
        by_number = named(queryset, search_term) if search_term.strip() else None
        if by_number is None:
            return found, twice
        both = Q(pk__in=found.order_by().values("pk")) | Q(pk__in=by_number.order_by().values("pk"))
        return queryset.filter(both), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if wrong := wrong_number(request.GET.get("q", "")[:100]):
            messages.warning(request, wrong)
        queue = QUEUES.get(chosen(request))
        title = _("Returns: %(queue)s") % {"queue": str(queue.label)} if queue else _("Returns")
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        made = self.get_object(request, object_id)
        if made is None or not self.has_view_permission(request, made):
            return super().change_view(request, object_id, form_url, extra_context)
        came = arrivals(made)
        context = {
            "made": made,
            "title": name_of(made),
            "subtitle": "",
            "status": state_of(made, timezone.now()),
            "rows": rows_of(made),
            "arrivals": came,
            "timeline": timeline(made, [arrival.receipt for arrival in came]),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def number_view(self, request: HttpRequest) -> HttpResponse:
        """From the number on a slip, scanned or typed, to the page where its boxes are counted."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        typed = request.GET.get("number", "")[:100]
        number = numbers.typed(typed)
        there = reverse("admin:returns_return_changelist")
        made = self.get_queryset(request).filter(number=number).first() if numbers.is_number(number) else None
        if made is None:
            messages.error(request, _no_number(number))
            return HttpResponseRedirect(there)
        if _receivable(made) and self._may_press(request):
            return HttpResponseRedirect(reverse("admin:returns_return_receive", args=[made.pk]))
        return HttpResponseRedirect(self.page_of(made))

    def picture_view(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """A picture of what came, for the desk alone."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        photo = ReceiptPhoto.objects.filter(public_id=public_id).first()
        if photo is None:
            raise Http404
        return HttpResponse(
            bytes(photo.image),
            content_type="image/jpeg",
            headers={"Cache-Control": "private, max-age=3600", "Content-Disposition": "inline"},
        )

    @admin.display(description=gettext_lazy("return"))
    def name(self, made: Return) -> str:
        number = numbers.spoken(made.number) if made.number else _("no number yet")
        return format_html('{}<br><span class="quiet">{}</span>', made.account.name, number)

    @admin.display(description=gettext_lazy("state"))
    def status(self, made: Return) -> str:
        return tag(state_of(made, timezone.now()))

    @admin.display(description=gettext_lazy("picked up at"))
    def where(self, made: Return) -> str:
        return str(made.address) if made.address else _("to be chosen")

    @admin.display(description=gettext_lazy("what"))
    def what(self, made: Return) -> str:
        units = sum(line.quantity for line in made.lines.all())
        parts = [
            ngettext("%(n)s unit", "%(n)s units", units) % {"n": wording.grouped(units)},
            ngettext("%(n)s box", "%(n)s boxes", made.boxes) % {"n": wording.grouped(made.boxes)},
            *([_("pallet")] if made.pallet else []),
        ]
        return ", ".join(parts)

    @admin.display(description=gettext_lazy("what to look at"))
    def asked(self, made: Return) -> str:
        return made.asks or "–"


def _no_number(number: str) -> str:
    if not number:
        return _("Scan or type the RMA number on the slip.")
    if len(number) != numbers.LENGTH:
        return _("An RMA number has nine digits.")
    if not numbers.is_number(number):
        return _("%(number)s is not an RMA number: one digit is misheard.") % {
            "number": numbers.spoken(number)
        }
    return _("No return has the number %(number)s.") % {"number": numbers.spoken(number)}
