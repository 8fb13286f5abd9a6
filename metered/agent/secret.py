"""Secrets lie in files of their own, never in the configuration; a file that others can read is refused."""

import os
import stat
from pathlib import Path


class SecretError(Exception):
    """The secret cannot be used; one line for a person, without the secret."""


def find(name: str, folder: Path) -> Path:
    """The file of that name: systemd's credential (LoadCredential=) first, else beside the configuration."""
    handed = os.environ.get("CREDENTIALS_DIRECTORY")
    if handed and (Path(handed) / name).is_file():
        return Path(handed) / name
    return folder / Path(name).expanduser()


def read(file: Path) -> str:
    """The first line. Raises SecretError: not there, readable for others, empty, or not plain text."""
    try:
        with file.open("rb") as opened:
            _check_mode(file, os.fstat(opened.fileno()))
            content = opened.read(64 * 1024)
    except OSError as error:
        raise SecretError(f"{file}: {error.strerror or error}") from None
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        raise SecretError(f"{file}: is not text") from None
    secret = lines[0].strip() if lines else ""
    if not secret:
        raise SecretError(f"{file}: is empty")
    if not secret.isprintable():
        raise SecretError(f"{file}: holds characters that cannot be in a secret")
    return secret


def _check_mode(file: Path, status: os.stat_result) -> None:
    if os.name != "posix":
        return
    handed = os.environ.get("CREDENTIALS_DIRECTORY")
    if handed and file.parent == Path(handed):
        return  # systemd lets this service alone read them, by an access list that shows as the group's bits
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(
            f"{file}: others on this machine can read it (mode {status.st_mode & 0o777:04o});"
            f" chmod 600 {file}"
        )


def try_writing(file: Path) -> None:
    """Raises SecretError when `write` would."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        beside.unlink()
    except OSError as error:
        raise SecretError(f"{file}: cannot be written: {error.strerror or error}") from None


def write(file: Path, secret: str) -> None:
    """Replaces the file in one step; only its owner can read it. Raises SecretError."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(f"{secret}\n".encode())
                opened.flush()
                os.fsync(opened.fileno())
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise SecretError(f"{file}: {error.strerror or error}") from None
