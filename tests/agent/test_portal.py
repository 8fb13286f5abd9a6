"""The way to the portal: TLS that is always verified, proxies, and what went wrong in words."""

from __future__ import annotations

import datetime as dt
import ssl
from email.message import Message
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from metered.agent.portal import Portal, PortalError, seconds_to_wait
from tests.agent import portal as other
from tests.agent.portal import certificate, proxying, serving

EMPTY = b'{"schema":1,"agent":{},"reports":[]}'


def fails(portal: Portal, words: str) -> PortalError:
    with pytest.raises(PortalError, match=words) as caught:
        portal.send(EMPTY, token="t")
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with serving(certificate(tmp_path)) as running:
        assert fails(
            Portal(running.url), "nobody this machine trusts vouches for its certificate"
        ).certificate
        assert running.posted == []


def test_a_company_s_own_authority_is_trusted_by_its_file(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with serving(file) as running:
        assert Portal(running.url, file).send(EMPTY, token="t")["received"] == 0
        assert running.posted[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"ends": 0, "starts": -2}, "its certificate has expired"),
        ({"starts": 1, "ends": 2}, "not valid yet"),
        ({"address": "127.0.0.9"}, "not for the name 127.0.0.1"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(tmp_path: Path, made: dict[str, int], words: str) -> None:
    file = certificate(tmp_path, **made)  # type: ignore[arg-type]
    with serving(file) as running:
        assert fails(Portal(running.url, file), words).certificate
        assert running.posted == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_below_tls_1_2_nothing_is_sent(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with serving(file, newest=ssl.TLSVersion.TLSv1_1) as running:
        fails(Portal(running.url, file), "it speaks no TLS 1.2 or later")
        assert running.posted == []
    with serving(file, newest=ssl.TLSVersion.TLSv1_2) as running:
        assert Portal(running.url, file).send(EMPTY, token="t")["received"] == 0


def test_plain_http_behind_an_https_address_is_told(tmp_path: Path) -> None:
    with serving() as running:
        fails(Portal(running.url.replace("http:", "https:")), "speaks no TLS; is the port right")


@pytest.mark.parametrize("content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nx\n"])
def test_a_ca_file_without_a_certificate_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content)
    fails(Portal("https://127.0.0.1:9", file), "holds no certificate in PEM form")
    fails(Portal("https://127.0.0.1:9", tmp_path / "none.pem"), "No such file")


def test_through_a_proxy_the_tunnel_is_tls_all_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, address="192.0.2.1")  # TEST-NET-1: only the proxy can get there
    with serving(file) as running, proxying(urlsplit(running.url).port or 0) as proxy:
        through = Portal("https://192.0.2.1", file, proxy.url.replace("://", "://jo:pass%20word@"), seconds=5)
        assert through.send(EMPTY, token="t")["received"] == 0
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert Portal("https://192.0.2.1", file, seconds=5).send(EMPTY, token="t")["received"] == 0
    first, second = proxy.heads
    assert first.startswith(b"CONNECT 192.0.2.1:443 ")
    assert b"Proxy-Authorization: Basic am86cGFzcyB3b3Jk" in first
    assert b"Proxy-Authorization" not in second
    assert b"Bearer" not in first + second


def wait(told: str, date: str = "") -> float | None:
    headers = Message()
    headers["Retry-After"] = told
    if date:
        headers["Date"] = date
    return seconds_to_wait(headers)


def test_retry_after_in_both_forms() -> None:
    sent = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)  # whatever this machine's clock says
    later = format_datetime(sent + dt.timedelta(minutes=2), usegmt=True)
    assert wait("120") == 120
    assert wait(later, format_datetime(sent, usegmt=True)) == 120
    assert wait(later) == 0, "long past by this machine's clock"
    assert wait(later, format_datetime(sent + dt.timedelta(hours=1), usegmt=True)) == 0
    assert [wait(told) for told in ("", "soon", "-5", "1.5", "²")] == [None] * 5
    assert seconds_to_wait(Message()) is None


def test_only_the_portal_s_own_problem_documents_are_its_own() -> None:
    with serving() as running:
        running.will_answer(413, {"title": "Too large"}, **other.PROBLEM)
        running.will_answer(413, b"<html>nginx</html>")
        assert fails(Portal(running.url), "413").own
        assert not fails(Portal(running.url), "413").own
