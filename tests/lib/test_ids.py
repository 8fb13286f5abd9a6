"""Identifiers in URLs can't be guessed, and can be read aloud."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from metered.accounts.models import Account
from metered.lib.ids import ALPHABET, LENGTH, new_public_id


def test_sixteen_characters_of_five_bits_without_look_alikes() -> None:
    assert LENGTH == 16 and len(ALPHABET) == 32 == len(set(ALPHABET))
    assert not set("ilou") & set(ALPHABET)
    made = {new_public_id() for _ in range(2000)}
    assert len(made) == 2000
    assert {len(public_id) for public_id in made} == {LENGTH}
    # Every character appears at every place: nothing of it is fixed or counts up.
    for place in range(LENGTH):
        assert {public_id[place] for public_id in made} == set(ALPHABET)


@pytest.mark.django_db
def test_the_database_refuses_the_same_one_twice() -> None:
    first = Account.objects.create(name="One", number="1")
    second = Account.objects.create(name="Two", number="2")
    assert first.public_id != second.public_id
    with pytest.raises(IntegrityError, match="public_id"), transaction.atomic():
        Account.objects.filter(pk=second.pk).update(public_id=first.public_id)
