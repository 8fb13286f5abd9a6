"""The pages of the portal that show more than one stage."""

from __future__ import annotations

from django.urls import path

from metered.portal.views import (
    account,
    addresses,
    connection,
    device_changes,
    devices,
    outbox,
    overview,
    settings,
    software,
    stock,
    supplies,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("supplies/", supplies.supplies, name="supplies"),
    path("devices/", devices.devices, name="devices"),
    path("devices/add/", device_changes.add, name="device_add"),
    path("devices/requests/", device_changes.requests, name="device_requests"),
    path("devices/software/", software.software, name="software"),
    path("devices/software/file/", software.software_file, name="software_file"),
    path("devices/<slug:public_id>/", devices.device, name="device"),
    path("stock/", stock.stock, name="stock"),
    path("stock/<slug:public_id>/", stock.stock_at, name="stock_at"),
    path("stock/ledger/<slug:public_id>/", stock.stock_ledger, name="stock_ledger"),
    path("stock/ledger/<slug:public_id>/csv/", stock.stock_ledger_csv, name="stock_ledger_csv"),
    path("addresses/", addresses.addresses, name="addresses"),
    path("addresses/new/", addresses.address_new, name="address_new"),
    path("addresses/<slug:public_id>/", addresses.address, name="address"),
    path("addresses/<slug:public_id>/edit/", addresses.address_edit, name="address_edit"),
    path("addresses/<slug:public_id>/retire/", addresses.address_retire, name="address_retire"),
    path("addresses/<slug:public_id>/closed-dates/", addresses.address_closed, name="address_closed"),
    path("devices/<slug:public_id>/name/", device_changes.name, name="device_name"),
    path("devices/<slug:public_id>/replenishment/", device_changes.replenishment, name="device_switch"),
    path("devices/<slug:public_id>/change/", device_changes.change, name="device_change"),
    path("devices/<slug:public_id>/connection/", connection.connection, name="device_connection"),
    path("devices/<slug:public_id>/connection/check/", connection.check_now, name="device_check"),
    path("account/switch/", account.switch_account, name="switch_account"),
    path("settings/", settings.person, name="settings"),
    path("language/", settings.choose_language, name="language"),
    path("mail/stop/<str:token>/", settings.stop_mail, name="stop_mail"),
    path("no-account/", account.no_account, name="no_account"),
    path("demo/outbox/", outbox.outbox, name="demo_outbox"),
    path("demo/outbox/<slug:public_id>/", outbox.message, name="demo_message"),
    path("demo/outbox/<slug:public_id>/html/", outbox.message_html, name="demo_message_html"),
]
