"""What the API's own documentation shows."""

from __future__ import annotations

from typing import Any

DESCRIPTION = """
What a device agent read from printers, or what a printer sends by itself. At most 2,000 reports and 8 MiB
unpacked. Every report is judged by itself; the answer is 200 also when every one was refused, because the
batch was understood. It is sent after the commit, so that what was answered is kept.

Sending a batch again is safe: a report whose serial and `observed_at` are known changes nothing and counts
as a duplicate, and refused reports are judged anew.

A batch of no reports tells that the agent is alive; `agent.status` tells what it has in hand.

A token of an *agent* may report every device of its account. A token of a *device* reports this one device,
with `path: direct`.
"""

BATCH: dict[str, Any] = {
    "schema": 1,
    "agent": {
        "instance": "0192f0c1-7c1e-7d0b-9a53-2f7a6d1c5e90",
        "version": "1.0.0",
        "sequence": 10233,
        "sent_at": "2026-11-20T06:02:11Z",
        "status": {
            "devices": 412,
            "silent": 3,
            "spooled": 0,
            "spool_oldest": None,
            "dropped": 0,
            "refused": [{"serial": "X1", "reason": "unknown_serial"}],
        },
    },
    "reports": [
        {
            "serial": "3TX481207",
            "observed_at": "2026-11-20T06:01:40Z",
            "path": "agent",
            "model": "VersaLink C7130",
            "vendor": "Xerox",
            "software": "57.40.31",
            "host": "10.1.4.22",
            "complete": True,
            "meters": [
                {
                    "meter": "total",
                    "count": 280587,
                    "unit": "impressions",
                    "source": "1.3.6.1.2.1.43.10.2.1.4.1.1",
                }
            ],
            "supplies": [
                {
                    "slot": "1.4",
                    "kind": "toner",
                    "colorant": "yellow",
                    "description": "Yellow Toner Cartridge",
                    "reorder_number": None,
                    "cartridge_serial": None,
                    "state": "percent",
                    "percent": 11.0,
                    "level": 1320,
                    "capacity": 12000,
                    "unit": "impressions",
                }
            ],
            "alerts": ["toner_low"],
        }
    ],
}

ANSWER: dict[str, Any] = {
    "received": 2000,
    "accepted": 1997,
    "duplicates": 1,
    "refused": [
        {
            "index": 17,
            "serial": "X1",
            "reason": "unknown_serial",
            "detail": "no device of this account has this serial",
        }
    ],
    "warnings": [
        {
            "index": 3,
            "serial": "3TX481207",
            "reason": "meter_held",
            "detail": "mono is 12 below the last read; levels were kept",
        }
    ],
    "server_time": "2026-11-20T06:02:12.204113Z",
    "minimum_agent_version": "1.0.0",
}
