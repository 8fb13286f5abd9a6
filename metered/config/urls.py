"""Every address of the portal. tests/test_access.py fails for one that its matrix doesn't know."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("metered.portal.urls")),
    path("orders/", include("metered.orders.urls")),
    path("returns/", include("metered.returns.urls")),
    path("reads/", include("metered.reads.page_urls")),
    path("api/v1/", include("metered.returns.api_urls")),
    path("sign-in/", include("allauth.urls")),
    path("api/", include("metered.reads.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "metered.portal.views.errors.bad_request"
handler403 = "metered.portal.views.errors.forbidden"
handler404 = "metered.portal.views.errors.not_found"
handler500 = "metered.portal.views.errors.server_error"
