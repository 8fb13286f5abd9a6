"""The commands of `metered-agent`."""

import argparse
import asyncio
import difflib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from metered.agent import VERSION, asked, check, push, secret, service, status
from metered.agent.batch import encoded
from metered.agent.config import VARIABLE, Config, ConfigError, default_file, load
from metered.agent.discover import Found
from metered.agent.enrol import enrol
from metered.agent.files import Recording, recordings
from metered.agent.identity import LONGEST_SERIAL
from metered.agent.networks import NetworksError
from metered.agent.portal import Portal, PortalError, endpoint
from metered.agent.run import Agent, chosen_addresses, collecting, now, searched
from metered.agent.spool import NAME, Spool, SpoolError
from metered.agent.spool_rows import Attempt
from metered.agent.walk import WalkError

TOKEN_VARIABLE = "METERED_AGENT_TOKEN"  # noqa: S105 -- its name, not the token

HELP = f"""\
Reads printers over SNMP and reports their meters and supplies to the portal.

set up:
  enroll [CODE]     exchange the one-time code from the portal for this agent's token
  check             say in words what works and what does not: printers, secrets, TLS, portal, clock
  scan [--dry-run]  look for printers in the configured networks; with --dry-run nothing is kept

at work:
  run               search, read and deliver until told to stop (what the service does)
  once              search, read every printer and deliver, then end
  status [--json]   what is known, what waits, what was refused and why

with recorded walks:
  read FILE…        print what they say: one report as JSON, or one a line for several devices
  push URL FILE…    send them to the portal as one batch and print its answer as JSON

options:
  --config FILE          the configuration (default {default_file()}, or {VARIABLE})
  --serial FILE=SERIAL   with read and push: the serial number of a device whose walk has none
  --show-oids            print every SNMP object that is ever asked, and why
  --version, --help

A walk FILE holds lines of OID|TYPE|VALUE (snmpsim's .snmprec); NAME@CONTEXT.snmprec belongs to NAME.snmprec.
push takes the token from the environment variable {TOKEN_VARIABLE}.

examples:
  metered-agent enroll K7QM-3TXN-9PRW
  metered-agent scan --dry-run
  metered-agent read office.snmprec
  {TOKEN_VARIABLE}=… metered-agent push https://portal.example walks/*.snmprec

Exit status: 0 done, 1 it did not work (the output says why), 2 the command was not understood.
"""

_FAILURES = (
    ConfigError,
    NetworksError,
    PortalError,
    WalkError,
    secret.SecretError,
    service.Running,
    SpoolError,
)


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
    parser.add_argument("--show-oids", action="store_true")
    # Either side of the command; without a default of its own the later one would forget the earlier.
    configured = _Parser(add_help=False)
    configured.add_argument("--config", type=Path, default=argparse.SUPPRESS)
    parser.add_argument("--config", type=Path, default=None)
    commands = parser.add_subparsers(dest="command", parser_class=_Parser)
    for name in ("read", "push"):
        command = commands.add_parser(name)
        if name == "push":
            command.add_argument("url")
        command.add_argument("files", nargs="+")
        command.add_argument("--serial", action="append", default=[], type=_serial, metavar="FILE=SERIAL")
    for name in _COMMANDS:
        commands.add_parser(name, parents=[configured], aliases=["enrol"] if name == "enroll" else [])
    choices: dict[str, Any] = commands.choices
    choices["enroll"].add_argument("code", nargs="?")
    choices["scan"].add_argument("--dry-run", action="store_true")
    choices["status"].add_argument("--json", action="store_true")
    return parser


def _serial(text: str) -> tuple[str, str]:
    file, _, serial = text.rpartition("=")
    serial = serial.strip()
    if not file or not serial:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FILE=SERIAL")
    if not serial.isascii() or not serial.isprintable() or len(serial) > LONGEST_SERIAL:
        raise argparse.ArgumentTypeError(f"{serial!r} is no serial number")
    return file, serial


def command() -> NoReturn:
    """The installed `metered-agent`."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    for stream in (sys.stdout, sys.stderr):  # names are UTF-8 whatever the terminal's locale
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    parser = _arguments()
    told = parser.parse_args(_checked(parser, list(arguments)))
    if told.command is None and not told.show_oids:
        parser.error("no command given")
    try:
        if told.show_oids:
            return _show_oids()
        if told.command in ("read", "push"):
            devices = recordings(told.files, dict(told.serial))
            return _read(devices) if told.command == "read" else _push(told.url, devices)
        config = load(told.config or default_file())
        return _COMMANDS["enroll" if told.command == "enrol" else told.command](config, told)
    except _FAILURES as error:
        _say(f"metered-agent: {error}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _checked(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """argparse would list every choice for a misspelt command; the likely one is more help."""
    known = ["read", "push", "enrol", *_COMMANDS]
    before = [at for at, word in enumerate(arguments) if word == "--config"]
    words = [word for at, word in enumerate(arguments) if not word.startswith("-") and at - 1 not in before]
    if words and words[0] not in known:
        near = difflib.get_close_matches(words[0], known, 1)
        parser.error(f"there is no command {words[0]!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return arguments


# With recorded walks


def _read(devices: Sequence[Recording]) -> int:
    reports = [device.report().as_json() for device in devices]
    for report in reports:
        _say(json.dumps(report, ensure_ascii=False, indent=2 if len(reports) == 1 else None))
    return 0


def _push(url: str, devices: Sequence[Recording]) -> int:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise PortalError(f"no token: set {TOKEN_VARIABLE} to the one shown when the agent was made")
    if not token.isascii() or not token.isprintable():
        raise PortalError(f"the token in {TOKEN_VARIABLE} has characters that no token has")
    endpoint(url)
    portal = Portal(url)
    reports = [encoded(device.report().as_json()) for device in devices]
    answers: list[tuple[push.Batch, dict[str, Any]]] = []
    for batch in push.batches(devices, reports):
        try:
            answers.append((batch, portal.send(batch.body, token=token)))
        except PortalError as error:
            taken = (
                f"; the first {batch.first} of {len(devices)} reports were taken before" if answers else ""
            )
            raise PortalError(f"{error}{taken}") from None
    answer = push.together(answers)
    _say(json.dumps(answer, ensure_ascii=False, indent=2))
    names = {place: device.name for place, device in enumerate(devices)}
    for entry in answer["refused"]:  # the portal counts; a person wants the file
        _say(f"refused {names.get(entry['index'], '?')}: {entry['reason']}", sys.stderr)
    return 0


def _show_oids() -> int:
    for group in ("identity", "meters", "supplies", "alerts"):
        _say(f"{group}:")
        for row in (*asked.SCALARS, *asked.COLUMNS):
            if row.group == group:
                _say(f"  {row.oid:<34} {row.vendor or 'every printer':<16} {row.name}: {row.why}")
    return 0


# With a configuration


def _enroll(config: Config, told: argparse.Namespace) -> int:
    code = told.code or input("one-time code: ")
    agent, account = enrol(config.connection(), code, config.token_file)
    _say(f"enrolled as {agent} of {account}; the token is in {config.token_file}")
    return 0


def _check(config: Config, _: argparse.Namespace) -> int:
    failed = False
    for finding in check.check(config, now):
        _say(str(finding))
        failed = failed or finding.works is False
    return 1 if failed else 0


def _scan(config: Config, told: argparse.Namespace) -> int:
    credentials = config.credentials()
    many, pace = len(chosen_addresses(config)), config.printers.packets_a_second
    _say(f"asking {many:,} addresses, at most {pace} packets a second", sys.stderr)

    async def scan() -> list[Found]:
        async with collecting(config) as collector:
            found = []
            async for each in searched(config, credentials, collector):
                _say(_found(each))
                found.append(each)
            return found

    found = [each for each in asyncio.run(scan()) if each.printer]
    new = 0
    if not told.dry_run:
        at = now().replace(microsecond=0)
        spool = _spool(config)
        new = spool.found(
            Attempt(each.host, each.port, at, False, each.serial, each.model, each.vendor) for each in found
        )
        spool.close()
    kept = "nothing was kept" if told.dry_run else f"{new:,} of them new"
    _say(f"{len(found):,} printers; {kept}", sys.stderr)
    return 0 if found else 1


def _found(each: Found) -> str:
    what = " ".join(filter(None, (each.vendor, each.model))) if each.printer else "not a printer"
    return f"{each.host:<15}  {each.serial or '-':<20}  {what or 'a printer'}"


def _run(config: Config, _: argparse.Namespace) -> int:
    return _work(config, lambda agent: asyncio.run(agent.run()))


def _once(config: Config, _: argparse.Namespace) -> int:
    return _work(config, lambda agent: asyncio.run(agent.once()))


def _work(config: Config, work: Callable[[Agent], bool | None]) -> int:
    service.log_to_stderr()
    credentials = config.credentials()
    with service.only_one(config.folder):
        spool = _spool(config)
        try:
            return 1 if work(Agent(config, credentials, spool)) is False else 0
        finally:
            spool.close()


def _spool(config: Config) -> Spool:
    return Spool(config.folder, config.limits)


def _status(config: Config, told: argparse.Namespace) -> int:
    if not (config.folder / NAME).exists():
        raise SpoolError(f"there is no spool in {config.folder} yet: nothing was ever read here")
    spool = _spool(config)
    try:
        if told.json:
            _say(json.dumps(status.as_json(config, spool, now()), ensure_ascii=False, indent=2))
        else:
            for line in status.lines(config, spool, now()):
                _say(line)
    finally:
        spool.close()
    return 0


_COMMANDS: dict[str, Callable[[Config, argparse.Namespace], int]] = {
    "enroll": _enroll,
    "scan": _scan,
    "run": _run,
    "once": _once,
    "status": _status,
    "check": _check,
}
