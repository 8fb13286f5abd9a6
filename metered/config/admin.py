"""The admin behind the same door as everything else: allauth's sign-in, passkeys and second factor."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from metered.portal.queries import desk

HIDDEN = {"mfa.authenticator", "account.emailaddress"}


class PortalAdminSite(AdminSite):
    site_title = _("Support desk")
    site_header = _("Support desk")
    index_title = _("What needs you")
    site_url = "/"

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponseBase:  # type: ignore[override]
        """Sends the unknown to the one sign-in page and staff on their way; others are refused."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
            wanted = reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted)
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect(wanted)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The queues first, then the records."""
        return super().index(
            request, {**(extra_context or {}), "queues": desk.queues_for_system(request.user)}
        )

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django's, without the second factors: their secrets are nobody's to read or to change."""
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        shown = [model for model in models if model._meta.label_lower not in HIDDEN]
        super().register(shown, admin_class, **options)
