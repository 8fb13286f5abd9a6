"""What the support desk's pages share: rows that only actions write, and buttons that call them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from metered.lib.errors import Refused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class LookOnly:
    """Rows that staff read here and that only actions write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LookOnlyAdmin(LookOnly, admin.ModelAdmin):
    show_full_result_count = False


class NamedFormSet(BaseInlineFormSet):
    """Rows in a table whose fields say what they are: a column's head names nothing to a screen reader."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name, field in form.fields.items():
            label = field.label or name.replace("_", " ").capitalize()
            # A choice of related rows is wrapped, and the wrapper's attributes are those of another copy.
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs.setdefault("aria-label", str(label))


class NamedInline(admin.TabularInline):
    """Rows that can be edited within the page of what they belong to."""

    formset = NamedFormSet
    template = "admin/named_inline.html"
    extra = 0


class LookOnlyInline(LookOnly, NamedInline):
    show_change_link = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Said to be so: the form knows no field that can't be edited, and would fail on one.
        return self.fields or self.readonly_fields


class Button:
    """A button on a row's page: a form with what the action needs, then the action itself.

    `run(row, values, request)` returns the sentence that tells staff what happened; it runs in one
    transaction: a `Refused` is shown and nothing is kept. `when(row)` says whether there is anything to
    press for; it is asked again when the form comes back. `form_for(row)` makes the form where it depends on
    the row; `initial(row)`: what it begins with, and a form may narrow its choices by it. `explains` may be
    made from the row; `template` draws a form that has more to show than its fields.
    """

    def __init__(
        self,
        slug: str,
        label: StrOrPromise,
        run: Callable[[Any, dict[str, Any], HttpRequest], str],
        *,
        explains: StrOrPromise | Callable[[Any], str] = "",
        template: str = "admin/button.html",
        form: type[forms.BaseForm] = forms.Form,
        form_for: Callable[[Any], Callable[..., forms.BaseForm]] | None = None,
        when: Callable[[Any], bool] = lambda row: True,
        initial: Callable[[Any], dict[str, Any]] = lambda row: {},
    ) -> None:
        self.initial, self.template = initial, template
        self.slug, self.label, self.run, self.explains, self.form, self.when = (
            slug,
            label,
            run,
            explains,
            form,
            when,
        )
        self.form_for = form_for or (lambda row: self.form)

    def respond(self, desk: WithButtons, request: HttpRequest, row: Any) -> HttpResponse:
        """Answers whoever may press it: with the form, or back at the row once it is done."""
        back = desk.page_of(row)
        data = request.POST if request.method == "POST" else None
        form = self.form_for(row)(data, initial=self.initial(row))
        if request.method == "POST" and not self.when(row):
            messages.warning(request, _("There is nothing left to do here: it was done meanwhile."))
            return HttpResponseRedirect(back)
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    said = self.run(row, form.cleaned_data, request)
            except Refused as refused:
                form.add_error(None, refused.reason)
            else:
                messages.success(request, said)
                return HttpResponseRedirect(back)
        return self.page(
            desk,
            request,
            row,
            form=form,
            explains=self.explains(row) if callable(self.explains) else self.explains,
            submit=self.label,
        )

    def page(self, desk: WithButtons, request: HttpRequest, row: Any, **more: Any) -> HttpResponse:
        """Its page, drawn by its template."""
        context = {
            **desk.admin_site.each_context(request),
            "title": self.label,
            "subtitle": desk.name_of(row),
            "opts": desk.opts,
            "original": row,
            "back": desk.page_of(row),
            "open": self.when(row),
            **more,
        }
        return render(request, self.template, context)


class PageButton(Button):
    """A button to a page that answers by itself: `answer(button, desk, request, row)`."""

    def __init__(
        self,
        slug: str,
        label: StrOrPromise,
        answer: Callable[[PageButton, WithButtons, HttpRequest, Any], HttpResponse],
        *,
        template: str,
        when: Callable[[Any], bool] = lambda row: True,
    ) -> None:
        super().__init__(slug, label, lambda row, values, request: "", template=template, when=when)
        self.answer = answer

    def respond(self, desk: WithButtons, request: HttpRequest, row: Any) -> HttpResponse:
        return self.answer(self, desk, request, row)


def _once() -> str:
    return uuid.uuid4().hex


class OnceForm(forms.Form):
    """A form that carries its own name: sent twice (a double click, a retry), it is known by it."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=_once)


class WithButtons(admin.ModelAdmin):
    """An admin whose rows have buttons, each at its own address: /admin/<app>/<model>/<id>/<slug>/."""

    buttons: ClassVar[tuple[Button, ...]] = ()
    change_form_template = "admin/with_buttons.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        mine = [
            path(
                f"<path:object_id>/{button.slug}/",
                self.admin_site.admin_view(self._view_of(button)),
                name=f"{name}_{button.slug}",
            )
            for button in self.buttons
        ]
        return mine + super().get_urls()

    def page_of(self, row: Any) -> str:
        """The address of the row's own page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return str(reverse(name, args=[row.pk]))

    def name_of(self, row: Any) -> str:
        """What its pages call the row."""
        return str(row)

    def _may_press(self, request: HttpRequest) -> bool:
        permission = f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}"
        return bool(actor(request).has_perm(permission))

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        shown = (
            [
                (button.label, reverse(f"{name}_{button.slug}", args=[object_id]))
                for button in self.buttons
                if button.when(row)
            ]
            if row is not None and self._may_press(request)
            else []
        )
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "buttons": shown})

    def _view_of(self, button: Button) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            # Being staff is not enough: a button changes the row, whatever page shows it.
            if not self._may_press(request):
                raise PermissionDenied
            return button.respond(self, request, self._row(request, object_id))

        return view


def actor(request: HttpRequest) -> Any:
    """The person at the support desk, as actions want it."""
    return request.user
