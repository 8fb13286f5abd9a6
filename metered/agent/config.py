"""The configuration: one TOML file. KEYS is all it may hold, with what each key means.

Unknown keys are refused: a misspelt limit would otherwise be no limit. Secrets are named by file (secret.py).
"""

import datetime as dt
import difflib
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from metered.agent import secret
from metered.agent.portal import Portal, PortalError, endpoint
from metered.agent.schedule import Plan
from metered.agent.snmp.credentials import (
    AUTHENTICATION,
    PRIVACY,
    Community,
    Credentials,
    CredentialsError,
    User,
)
from metered.agent.spool_rows import Limits

VARIABLE = "METERED_AGENT_CONFIG"
LARGEST_FILE = 2**20


class ConfigError(Exception):
    """The configuration cannot be used; one line for a person."""


class _Wrong(Exception):
    """What a key must be; the caller knows its name."""


@dataclass(frozen=True, slots=True)
class Key:
    """`read` takes TOML's value and gives ours or raises _Wrong; `default` is written as in TOML (None:
    must be given, "" for a text: not set)."""

    read: Callable[[object], Any]
    default: object
    why: str


def text(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong("must be a text in quotes")
    return value.strip()


def texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise _Wrong('must be a list of texts, such as ["10.1.4.0/24"]')
    return tuple(value)


def whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _Wrong(f"must be a whole number from {least} to {most}")
        return value

    return read


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(least: float, most: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        written = (
            re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])", value) if isinstance(value, str) else None
        )
        seconds = float(written[1]) * _UNITS[written[2]] if written else -1.0
        if not least <= seconds <= most:
            raise _Wrong(
                f'must be a time from {_said(least)} to {_said(most)}, such as "30s", "15m", "1h", "1d"'
            )
        return seconds

    return read


def _said(seconds: float) -> str:
    unit = next(name for name in "dhms" if seconds % _UNITS[name] == 0 or name == "s")
    return f"{seconds / _UNITS[unit]:g} {unit}"


def time_of_day(value: object) -> tuple[int, int]:
    """(hour, minute) from "05:00"."""
    written = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if written is None:
        raise _Wrong('must be a time of day, such as "05:00"')
    return int(written[1]), int(written[2])


def days_of_month(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(day) is int and 1 <= day <= 28 for day in value):
        raise _Wrong("must be a list of days from 1 to 28, such as [28]")
    return tuple(sorted(set(value)))


def zone(value: object) -> ZoneInfo | None:
    name = text(value)
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise _Wrong("is no time zone that this machine knows, such as Europe/Berlin") from None


def choice(*allowed: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in allowed:
            raise _Wrong(f"must be one of {', '.join(filter(None, allowed))}")
        return str(value)

    return read


KEYS: dict[str, dict[str, Key]] = {
    "portal": {
        "url": Key(text, None, "the portal's address, https://…"),
        "token_file": Key(text, "token", "file of the agent's token; `enroll` writes it"),
        "ca_file": Key(text, "", "certificates (PEM) of your own authority, trusted beside the system's"),
        "proxy": Key(text, "", "http://[user@]host:port; without it HTTPS_PROXY and NO_PROXY count"),
        "proxy_password_file": Key(text, "", "file of the proxy's password, where it asks for one"),
    },
    "printers": {
        "networks": Key(
            texts,
            None,
            "where printers are: networks (10.1.4.0/24), ranges (10.1.4.9-10.1.4.80), hosts, names",
        ),
        "exclude": Key(texts, [], "addresses, ranges and networks in there that are never asked"),
        "at_most": Key(whole(1, 16_777_216), 65_536, "refuse to search more addresses than this"),
        "port": Key(whole(1, 65_535), 161, "the printers' SNMP port (UDP)"),
        "search_every": Key(
            duration(60, 30 * 86400), "1d", "how often the networks are searched for new printers"
        ),
        "packets_a_second": Key(whole(1, 10_000), 50, "at most so many packets a second while searching"),
    },
    "collect": {
        "packets_a_second": Key(whole(1, 100_000), 500, "at most so many packets a second while reading"),
        "at_once": Key(whole(1, 5_000), 128, "how many printers are read at once"),
        "timeout": Key(duration(0.1, 60), "2s", "how long one answer may take"),
        "retries": Key(whole(0, 10), 2, "how often an unanswered request is sent again"),
    },
    "schedule": {
        "supplies_every": Key(duration(1, 86400), "1h", "supply levels; each printer at a moment of its own"),
        "meters_at": Key(time_of_day, "05:00", "meters: daily in the hour from here on, local time"),
        "cutoff_days": Key(
            days_of_month,
            [],
            "days of the month (1 to 28) at whose end is billed: meters are read late on them too",
        ),
        "time_zone": Key(zone, "", "such as Europe/Berlin; without it this machine's"),
    },
    "spool": {
        "folder": Key(text, "", "where readings wait; without it the service's state folder"),
        "most_megabytes": Key(
            whole(10, 1_000_000), 1_000, "above it the oldest levels are dropped, meters last"
        ),
        "levels_days": Key(whole(1, 3_650), 30, "undelivered levels older than this are dropped"),
        "meters_days": Key(whole(1, 3_650), 90, "undelivered meters older than this are dropped"),
    },
}
"""Section → key → what it takes. Beside these: [[snmp]] (SNMP below) and [serials]."""

SNMP: dict[str, Key] = {
    "version": Key(choice("1", "2c", "3"), "2c", "1, 2c or 3"),
    "community_file": Key(text, "", "file of the community (1 and 2c)"),
    "user": Key(text, "", "the user's name (3)"),
    "auth": Key(
        choice("", *AUTHENTICATION),
        "",
        "how the user proves itself: sha256, sha512, sha384, sha224, sha1 or md5 (3)",
    ),
    "auth_password_file": Key(text, "", "file of its password (3)"),
    "privacy": Key(
        choice("", *PRIVACY),
        "",
        "the cipher: aes128, aes192, aes256, des; aes192c and aes256c as Cisco extends keys (3)",
    ),
    "privacy_password_file": Key(text, "", "file of the cipher's password (3)"),
    "contexts": Key(texts, [""], "contexts that are read beside each other (3)"),
}
"""Keys of one [[snmp]] entry. Entries are tried in their order."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section's values, as attributes."""

    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says, checked. `serials`: host, as in `networks`, → the serial that it does not tell."""

    file: Path
    portal: Section
    printers: Section
    collect: Section
    schedule: Section
    spool: Section
    snmp: tuple[Mapping[str, Any], ...]
    serials: Mapping[str, str]

    @property
    def token_file(self) -> Path:
        return secret.find(self.portal.token_file, self.file.parent)

    @property
    def folder(self) -> Path:
        """Of the spool. systemd names it (StateDirectory=) where the file does not."""
        if self.spool.folder:
            return self.file.parent / Path(self.spool.folder).expanduser()
        handed = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        return Path(handed) if handed else default_folder()

    @property
    def plan(self) -> Plan:
        told = self.schedule
        return Plan(told.supplies_every, told.meters_at, told.cutoff_days, told.time_zone)

    @property
    def limits(self) -> Limits:
        told = self.spool
        return Limits(
            told.most_megabytes * 1_000_000,
            dt.timedelta(days=told.levels_days),
            dt.timedelta(days=told.meters_days),
        )

    def connection(self) -> Portal:
        """Raises ConfigError (an unreadable proxy password)."""
        ca_file = self.file.parent / self.portal.ca_file if self.portal.ca_file else None
        return Portal(self.portal.url, ca_file, self._proxy())

    def _proxy(self) -> str | None:
        proxy: str = self.portal.proxy
        if proxy and self.portal.proxy_password_file:
            user, _, host = proxy.removeprefix("http://").rpartition("@")
            password = quote(self._secret("proxy_password_file", self.portal.values), safe="")
            return f"http://{user}:{password}@{host}"
        return proxy or None

    def credentials(self) -> tuple[Credentials, ...]:
        """With the secrets read from their files. Raises ConfigError."""
        found = []
        for at, entry in enumerate(self.snmp, 1):
            try:
                found.append(self._credential(entry))
            except (ConfigError, CredentialsError) as error:
                raise ConfigError(f"{self.file}: [[snmp]] entry {at}: {error}") from None
        return tuple(found)

    def _credential(self, entry: Mapping[str, Any]) -> Credentials:
        if entry["version"] != "3":
            return Community(self._secret("community_file", entry), entry["version"])
        return User(
            entry["user"],
            entry["auth"] or None,
            self._secret("auth_password_file", entry) if entry["auth"] else None,
            entry["privacy"] or None,
            self._secret("privacy_password_file", entry) if entry["privacy"] else None,
            entry["contexts"],
        )

    def _secret(self, key: str, values: Mapping[str, Any]) -> str:
        try:
            return secret.read(secret.find(values[key], self.file.parent))
        except secret.SecretError as error:
            raise ConfigError(f"{key}: {error}") from None


def default_file() -> Path:
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / "metered-agent" / "config.toml"
    return Path("/etc/metered-agent/config.toml")


def default_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / "metered-agent" / "spool"
    return Path("/var/lib/metered-agent")


def load(file: Path) -> Config:
    """Raises ConfigError for a file that is not there, is no TOML, or says what cannot be."""
    try:
        with file.open("rb") as opened:
            told = tomllib.loads(opened.read(LARGEST_FILE).decode())
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from None
    except ValueError as error:  # TOML and UTF-8
        raise ConfigError(f"{file}: {error}") from None
    try:
        return _config(file.absolute(), told)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None


def _config(file: Path, told: dict[str, Any]) -> Config:
    _refuse_unknown("", told, [*KEYS, "snmp", "serials"])
    sections = {
        name: Section(_section(f"[{name}] ", keys, told.get(name, {}))) for name, keys in KEYS.items()
    }
    entries = told.get("snmp", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError("snmp must be written [[snmp]], once for each way to ask")
    snmp = tuple(_snmp(f"[[snmp]] entry {at}: ", entry) for at, entry in enumerate(entries, 1))
    if not snmp:
        raise ConfigError("[[snmp]] is missing: a version and the file of a community, or a user")
    try:
        endpoint(sections["portal"].url)
    except PortalError as error:
        raise ConfigError(f"[portal] url: {error}") from None
    _check_proxy(sections["portal"])
    return Config(file=file, snmp=snmp, serials=_serials(told.get("serials", {})), **sections)


def _section(where: str, keys: Mapping[str, Key], told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ConfigError(f"{where.strip()} must be a section")
    _refuse_unknown(where, told, list(keys))
    values = {}
    for name, key in keys.items():
        value = told.get(name, key.default)
        if value is None:
            raise ConfigError(f"{where}{name} is missing: {key.why}")
        try:
            values[name] = key.read(value)
        except _Wrong as wrong:
            raise ConfigError(f"{where}{name} {wrong}") from None
    return values


def _refuse_unknown(where: str, told: Mapping[str, object], known: list[str]) -> None:
    for name in told:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise ConfigError(f"{where}{name} is not known; {hint}")


def _snmp(where: str, told: dict[str, Any]) -> dict[str, Any]:
    values = _section(where, SNMP, told)
    if values["version"] != "3":
        if not values["community_file"]:
            raise ConfigError(f"{where}community_file is missing")
        beside = [name for name in told if name not in ("version", "community_file")]
        if beside:
            raise ConfigError(f"{where}{beside[0]} belongs to version 3")
        return values
    if not values["user"]:
        raise ConfigError(f"{where}user is missing")
    if values["community_file"]:
        raise ConfigError(f"{where}community_file belongs to versions 1 and 2c")
    for way in ("auth", "privacy"):
        if bool(values[way]) != bool(values[f"{way}_password_file"]):
            raise ConfigError(f"{where}{way} and {way}_password_file belong together")
    if values["privacy"] and not values["auth"]:  # RFC 3414 section 1.4.3
        raise ConfigError(f"{where}privacy needs auth too")
    return values


def _check_proxy(portal: Section) -> None:
    proxy: str = portal.proxy
    if not proxy:
        if portal.proxy_password_file:
            raise ConfigError("[portal] proxy_password_file needs proxy")
        return
    if not re.fullmatch(r"http://(?:[^@/:\s]+@)?(?:[\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}/?", proxy):
        raise ConfigError(
            "[portal] proxy must be http://host:port or http://user@host:port (its password lies in a file)"
        )
    if portal.proxy_password_file and "@" not in proxy:
        raise ConfigError("[portal] proxy_password_file needs a user in proxy: http://user@host:port")


def _serials(told: object) -> dict[str, str]:
    if not isinstance(told, dict) or not all(
        isinstance(value, str) and value.strip() for value in told.values()
    ):
        raise ConfigError('[serials] holds lines such as "10.1.4.30" = "3TX481207"')
    return {host: serial.strip() for host, serial in told.items()}
