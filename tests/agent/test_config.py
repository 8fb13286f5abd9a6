"""The configuration: what it takes, what it refuses and in which words, and secrets in files of their own."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from metered.agent import config, secret
from metered.agent.config import KEYS, SNMP, ConfigError
from metered.agent.schedule import Plan
from metered.agent.snmp.credentials import Community, User
from tests.agent.devices import ROOT

LEAST = """
[portal]
url = "https://portal.example"
[printers]
networks = ["10.1.4.0/24"]
[[snmp]]
community_file = "community"
"""


def load(folder: Path, text: str) -> config.Config:
    file = folder / "config.toml"
    file.write_text(text)
    return config.load(file)


def secrets(folder: Path, **words: str) -> None:
    for name, word in words.items():
        file = folder / name.replace("_", "-")
        file.write_text(f"{word}\n")
        file.chmod(0o600)


def test_three_lines_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    secrets(tmp_path, community="public")
    made = load(tmp_path, LEAST)
    assert made.credentials() == (Community("public", "2c"),)
    assert made.plan == Plan(3600.0, (5, 0), (), None)
    assert made.printers.networks == ("10.1.4.0/24",) and made.printers.at_most == 65_536
    assert made.token_file == tmp_path / "token"
    assert made.limits.levels_for == timedelta(days=30)
    assert made.folder == config.default_folder()
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert made.folder == tmp_path / "state"


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    secrets(tmp_path, community="public", auth="auth-secret", privacy="privacy-secret", proxy="pa ss")
    made = load(
        tmp_path,
        """
[portal]
url = "https://portal.example/metered"
token_file = "secrets/token"
ca_file = "ca.pem"
proxy = "http://jo@proxy.example:3128"
proxy_password_file = "proxy"
[printers]
networks = ["10.1.4.0/24", "printer.example"]
exclude = ["10.1.4.1"]
at_most = 100_000
port = 1161
search_every = "12h"
packets_a_second = 10
[collect]
packets_a_second = 100
at_once = 10
timeout = "1.5s"
retries = 0
[schedule]
supplies_every = "30m"
meters_at = "23:45"
cutoff_days = [28, 15, 28]
time_zone = "Europe/Berlin"
[spool]
folder = "state"
most_megabytes = 50
levels_days = 7
meters_days = 60
[[snmp]]
version = "3"
user = "reader"
auth = "sha256"
auth_password_file = "auth"
privacy = "aes128"
privacy_password_file = "privacy"
contexts = ["", "Jetdirect"]
[[snmp]]
version = "1"
community_file = "community"
[serials]
"10.1.4.30" = " 3TX481207 "
""",
    )
    first, second = made.credentials()
    assert first == User("reader", "sha256", "auth-secret", "aes128", "privacy-secret", ("", "Jetdirect"))
    assert second == Community("public", "1")
    assert (
        made.plan.cutoff_days == (15, 28)
        and made.plan.supplies_every == 1800
        and made.plan.meters_at == (23, 45)
    )
    assert str(made.plan.zone) == "Europe/Berlin"
    assert made.folder == tmp_path / "state"
    connection = made.connection()
    assert connection.proxy == "http://jo:pa%20ss@proxy.example:3128"
    assert connection.ca_file == tmp_path / "ca.pem"
    assert made.serials == {"10.1.4.30": "3TX481207"}
    assert made.limits.most_bytes == 50_000_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("url", "urls"), r"\[portal\] urls is not known; did you mean url\?"),
        (("[printers]", "[printer]"), r"printer is not known; did you mean printers\?"),
        (
            ("community_file", "community"),
            r"\[\[snmp\]\] entry 1: community is not known; did you mean community",
        ),
        (
            ("community_file", "passphrase"),
            "passphrase is not known; known are version, community_file, user",
        ),
        (("https:", "http:"), r"\[portal\] url: http://portal.example: http is only for this machine"),
        (("networks", "exclude"), r"\[printers\] networks is missing: where printers are"),
        (("[[snmp]]", "[snmp]"), r"snmp must be written \[\[snmp\]\]"),
        (('["10.1.4.0/24"]', '"10.1.4.0/24"'), "networks must be a list of texts"),
        (('"https://portal.example"', "5"), "url must be a text in quotes"),
        (("[printers]", "[printers]\nport = 0"), "port must be a whole number from 1 to 65535"),
        (("[printers]", "[printers]\nport = true"), "port must be a whole number"),
        (("[printers]", '[printers]\nsearch_every = "1"'), "search_every must be a time from 1 m to 30 d"),
        (("[printers]", '[printers]\nsearch_every = "30s"'), "search_every must be a time from 1 m to 30 d"),
        (("[printers]", '[schedule]\nmeters_at = "24:00"\n[printers]'), "meters_at must be a time of day"),
        (("[printers]", "[schedule]\ncutoff_days = [31]\n[printers]"), "cutoff_days must be a list of days"),
        (("[printers]", '[schedule]\ntime_zone = "Berlin"\n[printers]'), "time_zone is no time zone"),
        (("[printers]", '[schedule]\ntime_zone = "../x"\n[printers]'), "time_zone is no time zone"),
        (("[printers]", 'proxy = "proxy:3128"\n[printers]'), "proxy must be http://host:port"),
        (("[printers]", 'proxy = "http://jo:secret@p:1"\n[printers]'), "its password lies in a file"),
        (("[printers]", 'proxy = "https://p:1"\n[printers]'), "proxy must be http://host:port"),
        (("[printers]", 'proxy_password_file = "p"\n[printers]'), "proxy_password_file needs proxy"),
        (("[[snmp]]", '[serials]\n"10.1.4.1" = 7\n[[snmp]]'), r"\[serials\] holds lines such as"),
        (("[[snmp]]", '[[snmp]]\nversion = "2"'), "version must be one of 1, 2c, 3"),
        (("[[snmp]]", '[[snmp]]\nuser = "reader"'), "user belongs to version 3"),
        (("[[snmp]]", '[[snmp]]\nversion = "3"'), "user is missing"),
        (("[[snmp]]", '[[snmp]]\nversion = "3"\nuser = "x"'), "community_file belongs to versions 1 and 2c"),
        (("url", 'url = "x"\nurl'), "Cannot overwrite a value"),
        (('["10.1.4.0/24"]', "["), "Invalid value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load(tmp_path, LEAST.replace(*change, 1))
    assert "\n" not in str(caught.value) and "config.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('user = "x"\nauth = "sha256"', "auth and auth_password_file belong together"),
        ('user = "x"\nauth_password_file = "a"', "auth and auth_password_file belong together"),
        ('user = "x"\nprivacy = "aes128"\nprivacy_password_file = "p"', "privacy needs auth too"),
        ('user = "x"\nauth = "sha3"', "auth must be one of md5, sha1"),
    ],
)
def test_users_of_version_3_are_whole(tmp_path: Path, entry: str, words: str) -> None:
    text = LEAST.replace('community_file = "community"', f'version = "3"\n{entry}')
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, text)


def test_no_file_and_no_entry(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config.load(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match=r"\[\[snmp\]\] is missing"):
        load(tmp_path, LEAST.split("[[snmp]]")[0])


def test_a_password_too_short_for_version_3_is_said_without_it(tmp_path: Path) -> None:
    secrets(tmp_path, auth="hunter2")
    entry = 'version = "3"\nuser = "x"\nauth = "sha256"\nauth_password_file = "auth"'
    made = load(tmp_path, LEAST.replace('community_file = "community"', entry))
    with pytest.raises(ConfigError, match="8 octets") as caught:
        made.credentials()
    assert "hunter2" not in str(caught.value)


# Secrets


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o610])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    secrets(tmp_path, community="public")
    file = tmp_path / "community"
    file.chmod(mode)
    with pytest.raises(
        ConfigError, match=rf"others on this machine can read it \(mode {mode:04o}\); chmod 600"
    ):
        load(tmp_path, LEAST).credentials()
    file.chmod(0o600)
    assert load(tmp_path, LEAST).credentials() == (Community("public"),)


def test_systemd_s_credentials_come_first_whatever_their_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets(tmp_path, community="from-etc")
    handed = tmp_path / "credentials"
    handed.mkdir()
    (handed / "community").write_text("handed-over")
    (handed / "community").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert load(tmp_path, LEAST).credentials() == (Community("handed-over"),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xff\xfe", "is not text"),
        (b"a\x00b", "characters that cannot"),
    ],
)
def test_what_is_no_secret(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(secret.SecretError, match=words):
        secret.read(file)
    with pytest.raises(secret.SecretError, match="No such file"):
        secret.read(tmp_path / "none")


def test_a_written_secret_is_its_owner_s_alone_and_replaces_the_old(tmp_path: Path) -> None:
    file = tmp_path / "token"
    secret.write(file, "first")
    secret.write(file, "second")
    assert secret.read(file) == "second"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["token"]


# Documents


def test_every_key_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "agent.md").read_text(), re.MULTILINE)
    known = {f"{section}.{key}" for section, keys in KEYS.items() for key in keys} | {
        f"snmp.{key}" for key in SNMP
    }
    assert {row for row in rows if "." in row} == known


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    secrets(tmp_path, community="public")
    text = (ROOT / "packaging" / "config.toml").read_text()
    assert load(tmp_path, text).credentials() == (Community("public"),)
    whole = re.sub(r"^# (?=\[|.* = )", "", text, flags=re.MULTILINE)
    secrets(tmp_path, auth_password="auth-secret", privacy_password="privacy-secret")
    made = load(tmp_path, whole)
    assert len(made.credentials()) == 2 and made.serials and made.portal.proxy
