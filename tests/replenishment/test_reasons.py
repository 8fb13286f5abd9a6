"""How a reason is kept: a list of values, read again by their names."""

from __future__ import annotations

from typing import Any

from metered.replenishment.reasons import Reason, ReasonField, SlotSaid, as_json, plain, raw

SUPPLY = {"kind": "toner", "colorant": "black", "name": "Black “XL”", "reorder_number": "B1"}
SLOT = SlotSaid(7, "abc", "Front · C1", "percent", 4.0, 2.5, 0.3, ("2026-11-20", "2026-11-23", "2026-12-01"))
DARK = SlotSaid(8, "def", "C1", "unknown", None, None, None, None)


def reason(*, also: list[str] | None = None) -> Reason:
    return Reason(
        "ship", "", None, "", raw(SUPPLY), 1, 0, 0.0, 2, "2026-10-01", 0.02, 0.4, 5, "2026-11-20",
        "2026-12-01", 55, 0.5, [SLOT, DARK], "2026-11-19T02:00:00+00:00", "2026-11-20T00:00+00:00", also,
    )  # fmt: skip


def test_what_is_kept_is_read_by_its_names() -> None:
    found = plain(as_json(reason(also=["cyan"])).decode())
    assert (found["rule"], found["quantity"], found["lead_days"], found["with"]) == ("ship", 1, 5, ["cyan"])
    assert found["supply"] == SUPPLY
    assert found["slots"][0]["runs_out"] == ["2026-11-20", "2026-11-23", "2026-12-01"]
    assert found["slots"][1] == {
        "slot": 8, "device": "def", "label": "C1", "state": "unknown", "percent": None, "use": None,
        "use_sd": None, "runs_out": None,
    }  # fmt: skip
    assert plain(reason(also=["cyan"])) == found


def test_only_what_is_sent_names_what_travels_along() -> None:
    assert "with" not in plain(reason())
    assert plain(reason(also=[]))["with"] == []


def test_a_reason_without_the_last_value_is_an_older_one() -> None:
    kept = as_json(reason()).decode()
    assert plain(kept.removesuffix(",null]") + "]") == plain(reason())


def test_what_was_kept_with_its_names_stays_as_it_is() -> None:
    field, named = ReasonField(), plain(reason())
    kept = field.get_prep_value(named)
    assert kept is not None and kept.startswith("{")
    assert field.from_db_value(kept) == named
    assert field.from_db_value(None) is None
    odd: dict[str, Any] = {"rule": "ship", "note": "an older program's"}
    assert field.from_db_value(field.get_prep_value(odd)) == odd
