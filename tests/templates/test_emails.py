"""Mails as they are read: one thing said, one action, no markup from what was typed."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

OPERATOR = {"name": "Acme & Sons", "phone": "1-800-555-0100", "email": "help@acme.example", "hours": "8 to 5"}
LINES = [
    {
        "quantity": 2,
        "supply": "Yellow <toner>",
        "reorder_number": "006R01820",
        "devices": ["Front desk & more"],
        "why": "Runs out between 27 November and 2 December.",
    },
    {"quantity": 1, "supply": "Magenta toner", "reorder_number": "006R01819", "devices": [], "why": ""},
]
ORDER = {
    "order_number": "SO-20418",
    "address_name": "Main St",
    "item_count": 3,
    "lines": LINES,
    "release_at": dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC),
    "carrier": "UPS",
    "tracking": "1Z999",
    "expected_on": dt.date(2026, 11, 25),
    "order_url": "https://portal.example/orders/x/",
    "operator": OPERATOR,
}
SILENT = {
    "device_name": "Radiology · VersaLink C505",
    "address_name": "Harbor Rd",
    "days": 9,
    "last_heard_at": dt.datetime(2026, 11, 11, 6, 2, tzinfo=dt.UTC),
    "advice": ["Is it switched on?"],
    "device_url": "https://portal.example/devices/x/",
    "operator": OPERATOR,
}
ADDRESS = {
    "happened": "changed",
    "address_name": "Main St",
    "before_name": "",
    "who": "Ana <Lee>",
    "after": ["Northwind & Sons", "2 New St"],
    "before": ["Northwind & Sons", "1 Main St"],
    "address_url": "https://portal.example/addresses/x/",
    "operator": OPERATOR,
}
DOOR = {
    "account_name": "Northwind & Sons",
    "invited_by": "Ana <Ruiz>",
    "role": "orderer",
    "serial": "A1 <toner>",
    "place": "14604",
    "expires_at": dt.datetime(2026, 11, 28, 9, 30, tzinfo=dt.UTC),
    "activate_url": "https://portal.example/register/x/",
    "register_url": "https://portal.example/register/",
    "accept_url": "https://portal.example/invitations/x/",
    "operator": OPERATOR,
}
NEWS = {
    "subject_line": "Ana & Ben",
    "title": "Ana <toner> took Ben out",
    "text": ["Ben sees nothing & nobody."],
    "action": "See who belongs",
    "action_url": "https://portal.example/people/",
    "operator": OPERATOR,
}
MAILS: dict[str, dict[str, Any]] = {
    "order_announced": ORDER,
    "order_shipped": ORDER,
    "device_silent": SILENT,
    "address_changed": ADDRESS,
    "registration_link": DOOR,
    "registration_no_match": DOOR,
    "invitation": DOOR,
    "account_news": NEWS,
}


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "a":
            self.found.append(dict(attrs).get("href") or "")


def part(name: str, kind: str) -> str:
    return render_to_string(f"emails/{name}.{kind}", {**MAILS[name], "subject": "Subject"})


@pytest.mark.parametrize("name", MAILS)
def test_the_subject_is_one_line_of_plain_text(name: str) -> None:
    subject = part(name, "subject.txt").strip()
    assert subject and "\n" not in subject and "&amp;" not in subject
    assert len(subject) < 90


@pytest.mark.parametrize("name", MAILS)
def test_one_action_and_nothing_from_elsewhere(name: str) -> None:
    links = Links(part(name, "html"))
    own = [link for link in links.found if link.startswith("https://portal.example/")]
    assert len(own) == 1
    assert all(link in own or link.startswith("mailto:") for link in links.found)
    assert not {"img", "script", "link", "form", "toner"} & links.tags


@pytest.mark.parametrize("name", MAILS)
def test_plain_text_carries_the_same_action_and_support(name: str) -> None:
    text = part(name, "txt")
    assert "https://portal.example/" in text and "1-800-555-0100" in text
    assert "&amp;" not in text and "<p" not in text


def test_an_announcement_says_what_when_and_why() -> None:
    text = part("order_announced", "txt")
    assert "3 items leave for Main St" in text
    assert "Saturday 21 November" in text
    assert "2 x Yellow <toner> (006R01820)" in text
    assert "Front desk & more" in text
    assert "Runs out between 27 November and 2 December." in text


def test_markup_in_names_stays_words_in_html() -> None:
    html = part("order_announced", "html")
    assert "Yellow &lt;toner&gt;" in html and "Front desk &amp; more" in html


def test_one_item_is_said_in_the_singular() -> None:
    text = render_to_string("emails/order_announced.txt", {**ORDER, "item_count": 1})
    assert "One item leaves for Main St" in text


def test_a_shipment_without_a_date_or_tracking_says_nothing_of_them() -> None:
    text = render_to_string(
        "emails/order_shipped.txt", {**ORDER, "expected_on": None, "carrier": "", "tracking": ""}
    )
    assert "Expected" not in text and "UPS" not in text
    assert "Expected on Wednesday 25 November." in part("order_shipped", "txt")


def test_silence_is_told_in_days_with_advice() -> None:
    text = part("device_silent", "txt")
    assert "has not reported for 9 days" in text and "- Is it switched on?" in text


def test_no_match_says_what_was_typed_and_whom_to_call_when() -> None:
    text = part("registration_no_match", "txt")
    assert "A1 <toner>" in text and "14604" in text
    assert "Have your serial number ready and call 1-800-555-0100 (8 to 5)" in text


def test_a_mailed_link_says_how_long_it_works() -> None:
    for name in ("registration_link", "invitation"):
        with timezone.override("UTC"):
            assert "works once, until Saturday 28 November, 09:30 UTC" in part(name, "txt")
    assert "You may order, return and count supplies" in part("invitation", "txt")
