"""What staff publish, and what customers wrote to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.lib.admin import Button, LookOnlyAdmin, LookOnlyInline, WithButtons, actor
from metered.lib.markdown import facts_in
from metered.portal import helpdesk, publishing
from metered.portal.models import Notice, Page, PageVersion, Subscription, SupportMessage
from metered.portal.shipped import FACTS, SLUGS


def _known_facts(text: str) -> str:
    """Raises ValidationError for a fact that no setting gives; returns the text."""
    unknown = sorted(facts_in(text) - set(FACTS))
    if unknown:
        raise ValidationError(
            _("There is no {%(name)s}. Known are %(known)s.")
            % {"name": unknown[0], "known": ", ".join(f"{{{name}}}" for name in FACTS)}
        )
    return text


class TakeOverForm(forms.ModelForm):
    """Which shipped text staff want to write themselves."""

    slug = forms.ChoiceField(label=gettext_lazy("Page"), choices=[(slug, slug) for slug in SLUGS])
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Page
        fields = ("slug", "language")


class PageForm(forms.ModelForm):
    """Its next wording. `seen` is the version it was written upon."""

    seen = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Page
        fields = ("title", "body")
        widgets = {"body": forms.Textarea(attrs={"rows": 30, "cols": 100})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.version
        self.fields["body"].help_text = _(
            "Markdown without HTML. The operator's facts stand in braces: %(known)s. A line whose fact"
            " isn't set is left out. Title and text empty: the text that the portal comes with."
        ) % {"known": ", ".join(f"{{{name}}}" for name in FACTS)}

    def clean_body(self) -> str:
        return _known_facts(self.cleaned_data["body"])

    def clean(self) -> dict[str, Any]:
        values = dict(super().clean() or {})
        if bool(values.get("title")) is not bool(values.get("body")) and not self.errors:
            raise ValidationError(_("Give both a title and a text, or neither."))
        now = Page.objects.filter(pk=self.instance.pk).values_list("version", flat=True).first()
        if now is not None and values.get("seen") not in (None, now):
            raise ValidationError(
                _(
                    "Somebody else changed this text meanwhile."
                    " Copy yours, open the page again and see theirs."
                )
            )
        return values


class VersionInline(LookOnlyInline):
    model = PageVersion
    fields = ("version", "title", "written_at", "written_by")
    show_change_link = False


def _as_shipped(page: Page, values: dict[str, Any], request: HttpRequest) -> str:
    publishing.word_page(page=page, title="", body="", actor=actor(request))
    return _("The text that the portal comes with is shown again. Yours stays among the versions.")


@admin.register(Page)
class PageAdmin(WithButtons):
    list_display = ("slug", "language", "title", "version", "changed_at")
    list_filter = ("language",)
    search_fields = ("slug", "title", "body")
    buttons = (
        Button(
            "as-shipped",
            gettext_lazy("Show the text that the portal comes with"),
            _as_shipped,
            when=lambda page: bool(page.body),
        ),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(
            request, obj, change=change, **(kwargs | {"form": PageForm if obj else TakeOverForm})
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("title", "body", "seen") if obj else ("slug", "language")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return (VersionInline,) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Page, form: Any, change: bool) -> None:
        if change:
            stored = Page.objects.get(pk=obj.pk)
            publishing.word_page(page=stored, title=obj.title, body=obj.body, actor=actor(request))
        else:
            made = publishing.take_over(slug=obj.slug, language=obj.language, actor=actor(request))
            obj.pk, obj._state.adding = made.pk, False

    def response_add(self, request: HttpRequest, obj: Page, post_url_continue: Any = None) -> HttpResponse:
        """On to the text: there was nothing on the first form but the choice."""
        return redirect("admin:portal_page_change", obj.pk)


class NoticeForm(forms.ModelForm):
    class Meta:
        model = Notice
        fields = ("title", "body", "act_by", "starts_at", "ends_at", "banner", "mail")
        widgets = {"body": forms.Textarea(attrs={"rows": 12, "cols": 100})}

    def clean_body(self) -> str:
        return _known_facts(self.cleaned_data["body"])


def _withdraw(notice: Notice, values: dict[str, Any], request: HttpRequest) -> str:
    publishing.withdraw(notice=notice)
    return _("Taken away. Mails that were sent can't be called back.")


@admin.register(Notice)
class NoticeAdmin(WithButtons):
    form = NoticeForm
    list_display = ("title", "act_by", "starts_at", "ends_at", "banner", "mailed_at")
    search_fields = ("title", "body")
    readonly_fields = ("public_id", "revision", "mailed_at", "created_by")
    buttons = (Button("withdraw", gettext_lazy("Take it away now"), _withdraw),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:
        publishing.publish(notice=obj, actor=actor(request))


@admin.register(Subscription)
class SubscriptionAdmin(LookOnlyAdmin):
    list_display = ("email", "language", "asked_at", "confirmed_at")
    search_fields = ("email",)
    # The key confirms on somebody's behalf; it is nobody's to read.
    exclude = ("key",)


class AnsweredFilter(admin.SimpleListFilter):
    title = gettext_lazy("answered")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("Waiting for an answer")), ("yes", _("Answered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("no", "yes"):
            return queryset.filter(answered_at__isnull=self.value() == "no")
        return queryset


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Answer, as the customer reads it"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


def _answer(message: SupportMessage, values: dict[str, Any], request: HttpRequest) -> str:
    helpdesk.answer(message=message, text=values["text"], actor=actor(request))
    return _("Answered. It was mailed, and stands on the person's page.")


@admin.register(SupportMessage)
class SupportMessageAdmin(LookOnlyAdmin, WithButtons):
    list_display = ("written_at", "account", "user", "about_label", "text", "answered_at")
    list_filter = (AnsweredFilter,)
    list_select_related = ("account", "user")
    search_fields = ("account__name", "user__email", "about_label", "text")
    ordering = ("answered_at", "written_at")
    buttons = (
        Button(
            "answer", gettext_lazy("Answer"), _answer, form=AnswerForm, when=lambda row: not row.answered_at
        ),
    )
