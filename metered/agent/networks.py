"""Which addresses are looked at: networks, ranges, single addresses and names, less what is excluded.

Counted before anything is sent: a network that was typed with a digit too few is refused, not scanned.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

AT_MOST = 65_536

# Letters, digits and hyphens (RFC 1123 section 2.1), underscores because some networks have them; a last part
# of digits alone is a mistyped address, not a name
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+\.?$){_LABEL}\.?")


class NetworksError(ValueError):
    """What was given is no network, or too much; the text says which and what would do."""


class Span(NamedTuple):
    """Addresses from `first` to `last`, as numbers of one IP version."""

    version: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses in order, each once, then the names as they were given; made only as they are fetched."""

    spans: tuple[Span, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return sum(span.last - span.first + 1 for span in self.spans) + len(self.names)

    def __contains__(self, host: object) -> bool:
        if host in self.names:
            return True
        at = _address(host) if isinstance(host, str) else None
        return at is not None and any(
            span.version == at.version and span.first <= at.first <= span.last for span in self.spans
        )

    def __iter__(self) -> Iterator[str]:
        for span in self.spans:
            kind = IPv4Address if span.version == 4 else IPv6Address
            for number in range(span.first, span.last + 1):
                yield str(kind(number))
        yield from self.names


def addresses(networks: Sequence[str], exclude: Sequence[str] = (), *, at_most: int = AT_MOST) -> Addresses:
    """`networks`: "10.1.4.0/24", "10.1.4.10-10.1.4.60", "10.1.4.10-60", "10.1.4.22", "printer-3.example";
    `exclude` the same. A network stands for its hosts, not for its own and its broadcast address.

    An excluded address is left out whatever network it lies in; an excluded name is the name alone. Raises
    NetworksError for what is none of these, for nothing at all, and for more than `at_most`.
    """
    spans, names = _read(networks, whole=False)
    unwanted, unnamed = _read(exclude, whole=True)
    left = tuple(_without(_joined(spans), _joined(unwanted)))
    ignored = {name.lower() for name in unnamed}
    kept = tuple(dict.fromkeys(name for name in names if name.lower() not in ignored))
    number = sum(span.last - span.first + 1 for span in left) + len(kept)
    if not networks:
        raise NetworksError("no network, address or name is given to look at")
    if not number:
        raise NetworksError(f"{', '.join(networks)}: all of it is excluded, so there is nothing to look at")
    if number > at_most:
        raise NetworksError(
            f"{', '.join(networks)}: these are {number:,} addresses, more than {at_most:,}; give smaller "
            "networks, exclude parts, or allow this many on purpose"
        )
    return Addresses(left, kept)


def _read(texts: Iterable[str], *, whole: bool) -> tuple[list[Span], list[str]]:
    """Spans and names. `whole`: a network's own and broadcast address are meant too."""
    spans, names = [], []
    for text in texts:
        given = text.strip()
        span = _network(given, whole=whole) if "/" in given else _range(given) or _address(given)
        if span is not None:
            spans.append(span)
        elif len(given) <= 253 and _NAME.fullmatch(given):
            names.append(given)
        else:
            raise NetworksError(
                f"{text!r} is no network (10.1.4.0/24), range (10.1.4.10-60), address or name of a host"
            )
    return spans, names


def _network(text: str, *, whole: bool) -> Span | None:
    try:
        network = ip_network(text)
    except ValueError as error:
        if "host bits" in str(error):
            meant = ip_network(text, strict=False)
            raise NetworksError(f"{text!r} is an address in a network; the network is {meant}") from None
        return None
    first, last = int(network.network_address), int(network.broadcast_address)
    if not whole and last - first > 1:  # a /31, /127 and a single address are all hosts (RFC 3021, RFC 6164)
        first += 1
        last -= network.version == 4  # IPv6 has no broadcast; its first address is the routers' (RFC 4291)
    return Span(network.version, first, last)


def _range(text: str) -> Span | None:
    start, dash, end = (part.strip() for part in text.partition("-"))
    first = _address(start)
    if not dash or first is None:
        return None
    if first.version == 4 and re.fullmatch("[0-9]{1,3}", end):
        end = f"{start.rpartition('.')[0]}.{end}"
    last = _address(end)
    if last is None or last.version != first.version or last.first < first.first:
        raise NetworksError(f"{text!r} is no range: its end is no address, or one before its start")
    return Span(first.version, first.first, last.first)


def _address(text: str) -> Span | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return Span(address.version, int(address), int(address))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, without overlaps."""
    joined: list[Span] = []
    for span in sorted(spans):
        before = joined[-1] if joined else None
        if before and before.version == span.version and span.first <= before.last + 1:
            joined[-1] = before._replace(last=max(before.last, span.last))
        else:
            joined.append(span)
    return joined


def _without(spans: Iterable[Span], unwanted: Sequence[Span]) -> Iterator[Span]:
    for span in spans:
        first = span.first
        for gap in unwanted:
            if gap.version != span.version or gap.last < first or gap.first > span.last:
                continue
            if gap.first > first:
                yield span._replace(last=gap.first - 1, first=first)
            first = gap.last + 1
        if first <= span.last:
            yield span._replace(first=first)
