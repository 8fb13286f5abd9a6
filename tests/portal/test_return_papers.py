"""The papers of a return on its page and with its mail."""

from __future__ import annotations

import pypdfium2
import pytest
import zxingcpp
from django.core import mail
from django.test import Client

from metered.notify import actions as notify
from metered.notify.models import Message
from tests.returns.scene import file, person_of, stocked

pytestmark = pytest.mark.django_db


def read(pdf: bytes) -> list[str]:
    page = pypdfium2.PdfDocument(pdf)[0]
    return [found.text for found in zxingcpp.read_barcodes(page.render(scale=3).to_pil())]


def test_slip_and_labels_on_the_page() -> None:
    made = stocked(3)
    person = person_of(made)
    given = file(made, actor=person, boxes=2)
    client = Client()
    client.force_login(person)
    for paper in ("slip", "labels"):
        answer = client.get(f"/returns/{given.public_id}/{paper}/")
        assert answer["Content-Type"] == "application/pdf"
        assert read(answer.content) == [given.number]
    assert len(pypdfium2.PdfDocument(answer.content)) == 2
    waiting = file(made, {made.pools[0].supply_id: 99}, actor=person)
    assert client.get(f"/returns/{waiting.public_id}/slip/").status_code == 404


def test_the_mail_that_confirms_brings_them() -> None:
    made = stocked(3)
    given = file(made)
    Message.objects.exclude(template="return_confirmed").delete()
    notify.send_due()
    (sent,) = mail.outbox
    names = [name for name, _content, _kind in sent.attachments]
    assert [name.rsplit("-", 1)[1] for name in names] == ["slip.pdf", "labels.pdf", "policy.pdf"]
    contents = [content for _name, content, _kind in sent.attachments]
    assert read(contents[0]) == read(contents[1]) == [given.number]
    assert Message.objects.get().status == "sent"
