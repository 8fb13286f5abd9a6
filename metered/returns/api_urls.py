"""Under /api/v1/."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from metered.returns.api import ReturnsView, ReturnView, WithdrawView

urlpatterns = [
    path("returns", login_not_required(ReturnsView.as_view()), name="api_returns"),
    path("returns/<slug:public_id>", login_not_required(ReturnView.as_view()), name="api_return"),
    path(
        "returns/<slug:public_id>/withdraw", login_not_required(WithdrawView.as_view()), name="api_withdraw"
    ),
]
