"""A mail reads well: times in the reader's zone, addresses of this portal, nothing injected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from metered.notify.models import Message
from metered.notify.rendering import render
from tests.notify.mails import ANA, BEN, VALUES

EMAILS = Path(settings.BASE_DIR) / "templates" / "emails"
SHIPPED = VALUES | {"carrier": "UPS", "tracking": "1Z 999", "expected_on": "2026-11-25"}
SILENT = {"address_name": "Main St", "days": 7, "advice": ["Leave it on."]}
AGENT = {
    "agent_name": "Head office",
    "account_name": "Main St",
    "host": "PRINTSRV1",
    "last_heard_at": "2026-11-20T09:00:00+00:00",
    "since_at": "2026-11-20T09:00:00+00:00",
    "back_at": "2026-11-22T07:30:00+00:00",
    "hours": 24,
    "device_count": 57,
    "agent_path": "/agents/x/",
}
STARTED = {
    "address_name": "Main St",
    "devices": ["Front desk", "Radiology"],
    "more": 0,
    "devices_path": "/devices/",
}
DOOR = {
    "account_name": "Main St",
    "invited_by": "Ana",
    "role": "orderer",
    "serial": "3TX481207",
    "place": "Main St",
    "expires_at": "2026-11-28T09:30:00+00:00",
    "activate_path": "/register/x/",
    "register_path": "/register/",
    "accept_path": "/invitations/x/",
}
RETURN = {
    "number": "482 719 356",
    "account_name": "Northwind",
    "address_name": "Main St",
    "lines": [
        {
            "quantity": 3, "accepted": 2, "received": 1, "difference": -1, "supply": "Black toner",
            "reorder_number": "006R01828", "reason": "Only 2 were sent.",
        }
    ],
    "boxes": 2,
    "pallet": False,
    "due_on": "2026-12-03",
    "pick_up_on": None,
    "carrier": "",
    "tracking": "",
    "return_path": "/returns/abcdefgh01234567/",
}  # fmt: skip
SAMPLES: dict[str, dict[str, Any]] = {
    "return_filed": RETURN | {"number": "", "pallet": True},
    "return_confirmed": RETURN,
    "return_rejected": RETURN | {"number": ""},
    "return_pick_up": RETURN | {"pick_up_on": "2026-12-04", "carrier": "Freight", "tracking": "F 1"},
    "return_withdrawn": RETURN | {"who": "Ana"},
    "return_received": RETURN,
    "return_closed": RETURN | {"because": "One stays with you."},
    "return_alarm": RETURN
    | {
        "number": "",
        "louder": False,
        "asks": "Something on it was never shipped to this customer.",
        "desk_path": "/admin/returns/return/1/change/",
        "last_chance_at": "2026-12-03T05:00:00+00:00",
    },
    "leftovers": {
        "address_name": "Main St",
        "devices": ["Front desk"],
        "contract_ended": False,
        "lines": [{"quantity": 3, "supply": "Black toner", "reorder_number": "006R01828"}],
        "units": 3,
        "reminder": False,
        "return_path": "/returns/new/?left=abcdefgh01234567",
    },
    "return_link": {
        "confirm_path": "/returns/confirm/x/",
        "known_as": "Main St",
        "expires_at": "2026-11-28T09:30:00+00:00",
    },
    "return_no_match": {"known_as": "Main St"},
    "registration_link": DOOR,
    "registration_no_match": DOOR,
    "invitation": DOOR,
    "account_news": {
        "subject_line": "Ben is in",
        "title": "Ana let Ben in at Main St",
        "text": ["Ben sees everything."],
        "action": "See who belongs",
        "action_path": "/people/",
    },
    "address_changed": {
        "happened": "changed",
        "address_name": "Main St",
        "before_name": "",
        "who": "Ana",
        "after": ["Northwind", "2 New St"],
        "before": ["Northwind", "1 Main St"],
        "address_path": "/addresses/x/",
    },
    "order_announced": VALUES,
    "order_shipped": SHIPPED,
    "order_placed": VALUES | {"held_count": 2, "waits_for_count": True, "urgent": True},
    "order_released": VALUES,
    "order_declined": VALUES | {"because": "Two are enough."},
    "order_delivered": VALUES | {"report_path": "/orders/abcdefgh01234567/problem/"},
    "problem_reported": VALUES | {"replaced_by": "SO-20420", "all_replaced": True},
    "problem_answered": VALUES | {"replaced_by": "", "answer": "It is the new name of the same."},
    "agent_silent": AGENT,
    "agent_back": AGENT,
    "device_silent": SILENT
    | {
        "device_name": "Front desk",
        "last_heard_at": "2026-11-12T09:00:00+00:00",
        "device_path": "/devices/x/",
    },
    "heavy_job": {
        "verb": "announced",
        "who": "Ana",
        "address_name": "Main St",
        "devices": ["Front desk"],
        "more": 0,
        "pages": 9000,
        "colour_pages": 0,
        "first_on": "2026-12-01",
        "last_on": "2026-12-03",
        "note": "",
        "job_path": "/heavy-jobs/x/",
    },
    "digest": {
        "items": [{"subject": "Main St gets 2 items", "url": f"{settings.SITE_URL}/orders/x/"}],
        "count": 1,
        "overview_path": "/",
    },
    "replenishment_on": STARTED | {"count": 2},
    "replenishment_off": STARTED | {"count": 1, "who": "Ana", "reason": "Moves in May"},
    "device_request": {
        "kind": "move",
        "declined": False,
        "reason": "",
        "device_name": "Front desk",
        "serial": "3TX481207",
        "address_name": "Main St",
        "page_path": "/devices/x/",
    },
    "bulletin": {
        "event": "published",
        "model": "VersaLink C505",
        "minimum": "67.59",
        "from_on": "2027-02-14",
        "days_left": 80,
        "count": 2,
        "devices": ["Front desk (Main St)"],
        "more": 1,
        "by_agent": True,
        "software_link": "https://example.com/software",
        "list_path": "/devices/software/?bulletin=x",
    },
    "devices_silent": SILENT
    | {"count": 22, "devices": ["One", "Two"], "more": 20, "devices_path": "/devices/?state=silent"},
    "shortage": {
        "account_name": "Northwind", "address_name": "Main St", "item_count": 1, "urgent_days": 1,
        "for_desk": False, "order_path": "/orders/new/?urgent=1",
        "lines": [
            {"supply": "Black toner", "reorder_number": "006R01828", "devices": ["Front desk"],
             "empty_on": "2026-12-01", "arrives_on": "2026-12-04"},
        ],
    },
    "notice": {
        "title": "New hours at Main St",
        "act_by_on": "2027-02-15",
        "notice_path": "/notices/x/",
        "unsubscribe_path": "/updates/x/leave/",
    },
    "updates_confirm": {"confirm_path": "/updates/x/confirm/"},
    "updates_already": {"unsubscribe_path": "/updates/x/leave/"},
    "support_message": {
        "person": "Ana", "person_email": "ana@example.com", "account": "Northwind", "about": "Main St",
        "text": "Where is it?", "desk_path": "/admin/x/",
    },
    "support_answer": {
        "about": "Main St", "text": "Where is it?", "answer": "On its way.", "message_path": "/support/x/",
    },
}  # fmt: skip
NOWHERE = {"updates_confirm", "updates_already"}
"""Mails to an address that may belong to no account."""


def mail(template: str, person: Any = ANA, **values: Any) -> Any:
    return render(
        Message(
            event="e",
            email=person.email,
            language=person.language,
            time_zone=person.time_zone,
            template=template,
            values=SAMPLES[template] | values,
        )
    )


def test_every_template_has_a_sample_here() -> None:
    names = {file.name.removesuffix(".subject.txt") for file in EMAILS.glob("*.subject.txt")}
    assert names == set(SAMPLES), "a mail without a sample isn't tried by these tests: add one to SAMPLES"


@pytest.mark.parametrize("template", SAMPLES)
def test_each_has_a_subject_a_text_and_an_html_that_say_where(template: str) -> None:
    made = mail(template)
    assert made.subject and "\n" not in made.subject and len(made.subject) < 120
    for part in (made.text, made.html):
        assert "Main St" in part or template in NOWHERE
        assert settings.OPERATOR["phone"] in part
        assert settings.SITE_URL + "/" in part
        assert "{{" not in part and "{%" not in part and "None" not in part
    assert "<" not in made.text.replace("<https", "")


def test_times_are_written_in_the_readers_zone() -> None:
    assert "Saturday 21 November, 10:30 EST" in mail("order_announced", ANA).text
    assert "Saturday 21 November, 16:30 CET" in mail("order_announced", BEN).text


def test_what_leaves_why_and_for_which_device() -> None:
    made = mail("order_announced")
    assert "SO-20418" in made.subject and "SO-20418" in made.html
    for part in (made.text, made.html):
        for word in ("006R01828", "Black toner", "Front desk", "It will be empty on 1 December."):
            assert word in part
        assert f"{settings.SITE_URL}/orders/abcdefgh01234567/" in part


def test_a_confirmed_return_says_its_number_large_and_what_was_accepted() -> None:
    made = mail("return_confirmed")
    assert "482 719 356" in made.subject
    for part in (made.text, made.html):
        for word in ("482 719 356", "006R01828", "Accepted: 2", "Only 2 were sent.", "No credit is given"):
            assert word in part, word
        assert f"{settings.SITE_URL}/returns/abcdefgh01234567/" in part
    # Who has no sign-in is not sent to a page behind one.
    values = {key: value for key, value in SAMPLES["return_confirmed"].items() if key != "return_path"}
    message = Message(email="x@example.com", language="en", time_zone="UTC", template="return_confirmed")
    message.values = values
    assert f"{settings.SITE_URL}/returns-policy/" in render(message).text


def test_an_alarm_grows_louder_and_leftovers_are_reminded_of() -> None:
    assert mail("return_alarm", louder=True).subject.startswith("Last call")
    assert not mail("return_alarm").subject.startswith("Last call")
    assert mail("leftovers", reminder=True).subject.startswith("Still left over")
    assert "Accepted" not in mail("leftovers").text and "Accepted" not in mail("return_alarm").text


def test_a_shipment_says_carrier_tracking_and_day() -> None:
    made = mail("order_shipped")
    for part in (made.text, made.html):
        assert "UPS" in part and "1Z 999" in part and "Wednesday 25 November" in part
    assert "Expected" not in mail("order_shipped", expected_on=None).text


def test_a_name_can_neither_break_the_header_nor_the_html() -> None:
    made = mail("order_announced", address_name="Main St\r\nBcc: eve@example.com <b>&amp;")
    assert "\n" not in made.subject and "\r" not in made.subject
    assert "<b>" not in made.html and "&lt;b&gt;" in made.html
    assert "<b>&amp;" in made.text, "plain text is not HTML"


def test_one_item_reads_as_one() -> None:
    assert mail("order_announced", item_count=1).subject.startswith("One item")
    assert mail("order_announced", item_count=3).subject.startswith("3 items")


def test_a_broken_time_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        mail("order_announced", release_at="tomorrow")
