"""Whatever is typed or sent to a page: an answer, never our own failure."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client

from metered.accounts.middleware import SESSION_KEY
from tests.portal.world import World, world

pytestmark = pytest.mark.django_db

GARBAGE = {
    "nul": "\x00",
    "nul inside": "a\x00b",
    "lone surrogate": "\ud800",
    "long": "x" * 10_000,
    "other digits": "٣²",
    "pattern": "%_\\'\";--",
    "control": "\r\n\t\x1b",
}
PLACES = ["~", "~abc", "9999-12-31T23:59:59-23:59~abc", "0001-01-01T00:00:00+23:59~abc", "1e400~abc", "a~²"]
LISTS = [
    "/devices/",
    "/devices/software/",
    "/devices/requests/",
    "/supplies/",
    "/orders/",
    "/returns/",
    "/demo/outbox/",
]


@pytest.fixture
def here() -> World:
    return world()


@pytest.fixture
def ana(here: World, client: Client, settings: pytest.FixtureRequest) -> Client:
    settings.DEMO = True  # type: ignore[attr-defined]
    client.force_login(here.cast.ana)
    client.raise_request_exception = False
    return client


def escaped(text: str) -> str:
    """As bytes arrive: a lone surrogate is three bytes that are no UTF-8."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("path", LISTS)
def test_a_list_answers_whatever_it_is_asked(ana: Client, path: str, text: str) -> None:
    for field in ("search", "address", "state", "path", "sort", "origin", "after", "before", "nonsense"):
        assert ana.get(f"{path}?{field}={escaped(text)}").status_code == 200, field
    assert ana.get(f"{path}?{escaped(text)}").status_code == 200


@pytest.mark.parametrize("place", [*PLACES, *(f"{text}~{text}" for text in GARBAGE.values())])
def test_a_bad_place_is_the_beginning_of_every_list(ana: Client, place: str) -> None:
    for path in LISTS:
        for sort in ("", "name", "contact", "model"):
            for side in ("after", "before"):
                answer = ana.get(f"{path}?sort={sort}&{side}={escaped(place)}")
                assert answer.status_code == 200, (path, sort, side)


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_an_account_that_can_not_exist_looks_like_a_missing_one(ana: Client, text: str) -> None:
    body = f"account={escaped(text)}&next={escaped(text)}"
    answer = ana.post("/account/switch/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 404
    assert SESSION_KEY not in ana.session


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_a_page_of_its_own_that_can_not_exist_is_missing(ana: Client, text: str) -> None:
    for path in ("/devices/", "/orders/", "/demo/outbox/"):
        assert ana.get(f"{path}{escaped(text)}/").status_code == 404
        assert ana.post(f"/orders/{escaped(text)}/not-now/").status_code == 404


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_the_sign_in_answers_whatever_is_typed(client: Client, text: str) -> None:
    client.raise_request_exception = False
    body = f"login={escaped(text)}&password={escaped(text)}&next={escaped(text)}"
    answer = client.post("/sign-in/login/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


@pytest.mark.parametrize("page", ["http://[", "//\x7f", "http://a:b/x", "x" * 10_000])
def test_htmx_may_claim_to_be_anywhere(client: Client, page: str) -> None:
    client.raise_request_exception = False
    answer = client.get("/devices/", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/sign-in/login/?next=")
