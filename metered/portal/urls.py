"""The pages of the portal that show more than one stage."""

from __future__ import annotations

from django.urls import path

from metered.portal.views import account, activity, devices, outbox, overview, people, registration, supplies

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("supplies/", supplies.supplies, name="supplies"),
    path("devices/", devices.devices, name="devices"),
    path("devices/<slug:public_id>/", devices.device, name="device"),
    path("account/switch/", account.switch_account, name="switch_account"),
    path("register/", registration.register, name="register"),
    path("register/sent/", registration.register_sent, name="register_sent"),
    path("register/<slug:token>/", registration.activate, name="activate"),
    path("invitations/<slug:token>/", registration.invitation, name="invitation"),
    path("welcome/", registration.welcome, name="welcome"),
    path("account/leave/", people.leave, name="leave"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="people_invite"),
    path("people/requests/<slug:public_id>/", people.join_request, name="join_request"),
    path("people/requests/<slug:public_id>/decline/", people.decline, name="join_request_decline"),
    path("people/invitations/<slug:public_id>/send-again/", people.send_again, name="invitation_again"),
    path("people/invitations/<slug:public_id>/withdraw/", people.withdraw, name="invitation_withdraw"),
    path("people/<slug:public_id>/", people.person, name="person"),
    path("people/<slug:public_id>/remove/", people.remove, name="person_remove"),
    path("people/<slug:public_id>/hand-over/", people.hand_over, name="person_hand_over"),
    path("activity/", activity.activity, name="activity"),
    path("no-account/", account.no_account, name="no_account"),
    path("demo/outbox/", outbox.outbox, name="demo_outbox"),
    path("demo/outbox/<slug:public_id>/", outbox.message, name="demo_message"),
    path("demo/outbox/<slug:public_id>/html/", outbox.message_html, name="demo_message_html"),
]
