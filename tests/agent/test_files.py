from __future__ import annotations

import os
from pathlib import Path

import pytest

from metered.agent.files import recordings
from metered.agent.walk import WalkError

BASE = "1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT\n1.3.6.1.2.1.43.10.2.1.4.1.1|65|7\n"
CONTEXT = "1.3.6.1.2.1.43.10.2.1.4.1.1|65|999\n1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner\n"
NANOSECONDS = 1_795_000_000_123_456_789


def _write(folder: Path, name: str, content: str, at: int = NANOSECONDS) -> Path:
    file = folder / name
    file.write_text(content)
    os.utime(file, ns=(at, at))
    return file


@pytest.mark.parametrize("named", [["a.snmprec"], ["a@X.snmprec"], ["a@X.snmprec", "a.snmprec", "a.snmprec"]])
def test_a_context_belongs_to_its_device(tmp_path: Path, named: list[str]) -> None:
    _write(tmp_path, "a.snmprec", BASE)
    _write(tmp_path, "a@X.snmprec", CONTEXT)
    _write(tmp_path, "ab.snmprec", BASE)
    (device,) = recordings([str(tmp_path / name) for name in named], {})
    report = device.report()
    assert device.name == "a"
    assert (report.meters[0].count, report.supplies[0].description) == (7, "Black Toner")


def test_a_context_without_its_device_is_read_alone(tmp_path: Path) -> None:
    (device,) = recordings([str(_write(tmp_path, "a@X.snmprec", CONTEXT))], {})
    assert device.report().meters[0].count == 999


def test_the_time_of_reading_is_the_newest_modification(tmp_path: Path) -> None:
    _write(tmp_path, "a.snmprec", BASE)
    _write(tmp_path, "a@X.snmprec", CONTEXT, at=NANOSECONDS + 5_000_000_000)
    (device,) = recordings([str(tmp_path / "a.snmprec")], {})
    assert device.report().as_json()["observed_at"] == "2026-11-18T11:06:45.123456Z"


def test_devices_come_by_name_each_once(tmp_path: Path) -> None:
    names = [str(_write(tmp_path, f"{name}.snmprec", BASE)) for name in ("c", "a", "b")]
    assert [device.name for device in recordings([*names, names[0]], {})] == ["a", "b", "c"]


def test_equal_names_in_two_folders_are_two_devices(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        _write(tmp_path / folder, "a.snmprec", BASE.replace("|7", f"|{len(folder)}{folder == 'two':d}"))
    files = [str(tmp_path / folder / "a.snmprec") for folder in ("two", "one")]
    assert [device.name for device in recordings(files, {})] == ["a", "a"]


@pytest.mark.parametrize("key", ["{}/a.snmprec", "{}/./a.snmprec", "./a.snmprec", "a.snmprec", "a"])
def test_a_serial_is_given_by_path_by_name_or_by_device(tmp_path: Path, key: str) -> None:
    file = _write(tmp_path, "a.snmprec", BASE)
    (device,) = recordings([str(file)], {key.format(tmp_path): "CNB1"})
    assert device.report().serial == "CNB1"


def test_the_digest_knows_contents_and_serial_but_not_folder_or_time(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    first = _write(tmp_path, "a.snmprec", BASE)
    moved = _write(tmp_path / "elsewhere", "a.snmprec", BASE, at=1)
    other = _write(tmp_path, "b.snmprec", BASE)

    def digest(file: Path, **serials: str) -> bytes:
        return recordings([str(file)], serials)[0].digest()

    assert digest(first) == digest(moved)
    assert len({digest(first), digest(first, a="CNB1"), digest(other)}) == 3


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WalkError, match=r"missing\.snmprec: no such file"):
        recordings([str(tmp_path / "missing.snmprec")], {})
    with pytest.raises(WalkError, match="no such file"):
        recordings([str(tmp_path)], {})
    with pytest.raises(WalkError, match=r"--serial b\.snmprec: that file is not among"):
        recordings([str(_write(tmp_path, "a.snmprec", BASE))], {"b.snmprec": "X1"})
    with pytest.raises(WalkError, match=r"^empty: no row"):
        recordings([str(_write(tmp_path, "empty.snmprec", ""))], {})[0].report()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    file = _write(tmp_path, "a.snmprec", BASE)
    file.chmod(0)
    with pytest.raises(WalkError, match=r"a\.snmprec: Permission denied"):
        recordings([str(file)], {})


def test_a_name_in_no_encoding_is_a_name(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"b\xfcro.snmprec")
    try:
        file.write_text(BASE)
    except OSError:
        pytest.skip("this file system takes only valid UTF-8")
    (device,) = recordings([str(file)], {})
    assert len(device.digest()) == 32
