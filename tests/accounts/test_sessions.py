"""A cookie is typed by whoever likes to."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("cookie", ["\x00abcdefghij", "x", "'; DROP TABLE x; --", "ä" * 32, "a" * 5000])
def test_a_cookie_that_no_session_can_have_is_no_session(cookie: str) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert client.get("/devices/").status_code == 302
