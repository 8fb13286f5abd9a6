"""A batch of reports, sent to the portal as telemetry.md says.

Everything in it comes from the files, so that the same push is the same batch, byte by byte: the instance
from their digest, the sequence and the time of sending from their newest modification.
"""

import gzip
import ipaddress
import json
import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from metered.agent import VERSION
from metered.agent.files import Recording
from metered.agent.report import utc

ENDPOINT = "/api/v1/telemetry"
MOST_REPORTS = 2_000
MOST_BYTES = 7_500_000  # the portal takes 8 MiB unpacked; the envelope needs some of it
SECONDS = 60.0
LONGEST_ANSWER = 16 * 2**20

TOTALS = ("received", "accepted", "duplicates")


class PushError(Exception):
    """The push did not succeed; one line for a person."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One POST. `first` is the place of its first report in the whole push."""

    body: bytes
    first: int


def batches(recordings: Sequence[Recording], reports: Sequence[bytes]) -> list[Batch]:
    """The recordings' reports (each already JSON) in as few bodies as the portal's limits allow."""
    cuts, size = [0], 0
    for at, report in enumerate(reports):
        if at - cuts[-1] == MOST_REPORTS or (size + len(report) > MOST_BYTES and at > cuts[-1]):
            cuts.append(at)
            size = 0
        size += len(report) + 1
    return [
        Batch(_body(recordings[start:end], reports[start:end]), start)
        for start, end in zip(cuts, [*cuts[1:], len(reports)], strict=True)
    ]


def encoded(report: dict[str, Any]) -> bytes:
    """JSON without a needless byte, always in the same order."""
    return json.dumps(report, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _body(recordings: Sequence[Recording], reports: Sequence[bytes]) -> bytes:
    digest = sha256(b"".join(recording.digest() for recording in recordings)).hexdigest()
    newest = max(recording.read_at for recording in recordings)
    agent = {
        "instance": str(uuid.uuid5(uuid.NAMESPACE_OID, digest)),
        "version": VERSION,
        "sequence": int(newest.timestamp()),
        "sent_at": utc(newest),
    }
    return b'{"schema":1,"agent":%b,"reports":[%b]}' % (encoded(agent), b",".join(reports))


def endpoint(url: str) -> str:
    """The address to POST to, from the portal's address or the endpoint itself. Raises PushError.

    Plain http is for this machine only: everywhere else the token would be readable on the way.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PushError(f"{url}: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise PushError(f"{url}: not an address of the form https://portal.example")
    if parts.username or parts.query or parts.fragment:
        raise PushError("the portal's address takes no user name, query or fragment")
    if parts.scheme == "http" and not _is_loopback(host):
        raise PushError(f"{url}: http is only for this machine (127.0.0.1, localhost); use https")
    path = parts.path.rstrip("/")
    return urlunsplit(
        (parts.scheme, parts.netloc, path if path.endswith(ENDPOINT) else path + ENDPOINT, "", "")
    )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the token to an address that nobody gave."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener(address: str) -> OpenerDirector:
    verified = ssl.create_default_context()
    verified.minimum_version = ssl.TLSVersion.TLSv1_2
    handlers: list[Any] = [HTTPSHandler(context=verified), _NoRedirects()]
    if _is_loopback(urlsplit(address).hostname or ""):
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)


def send(address: str, token: str, batch: Batch, *, seconds: float = SECONDS) -> dict[str, Any]:
    """POSTs one batch and returns the portal's answer. Raises PushError for all but a 2xx with JSON."""
    request = Request(  # noqa: S310 -- endpoint() lets only https, and http to this machine, through
        address,
        data=gzip.compress(batch.body, mtime=0),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept": "application/json",
            "User-Agent": f"metered-agent/{VERSION}",
        },
        method="POST",
    )
    try:
        with _opener(address).open(request, timeout=seconds) as response:
            answer = json.loads(response.read(LONGEST_ANSWER))
    except HTTPError as error:
        raise PushError(_refusal(address, error)) from None
    except (URLError, OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise PushError(f"no answer from {address}: {words}") from None
    except ValueError:
        raise PushError(f"{address} answered something that is not JSON; is it the portal?") from None
    if not _is_answer(answer):
        raise PushError(f"{address} answered JSON that is no answer to a batch; is it the portal?")
    return dict(answer)


def _is_answer(answer: object) -> bool:
    if not isinstance(answer, dict) or not all(isinstance(answer.get(key), int) for key in TOTALS):
        return False
    told = [answer.get("refused"), answer.get("warnings")]
    return all(isinstance(entries, list) and all(map(_is_entry, entries)) for entries in told)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("index"), int) and "reason" in entry


def _refusal(address: str, error: HTTPError) -> str:
    """The problem document's words (RFC 9457) after the status, in one line."""
    line = f"{address} answered {error.code} {error.reason}"
    said = _problem(error)
    location, wait = error.headers.get("Location"), error.headers.get("Retry-After")
    if said:
        line += f": {said}"
    elif location:
        line += f" (it points to {location}; give that address)"
    if wait:
        line += f" (try again in {wait} s)"
    return " ".join(line.split())


def _problem(error: HTTPError) -> str:
    try:
        problem = json.loads(_short(error))
    except (ValueError, OSError, HTTPException):
        return ""
    words = (problem.get("title"), problem.get("detail")) if isinstance(problem, dict) else ()
    told = dict.fromkeys(str(word) for word in words if word)
    return ": ".join(word for word in told if word != error.reason)


def _short(response: IO[bytes]) -> bytes:
    return response.read(64 * 1024)


def together(answers: Sequence[tuple[Batch, dict[str, Any]]]) -> dict[str, Any]:
    """One answer for a push of several batches: sums, and indexes that count through the whole push."""
    if len(answers) == 1:
        return answers[0][1]
    whole = dict(answers[-1][1])
    for key in TOTALS:
        whole[key] = sum(answer[key] for _, answer in answers)
    for key in ("refused", "warnings"):
        whole[key] = [
            {**entry, "index": entry["index"] + batch.first}
            for batch, answer in answers
            for entry in answer[key]
        ]
    return whole
