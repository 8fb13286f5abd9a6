"""Pairs of registrations, one that matches and one that doesn't: what each was answered, and how fast."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.test import Client

from metered.notify.models import Message
from metered.portal.registrations import take_registrations
from tests import factories

SERIAL, PLACE = "PRV-10 2030", "14604"
WRONG = ((SERIAL, "14605"), ("PRV-10 2031", PLACE), ("PRV-1O 2030", PLACE))
"""What almost matches: another place, another serial, an O for a 0."""


@dataclass(frozen=True)
class Answer:
    """All that can be told from outside, and the seconds that it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cookies: str
    seconds: float

    @property
    def told(self) -> tuple[object, ...]:
        return self.status, self.headers, self.body, self.cookies


@dataclass(frozen=True)
class Pair:
    matching: Answer
    other: Answer

    @property
    def alike(self) -> bool:
        return self.matching.told == self.other.told


def scene() -> None:
    """A device whose serial and place are known to the pairs."""
    address = factories.address(factories.account("Northwind"), "Main St", postal_code=PLACE)
    factories.device(address, serial=SERIAL)


def ask(number: int, who: str, serial: str, place: str) -> Answer:
    """Registers as a browser would that was never here, from a network of its own."""
    network = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    client = Client(REMOTE_ADDR=network, SERVER_NAME="127.0.0.1")
    data = {"serial": serial, "place": place, "name": "Nora New", "email": email(number, who)}
    begun = time.perf_counter()
    response = client.post("/register/", data)
    seconds = time.perf_counter() - begun
    headers = tuple(sorted(response.headers.items()))
    return Answer(response.status_code, headers, response.content, response.cookies.output(), seconds)


def email(number: int, who: str) -> str:
    return f"{who}{number:06}@example.com"


def pairs(count: int) -> Iterable[Pair]:
    """`count` pairs; which of the two comes first changes each time."""
    for number in range(count):
        serial, place = WRONG[number % len(WRONG)]
        if number % 2:
            other = ask(number, "b", serial, place)
            yield Pair(ask(number, "a", SERIAL, PLACE), other)
        else:
            yield Pair(ask(number, "a", SERIAL, PLACE), ask(number, "b", serial, place))


def medians(found: list[Pair]) -> tuple[float, float]:
    """Milliseconds: of those that match, and of the others."""
    return (
        statistics.median(pair.matching.seconds for pair in found) * 1000,
        statistics.median(pair.other.seconds for pair in found) * 1000,
    )


def mail_faults(count: int) -> list[str]:
    """Answers all of them; what is wrong with the mails: each address gets exactly one, of the right kind."""
    take_registrations()
    sent = Counter(Message.objects.values_list("email", "template"))
    right = {
        (email(number, who), template): 1
        for number in range(count)
        for who, template in (("a", "registration_link"), ("b", "registration_no_match"))
    }
    return [
        f"{key}: {sent[key]} instead of {right.get(key, 0)}"
        for key in sent | Counter(right)
        if sent[key] != right.get(key, 0)
    ]
