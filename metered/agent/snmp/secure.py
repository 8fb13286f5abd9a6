"""SNMPv3 with the user-based security model (RFC 3412, 3414, 3826, 7860), the manager's side.

The device's engine is authoritative: its id is found by one unauthenticated request, whose report also tells
its boots and time. What is signed by them is then believed only when it is signed, of the right engine and
user, at the level asked, an answer to a message id that nobody could guess, and not older than 150 seconds.
"""

import hmac
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple

from metered.agent.snmp import ciphers, keys, pdu
from metered.agent.snmp.ber import (
    OCTETS,
    SEQUENCE,
    Malformed,
    content,
    element,
    integer,
    number,
    octets,
    wrapped,
)
from metered.agent.snmp.credentials import User
from metered.agent.snmp.pdu import Answer, Pdu
from metered.agent.walk import Oid

VERSION = 3
USM = 3
AUTH, PRIV, REPORTABLE = 1, 2, 4
LARGEST_MESSAGE = 65_507
WINDOW = 150  # seconds, RFC 3414 section 2.2.3
LARGEST_BOOTS = 2**31 - 1

_USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
NOT_IN_TIME_WINDOW: Oid = (*_USM_STATS, 2)
UNKNOWN_ENGINE: Oid = (*_USM_STATS, 4)
UNKNOWN_CONTEXT: Oid = (1, 3, 6, 1, 6, 3, 12, 1, 5)
UNAVAILABLE_CONTEXT: Oid = (1, 3, 6, 1, 6, 3, 12, 1, 4)
REPORTS: dict[Oid, str] = {
    (*_USM_STATS, 1): "it does not support this level of security for user {user}",
    NOT_IN_TIME_WINDOW: "its clock and its answers disagree about the time (SNMPv3 time window)",
    (*_USM_STATS, 3): "it does not know the SNMPv3 user {user}",
    UNKNOWN_ENGINE: "it gives itself another SNMPv3 engine id each time it is asked",
    (*_USM_STATS, 5): "the authentication password or protocol of user {user} is wrong",
    (*_USM_STATS, 6): "the privacy password or protocol of user {user} is wrong",
    UNAVAILABLE_CONTEXT: "it has no context {context!r} at the moment",
    UNKNOWN_CONTEXT: "it has no context {context!r}",
}


class RefusedError(Exception):
    """The device is there and will not answer these credentials; the text says why, in words for a person."""


class NoContextError(Exception):
    """The device has no such context."""


@dataclass(slots=True)
class Engine:
    """What is known of a device's engine. `time` was its clock at `at` of ours, both in seconds.

    `latest` is the highest time received at these boots; `proved` whether a signed message told them.
    """

    id: bytes
    boots: int
    time: int
    at: float
    latest: int = 0
    proved: bool = False

    def time_at(self, now: float) -> int:
        return min(max(self.time + int(now - self.at), 0), LARGEST_BOOTS)

    def told(self, boots: int, time: int, now: float) -> None:
        """A signed message says so."""
        self.boots, self.time, self.at, self.latest, self.proved = boots, time, now, time, True

    def in_window(self, boots: int, time: int, now: float) -> bool:
        """RFC 3414 section 3.2.7 b: learns from a signed message, and says whether it is new enough."""
        if not self.proved or boots > self.boots or (boots == self.boots and time > self.latest):
            self.told(boots, time, now)
        return self.boots < LARGEST_BOOTS and boots == self.boots and time >= self.time_at(now) - WINDOW


class Report(NamedTuple):
    """What a device says instead of an answer: which counter it raised, and its engine as the header told
    it."""

    what: Oid
    signed: bool
    engine_id: bytes
    boots: int
    time: int


class _Header(NamedTuple):
    """A received message up to its data, which starts at `data_at`; `end` is where the message ends."""

    message_id: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    digest_at: tuple[int, int]
    salt: bytes
    data_at: int
    end: int


class Discovery:
    """The request that makes an engine tell its id (RFC 3414 section 4)."""

    __slots__ = ("datagram", "message_id")

    def __init__(self) -> None:
        self.message_id = pdu.new_id()
        scoped = _scoped(b"", b"", pdu.encoded(Pdu(pdu.GET, ()), self.message_id))
        self.datagram = _message(self.message_id, REPORTABLE, b"", 0, 0, b"", b"", b"", scoped)[0]

    def accept(self, data: bytes) -> Report | None:
        """Raises Malformed."""
        header = _header(data)
        if header.message_id != self.message_id or not 5 <= len(header.engine_id) <= 32:
            return None
        return _report(data, header, signed=False)


class SecureAsk:
    """One request of one user, and how to know and check its answer."""

    __slots__ = ("_context", "_engine", "_now", "_user", "datagram", "message_id", "request_id")

    def __init__(self, user: User, engine: Engine, context: str, what: Pdu, now: Callable[[], float]) -> None:
        self._user, self._engine, self._context, self._now = user, engine, context, now
        self.message_id, self.request_id = pdu.new_id(), pdu.new_id()
        data = _scoped(engine.id, context.encode(), pdu.encoded(what, self.request_id))
        boots, time = engine.boots, engine.time_at(now())
        digest = bytes(keys.DIGEST_OCTETS[user.auth]) if user.auth else b""
        salt = b""
        if user.privacy:
            secret, salt = ciphers.encrypt(user.privacy, self._privacy_key(), boots, time, data)
            data = wrapped(OCTETS, secret)
        if not user.auth:
            boots = time = 0
        message, digest_at = _message(
            self.message_id,
            _level(user) | REPORTABLE,
            engine.id,
            boots,
            time,
            user.name.encode(),
            digest,
            salt,
            data,
        )
        if user.auth:
            signed = keys.digest(user.auth, self._authentication_key(user.auth), message)
            message = message[:digest_at] + signed + message[digest_at + len(signed) :]
        self.datagram = message

    def accept(self, data: bytes) -> Answer | Report | None:
        """The answer; a report; None for anything that is not to be believed. Raises Malformed."""
        header = _header(data)
        if header.message_id != self.message_id:
            return None
        level = _level(self._user)
        # a report may be less protected than what it is about; an answer may not
        if not header.flags & AUTH:
            if level & AUTH:
                return _report(data, header, signed=False) if not header.flags & PRIV else None
        elif not self._signed(data, header):
            return None
        if header.flags & AUTH:
            now = self._now()
            if not self._engine.in_window(header.boots, header.time, now):
                # signed and about this very message, so it is no replay: a clock that went back is believed
                report = None if header.flags & PRIV else _report(data, header, signed=True)
                return report if report and report.what == NOT_IN_TIME_WINDOW else None
        if header.engine_id != self._engine.id or header.user != self._user.name.encode():
            return None if header.flags & AUTH else _report(data, header, signed=False)
        if header.flags & PRIV and self._user.privacy:
            start, stop = content(data, header.data_at, header.end, OCTETS)
            data = ciphers.decrypt(
                self._user.privacy,
                self._privacy_key(),
                header.boots,
                header.time,
                header.salt,
                data[start:stop],
            )
            header = header._replace(data_at=0, end=len(data))
        elif header.flags & PRIV:
            return None
        report = _report(data, header, signed=bool(header.flags & AUTH))
        if report is not None:
            return report
        if header.flags & (AUTH | PRIV) != level:
            return None
        at, end, context = _in_scope(data, header)
        if context != self._context.encode():
            return None
        return pdu.decoded(data, at, end, self.request_id)

    def _signed(self, data: bytes, header: _Header) -> bool:
        auth = self._user.auth
        start, stop = header.digest_at
        if not auth or stop - start != keys.DIGEST_OCTETS[auth] or header.engine_id != self._engine.id:
            return False
        unsigned = data[:start] + bytes(stop - start) + data[stop : header.end]
        return hmac.compare_digest(
            keys.digest(auth, self._authentication_key(auth), unsigned), data[start:stop]
        )

    def _authentication_key(self, auth: str) -> bytes:
        return keys.authentication(auth, self._user.auth_password or "", self._engine.id)

    def _privacy_key(self) -> bytes:
        user = self._user
        return keys.privacy(user.privacy or "", user.auth or "", user.privacy_password or "", self._engine.id)


class SecureSession:
    """A device that is asked as a user of version 3. `engine` may be known from the last time.

    `met`: it told its engine in this conversation, so it is there, whatever else it does not answer.
    """

    version = "3"
    bulk = True

    def __init__(self, user: User, engine: Engine | None, now: Callable[[], float]) -> None:
        self.user, self.engine, self.context = user, engine, user.contexts[0]
        self.met = False
        self._now = now
        self._last: tuple[Pdu, str, SecureAsk] | None = None
        self._discovery: Discovery | None = None

    def asked(self, what: Pdu) -> Generator[Discovery | SecureAsk, Answer | Report | None, Answer | None]:
        """One attempt, with the engine's discovery or one agreement about the time where they are needed.

        None when nothing came. Raises RefusedError, NoContextError and ciphers.NoCipherError.
        """
        if self.engine is None:
            self._discovery = self._discovery or Discovery()
            report = yield self._discovery
            if not isinstance(report, Report):
                return None
            self._discovered(report)
        agreed: set[Oid] = set()
        while True:
            assert self.engine is not None
            if self._last is None or self._last[0] is not what or self._last[1] != self.context:
                ask = SecureAsk(self.user, self.engine, self.context, what, self._now)
                self._last = what, self.context, ask
            reply = yield self._last[2]
            if not isinstance(reply, Report):
                return reply
            self._last = None
            if reply.what in agreed:
                raise RefusedError(self._words(reply.what))
            agreed.add(reply.what)
            if reply.what == NOT_IN_TIME_WINDOW and reply.signed:
                self.engine.told(reply.boots, reply.time, self._now())
            elif reply.what == UNKNOWN_ENGINE and 5 <= len(reply.engine_id) <= 32:
                self._discovered(reply)
            elif reply.what in (UNKNOWN_CONTEXT, UNAVAILABLE_CONTEXT):
                raise NoContextError(self._words(reply.what))
            else:
                raise RefusedError(self._words(reply.what))

    def _discovered(self, report: Report) -> None:
        self.engine = Engine(report.engine_id, report.boots, report.time, self._now())
        self.met = True

    def unanswered(self) -> str:
        """Why such a device probably answers nothing else; many do not say themselves what is wrong."""
        wrong = ["the privacy password or protocol is wrong"] if self.user.privacy else []
        wrong += [f"it has no context {self.context!r}"] if self.context else []
        reason = " or ".join(wrong) or "this user may read nothing"
        return f"it is there but does not answer the SNMPv3 user {self.user.name}: probably {reason}"

    def _words(self, what: Oid) -> str:
        words = REPORTS.get(what, "it refuses the message with an SNMPv3 report of its own")
        return words.format(user=self.user.name, context=self.context)


def _level(user: User) -> int:
    return (AUTH if user.auth else 0) | (PRIV if user.privacy else 0)


def _scoped(engine_id: bytes, context: bytes, encoded: bytes) -> bytes:
    return wrapped(SEQUENCE, wrapped(OCTETS, engine_id) + wrapped(OCTETS, context) + encoded)


def _message(
    message_id: int,
    flags: int,
    engine_id: bytes,
    boots: int,
    time: int,
    user: bytes,
    digest: bytes,
    salt: bytes,
    data: bytes,
) -> tuple[bytes, int]:
    """The message (RFC 3412 section 6, RFC 3414 section 2.4) and where its digest stands."""
    after = wrapped(OCTETS, salt)
    security = wrapped(
        SEQUENCE,
        wrapped(OCTETS, engine_id)
        + integer(boots)
        + integer(time)
        + wrapped(OCTETS, user)
        + wrapped(OCTETS, digest)
        + after,
    )
    header = integer(message_id) + integer(LARGEST_MESSAGE) + wrapped(OCTETS, bytes((flags,))) + integer(USM)
    message = wrapped(
        SEQUENCE, integer(VERSION) + wrapped(SEQUENCE, header) + wrapped(OCTETS, security) + data
    )
    return message, len(message) - len(data) - len(after) - len(digest)


def _header(data: bytes) -> _Header:
    """Raises Malformed."""
    at, end = content(data, 0, len(data), SEQUENCE)
    version, at = number(data, at, end)
    if version != VERSION:
        raise Malformed("not SNMP version 3")
    start, stop = content(data, at, end, SEQUENCE)
    at = stop
    message_id, start = number(data, start, stop)
    _, start = number(data, start, stop)
    flags, start = octets(data, start, stop)
    model, start = number(data, start, stop)
    if len(flags) != 1 or model != USM:
        raise Malformed("another security model than the user-based one")
    start, stop = content(data, at, end, OCTETS)
    at = stop
    start, stop = content(data, start, stop, SEQUENCE)
    engine_id, start = octets(data, start, stop)
    boots, start = number(data, start, stop)
    time, start = number(data, start, stop)
    user, start = octets(data, start, stop)
    digest_at = content(data, start, stop, OCTETS)
    salt, _ = octets(data, digest_at[1], stop)
    if not (0 <= boots <= LARGEST_BOOTS and 0 <= time <= LARGEST_BOOTS):
        raise Malformed("an engine's time that is none")
    return _Header(message_id, flags[0], engine_id, boots, time, user, digest_at, salt, at, end)


def _in_scope(data: bytes, header: _Header) -> tuple[int, int, bytes]:
    """Where the PDU starts and may end, and its context. Raises Malformed."""
    at, end = content(data, header.data_at, header.end, SEQUENCE)
    _, at = octets(data, at, end)
    context, at = octets(data, at, end)
    return at, end, context


def _report(data: bytes, header: _Header, *, signed: bool) -> Report | None:
    """The report in a message that is not encrypted (any more); None when it holds another PDU."""
    at, end, _ = _in_scope(data, header)
    tag, _, _ = element(data, at, end)
    if tag != pdu.REPORT:
        return None
    answer = pdu.decoded(data, at, end, 0, pdu.REPORT)
    if answer is None or not answer.names:
        raise Malformed("a report without a reason")
    what = answer.names[0].oid
    if what is None:
        raise Malformed("a report without a reason")
    return Report(what[:-1], signed, header.engine_id, header.boots, header.time)
