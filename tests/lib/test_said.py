"""Kept sentences reach each reader in a language of their own."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import pytest
from django.utils import translation

from metered.accounts.actions import log
from metered.accounts.models import ActivityEntry
from metered.lib.said import MARK, all_kept, as_kept, joined, said, said_n, told
from metered.stock import actions as stock
from metered.stock.models import Entry
from tests import factories as make
from tests.stock.ledger import pool_of

BELOW = "%(meter)s is %(gap)s below the last read."
RESTART = "Meters went down on %(day)s, as if the controller was replaced."


def in_german(kept: str) -> str:
    with translation.override("de"):
        return str(told(kept))


def test_a_sentence_is_a_text_in_the_language_of_the_moment() -> None:
    assert said(BELOW, meter="Mono", gap=1234) == "Mono is 1,234 below the last read."
    with translation.override("de"):
        assert said(BELOW, meter="Mono", gap=1234) == in_german(as_kept(said(BELOW, meter="Mono", gap=1234)))


def test_numbers_days_and_plurals_follow_the_reader() -> None:
    assert "1.234" in in_german(as_kept(said(BELOW, meter="Mono", gap=1234)))
    assert "20. November 2026" in in_german(as_kept(said(RESTART, day=dt.date(2026, 11, 20))))
    assert [str(said_n("%(n)s page", "%(n)s pages", n)) for n in (1, 2)] == ["1 page", "2 pages"]
    assert [in_german(as_kept(said_n("%(n)s page", "%(n)s pages", n))) for n in (1, 2)] == [
        "1 Seite",
        "2 Seiten",
    ]


def test_sentences_in_sentences_and_after_another() -> None:
    usual = said(
        "The same as last time, although about %(usual)s would be usual.",
        usual=said_n("%(n)s page", "%(n)s pages", 900),
    )
    both = joined(["Typed by me", "", usual])
    assert both == f"Typed by me {usual}"
    assert in_german(as_kept(both)).startswith("Typed by me ") and "900 Seiten" in in_german(as_kept(both))


def test_what_people_write_stays_as_written_even_where_it_looks_kept() -> None:
    assert told("50 % & %(meter)s") == "50 % & %(meter)s"
    forged = f'{MARK}{{"t": "x"}}'
    assert MARK not in as_kept(forged) and told(as_kept(forged)) == '{"t": "x"}'
    assert all_kept({"note": forged, "n": [1, said(BELOW, meter="M", gap=1)]})["note"] == '{"t": "x"}'


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))])  # noqa: S301
def test_a_copy_is_kept_alike(twin: object) -> None:
    sentence = said(BELOW, meter="Mono", gap=5)
    assert as_kept(twin(sentence)) == as_kept(sentence)  # type: ignore[operator]


@pytest.mark.django_db
def test_a_column_keeps_the_source_and_gives_the_readers_words() -> None:
    pool = pool_of()
    row = stock.adjust(
        pool_id=pool.pk, quantity=1, cause="c:1", actor=None, note=said(BELOW, meter="Mono", gap=1234)
    )
    with translation.override("de"):
        read = Entry.objects.get(pk=row.pk)
        assert "1.234" in read.note
        assert "1.234" in Entry.objects.values_list("note", flat=True).get(pk=row.pk)
    read = Entry.objects.get(pk=row.pk)
    assert read.note == "Mono is 1,234 below the last read."
    with translation.override("de"):
        assert "1.234" in Entry.objects.get(note=read.note).note


@pytest.mark.django_db
def test_the_activity_log_keeps_them_too() -> None:
    account = make.account()
    log(
        actor=None, account_id=account.pk, verb="cancelled", kind="order", public_id="x",
        after={"because": said("The device was removed.")},
    )  # fmt: skip
    after = ActivityEntry.objects.get().after
    assert after is not None
    assert told(after["because"]) == "The device was removed."
    assert in_german(after["because"]) != "The device was removed."
