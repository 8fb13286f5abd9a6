"""Orders as their customers see them."""

from __future__ import annotations

from django.urls import path

from metered.orders.views import after, by_mail, history, ordering

urlpatterns = [
    path("", history.orders, name="orders"),
    path("csv/", history.history_csv, name="orders_csv"),
    path("new/", ordering.new, name="order_new"),
    path("new/review/", ordering.review, name="order_review"),
    path("new/place/", ordering.place, name="order_place"),
    path("not-now/<str:token>/", by_mail.not_now_by_mail, name="not_now_by_mail"),
    path("<slug:public_id>/", history.order, name="order"),
    path("<slug:public_id>/again/", ordering.again, name="order_again"),
    path("<slug:public_id>/arrived/", after.arrived, name="order_arrived"),
    path("<slug:public_id>/cancel/", after.cancel, name="order_cancel"),
    path("<slug:public_id>/not-now/", after.not_now, name="order_not_now"),
    path("<slug:public_id>/problem/", after.problem, name="order_problem"),
]
