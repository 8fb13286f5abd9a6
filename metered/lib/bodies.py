"""What programs send: a JSON body as bytes, never more of it in memory than is admitted."""

from __future__ import annotations

import re
from typing import IO, Any, ClassVar

from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request


class Unreadable(APIException):
    """What could not be read, as DRF says it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status


class BodyParser(BaseParser):
    """The body as bytes: `{"body": …}`. `most`: bytes at most, 413 above."""

    media_type = "application/json"
    most: ClassVar[int] = 16 * 1024

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, bytes]:
        request = parser_context["request"]
        charset = re.search(r"charset\s*=\s*\"?([\w-]+)", media_type or "")
        if charset and charset[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedMediaType(media_type or "")
        data = stream.read(self.most + 1)
        if len(data) > self.most:
            raise Unreadable(413, f"The body is larger than {self.most} bytes.")
        return {"body": self.unpacked(request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower(), data)}

    def unpacked(self, encoding: str, data: bytes) -> bytes:
        """The body without its content encoding; 415 for one that is not understood."""
        if encoding not in {"", "identity"}:
            raise Unreadable(415, f"The content encoding {encoding[:40]!r} is not understood; send none.")
        return data


def body_of(request: Request) -> bytes:
    """What was sent; empty for nothing. 411 for a body in chunks, which has no length."""
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise Unreadable(411, "Send the body in one piece, with a Content-Length.")
    data = request.data
    return data.get("body", b"") if isinstance(data, dict) else b""
