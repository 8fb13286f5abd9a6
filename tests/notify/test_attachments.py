"""Files that go with a mail: made when it is sent, in the reader's language and zone, or the mail waits."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.notify import actions, attachments
from metered.notify.attachments import Attachment
from metered.notify.models import Message
from tests.notify.mails import ANA, BEN, Person, posted

WANTED = [{"kind": "tests", "ref": "abc"}]
AT = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Maker:
    """Makes two files that say what they were made of, after so many failures."""

    def __init__(self) -> None:
        self.failures = 0
        self.made: list[str] = []

    def __call__(self, ref: str) -> list[Attachment]:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no papers yet")
        self.made.append(ref)
        text = f"{ref} {_('January')} {timezone.localtime(AT):%H:%M}"
        return [
            Attachment(f"slip-{ref}.txt", text.encode(), "text/plain"),
            Attachment(f"label-{ref}.pdf", b"%PDF-1.7 \xff", "application/pdf"),
        ]


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    monkeypatch.setattr(attachments, "_MAKERS", {})
    one = Maker()
    attachments.register("tests", one)
    return one


@pytest.mark.django_db
def test_files_are_made_when_the_mail_is_sent_and_go_with_it(maker: Maker) -> None:
    message = posted(attachments=WANTED)
    assert maker.made == [] and message.values["attachments"] == WANTED, "the row names them, no more"
    assert actions.send_due() == 1
    (sent,) = mail.outbox
    assert sent.attachments == [
        ("slip-abc.txt", "abc January 07:00", "text/plain"),
        ("label-abc.pdf", b"%PDF-1.7 \xff", "application/pdf"),
    ]
    files = [part.get_filename() for part in sent.message().walk() if part.get_filename()]
    assert files == ["slip-abc.txt", "label-abc.pdf"]
    assert isinstance(sent, mail.EmailMultiAlternatives) and sent.alternatives[0][1] == "text/html"


@pytest.mark.django_db
def test_they_are_in_the_readers_language_and_zone(maker: Maker) -> None:
    posted("e", Person(language="de", time_zone="Europe/Berlin"), attachments=WANTED)
    actions.send_due()
    assert mail.outbox[0].attachments[0][1] == "abc Januar 13:00"


@pytest.mark.django_db
def test_others_bring_none(maker: Maker) -> None:
    posted()
    actions.send_due()
    assert mail.outbox[0].attachments == [] and maker.made == []


@pytest.mark.django_db
def test_no_mail_leaves_without_its_files(maker: Maker) -> None:
    maker.failures = 1
    message = posted(attachments=WANTED)
    posted("e:2", BEN)
    assert actions.send_due() == 1, "the others go"
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("waiting", 1)
    assert message.last_error == "RuntimeError: no papers yet" and message.due_at > timezone.now()
    Message.objects.update(due_at=timezone.now())
    assert actions.send_due() == 1
    assert [file[0] for file in mail.outbox[1].attachments] == ["slip-abc.txt", "label-abc.pdf"]


@pytest.mark.django_db
def test_what_can_never_be_made_is_parked(maker: Maker) -> None:
    maker.failures = 99
    message = posted(attachments=WANTED)
    for _attempt in range(actions.ATTEMPTS):
        Message.objects.update(due_at=timezone.now())
        actions.send_due()
    message.refresh_from_db()
    assert message.status == "parked" and mail.outbox == []


@pytest.mark.django_db
def test_a_mail_with_files_is_never_one_of_many(maker: Maker) -> None:
    eve = Person("eve@example.com", kind="orders", digest=True)
    message = posted("e:1", eve, attachments=WANTED)
    posted("e:2", eve)
    assert not message.digest and message.due_at <= timezone.now()
    assert actions.send_due() == 1
    (sent,) = mail.outbox
    assert len(sent.attachments) == 2 and "List-Unsubscribe" in sent.extra_headers
    assert Message.objects.get(event="e:2").status == "waiting", "waits for its morning"


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", [{"kind": "nobodys", "ref": "x"}, {"kind": "tests"}, {}])
def test_what_nobody_makes_is_refused_when_it_is_posted(maker: Maker, wanted: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no attachment"):
        actions.post(event="e", to=[ANA], template="order_announced", values={"attachments": [wanted]})
    assert not Message.objects.exists()


def test_a_kind_has_one_maker(maker: Maker) -> None:
    attachments.register("tests", maker)
    with pytest.raises(ValueError, match="maker already"):
        attachments.register("tests", Maker())
