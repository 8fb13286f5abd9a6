"""Whom a device answers. No community and no password ever stands in a `repr`, so none reaches a log."""

from dataclasses import dataclass, field
from typing import Literal

AUTHENTICATION = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
PRIVACY = ("des", "aes128", "aes192", "aes256", "aes192c", "aes256c")
SHORTEST_PASSWORD = 8  # RFC 3414 section 11.2

Version = Literal["1", "2c"]


class CredentialsError(ValueError):
    """Credentials that no device could know; the text says why, without a secret in it."""


@dataclass(frozen=True, slots=True)
class Community:
    """SNMPv2c; a device that answers only SNMPv1 is found with the same community (`version` "1": at
    once)."""

    community: str = field(repr=False)
    version: Version = "2c"

    def __post_init__(self) -> None:
        if self.version not in ("1", "2c"):
            raise CredentialsError(f"a community is of SNMP version 1 or 2c, not {self.version!r}")
        if not self.community:
            raise CredentialsError("the community is empty")

    def __str__(self) -> str:
        return f"SNMPv{self.version}"


@dataclass(frozen=True, slots=True)
class User:
    """SNMPv3's user-based security.

    `auth`: one of AUTHENTICATION, None for neither authentication nor privacy (RFC 3414, 7860). `privacy`:
    one of PRIVACY, None for authentication alone; `aes192c` and `aes256c` extend short keys as Cisco's and
    many printers do (Reeder's draft), `aes192` and `aes256` as Blumenthal's draft says. The two differ only
    where the digest is shorter than the key. `contexts`: all are read, the rows of the first win.
    """

    name: str
    auth: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    privacy: str | None = None
    privacy_password: str | None = field(default=None, repr=False)
    contexts: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode()) <= 32:
            raise CredentialsError("a user's name has 1 to 32 octets")
        if not self.contexts or any(len(context.encode()) > 32 for context in self.contexts):
            raise CredentialsError(f"user {self.name}: contexts have at most 32 octets, and one is needed")
        if self.privacy and not self.auth:
            raise CredentialsError(f"user {self.name}: privacy needs authentication too")
        _check(self.name, "authentication", self.auth, AUTHENTICATION, self.auth_password)
        _check(self.name, "privacy", self.privacy, PRIVACY, self.privacy_password)

    def __str__(self) -> str:
        return f"SNMPv3 user {self.name}"


def _check(name: str, what: str, protocol: str | None, known: tuple[str, ...], password: str | None) -> None:
    if protocol is None:
        return
    if protocol not in known:
        raise CredentialsError(f"user {name}: no {what} called {protocol!r}; there are {', '.join(known)}")
    if password is None or len(password.encode()) < SHORTEST_PASSWORD:
        raise CredentialsError(f"user {name}: the {what} password needs {SHORTEST_PASSWORD} octets or more")


Credentials = Community | User
