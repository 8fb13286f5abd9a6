"""The other end of the wire: a real HTTP server that keeps what it gets and answers as it is told."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    packed: bytes

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.packed)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Portal:
    """`answers` are used up one after the other, then every report is accepted; None hangs until the end."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes] | None] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def will_answer(self, status: int, body: object = b"", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append(
            (status, {key.replace("_", "-"): value for key, value in headers.items()}, content)
        )


def accepted(posted: Posted) -> dict[str, Any]:
    """The portal's answer when it knows every serial and refuses reports without one."""
    reports = posted.json["reports"]
    refused = [
        {
            "index": at,
            "serial": None,
            "reason": "missing_serial",
            "detail": "The report names no serial number.",
        }
        for at, report in enumerate(reports)
        if not report["serial"]
    ]
    return {
        "received": len(reports),
        "accepted": len(reports) - len(refused),
        "duplicates": 0,
        "refused": refused,
        "warnings": [],
        "server_time": "2026-11-20T12:00:00Z",
        "minimum_agent_version": "1.0.0",
    }


PROBLEM = {"Content_Type": "application/problem+json"}
"""With these headers an answer is the portal's own, not that of something in between."""


@contextmanager
def serving(certificate: Path | None = None, *, newest: ssl.TLSVersion | None = None) -> Iterator[Portal]:
    """`newest`: the newest TLS that the server speaks."""
    portal = Portal()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            packed = self.rfile.read(int(self.headers["Content-Length"]))
            portal.posted.append(Posted(self.path, dict(self.headers), packed))
            told = portal.answers.pop(0) if portal.answers else (200, {}, b"")
            if told is None:
                portal.over.wait(10)
                return
            status, headers, content = told
            content = content or (json.dumps(accepted(portal.posted[-1])).encode() if status == 200 else b"")
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if newest is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = newest
            context.maximum_version = newest
        server.socket = context.wrap_socket(server.socket, server_side=True)
    portal.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        portal.over.set()
        server.shutdown()
        server.server_close()


def self_signed(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody vouches for."""
    return certificate(folder)


def certificate(folder: Path, *, address: str = "127.0.0.1", starts: int = -1, ends: int = 1) -> Path:
    """The same for another address, or valid from and until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=starts))
        .not_valid_after(now + dt.timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@dataclass
class Proxy:
    """An HTTP proxy that tunnels (CONNECT) to one port, whatever is asked for; `heads`: what it was told."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)


@contextmanager
def proxying(to: int) -> Iterator[Proxy]:
    proxy = Proxy()
    listener = socket.create_server(("127.0.0.1", 0))
    proxy.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def tunnel(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        proxy.heads.append(head)
        with client, socket.create_connection(("127.0.0.1", to)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ways = {client: server, server: client}
            while True:
                for ready in select.select(list(ways), [], [], 10)[0]:
                    content = ready.recv(65536)
                    if not content:
                        return
                    ways[ready].sendall(content)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=tunnel, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield proxy
    finally:
        listener.close()
