"""The telemetry format, schema 1: from bytes to typed reports. Pure.

Strict on purpose. What a stock JSON parser lets through (a NUL inside a string, one of two equal keys
silently winning, nesting without end) is refused for the whole batch, before anything is kept.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import zlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from metered.reads.supplies import Short, Supply, SupplyLevel, Text, read_supplies, understood

SCHEMA = 1
MAX_BYTES = 8 * 1024 * 1024
MAX_REPORTS = 2000
MAX_COUNT = 10**15
MAX_MESSAGE = 300

Moment = Annotated[dt.datetime, Meta(tz=True)]


class Unreadable(Exception):
    """The request is no batch. `status`: 400, 413, 415 or 422; `detail` is a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Meter(Struct, gc=False):
    meter: str
    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)]
    unit: Literal["impressions", "sheets", "other"] | UnsetType | None = UNSET
    source: Text = UNSET


class Report(Struct, gc=False):
    """Its supplies stand in `Batch.supplies`, understood."""

    observed_at: Moment
    path: Literal["agent", "direct"]
    serial: Text = UNSET
    model: Text = UNSET
    vendor: Text = UNSET
    software: Short | UnsetType | None = UNSET
    host: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET
    complete: bool | UnsetType = UNSET
    meters: list[Meter] | UnsetType = UNSET
    supplies: msgspec.Raw | UnsetType = UNSET
    alerts: Annotated[list[Short], Meta(max_length=32)] | UnsetType = UNSET


class _Typed(Report, gc=False):
    """Each supply is read for this report alone: slower, but an error says where it stands."""

    supplies: list[SupplyLevel] | UnsetType = UNSET  # type: ignore[assignment]


class Malformed(Struct, frozen=True, gc=False):
    """A report that is none, in a batch that is one."""

    serial: str | None
    detail: str


class SetAside(Struct, gc=False):
    """A report that an agent keeps because it was refused."""

    reason: Annotated[str, Meta(max_length=64)]
    serial: Text = UNSET


Count = Annotated[int, Meta(ge=0, le=2**53)] | UnsetType | None


class Status(Struct, gc=False):
    """What an agent says of itself. What is absent or null is unknown."""

    devices: Count = UNSET
    silent: Count = UNSET
    spooled: Count = UNSET
    spool_oldest: Moment | UnsetType | None = UNSET
    dropped: Count = UNSET
    refused: list[SetAside] | UnsetType | None = UNSET


class Sender(Struct, gc=False):
    instance: Annotated[str, Meta(min_length=1, max_length=64)]
    sequence: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    version: Annotated[str, Meta(max_length=40)]
    sent_at: Moment | UnsetType = UNSET
    status: Status | UnsetType | None = UNSET


class _Strict(Struct, gc=False):
    schema: int
    agent: Sender
    reports: list[Report]


class _StrictTyped(_Strict, gc=False):
    reports: list[_Typed]  # type: ignore[assignment]


class _Loose(Struct, gc=False):
    schema: int
    agent: Sender
    reports: list[msgspec.Raw]


class _SchemaOnly(Struct):
    schema: int


class Batch(Struct, frozen=True, gc=False):
    """A readable batch: each report typed, or why it is none. `supplies`: those of each report."""

    sender: Sender
    reports: list[Report | Malformed]
    supplies: list[list[Supply]]
    whole: _Strict | None
    """All of it as it was read at once, where that was possible."""
    supplies_proven: bool
    """That no supply names a key twice, where `whole` has them as they came."""


_strict = msgspec.json.Decoder(_Strict)
_strict_typed = msgspec.json.Decoder(_StrictTyped)
_loose = msgspec.json.Decoder(_Loose)
_schema = msgspec.json.Decoder(_SchemaOnly)
_report = msgspec.json.Decoder(_Typed)
_encoder = msgspec.json.Encoder()

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_HIDING = re.compile(rb"\\u003a", re.IGNORECASE)
_WRONG_TYPE = re.compile(r"Expected `[^`]+`, got `")


def gunzip(data: bytes, limit: int = MAX_BYTES) -> bytes:
    """The unpacked body. Raises Unreadable: 413 as soon as it grows above `limit`, 400 when it is damaged.

    One gzip member only: each further one of a body of thousands would copy all that follows it.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise Unreadable(400, "The body is not valid gzip.") from None
    if len(body) > limit:
        raise Unreadable(413, f"The body is larger than {limit} bytes when unpacked.")
    if not unpacker.eof:
        raise Unreadable(400, "The gzip body is cut off.")
    if unpacker.unused_data:
        raise Unreadable(400, "Something follows the gzip body.")
    return body


def decode(body: bytes) -> Batch:
    """The batch in `body`, proven to name no key twice. Raises Unreadable as `read` and `prove` do."""
    batch = read(body)
    prove(body, batch)
    return batch


def read(body: bytes) -> Batch:
    """The batch in `body`, which `prove` must have passed before anything of it is kept.

    One report that is none is `Malformed` by itself; when every report has values of the wrong type,
    or the frame around them is wrong, the batch is no batch: Unreadable 400. 413 above 2,000 reports,
    422 for another schema.
    """
    if not body.strip():
        raise Unreadable(400, "The body is empty.")
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise Unreadable(400, "The body is not UTF-8.") from None
    escaped = b"\\" in body
    if escaped and b"\\u0000" in body and any(match[1] == b"0000" for match in _ESCAPE.finditer(body)):
        raise Unreadable(400, "A string holds the character NUL.")
    try:
        strict = _strict.decode(body)
        # Not one more supply is read before the batch is known to be one.
        if strict.schema == SCHEMA and len(strict.reports) <= MAX_REPORTS:
            return _understood(strict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return _decode_typed(body)


def _understood(strict: _Strict) -> Batch:
    """The usual way. Raises msgspec's errors when a supply is none."""
    supplies, proven = read_supplies([report.supplies for report in strict.reports])
    return Batch(strict.agent, strict.reports, supplies, strict, proven)  # type: ignore[arg-type]


def _decode_typed(body: bytes) -> Batch:
    """Everything typed at once: what is wrong with a batch is said as this finds it."""
    try:
        strict = _strict_typed.decode(body)
    except msgspec.ValidationError:
        return _decode_one_by_one(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(400, _malformed(error)) from None
    _check_frame(strict.schema, len(strict.reports))
    supplies = [_of_typed(report) for report in strict.reports]
    return Batch(strict.agent, strict.reports, supplies, strict, True)  # type: ignore[arg-type]


def _of_typed(report: Report | Malformed) -> list[Supply]:
    return [understood(said) for said in report.supplies or ()] if isinstance(report, _Typed) else []


def _malformed(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deep."
    return f"The body is not valid JSON: {str(error)[:MAX_MESSAGE]}"


def _check_frame(schema: int, reports: int) -> None:
    if schema != SCHEMA:
        raise Unreadable(
            422, f"Schema {schema} is not understood here; this portal understands schema {SCHEMA}."
        )
    if reports > MAX_REPORTS:
        raise Unreadable(413, f"A batch holds at most {MAX_REPORTS} reports, not {reports}.")


def _decode_one_by_one(body: bytes) -> Batch:
    """The slow way, once it is known that something in the batch is wrong."""
    try:
        loose = _loose.decode(body)
    except msgspec.ValidationError as error:
        try:
            _check_frame(_schema.decode(body).schema, 0)
        except msgspec.ValidationError:
            raise Unreadable(400, f"The batch is malformed: {str(error)[:MAX_MESSAGE]}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as worse:
            raise Unreadable(400, _malformed(worse)) from None
        raise Unreadable(400, f"The batch is malformed: {str(error)[:MAX_MESSAGE]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(400, _malformed(error)) from None
    _check_frame(loose.schema, len(loose.reports))
    reports: list[Report | Malformed] = []
    wrong_types = 0
    first = ""
    for index, raw in enumerate(loose.reports):
        try:
            reports.append(_report.decode(raw))
        except msgspec.ValidationError as error:
            detail = str(error)[:MAX_MESSAGE]
            wrong_types += bool(_WRONG_TYPE.match(detail))
            first = first or f"report {index}: {detail}"
            reports.append(Malformed(_serial_of(raw), detail))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(400, _malformed(error)) from None
    if reports and wrong_types == len(reports):
        raise Unreadable(400, f"No report of the batch has the right types; {first}")
    return Batch(loose.agent, reports, [_of_typed(report) for report in reports], None, False)


def _serial_of(raw: msgspec.Raw) -> str | None:
    try:
        found = json.loads(bytes(raw))
    except (ValueError, RecursionError):
        return None
    serial = found.get("serial") if isinstance(found, dict) else None
    return serial[:64] if isinstance(serial, str) else None


def prove(body: bytes, batch: Batch) -> None:
    """Cheap proof that no object of the body names a key twice; falls back to looking at every object.

    Raises Unreadable 400 when one does.

    What was understood, written out again, has as many colons as the body, unless the body has more keys:
    unknown ones or doubles. Colons inside strings stand on both sides; only a colon spelled as \\u003a
    could hide one, and so could an offset of time written without its colon: such bodies are looked at.
    Supplies are written out as they came; for each of them the same was found when it was first read.
    """
    decoded = batch.whole
    if (
        decoded is not None
        and batch.supplies_proven
        and (b"\\" not in body or _HIDING.search(body) is None)
        and _all_utc(decoded)
        and body.count(b":") == _colons(decoded)
    ):
        return
    try:
        refuse_double_keys_slowly(body)
    except Unreadable:
        # A second list of supplies hid the first one, in which something may be wrong that is said before.
        _decode_typed(body)
        raise


_PART = 100


def _colons(decoded: _Strict) -> int:
    """How many colons it has when it is written out: a part at a time, since a large text costs more."""
    reports = decoded.reports
    parts: list[Any] = [reports[start : start + _PART] for start in range(0, len(reports), _PART)]
    parts.append(_Strict(decoded.schema, decoded.agent, []))
    return sum(_encoder.encode(part).count(b":") for part in parts)


def _all_utc(decoded: _Strict) -> bool:
    said = [decoded.agent.sent_at]
    if decoded.agent.status:
        said.append(decoded.agent.status.spool_oldest or UNSET)
    return all(moment is UNSET or moment.tzinfo is dt.UTC for moment in said) and all(
        report.observed_at.tzinfo is dt.UTC for report in decoded.reports
    )


def refuse_double_keys_slowly(body: bytes) -> None:
    """Raises Unreadable 400 when any object of the body names a key twice."""

    def once(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) != len(pairs):
            raise Unreadable(400, "An object names a key twice.")

    try:
        json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Unreadable(400, _malformed(error)) from None
