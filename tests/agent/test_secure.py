"""Version 3: keys by the RFC's vectors, and what of a message is believed."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from metered.agent import report
from metered.agent.collect import Collector, Memory, Outcome, Target
from metered.agent.snmp import ber, keys, pdu
from metered.agent.snmp.ber import Malformed
from metered.agent.snmp.ciphers import decrypt, encrypt
from metered.agent.snmp.credentials import AUTHENTICATION, PRIVACY, Community, User
from metered.agent.snmp.pdu import Answer, Pdu
from metered.agent.snmp.secure import WINDOW, Discovery, Report, SecureAsk
from metered.agent.snmp.secure import Engine as Known
from metered.agent.walk import oid
from tests.agent.devices import NOON
from tests.agent.network import PUBLIC, SOON, collect, collect_one
from tests.agent.responder import Engine, Habits, Printer, serving
from tests.agent.simulated import office

USER = User("reader", "sha256", "a long password", "aes128", "another password")
ENGINE = bytes(11) + b"\x02"  # RFC 3414 appendix A.3: 00…02


@pytest.mark.parametrize(
    ("auth", "key", "localized"),
    [  # RFC 3414 appendix A.3.1 and A.3.2
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        (
            "sha1",
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ],
)
def test_the_vectors_of_the_rfc(auth: str, key: str, localized: str) -> None:
    assert keys.master(auth, "maplesyrup").hex() == key
    assert keys.authentication(auth, "maplesyrup", ENGINE).hex() == localized


def test_digests_are_cut_as_rfc_7860_says() -> None:
    message = b"whole message"
    sizes = {auth: len(keys.digest(auth, b"key", message)) for auth in AUTHENTICATION}
    assert sizes == {"md5": 12, "sha1": 12, "sha224": 16, "sha256": 24, "sha384": 32, "sha512": 48}


def test_long_keys_of_short_digests_are_extended_in_two_ways_and_others_not() -> None:
    short = {name: keys.privacy(name, "sha1", "maplesyrup", ENGINE) for name in PRIVACY}
    assert {name: len(key) for name, key in short.items()} == keys.KEY_OCTETS
    assert short["aes256"] != short["aes256c"]
    assert short["aes256"][:20] == short["aes256c"][:20] == keys.authentication("sha1", "maplesyrup", ENGINE)
    long = {name: keys.privacy(name, "sha256", "maplesyrup", ENGINE) for name in PRIVACY}
    assert long["aes256"] == long["aes256c"]


@pytest.mark.parametrize("protocol", PRIVACY)
def test_ciphers_there_and_back(protocol: str) -> None:
    key = keys.privacy(protocol, "sha1", "maplesyrup", ENGINE)
    secret, salt = encrypt(protocol, key, 7, 1234, b"sixteen octets..and more")
    assert decrypt(protocol, key, 7, 1234, salt, secret).startswith(b"sixteen octets..and more")
    assert secret != encrypt(protocol, key, 7, 1234, b"sixteen octets..and more")[0], "another salt"
    with pytest.raises(Malformed):
        decrypt(protocol, key, 7, 1234, salt[:7], secret)


LEVELS = [
    User("nobody"),
    *(User(f"by-{auth}", auth, "a long password") for auth in AUTHENTICATION),
    *(
        User(f"by-{auth}-{privacy}", auth, "a long password", privacy, "another password")
        for auth in ("md5", "sha1", "sha512")
        for privacy in PRIVACY
    ),
]


def test_every_level_and_protocol() -> None:
    printers = [Printer(office(7), engine=Engine([user])) for user in LEVELS]
    for printer, user in zip(printers, LEVELS, strict=True):
        outcome = collect_one(printer, user)
        assert outcome.complete, (user, outcome.error)
        assert outcome.requests <= 5


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (
            User("stranger", "sha256", "a long password", "aes128", "another password"),
            "does not know the SNMPv3 user",
        ),
        (
            replace(USER, auth_password="another long one"),
            "the authentication password or protocol of user reader",
        ),
        (replace(USER, auth="sha512"), "the authentication password or protocol of user reader"),
        (
            replace(USER, privacy_password="quite another one"),
            "the privacy password or protocol of user reader",
        ),
        (replace(USER, privacy="aes256"), "the privacy password or protocol of user reader"),
        (replace(USER, privacy=None, privacy_password=None), "does not support this level of security"),
        (User("reader"), "does not support this level of security"),
        (replace(USER, contexts=("elsewhere",)), "it has no context 'elsewhere'"),
    ],
)
def test_why_a_device_refuses_is_said(user: User, words: str) -> None:
    printer = Printer(office(7), engine=Engine([USER]))
    outcome = collect_one(printer, user)
    assert outcome.walk is None
    assert words in (outcome.error or "")
    assert printer.heard <= 3, "it is not asked again and again"


def test_a_device_that_keeps_silent_about_a_wrong_key_is_known_to_be_there() -> None:
    printer = Printer(office(7), Habits(deaf_after=1), engine=Engine([USER]))
    outcome = collect([printer], USER, timeout=0.05)[0]
    assert outcome.walk is None
    assert "it is there but does not answer the SNMPv3 user reader" in (outcome.error or "")


def test_after_a_refusal_the_next_credentials_are_tried_at_once() -> None:
    printer = Printer(office(7), Habits(versions=(1,)), engine=Engine([USER]))
    outcome = collect_one(printer, replace(USER, name="stranger"), PUBLIC)
    assert outcome.complete
    outcome = collect_one(printer, replace(USER, auth_password="another long one"), USER)
    assert outcome.complete


def test_a_further_context_that_is_missing_leaves_the_first_and_says_so() -> None:
    printer = Printer(office(7), engine=Engine([USER]))
    outcome = collect_one(printer, replace(USER, contexts=("", "elsewhere")))
    assert not outcome.complete
    assert outcome.error == "it has no context 'elsewhere'"
    assert outcome.walk is not None
    assert report.read(outcome.walk, observed_at=NOON).serial == "3TX000007"


def test_the_rows_of_the_first_context_win() -> None:
    printer = Printer(office(7), contexts={"more": office(8)}, engine=Engine([USER]))
    outcome = collect_one(printer, replace(USER, contexts=("", "more")))
    assert outcome.complete
    assert outcome.walk is not None
    assert report.read(outcome.walk, observed_at=NOON).serial == "3TX000007"
    outcome = collect_one(printer, replace(USER, contexts=("more", "")))
    assert outcome.walk is not None
    assert report.read(outcome.walk, observed_at=NOON).serial == "3TX000008"


def _rounds(printer: Printer, memory: Memory, between: list[object]) -> list[Outcome]:
    """A round, then for each of `between` (called) another."""

    async def read(port: int) -> list[Outcome]:
        outcomes = []
        for change in [None, *between]:
            if callable(change):
                change()
            async with Collector(timeout=SOON, memory=memory) as collector:
                outcomes += [o async for o in collector.round([Target("127.0.0.1", (USER,), port)])]
        return outcomes

    with serving([printer]) as ports:
        return asyncio.run(read(ports[0]))


def test_a_clock_that_went_on_or_back_is_agreed_about_once() -> None:
    engine = Engine([USER])
    printer = Printer(office(7), engine=engine)

    def restarted() -> None:
        engine.boots += 1
        engine.started += 900

    def set_back() -> None:
        engine.boots -= 1

    def gone_on() -> None:
        engine.started -= 400

    outcomes = _rounds(printer, Memory(), [restarted, set_back, gone_on, lambda: None])
    assert [outcome.complete for outcome in outcomes] == [True] * 5
    *_, usual = (outcome.requests for outcome in outcomes)
    assert [outcome.requests - usual for outcome in outcomes[1:]] == [1, 1, 1, 0]


def test_another_engine_at_the_same_address_is_found_out() -> None:
    engine = Engine([USER])

    def exchanged() -> None:
        engine.id = b"\x80\x00\x1f\x88\x04another"

    outcomes = _rounds(Printer(office(7), engine=engine), Memory(), [exchanged])
    assert [outcome.complete for outcome in outcomes] == [True, True]


def test_the_engine_is_remembered_without_keys() -> None:
    printer, memory = Printer(office(7), engine=Engine([USER])), Memory()
    _rounds(printer, memory, [])
    told = memory.as_json()
    assert "password" not in str(told)
    (kept,) = (device["engine"] for device in told["devices"].values())
    assert kept[:2] == [Engine([]).id.hex(), 3]
    printer.heard = 0

    async def again(port: int, remembered: Memory) -> int:
        async with Collector(timeout=SOON, memory=remembered) as collector:
            outcomes = [o async for o in collector.round([Target("127.0.0.1", (USER,), port)])]
            return outcomes[0].requests

    with serving([printer]) as ports:
        moved = {f"127.0.0.1:{ports[0]}": next(iter(told["devices"].values()))}
        assert asyncio.run(again(ports[0], Memory.from_json(told | {"devices": moved}))) == 3


# What is believed


class Exchanged:
    """One question of a user to a printer, answered."""

    def __init__(self, user: User = USER, habits: Habits = Habits()) -> None:  # noqa: B008
        self.engine = Engine([user])
        self.printer = Printer(office(7), habits, engine=self.engine)
        self.known = Known(self.engine.id, self.engine.boots, self.engine.time(), 0.0, proved=True)
        self.now = 0.0
        names = (ber.oid_octets(oid("1.3.6.1.2.1.1.1.0")),)
        self.ask = SecureAsk(user, self.known, "", Pdu(pdu.GET, names), lambda: self.now)
        (self.answer,) = self.printer.answers(self.ask.datagram)


def test_an_answer_is_believed_and_with_any_octet_changed_it_is_not() -> None:
    said = Exchanged()
    good = said.ask.accept(said.answer)
    assert isinstance(good, Answer)
    assert good.values[0] == office(7)[oid("1.3.6.1.2.1.1.1.0")][1]
    for at in range(len(said.answer)):
        for change in (1, 0x80):
            damaged = bytearray(said.answer)
            damaged[at] ^= change
            try:
                assert not isinstance(said.ask.accept(bytes(damaged)), Answer), f"octet {at}"
            except Malformed:
                continue


def test_an_answer_to_another_message_or_from_another_engine_is_not_believed() -> None:
    said, other = Exchanged(), Exchanged()
    assert other.ask.accept(said.answer) is None
    said.known.id = b"\x80\x00\x1f\x88\x04another"
    assert said.ask.accept(said.answer) is None


def test_an_answer_less_protected_than_the_question_is_not_believed() -> None:
    open_to_all = Exchanged(User("reader"))
    ask = open_to_all.ask
    ask._user = USER  # as if it had been asked so
    assert ask.accept(open_to_all.answer) is None
    signed_only = replace(USER, privacy=None, privacy_password=None)
    said = Exchanged(signed_only)
    said.ask._user = USER
    assert said.ask.accept(said.answer) is None


@pytest.mark.parametrize(("late", "believed"), [(WINDOW - 5, True), (WINDOW + 5, False)])
def test_an_answer_older_than_the_window_is_not_believed(late: int, believed: bool) -> None:
    said = Exchanged()
    said.known.latest = said.engine.time() + 10  # something newer was heard already
    said.now = late
    assert isinstance(said.ask.accept(said.answer), Answer) == believed


def test_an_answer_of_earlier_boots_is_not_believed() -> None:
    said = Exchanged()
    said.known.boots += 1
    assert said.ask.accept(said.answer) is None


def test_discovery_takes_a_report_alone() -> None:
    printer = Printer(office(7), engine=Engine([USER]))
    discovery = Discovery()
    (answer,) = printer.answers(discovery.datagram)
    found = discovery.accept(answer)
    assert isinstance(found, Report)
    assert (found.engine_id, found.signed) == (Engine([]).id, False)
    assert Discovery().accept(answer) is None
    said = Exchanged(User("reader"))
    discovery.message_id = said.ask.message_id
    assert discovery.accept(said.answer) is None


def test_without_the_cipher_package_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    outcome = collect_one(Printer(office(7), engine=Engine([User("reader")])), USER)
    assert outcome.error == (
        "SNMPv3 with privacy needs the package cryptography: pip install 'metered-agent[snmpv3]'"
    )
    assert collect([Printer(office(7))], Community("public"))[0].complete
