"""Orders as their customers see them."""

from __future__ import annotations

from django.urls import path

from metered.orders import views

urlpatterns = [
    path("", views.orders, name="orders"),
    path("<slug:public_id>/", views.order, name="order"),
    path("<slug:public_id>/not-now/", views.not_now, name="order_not_now"),
]
