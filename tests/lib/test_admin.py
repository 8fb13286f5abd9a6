"""A button runs as a whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from metered.accounts.models import Account
from metered.lib.admin import Button, WithButtons
from metered.lib.errors import Refused
from tests import factories

pytestmark = pytest.mark.django_db


def press(account: Account, button: Button) -> tuple[HttpResponse, list[str]]:
    request = RequestFactory().post("/", {})
    request.user = factories.user("sam@example.com", is_staff=True, is_superuser=True)
    nothing: Any = lambda request: HttpResponse()  # noqa: E731
    SessionMiddleware(nothing).process_request(request)
    MessageMiddleware(nothing).process_request(request)
    desk = WithButtons(Account, admin.site)
    answer = desk._view_of(button)(request, str(account.pk))
    return answer, [str(message) for message in get_messages(request)]


def _rename(row: Account, values: dict[str, Any], request: HttpRequest) -> str:
    Account.objects.filter(pk=row.pk).update(name="Renamed")
    return "Done."


def _rename_and_refuse(row: Account, values: dict[str, Any], request: HttpRequest) -> str:
    _rename(row, values, request)
    raise Refused("Not today.", code="no")


def test_what_is_refused_is_said_and_leaves_nothing() -> None:
    account = factories.account("Northwind")
    answer, _ = press(account, Button("rename", "Rename", _rename_and_refuse))
    assert answer.status_code == 200 and b"Not today." in answer.content
    account.refresh_from_db()
    assert account.name == "Northwind"


def test_a_button_that_is_no_longer_offered_does_nothing_when_pressed() -> None:
    account = factories.account("Northwind")
    answer, said = press(account, Button("rename", "Rename", _rename, when=lambda row: False))
    assert answer.status_code == 302
    assert said == ["There is nothing left to do here: it was done meanwhile."]
    account.refresh_from_db()
    assert account.name == "Northwind"


def test_a_button_that_is_offered_runs() -> None:
    answer, said = press(factories.account("Northwind"), Button("rename", "Rename", _rename))
    assert (answer.status_code, said) == (302, ["Done."])
    assert Account.objects.filter(name="Renamed").exists()
