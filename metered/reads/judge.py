"""What becomes of one report. Pure: what is known goes in, a verdict comes out, the clock is passed in.

`read_values` turns the report's lists into rows by the device's layout; `judge` weighs it against what the
device last said (domain rules 9, 11 and 15).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from operator import ge

from msgspec import Struct

from metered.fleet.software import is_below
from metered.reads.supplies import Position, Supply, SupplyLevel
from metered.reads.wire import Meter, Report
from metered.reads.words import OTHER, SHEETS, Note

CLOCK_AHEAD = dt.timedelta(hours=24)
CLOCK_BEHIND = dt.timedelta(days=90)
AGENT_LEADS = dt.timedelta(hours=26)
"""So long after an agent told a device's levels the device's own reports are second to it: a day, the least
that an agent reads, and some time to spread its reading over."""
CLOCK_LAGS = dt.timedelta(hours=6)
"""A device that says only late things for so long has a clock that fell back; less catches up by itself."""
ROLLOVER_SHARE = 20
"""A lower meter fits a rollover when less than a twentieth of the counter's range was printed across it."""
MAX_METERS = MAX_SLOTS = 64
IMPRESSIONS = frozenset({"total", "mono", "colour", "large_mono", "large_colour"})


class Facts(Struct, frozen=True, gc=False):
    """What is known of a device before the batch. `slots` and `meters` name its arrays' places."""

    device_id: int
    meter_keys: list[str]
    slot_keys: list[str]
    meter_digits: int
    waste_reports_fullness: bool
    minimum_software: str | None
    refused_from: dt.date | None


class Layout(Struct, frozen=True, gc=False):
    """Where each meter and slot stands in the device's arrays. `in_order`: the slots as they stand there."""

    meters: dict[str, int]
    slots: dict[Position, int]
    in_order: list[Position]


class Last(Struct, frozen=True, gc=False):
    """What the device last said. `meters`: the last believed ones; `held`: those that wait to be believed.

    `late_since`: when the first of its reports was received that, in a row, were all dated before
    `observed_at`; None when the last one was not. `agent_at`: when an agent was last heard that told the
    levels that stand; loaded only for what a device itself sends.
    """

    observed_at: dt.datetime | None
    meters: list[int | None]
    held: list[int | None] | None
    cartridges: list[str | None] | None
    late_since: dt.datetime | None = None
    agent_at: dt.datetime | None = None


class Values(Struct, frozen=True, gc=False):
    """A report's numbers by the device's layout. `cartridges` None: the report names none."""

    meters: list[int | None]
    levels: list[int | None]
    cartridges: list[str | None] | None


class Unknown(Struct, frozen=True, gc=False):
    """What the layout lacks before the report can be read."""

    meters: list[str]
    slots: list[SupplyLevel]


class Refusal(Struct, frozen=True, gc=False):
    """One of telemetry.md's words, and a sentence."""

    reason: str
    detail: str


class Kept(Struct, frozen=True, gc=False):
    """The report becomes an observation at `observed_at`. `last`: what the device has said last, with it."""

    observed_at: dt.datetime
    notes: int
    newest: bool
    meters: list[int | None]
    levels: list[int | None]
    cartridges: list[str | None] | None
    last: Last
    warnings: list[Refusal]


def admit(report: Report, facts: Facts, *, today: dt.date, tls_below_minimum: bool) -> Refusal | None:
    """Whether a device that reports by itself may (domain rule 9). Reports by an agent always may."""
    if report.path != "direct":
        return None
    refused_from = facts.refused_from
    if tls_below_minimum and (refused_from is None or refused_from <= today):
        return Refusal("tls_below_minimum", "the connection is older than TLS 1.2")
    if refused_from is not None and refused_from <= today and _software_is_below(report, facts):
        return Refusal(
            "software_below_minimum",
            f"software {report.software} is below {facts.minimum_software}, required since {refused_from}",
        )
    return None


def _software_is_below(report: Report, facts: Facts) -> bool:
    return bool(report.software) and is_below(str(report.software), facts.minimum_software or "")


def read_values(
    report: Report, supplies: list[Supply], facts: Facts, layout: Layout
) -> Values | Unknown | Refusal:
    """The report's lists as rows; `supplies` are its own. Refuses what contradicts itself or can't be."""
    if not 2 <= report.observed_at.year <= 9998:
        return Refusal("malformed_report", "observed_at is no time")
    meters: list[int | None] = [None] * len(facts.meter_keys)
    new_meters: list[str] = []
    place_of = layout.meters.get
    for meter in report.meters or ():
        key = meter.meter if meter.unit == "impressions" else meter_key(meter)
        place = place_of(key)
        if place is None:
            new_meters.append(key)
        elif meters[place] is None:
            meters[place] = meter.count
        else:
            return Refusal("malformed_report", f"the meter {key} stands twice")
    fullness = facts.waste_reports_fullness
    levels: list[int | None] = [supply.if_full if fullness else supply.level for supply in supplies]
    cartridges: list[str | None] = [supply.cartridge for supply in supplies]
    new_slots: list[SupplyLevel] = []
    # Nearly every report names its slots as they stand in the layout.
    if None in levels or [supply.position for supply in supplies] != layout.in_order:
        found = _by_place(supplies, fullness, layout)
        if isinstance(found, Refusal):
            return found
        levels, cartridges, new_slots = found
    if new_meters or new_slots:
        return _unknown(layout, new_meters, new_slots)
    return Values(meters, levels, cartridges if any(cartridges) else None)


def _by_place(
    supplies: list[Supply], fullness: bool, layout: Layout
) -> tuple[list[int | None], list[str | None], list[SupplyLevel]] | Refusal:
    """Levels and cartridges, each supply where the layout has it, and what it has not."""
    levels: list[int | None] = [None] * len(layout.in_order)
    cartridges: list[str | None] = [None] * len(layout.in_order)
    new: list[SupplyLevel] = []
    for supply in supplies:
        said, level = supply.said, supply.if_full if fullness else supply.level
        if level is None:
            return Refusal("malformed_report", f"slot {said.slot[:24]!r} {supply.problem}")
        place = layout.slots.get(supply.position)
        if place is None:
            new.append(said)
        elif levels[place] is not None:
            return Refusal("malformed_report", f"the slot {said.kind} {said.slot} stands twice")
        else:
            levels[place], cartridges[place] = level, supply.cartridge
    return levels, cartridges, new


def meter_key(meter: Meter) -> str:
    """The meter that a count is of: sheets and lengths are no impressions, whatever word they come under.

    Counted in sheets a meter is one of its own, `total_sheets`; so is one of telemetry.md's five words
    counted in something else, `total_other`. Another word may be the model's own, in a unit of its own.
    """
    if meter.unit == "sheets":
        return f"{meter.meter}{SHEETS}"
    return f"{meter.meter}{OTHER}" if meter.unit == "other" and meter.meter in IMPRESSIONS else meter.meter


def _is_word(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isascii() and text.isprintable() and "/" not in text


def _is_colorant(text: str) -> bool:
    """Nothing, or the printer's own word in its own language."""
    return len(text) <= 24 and text.isprintable() and text == text.strip()


def _unknown(layout: Layout, meters: Sequence[str], slots: Sequence[SupplyLevel]) -> Unknown | Refusal:
    if len(layout.meters) + len(meters) > MAX_METERS or len(layout.slots) + len(slots) > MAX_SLOTS:
        return Refusal("malformed_report", "no printer has so many meters or supplies")
    for name in meters:
        if not _is_word(name.removesuffix(SHEETS), 32):
            return Refusal("malformed_report", f"{name[:40]!r} is no name of a meter")
    for supply in slots:
        if not _is_word(supply.slot, 24):
            return Refusal("malformed_report", f"{supply.slot[:40]!r} is no slot")
        if not _is_colorant(supply.colorant or ""):
            return Refusal("malformed_report", f"{str(supply.colorant)[:40]!r} is no colorant")
    if len(set(meters)) < len(meters) or len({(s.kind, s.colorant or "", s.slot) for s in slots}) < len(
        slots
    ):
        return Refusal("malformed_report", "a meter or slot stands twice")
    return Unknown(list(meters), list(slots))


def clock_is_odd(claimed: dt.datetime, last: dt.datetime | None, received_at: dt.datetime) -> bool:
    """Whether a machine's clock can't be believed (rule 11). Without history, now stands for the last."""
    return claimed > received_at + CLOCK_AHEAD or claimed < (last or received_at) - CLOCK_BEHIND


def clock_lags(claimed: dt.datetime, last: Last, received_at: dt.datetime) -> bool:
    """Whether a machine's clock fell back by less than CLOCK_BEHIND (rule 11).

    So it is when a report is again dated before the device's last one, hours after another was and with
    nothing else between. To be asked only of the youngest report of a device in a batch: what an agent
    delivers late, many at once and the new ones behind them, belongs in its place.
    """
    return (
        last.late_since is not None
        and last.observed_at is not None
        and claimed < min(last.observed_at, received_at - CLOCK_LAGS)
        and received_at - last.late_since >= CLOCK_LAGS
    )


def is_second(path: str, last: Last, received_at: dt.datetime) -> bool:
    """Whether this is the device's own report while an agent reads it (domain rule 15).

    Two voices would contradict each other: printers round their own levels differently from what SNMP says,
    name their supplies otherwise, and send what they counted hours ago. An agent's report is never second.
    """
    return path == "direct" and last.agent_at is not None and received_at - last.agent_at < AGENT_LEADS


def sure_clock(received_at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Between these moments no device's clock is odd, whatever it said last."""
    ahead = received_at + CLOCK_AHEAD
    return ahead - CLOCK_BEHIND, ahead


def judge(
    report: Report,
    values: Values,
    facts: Facts,
    last: Last,
    *,
    received_at: dt.datetime,
    place_at: dt.datetime | None,
    youngest: bool = True,
) -> Kept:
    """The observation that a readable report of a known device becomes.

    `place_at`: the moment to keep it under when its own clock can't be believed; None when it surely can.
    `youngest`: no report of the device in the batch claims a later moment.
    """
    if place_at is None and _is_plain(report, values, facts, last):
        return Kept(
            report.observed_at,
            0,
            True,
            values.meters,
            values.levels,
            None,
            Last(report.observed_at, values.meters, None, last.cartridges, None, last.agent_at),
            [],
        )
    warnings: list[Refusal] = []
    notes = 0
    observed_at = report.observed_at
    if place_at is not None and (
        clock_is_odd(observed_at, last.observed_at, received_at)
        or (youngest and clock_lags(observed_at, last, received_at))
    ):
        notes |= Note.CLOCK
        if observed_at > received_at:
            warnings.append(
                Refusal(
                    "clock_ahead",
                    f"observed_at {observed_at:%Y-%m-%d %H:%M} is ahead; kept under its receipt",
                )
            )
        observed_at = place_at
    if report.path == "direct" and facts.refused_from is not None and _software_is_below(report, facts):
        warnings.append(
            Refusal(
                "software_below_minimum",
                f"software below {facts.minimum_software} is refused from {facts.refused_from}",
            )
        )
    if report.complete is False:
        notes |= Note.INCOMPLETE
    impossible = _too_long(facts, values.meters)
    if impossible is not None:
        notes |= Note.METER_HELD
        warnings.append(impossible)
    if is_second(report.path, last, received_at):
        notes |= Note.SECOND
        return Kept(observed_at, notes, False, values.meters, values.levels, None, last, warnings)
    if last.observed_at is not None and observed_at <= last.observed_at:
        if observed_at < last.observed_at:
            notes |= Note.LATE
            higher = [] if impossible else _above_later(facts, values.meters, last.meters)
            if higher:
                notes |= Note.METER_HELD
                warnings.append(_above_warning(facts, values.meters, last.meters, higher))
        return Kept(observed_at, notes, False, values.meters, values.levels, None, last, warnings)

    meters = values.meters
    held: list[int | None] | None
    lower = [] if impossible else _lower(meters, last.meters)
    if lower:
        if all(fits_rollover(meters[i], last.meters[i], facts.meter_digits) for i in lower):
            notes |= Note.ROLLOVER
        elif last.held is not None and _confirms(meters, lower, last.held):
            notes |= Note.CONTROLLER_REPLACED
        else:
            notes |= Note.METER_HELD
            warnings.append(_held_warning(facts, meters, last.meters, lower))
    if notes & Note.METER_HELD:
        believed, held = merged([None] * len(meters), last.meters), merged(meters, last.held or [])
    else:
        believed, held = merged(meters, last.meters), _still_held(meters, last.held)
    changed, cartridges = _cartridges(values.cartridges, last.cartridges)
    return Kept(
        observed_at,
        notes,
        True,
        meters,
        values.levels,
        values.cartridges if changed else None,
        # A clock that is wrong stays so until a report is in its place without help.
        Last(
            observed_at,
            believed,
            held,
            cartridges,
            last.late_since if notes & Note.CLOCK else None,
            last.agent_at,
        ),
        warnings,
    )


def _is_plain(report: Report, values: Values, facts: Facts, last: Last) -> bool:
    """Whether nothing is to be said of an agent's report: complete, later than the last one, no meter lower
    or too long, nothing held, no cartridge named. What is not surely plain is judged rule by rule.
    """
    if (
        report.path != "agent"
        or report.complete is False
        or values.cartridges is not None
        or last.held is not None
        or last.late_since is not None
        or last.observed_at is None
        or report.observed_at <= last.observed_at
        or len(values.meters) != len(last.meters)
    ):
        return False
    try:
        longest = max(values.meters, default=0)  # type: ignore[type-var]
        return all(map(ge, values.meters, last.meters)) and longest < 10**facts.meter_digits  # type: ignore[arg-type]
    except TypeError:
        return False  # A meter was not told, now or then.


def _too_long(facts: Facts, meters: list[int | None]) -> Refusal | None:
    """Rule 11: no counter shows more digits than it has. The warning for the first that would."""
    limit: int = 10**facts.meter_digits
    for place, count in enumerate(meters):
        if count is not None and count >= limit and not facts.meter_keys[place].endswith((SHEETS, OTHER)):
            return Refusal(
                "meter_held",
                f"{facts.meter_keys[place]} has more than the meter's {facts.meter_digits} digits;"
                " levels were kept",
            )
    return None


def _confirms(meters: list[int | None], lower: list[int], held: list[int | None]) -> bool:
    """Whether a second report agrees that the counters restarted: all that are lower waited for it."""
    waited = all(place < len(held) and held[place] is not None for place in lower)
    return waited and not _lower(meters, held)


def _still_held(meters: list[int | None], held: list[int | None] | None) -> list[int | None] | None:
    """The held meters that a believed report did not mention still wait."""
    if held is None:
        return None
    waiting = [
        old if place >= len(meters) or meters[place] is None else None for place, old in enumerate(held)
    ]
    return waiting if any(old is not None for old in waiting) else None


def _lower(meters: list[int | None], before: list[int | None]) -> list[int]:
    """The places where a meter is below what it was."""
    return [
        place
        for place, (now, then) in enumerate(zip(meters, before, strict=False))
        if now is not None and then is not None and now < then
    ]


def _above_later(facts: Facts, meters: list[int | None], later: list[int | None]) -> list[int]:
    """The places where a late report says more than is known of a later moment."""
    return [
        place
        for place in _lower(later, meters)
        if not fits_rollover(later[place], meters[place], facts.meter_digits)
    ]


def fits_rollover(now: int | None, then: int | None, digits: int) -> bool:
    modulus: int = 10**digits
    if now is None or then is None or then >= modulus:
        return False
    return (now + modulus - then) * ROLLOVER_SHARE < modulus


def merged(now: list[int | None], before: list[int | None]) -> list[int | None]:
    """What was not reported stays what it was."""
    if None not in now:
        return now
    wide = before + [None] * (len(now) - len(before))
    return [old if new is None else new for new, old in zip(now, wide, strict=False)]


def _cartridges(
    now: list[str | None] | None, before: list[str | None] | None
) -> tuple[bool, list[str | None] | None]:
    """Whether a cartridge's serial changed, and the latest serials."""
    if now is None:
        return False, before
    if before is None:
        return True, now
    wide = before + [None] * (len(now) - len(before))
    changed = any(new is not None and new != old for new, old in zip(now, wide, strict=False))
    return changed, [old if new is None else new for new, old in zip(now, wide, strict=False)]


def _held_warning(
    facts: Facts, meters: list[int | None], before: list[int | None], lower: list[int]
) -> Refusal:
    place = lower[0]
    now, then = meters[place], before[place]
    assert now is not None and then is not None
    return Refusal(
        "meter_held", f"{facts.meter_keys[place]} is {then - now:,} below the last read; levels were kept"
    )


def _above_warning(
    facts: Facts, meters: list[int | None], later: list[int | None], higher: list[int]
) -> Refusal:
    place = higher[0]
    now, then = meters[place], later[place]
    assert now is not None and then is not None
    return Refusal(
        "meter_held",
        f"{facts.meter_keys[place]} is {now - then:,} above what was read later; levels were kept",
    )


__all__ = [
    "Facts",
    "Kept",
    "Last",
    "Layout",
    "Refusal",
    "Unknown",
    "Values",
    "admit",
    "clock_is_odd",
    "clock_lags",
    "fits_rollover",
    "is_second",
    "judge",
    "merged",
    "meter_key",
    "read_values",
    "sure_clock",
]
