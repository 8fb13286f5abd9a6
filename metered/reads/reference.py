"""The API's reference for people, made of its OpenAPI description: operations and their shapes. Pure.

A page of our own, and not one of the well-known readers: those draw themselves by script, with contrasts,
targets and nested controls that fail WCAG, and need the content security policy relaxed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Schema = Mapping[str, Any]

_REF = "#/components/schemas/"


@dataclass(frozen=True)
class Field:
    """One member of a shape. `kind`: its type; `shape`: the name of what it holds; `choices`: its values."""

    name: str
    kind: str
    required: bool
    nullable: bool
    about: str
    shape: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    name: str
    about: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Reply:
    status: int
    title: str
    media_type: str
    shape: str
    example: str


@dataclass(frozen=True)
class Operation:
    """A method at an address. `about` is Markdown; the examples are JSON texts."""

    name: str
    method: str
    path: str
    summary: str
    about: str
    headers: tuple[Field, ...]
    shape: str
    example: str
    replies: tuple[Reply, ...]
    needs_token: bool


@dataclass(frozen=True)
class Reference:
    title: str
    about: str
    operations: tuple[Operation, ...] = ()
    shapes: tuple[Shape, ...] = ()


def reference(schema: Schema) -> Reference:
    """What an OpenAPI 3 description says, in the order of its operations and of the shapes they lead to.

    `schema`: the description as nested dictionaries. Raises KeyError for a shape that is missing.
    """
    shapes: Schema = schema.get("components", {}).get("schemas", {})
    operations = tuple(
        _operation(method, path, operation, shapes)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    )
    roots = [
        name for one in operations for name in (one.shape, *(reply.shape for reply in one.replies)) if name
    ]
    return Reference(
        title=schema["info"]["title"],
        about=schema["info"].get("description", ""),
        operations=operations,
        shapes=tuple(_shape(name, shapes) for name in _reached(roots, shapes)),
    )


def _operation(method: str, path: str, operation: Schema, shapes: Schema) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    _, shape, example = _content(content)
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        about=operation.get("description", ""),
        headers=tuple(
            _field(item["name"], item["schema"], item.get("required", False), shapes)
            for item in operation.get("parameters", ())
        ),
        shape=shape,
        example=example,
        replies=tuple(_reply(int(status), reply) for status, reply in operation["responses"].items()),
        # An empty requirement among them: nothing is needed.
        needs_token=all(operation.get("security") or [{}]),
    )


def _reply(status: int, reply: Schema) -> Reply:
    media_type, shape, example = _content(reply.get("content", {}))
    return Reply(status, HTTPStatus(status).phrase, media_type, shape, example)


def _content(content: Schema) -> tuple[str, str, str]:
    """Media type, shape and example of a body; all empty without one."""
    for media_type, body in content.items():
        name = body["schema"].get("$ref", "").removeprefix(_REF)
        values = [item["value"] for item in body.get("examples", {}).values()]
        text = json.dumps(values[0], indent=2, ensure_ascii=False) if values else ""
        return media_type, name, text
    return "", "", ""


def _reached(roots: list[str], shapes: Schema) -> Iterator[str]:
    """The shapes with members that the roots lead to, each once, a shape before what it holds."""
    seen: set[str] = set()
    waiting = list(dict.fromkeys(roots))
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield name
        held = [item.shape for item in _shape(name, shapes).fields if item.shape]
        waiting = [*held, *waiting]


def _shape(name: str, shapes: Schema) -> Shape:
    shape = shapes[name]
    required = set(shape.get("required", ()))
    members = shape.get("properties", {}).items()
    return Shape(
        name,
        shape.get("description", ""),
        tuple(_field(member, spec, member in required, shapes) for member, spec in members),
    )


def _field(name: str, spec: Schema, required: bool, shapes: Schema) -> Field:
    inner, kind = spec, str(spec.get("type", ""))
    if kind == "array":
        inner = spec["items"]
    target, choices = _target(inner, shapes)
    if kind != "array":
        kind = str(target.get("type", kind)) if target else kind
    if spec.get("format") == "date-time":
        kind = "date-time"
    has_members = bool(target and target.get("properties"))
    return Field(
        name=name,
        kind=kind,
        required=required,
        nullable=bool(spec.get("nullable")),
        about=spec.get("description", ""),
        shape=_named(inner) if has_members else "",
        choices=choices,
    )


def _named(spec: Schema) -> str:
    """The name of the shape that a member refers to; empty when it holds a plain value."""
    options = [spec, *spec.get("oneOf", ()), *spec.get("allOf", ())]
    names = [item["$ref"].removeprefix(_REF) for item in options if "$ref" in item]
    return names[0] if names else ""


def _target(spec: Schema, shapes: Schema) -> tuple[Schema | None, tuple[str, ...]]:
    """The shape that a member refers to, and the values it may have when those are counted up."""
    name = _named(spec)
    target = shapes[name] if name else spec
    return target, tuple(str(value) for value in target.get("enum", ()) if value is not None)
