"""An agent is named, gets a code, enrols with it once, is renamed and revoked."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection

from metered.accounts.models import ActivityEntry
from metered.fleet import actions, agents
from metered.fleet.models import Agent, EnrolmentCode, Token
from metered.lib.errors import Refused
from metered.lib.ids import ALPHABET
from tests import factories as make

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> make.Cast:
    return make.cast()


def waiting(cast: make.Cast, name: str = "Head office") -> tuple[Agent, str]:
    agent = actions.add_agent(account_id=cast.northwind.pk, name=name, actor=cast.ana, now=NOW)
    return agent, actions.make_code(agent=agent, actor=cast.ana, now=NOW).text


def no_code(code: str, now: dt.datetime = NOW) -> str:
    with pytest.raises(Refused) as refused:
        actions.enrol(code=code, host="PC", now=now)
    assert refused.value.code == "no_code"
    return refused.value.reason


def test_a_code_can_be_read_over_the_phone_and_guessed_by_nobody(cast: make.Cast) -> None:
    _, code = waiting(cast)
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    assert not set(code) & set("ILOU"), "letters that are heard or read wrong"
    assert len(ALPHABET) ** agents.CODE_LENGTH >= 2**60
    assert len({agents._new_text() for _ in range(1000)}) == 1000


def test_only_a_keyed_hash_of_a_code_is_kept(cast: make.Cast) -> None:
    _, code = waiting(cast)
    parts = [agents.code_key(code), *code.lower().split("-")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c::text FROM fleet_enrolmentcode c UNION ALL SELECT a::text FROM accounts_activityentry a"
        )
        kept = " ".join(line for (line,) in cursor.fetchall()).lower()
    assert not [part for part in parts if part in kept]


@pytest.mark.parametrize(
    "typed", ["{}", " {} ", "{0}".lower(), "k7qm 3txn 9prw", "K7QM3TXN9PRW", "k7qm–3txn–9prw"]
)
def test_a_code_is_compared_as_people_type_it(typed: str) -> None:
    code = "K7QM-3TXN-9PRW"
    assert agents.code_digest(typed.format(code)) == agents.code_digest(code)


def test_letters_that_no_code_has_are_what_they_were_meant_for() -> None:
    assert agents.code_key("oO-iI-lL") == "001111"
    assert agents.code_digest("K7QM-3TXN-9PRV") != agents.code_digest("K7QM-3TXN-9PRW")


def test_a_code_becomes_a_key_once(cast: make.Cast) -> None:
    agent, code = waiting(cast)
    made = actions.enrol(code=code.lower(), host=" PRINTSRV1 ", version="1.0.0", now=NOW)
    assert made.agent == agent
    token = Token.objects.get(agent=agent)
    assert bytes(token.digest) == actions.token_digest(made.token) and token.created_by == cast.ana
    agent.refresh_from_db()
    assert (agent.host, agent.enrolled_at) == ("PRINTSRV1", NOW)
    assert no_code(code) == no_code("ZZZZ-ZZZZ-ZZZZ")
    assert Token.objects.count() == 1


def test_a_code_holds_for_an_hour(cast: make.Cast) -> None:
    _, code = waiting(cast)
    minute = dt.timedelta(minutes=1)
    assert no_code(code, NOW + 60 * minute) == no_code("unknown")
    assert actions.enrol(code=code, host="", now=NOW + 59 * minute).token.startswith("mt_")


def test_a_new_code_takes_the_old_ones_place(cast: make.Cast) -> None:
    agent, old = waiting(cast)
    new = actions.make_code(agent=agent, actor=cast.ana, now=NOW).text
    no_code(old)
    actions.enrol(code=new, host="", now=NOW)


def test_enrolling_again_refuses_the_key_before(cast: make.Cast) -> None:
    agent, code = waiting(cast)
    first = actions.enrol(code=code, host="OLD", now=NOW).token
    again = actions.make_code(agent=agent, actor=cast.ana, now=NOW).text
    assert Token.objects.get(digest=actions.token_digest(first)).revoked_at is None, "it works until then"
    actions.enrol(code=again, host="NEW", now=NOW)
    assert Token.objects.get(digest=actions.token_digest(first)).revoked_at == NOW
    assert agent.tokens.filter(revoked_at=None).count() == 1


def test_naming_one_twice_before_it_enrolled_is_the_same_agent(cast: make.Cast) -> None:
    agent, _ = waiting(cast)
    again, code = waiting(cast)
    assert agent == again and EnrolmentCode.objects.filter(withdrawn_at=None).count() == 1
    actions.enrol(code=code, host="", now=NOW)
    with pytest.raises(Refused) as refused:
        waiting(cast)
    assert refused.value.code == "agent_name"


def test_a_name_is_free_again_after_revoking(cast: make.Cast) -> None:
    agent, code = waiting(cast)
    token = actions.enrol(code=code, host="", now=NOW).token
    open_code = actions.make_code(agent=agent, actor=cast.ana, now=NOW).text
    actions.revoke_agent(agent=agent, actor=cast.ana, now=NOW)
    actions.revoke_agent(agent=agent, actor=cast.ana, now=NOW + dt.timedelta(days=1))
    agent.refresh_from_db()
    assert agent.revoked_at == NOW
    assert Token.objects.get(digest=actions.token_digest(token)).revoked_at == NOW
    no_code(open_code)
    for refused in (
        lambda: actions.make_code(agent=agent, actor=cast.ana),
        lambda: actions.issue_token(agent=agent),
        lambda: actions.rename_agent(agent=agent, name="X", actor=cast.ana),
    ):
        with pytest.raises(Refused) as error:
            refused()
        assert error.value.code == "agent_revoked"
    other, _ = waiting(cast)
    assert other != agent


def test_another_account_may_use_the_same_name(cast: make.Cast) -> None:
    waiting(cast)
    other = actions.add_agent(account_id=cast.harbor_press.pk, name="Head office", actor=cast.charlie)
    assert other.account == cast.harbor_press


def test_renaming_refuses_a_name_in_use(cast: make.Cast) -> None:
    agent, _ = waiting(cast)
    waiting(cast, "Branch")
    actions.rename_agent(agent=agent, name="Head office ", actor=cast.ana)
    with pytest.raises(Refused) as refused:
        actions.rename_agent(agent=agent, name="Branch", actor=cast.ana)
    assert refused.value.code == "agent_name"
    actions.rename_agent(agent=agent, name="Tower", actor=cast.ana)
    agent.refresh_from_db()
    assert agent.name == "Tower"


def test_all_of_it_is_on_the_log(cast: make.Cast) -> None:
    agent, code = waiting(cast)
    actions.enrol(code=code, host="PRINTSRV1", version="1.0.0", now=NOW)
    actions.rename_agent(agent=agent, name="Tower", actor=cast.ana)
    actions.revoke_agent(agent=agent, actor=cast.ana)
    entries = ActivityEntry.objects.filter(kind="agent", public_id=agent.public_id).order_by("pk")
    assert [(entry.verb, entry.actor) for entry in entries] == [
        ("added", cast.ana),
        ("made a code for", cast.ana),
        ("enrolled", None),
        ("renamed", cast.ana),
        ("revoked", cast.ana),
    ]
    assert entries[2].after == {"host": "PRINTSRV1", "version": "1.0.0"}
    assert not ActivityEntry.objects.filter(kind="token").exists(), "enrolling says it once"
