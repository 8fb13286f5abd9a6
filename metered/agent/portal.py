"""The portal's HTTP interface: the one place for TLS, proxies, tokens on the wire and errors in words.

A certificate is always verified (RFC 9110 section 4.3.4) and nothing below TLS 1.2 is spoken (RFC 8996);
there is no switch for either. A company's own authority is added with a CA file.
"""

import datetime as dt
import email.utils
import gzip
import ipaddress
import json
import ssl
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
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

from metered.agent import VERSION, batch

TELEMETRY = "/api/v1/telemetry"
ENROL = "/api/v1/agents/enrol"
SECONDS = 60.0
LONGEST_ANSWER = 16 * 2**20

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_NOT_YET, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS = 9, 10, 62, 64
_NOBODY_VOUCHES = {2, 18, 19, 20, 21}


class PortalError(Exception):
    """No 2xx with JSON came back; one line for a person.

    `status`: the HTTP status, None without an answer. `retry_after`: seconds that the portal asks to wait,
    None when it names none. `own`: the portal itself said so, in a problem document, and not a proxy.
    `certificate`: the connection was given up since the other side could not be trusted.
    """

    def __init__(
        self,
        line: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        own: bool = False,
        certificate: bool = False,
    ) -> None:
        super().__init__(line)
        self.status = status
        self.retry_after = retry_after
        self.own = own
        self.certificate = certificate


def endpoint(url: str, path: str = TELEMETRY) -> str:
    """The address of `path`, from the portal's address or the telemetry endpoint itself. Raises PortalError.

    Plain http is for this machine only: everywhere else the token would be readable on the way.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PortalError(f"{url}: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise PortalError(f"{url}: not an address of the form https://portal.example")
    if parts.username or parts.query or parts.fragment:
        raise PortalError("the portal's address takes no user name, query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise PortalError(f"{url}: http is only for this machine (127.0.0.1, localhost); use https")
    base = parts.path.rstrip("/").removesuffix(TELEMETRY)
    return urlunsplit((parts.scheme, parts.netloc, base + path, "", ""))


def is_loopback(host: str) -> bool:
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


@dataclass(frozen=True)
class Portal:
    """`url`: the portal's address. `ca_file`: PEM certificates trusted beside the system's. `proxy`: an
    address http://[user:password@]host:port; None takes HTTPS_PROXY and NO_PROXY of the environment.
    """

    url: str
    ca_file: Path | None = None
    proxy: str | None = None
    seconds: float = SECONDS

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Raises PortalError for a CA file that cannot be used."""
        made = ssl.create_default_context()
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file is not None:
            try:
                made.load_verify_locations(self.ca_file)
            except ssl.SSLError:
                raise PortalError(f"{self.ca_file}: holds no certificate in PEM form") from None
            except OSError as error:
                raise PortalError(f"{self.ca_file}: {error.strerror or error}") from None
        return made

    @cached_property
    def _opener(self) -> OpenerDirector:
        handlers: list[Any] = [HTTPSHandler(context=self.context), _NoRedirects()]
        if is_loopback(urlsplit(self.url).hostname or ""):
            handlers.append(ProxyHandler({}))
        elif self.proxy is not None:
            handlers.append(ProxyHandler({"https": self.proxy}))
        return build_opener(*handlers)

    def post(self, path: str, body: bytes, **headers: str) -> Any:
        """POSTs JSON and returns the decoded answer. Raises PortalError for all but a 2xx with JSON."""
        address = endpoint(self.url, path)
        request = Request(  # noqa: S310 -- endpoint() lets only https, and http to this machine, through
            address,
            data=body,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": f"metered-agent/{VERSION}",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=self.seconds) as response:
                return json.loads(response.read(LONGEST_ANSWER))
        except HTTPError as error:
            with error:
                raise PortalError(
                    _refusal(address, error),
                    status=error.code,
                    retry_after=seconds_to_wait(error.headers),
                    own=error.headers.get_content_type() == "application/problem+json",
                ) from None
        except (URLError, OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise PortalError(
                f"no answer from {address}: {in_words(reason, address)}",
                certificate=isinstance(reason, ssl.SSLError),
            ) from None
        except ValueError:
            raise PortalError(f"{address} answered something that is not JSON; is it the portal?") from None

    def send(self, body: bytes, *, token: str) -> dict[str, Any]:
        """POSTs one batch and returns the answer to it. Raises PortalError for anything else."""
        packed = gzip.compress(body, 6, mtime=0)
        answer = self.post(TELEMETRY, packed, Authorization=f"Bearer {token}", Content_Encoding="gzip")
        if not batch.is_answer(answer):
            address = endpoint(self.url)
            raise PortalError(f"{address} answered JSON that is no answer to a batch; is it the portal?")
        return dict(answer)


def in_words(reason: object, address: str) -> str:
    """Why a connection failed, for a person."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _of_the_certificate(reason, urlsplit(address).hostname or address)
    if isinstance(reason, ssl.SSLError) and reason.reason in (
        "UNSUPPORTED_PROTOCOL",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "NO_PROTOCOLS_AVAILABLE",
    ):
        return "it speaks no TLS 1.2 or later"
    if isinstance(reason, ssl.SSLError) and reason.reason == "WRONG_VERSION_NUMBER":
        return "what answers there speaks no TLS; is the port right?"
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _of_the_certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired (or this machine's clock is wrong)"
    if code == _NOT_YET:
        return "its certificate is not valid yet (or this machine's clock is wrong)"
    if code in (_WRONG_NAME, _WRONG_ADDRESS):
        return f"its certificate is not for the name {host}"
    if code in _NOBODY_VOUCHES:
        return (
            "nobody this machine trusts vouches for its certificate; if it comes from your company's own"
            " authority, name that authority's certificate as ca_file"
        )
    return f"its certificate was not accepted: {error.verify_message}"


def seconds_to_wait(headers: Message) -> float | None:
    """Retry-After (RFC 9110 section 10.2.3) as seconds: a number, or a date counted from the answer's own
    Date.

    None without the header and for one that is neither.
    """
    told = (headers.get("Retry-After") or "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    until = _date(told)
    if until is None:
        return None
    now = _date(headers.get("Date") or "") or dt.datetime.now(dt.UTC)
    return max((until - now).total_seconds(), 0.0)


def _date(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


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
        line += f" (try again in {wait} s)" if wait.strip().isdigit() else f" (try again at {wait})"
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
