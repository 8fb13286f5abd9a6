"""One code used at the same moment, and codes made while one is used."""

from __future__ import annotations

import pytest

from metered.fleet import actions
from metered.fleet.models import EnrolmentCode, Token
from metered.lib.errors import Refused
from tests import factories as make
from tests.threads import at_once, while_open

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_uses_at_once_make_one_key() -> None:
    cast = make.cast()
    agent = actions.add_agent(account_id=cast.northwind.pk, name="HQ", actor=cast.ana)
    code = actions.make_code(agent=agent, actor=cast.ana).text
    second = while_open(
        lambda: actions.enrol(code=code, host="one"), lambda: actions.enrol(code=code, host="two")
    )
    assert second.waited
    assert isinstance(second.result, Refused) and second.result.code == "no_code"
    agent.refresh_from_db()
    assert agent.host == "one"
    assert Token.objects.filter(revoked_at=None).count() == Token.objects.count() == 1


def test_many_uses_at_once_make_one_key() -> None:
    cast = make.cast()
    agent = actions.add_agent(account_id=cast.northwind.pk, name="HQ", actor=cast.ana)
    code = actions.make_code(agent=agent, actor=cast.ana).text
    found = at_once(6, lambda number: actions.enrol(code=code, host=f"PC{number}"))
    refused = [item for item in found if isinstance(item, Refused)]
    assert len(refused) == 5 and {item.code for item in refused} == {"no_code"}
    assert Token.objects.count() == 1


def test_a_code_made_while_one_is_used_waits_and_both_end_well() -> None:
    """Agent before code, whoever comes first: the other order would deadlock."""
    cast = make.cast()
    agent = actions.add_agent(account_id=cast.northwind.pk, name="HQ", actor=cast.ana)
    code = actions.make_code(agent=agent, actor=cast.ana).text
    second = while_open(
        lambda: actions.make_code(agent=agent, actor=cast.ana), lambda: actions.enrol(code=code, host="two")
    )
    assert second.waited
    assert isinstance(second.result, Refused), "the newer code took its place"
    assert EnrolmentCode.objects.filter(used_at=None, withdrawn_at=None).count() == 1
