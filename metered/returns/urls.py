"""Returns as their customers see them."""

from __future__ import annotations

from django.urls import path

from metered.returns.views import after, filing, history, public, recycling

urlpatterns = [
    path("", history.returns, name="returns"),
    path("csv/", history.history_csv, name="returns_csv"),
    path("new/", filing.new, name="return_new"),
    path("recycling/", recycling.recycling, name="return_recycling"),
    path("start/", public.start, name="return_start"),
    path("start/sent/", public.sent, name="return_sent"),
    path("confirm/<slug:token>/", public.confirm, name="return_confirm"),
    path("photos/<slug:public_id>/", history.photo, name="return_photo"),
    path("leftovers/<slug:public_id>/none-left/", filing.none_left, name="leftover_none"),
    path("<slug:public_id>/", history.one, name="return"),
    path("<slug:public_id>/handed-over/", after.hand_over, name="return_handed_over"),
    path("<slug:public_id>/withdraw/", after.withdraw, name="return_withdraw"),
]
