"""Keys for programs: made once, shown once, and good for what their person may."""

from __future__ import annotations

import pytest

from metered.accounts.keys import MOST_KEYS, holder_for_system, keys_of, make_key, revoke_key
from metered.accounts.models import ActivityEntry, ApiKey, Membership
from metered.lib.errors import Refused
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_a_key_acts_as_its_person_in_one_account() -> None:
    account, other = make.account(), make.account()
    address = make.address(account)
    ana = make.user("ana@example.com", "Ana")
    make.member(account, ana, "orderer", address)
    make.member(other, ana, "owner")
    key = make_key(user=ana, account_id=account.pk, name=" ERP ")
    found = holder_for_system(key)
    assert found is not None and found[0] == ana
    assert (found[1].account_id, found[1].role, found[1].address_ids) == (
        account.pk, "orderer", frozenset({address.pk}),
    )  # fmt: skip
    row = ApiKey.objects.get()
    assert row.name == "ERP" and row.used_on is not None and key not in str(vars(row))
    assert ActivityEntry.objects.filter(account=account, kind="key for programs").count() == 1


def test_what_no_longer_holds() -> None:
    account = make.account()
    ana = make.user("ana@example.com")
    make.member(account, ana, "orderer")
    key = make_key(user=ana, account_id=account.pk, name="ERP")
    for wrong in ("", "mk_", key[:-1], key + "x", key.upper(), "\udcff", "\x00"):
        assert holder_for_system(wrong) is None
    Membership.objects.filter(user=ana).update(role="viewer")
    found = holder_for_system(key)
    assert found is not None and found[1].role == "viewer"
    ana.is_active = False
    ana.save()
    assert holder_for_system(key) is None
    ana.is_active = True
    ana.save()
    Membership.objects.filter(user=ana).delete()
    assert holder_for_system(key) is None


def test_a_revoked_key_is_refused() -> None:
    account = make.account()
    ana = make.user("ana@example.com")
    make.member(account, ana, "orderer")
    key = make_key(user=ana, account_id=account.pk, name="ERP")
    (row,) = keys_of(ana, account.pk)
    revoke_key(key=row, actor=ana)
    revoke_key(key=row, actor=ana)
    assert holder_for_system(key) is None and keys_of(ana, account.pk) == []


def test_who_gets_none() -> None:
    account = make.account()
    ana = make.user("ana@example.com")
    with pytest.raises(Refused) as stranger:
        make_key(user=ana, account_id=account.pk, name="ERP")
    make.member(account, ana, "viewer")
    with pytest.raises(Refused) as nameless:
        make_key(user=ana, account_id=account.pk, name="  ")
    for number in range(MOST_KEYS):
        make_key(user=ana, account_id=account.pk, name=str(number))
    with pytest.raises(Refused) as many:
        make_key(user=ana, account_id=account.pk, name="one more")
    codes = [refused.value.code for refused in (stranger, nameless, many)]
    assert codes == ["not_a_member", "no_name", "too_many_keys"]
