"""The pages of the portal that show more than one stage."""

from __future__ import annotations

from django.urls import path

from metered.portal.views import account, devices, outbox, overview, settings, supplies

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("supplies/", supplies.supplies, name="supplies"),
    path("devices/", devices.devices, name="devices"),
    path("devices/<slug:public_id>/", devices.device, name="device"),
    path("account/switch/", account.switch_account, name="switch_account"),
    path("settings/", settings.person, name="settings"),
    path("language/", settings.choose_language, name="language"),
    path("mail/stop/<str:token>/", settings.stop_mail, name="stop_mail"),
    path("no-account/", account.no_account, name="no_account"),
    path("demo/outbox/", outbox.outbox, name="demo_outbox"),
    path("demo/outbox/<slug:public_id>/", outbox.message, name="demo_message"),
    path("demo/outbox/<slug:public_id>/html/", outbox.message_html, name="demo_message_html"),
]
