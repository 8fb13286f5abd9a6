"""The pages of the portal that show more than one stage."""

from __future__ import annotations

from django.urls import path

from metered.portal.views import (
    account,
    devices,
    home,
    notices,
    outbox,
    printers,
    supplies,
    support,
    texts,
)

urlpatterns = [
    path("", home.front, name="overview"),
    path("supplies/", supplies.supplies, name="supplies"),
    path("devices/", devices.devices, name="devices"),
    path("devices/<slug:public_id>/", devices.device, name="device"),
    path("account/switch/", account.switch_account, name="switch_account"),
    path("no-account/", account.no_account, name="no_account"),
    path("demo/outbox/", outbox.outbox, name="demo_outbox"),
    path("demo/outbox/<slug:public_id>/", outbox.message, name="demo_message"),
    path("demo/outbox/<slug:public_id>/html/", outbox.message_html, name="demo_message_html"),
    # Public pages.
    path("eligibility/", printers.eligibility, name="eligibility"),
    path("can-it-report/", printers.can_report, name="can_report"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<slug:public_id>/", notices.notice, name="notice"),
    path("notices/<slug:public_id>/dismiss/", notices.dismiss, name="notice_dismiss"),
    path("updates/", notices.updates, name="updates"),
    path("updates/asked/", notices.updates_asked, name="updates_asked"),
    path("updates/<slug:public_id>/confirm/", notices.confirm_updates, name="updates_confirm"),
    path("updates/<slug:public_id>/leave/", notices.leave_updates, name="updates_leave"),
    path("guide/", texts.guide, name="guide"),
    path("guide/<slug:slug>/", texts.chapter, name="guide_chapter"),
    path("how-replenishment-works/", texts.page, {"slug": "replenishment"}, name="replenishment_explained"),
    path("contract-terms/", texts.page, {"slug": "contract-terms"}, name="contract_terms"),
    path("returns-policy/", texts.page, {"slug": "returns-policy"}, name="returns_policy"),
    path("recycling/", texts.page, {"slug": "recycling"}, name="recycling"),
    path("accessibility/", texts.page, {"slug": "accessibility"}, name="accessibility"),
    path("privacy/", texts.page, {"slug": "privacy"}, name="privacy"),
    path("support/", support.support, name="support"),
    path("support/messages/", support.support_messages, name="support_messages"),
    path("support/messages/new/", support.write, name="support_write"),
    path("support/messages/<slug:public_id>/", support.support_message, name="support_message"),
]
