"""The health checks of the image, which has no curl."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from launch.probe import main


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_200_is_healthy(url: str) -> None:
    assert main([f"{url}/readyz"]) == 0
    assert main([f"{url}/other"]) == 1


def test_nobody_listening_is_not_healthy() -> None:
    assert main(["http://127.0.0.1:1/readyz"]) == 1


def test_a_file_must_be_fresh(tmp_path: Path) -> None:
    file = tmp_path / "beat-schedule"
    assert main([str(file), "600"]) == 1
    # dbm writes beat-schedule.dat instead of beat-schedule in some flavours
    data = tmp_path / "beat-schedule.dat"
    data.touch()
    assert main([str(file), "600"]) == 0
    old = time.time() - 700
    os.utime(data, (old, old))
    assert main([str(file), "600"]) == 1
