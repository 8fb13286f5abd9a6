"""A device, tokens, and a way to send."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from metered.fleet.actions import token_digest
from metered.fleet.models import Device, PrinterModel, Token
from metered.reads import ingest
from metered.reads.sender import Sender
from tests import factories
from tests.reads.batches import batch, encode

Send = Callable[..., HttpResponse]
Take = Callable[..., ingest.Answer]


@pytest.fixture
def cast(db: None) -> factories.Cast:
    return factories.cast()


@pytest.fixture
def model(db: None) -> PrinterModel:
    return factories.printer_model(meter_digits=7)


@pytest.fixture
def device(cast: factories.Cast, model: PrinterModel) -> Device:
    return factories.device(cast.main_st, model=model, serial="3TX481207")


@pytest.fixture
def token(cast: factories.Cast) -> str:
    return factories.agent_token(cast.northwind)


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.fixture
def send(token: str) -> Send:
    """send(body, token=…, **headers): a body is bytes, or becomes JSON."""
    client = Client(raise_request_exception=False)
    own = token

    def call(
        body: Any, *, token: str | None = own, content_type: str = "application/json", **headers: Any
    ) -> Any:
        if token is not None:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else encode(body)
        return client.post("/api/v1/telemetry", data=data, content_type=content_type, **headers)

    return call


@pytest.fixture
def answer(send: Send) -> Callable[..., dict[str, Any]]:
    """The JSON of an answer that must be 200."""

    def call(body: Any, **more: Any) -> dict[str, Any]:
        response = send(body, **more)
        assert response.status_code == 200, response.content
        found: dict[str, Any] = json.loads(response.content)
        return found

    return call


@pytest.fixture
def take(token: str) -> Take:
    """take(received_at, *reports): a batch of the agent that arrives at that moment."""
    row = Token.objects.get(digest=token_digest(token))
    sender = Sender(row.pk, row.account_id, None, row.agent_id)

    def call(received_at: dt.datetime, *reports: dict[str, Any]) -> ingest.Answer:
        body = batch(*reports, sequence=int(received_at.timestamp()))
        return ingest.take_batch(sender=sender, body=encode(body), received_at=received_at)

    return call
