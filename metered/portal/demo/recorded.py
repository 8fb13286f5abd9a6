"""Printers that bear the serials of the recordings used for development, all at one address.

Their slots are those that the device agent reports from the recordings, and their histories end just above
the recorded levels and meters: pushing the recordings continues them, without a swap and without a meter
that falls. Four inks of the WF-C5790 fall from 12 to 1 percent then, and one order follows.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

SLACK = dt.timedelta(hours=6)
OLDEST = dt.timedelta(days=80)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A device as recorded: meters total, mono, colour (0 where the recording has none), and its slots.

    `sheets`: its total counts sheets, which is a meter of its own and not billed.

    A slot is code, kind, colorant, percent left or a word, name. `spare`: codes with a unit on the shelf.
    `drops`: how many percent the recording lies below the history's end.
    """

    serial: str
    model: str
    name: str
    place: str
    monthly: int
    meters: tuple[int, int, int]
    slots: tuple[tuple[str, str, str, float | str, str], ...]
    spare: tuple[str, ...] = ()
    drops: int = 1
    sheets: bool = False


RECORDED = (
    Recorded(
        "MKRA012345", "Canon LBP6670", "Triage", "Ground floor, bay 1", 260, (0, 0, 0),
        (("1.1", "toner", "", 70, "Canon Cartridge 719/719H"),),
    ),
    Recorded(
        "X8G9000415", "Epson SC-T3405", "Facilities plans", "Basement, engineering office", 5, (145, 0, 0),
        (
            ("1.1", "ink", "yellow", 83, "Yellow Ink Cartridge"),
            ("1.2", "ink", "magenta", 84, "Magenta Ink Cartridge"),
            ("1.3", "ink", "cyan", 84, "Cyan Ink Cartridge"),
            ("1.4", "ink", "black", 82, "Black Ink Cartridge"),
            ("1.5", "waste", "", 67, "Maintenance Box"),
        ),
        sheets=True,
    ),
    Recorded(
        "X3B8022793", "Epson WF-C5790", "Volunteers' desk", "Lobby, information desk", 25, (0, 0, 0),
        (
            ("1.1", "ink", "black", 1, "Black Ink Supply Unit T9441/T9451/T9461"),
            ("1.2", "ink", "cyan", 1, "Cyan Ink Supply Unit T9442/T9452"),
            ("1.3", "ink", "magenta", 1, "Magenta Ink Supply Unit T9443/T9453"),
            ("1.4", "ink", "yellow", 1, "Yellow Ink Supply Unit T9444/T9454"),
        ),
        drops=11,
    ),
    Recorded(
        "TC101630131338", "Fujifilm ApeosPro C810", "Patient education", "2nd floor, print room", 240,
        (0, 0, 0),
        (
            ("1.2", "toner", "yellow", 100, "Yellow Toner"),
            ("1.3", "toner", "magenta", 100, "Magenta Toner"),
            ("1.4", "toner", "cyan", 100, "Cyan Toner"),
            ("1.5", "waste", "", "some_remaining", "Waste Toner Container"),
            ("1.6", "drum", "black", 99, "Black Drum Cartridge"),
            ("1.7", "drum", "yellow", 99, "Yellow Drum Cartridge"),
            ("1.8", "drum", "magenta", 99, "Magenta Drum Cartridge"),
            ("1.9", "drum", "cyan", 99, "Cyan Drum Cartridge"),
            ("1.30", "toner", "black", 100, "Black Toner 1"),
            ("1.31", "toner", "black", 90, "Black Toner 2"),
        ),
    ),
    Recorded(
        "VNCRC48198", "HP LaserJet MFP M130nw", "Social work", "3rd floor, room 318", 150, (15232, 15232, 0),
        (
            ("1.1", "toner", "black", 28, "Black Cartridge HP CF217A"),
            ("1.5", "drum", "", 71, "Imaging Drum HP CF219A"),
        ),
        spare=("1.1",),
    ),
    Recorded(
        "AA2M021115700", "Konica Minolta bizhub C250i", "Cardiology", "4th floor, nurse station", 900,
        (33810, 26548, 7255),
        (
            ("1.1", "toner", "cyan", 76, "Toner (Cyan)"),
            ("1.2", "toner", "magenta", 78, "Toner (Magenta)"),
            ("1.3", "toner", "yellow", 77, "Toner (Yellow)"),
            ("1.4", "toner", "black", 86, "Toner (Black)"),
            ("1.13", "waste", "", "some_remaining", "Waste Toner Box"),
        ),
        spare=("1.13",),
    ),
    Recorded(
        "RH28Y00024", "Kyocera CS 4053ci", "Surgery scheduling", "5th floor, room 502", 1600,
        (76498, 36347, 39717),
        (
            ("1.1", "toner", "cyan", 50, "TK-8527C"),
            ("1.2", "toner", "magenta", 32, "TK-8527M"),
            ("1.3", "toner", "yellow", 55, "TK-8527Y"),
            ("1.4", "toner", "black", 72, "TK-8527K"),
            ("1.5", "waste", "", "some_remaining", "Waste Toner Box"),
        ),
        spare=("1.2", "1.5"),
    ),
    Recorded(
        "W492KB03439", "Ricoh Aficio MP C3002", "Human resources", "1st floor, room 120", 1900,
        (271871, 0, 0),
        (
            ("1.1", "toner", "black", 40, "Black Toner"),
            ("1.2", "waste", "", 100, "Waste Toner"),
            ("1.3", "toner", "cyan", 20, "Cyan Toner"),
            ("1.4", "toner", "magenta", 50, "Magenta Toner"),
            ("1.5", "toner", "yellow", 50, "Yellow Toner"),
        ),
        spare=("1.1", "1.3"),
        drops=0,
        sheets=True,
    ),
    Recorded(
        "6509415X00", "Sharp MX-3570N", "Outpatient registration", "Ground floor, windows 1–4", 2100,
        (121104, 91164, 29940),
        (
            ("1.1", "toner", "cyan", 55, "Cyan Toner"),
            ("1.2", "toner", "magenta", 19, "Magenta Toner"),
            ("1.3", "toner", "yellow", 40, "Yellow Toner"),
            ("1.4", "toner", "black", 34, "Black Toner"),
            ("1.5", "waste", "", "unknown", "Waste Toner"),
            ("1.6", "drum", "cyan", 81, "Cyan Photoconductive Drum"),
            ("1.7", "drum", "magenta", 81, "Magenta Photoconductive Drum"),
            ("1.8", "drum", "yellow", 81, "Yellow Photoconductive Drum"),
            ("1.9", "drum", "black", 95, "Black Photoconductive Drum"),
            ("1.10", "other", "cyan", 91, "Cyan Developer"),
            ("1.11", "other", "magenta", 91, "Magenta Developer"),
            ("1.12", "other", "yellow", 91, "Yellow Developer"),
            ("1.13", "other", "black", 74, "Black Developer"),
            ("1.14", "fuser", "", "unknown", "Fusing Unit"),
        ),
        spare=("1.2", "1.3", "1.4"),
    ),
    Recorded(
        "R9L0309954", "UTAX P-4532DN", "Gift shop", "Lobby", 17, (427, 0, 0),
        (
            ("1.1", "toner", "black", 89, "PK-3010S"),
            ("1.2", "waste", "", "some_remaining", "Waste Toner Box"),
        ),
    ),
)  # fmt: skip


def end_of_history(now: dt.datetime, folder: Path) -> dt.datetime:
    """When the recorded devices' histories end.

    `metered.agent push` dates a report by its file's modification time, and a report older than the device's
    last one is late and decides nothing. So the history stops before the oldest recording (where the folder
    stands beside the checkout), but not so early that two years of it would be old news.
    """
    end = now - dt.timedelta(days=1)
    times = [file.stat().st_mtime for file in folder.glob("*.snmprec")] if folder.is_dir() else []
    if times:
        end = min(end, dt.datetime.fromtimestamp(min(times), dt.UTC) - SLACK)
    return max(end, now - OLDEST)
