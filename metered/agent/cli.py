"""The commands of `python -m metered.agent`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from metered.agent import VERSION, push
from metered.agent.files import Recording, recordings
from metered.agent.identity import LONGEST_SERIAL
from metered.agent.walk import WalkError

TOKEN_VARIABLE = "METERED_AGENT_TOKEN"  # noqa: S105 -- its name, not the token

HELP = f"""\
Reads printers and reports their meters and supplies to the portal.

commands:
  read FILE…        print what recorded walks say: one report as JSON, or one a line for several devices
  push URL FILE…    send recorded walks to the portal as one batch and print its answer as JSON

options of both:
  --serial FILE=SERIAL   the serial number of a device whose walk has none (may be given several times)

A FILE is a recorded SNMP walk with lines of OID|TYPE|VALUE (snmpsim's .snmprec). NAME@CONTEXT.snmprec
belongs to NAME.snmprec. URL is the portal's address, such as https://portal.example. The agent's token is
taken from the environment variable {TOKEN_VARIABLE}.

examples:
  python -m metered.agent read office.snmprec
  {TOKEN_VARIABLE}=… python -m metered.agent push https://portal.example walks/*.snmprec

Exit status: 0 done, 1 it did not work (one line says why), 2 the command was not understood.
"""


def _say(line: str, stream: TextIO | None = None) -> None:
    (stream or sys.stdout).write(line + "\n")


class _Parser(argparse.ArgumentParser):
    def format_help(self) -> str:
        return HELP

    def error(self, message: str) -> NoReturn:
        _say(f"{HELP}\nmetered-agent: {message}", sys.stderr)
        raise SystemExit(2)


def _arguments() -> argparse.ArgumentParser:
    parser = _Parser(prog="metered-agent", add_help=False)
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("--version", action="version", version=f"metered-agent {VERSION}")
    commands = parser.add_subparsers(dest="command", parser_class=_Parser)
    for name in ("read", "push"):
        command = commands.add_parser(name)
        if name == "push":
            command.add_argument("url")
        command.add_argument("files", nargs="+")
        command.add_argument("--serial", action="append", default=[], type=_serial, metavar="FILE=SERIAL")
    return parser


def _serial(text: str) -> tuple[str, str]:
    file, _, serial = text.rpartition("=")
    serial = serial.strip()
    if not file or not serial:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FILE=SERIAL")
    if not serial.isascii() or not serial.isprintable() or len(serial) > LONGEST_SERIAL:
        raise argparse.ArgumentTypeError(f"{serial!r} is no serial number")
    return file, serial


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    for stream in (sys.stdout, sys.stderr):  # names are UTF-8 whatever the terminal's locale
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    parser = _arguments()
    known = [name for name in arguments if not name.startswith("-")][:1]
    if known and known[0] not in ("read", "push"):
        parser.error(f"there is no command {known[0]!r}")
    asked = parser.parse_args(list(arguments))
    if asked.command is None:
        parser.error("no command given")
    try:
        devices = recordings(asked.files, dict(asked.serial))
        return _read(devices) if asked.command == "read" else _push(asked.url, devices)
    except (WalkError, push.PushError) as error:
        _say(f"metered-agent: {error}", sys.stderr)
        return 1


def _read(devices: Sequence[Recording]) -> int:
    reports = [device.report().as_json() for device in devices]
    for report in reports:
        _say(json.dumps(report, ensure_ascii=False, indent=2 if len(reports) == 1 else None))
    return 0


def _push(url: str, devices: Sequence[Recording]) -> int:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise push.PushError(f"no token: set {TOKEN_VARIABLE} to the one shown when the agent was made")
    if not token.isascii() or not token.isprintable():
        raise push.PushError(f"the token in {TOKEN_VARIABLE} has characters that no token has")
    address = push.endpoint(url)
    reports = [push.encoded(device.report().as_json()) for device in devices]
    answers: list[tuple[push.Batch, dict[str, Any]]] = []
    for batch in push.batches(devices, reports):
        try:
            answers.append((batch, push.send(address, token, batch)))
        except push.PushError as error:
            taken = (
                f"; the first {batch.first} of {len(devices)} reports were taken before" if answers else ""
            )
            raise push.PushError(f"{error}{taken}") from None
    answer = push.together(answers)
    _say(json.dumps(answer, ensure_ascii=False, indent=2))
    names = {place: device.name for place, device in enumerate(devices)}
    for entry in answer["refused"]:  # the portal counts; a person wants the file
        _say(f"refused {names.get(entry['index'], '?')}: {entry['reason']}", sys.stderr)
    return 0
