"""An account's activity in plain words: who did what to which, and what was before. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.accounts.words import role_name
from metered.lib import wording
from metered.lib.said import told

KINDS: dict[str, tuple[str, ...]] = {
    "people": ("member", "invitation", "join request", "message to support", "key for programs"),
    "orders": ("order", "order line", "problem"),
    "returns": ("return", "leftover"),
    "devices": ("device", "heavy job", "token", "agent"),
    "addresses": ("address", "stock"),
}
"""The words of the filter, and the kinds of entry that they stand for."""

SENTENCES: dict[tuple[str, str], Any] = {
    ("member", "activated"): gettext_lazy("%(person)s activated the account and owns it"),
    ("member", "joined"): gettext_lazy("%(person)s accepted the invitation and joined"),
    ("member", "changed"): gettext_lazy("%(who)s changed what %(person)s may do"),
    ("member", "removed"): gettext_lazy("%(who)s took %(person)s out of the account"),
    ("member", "left"): gettext_lazy("%(person)s left the account"),
    ("member", "became owner"): gettext_lazy("%(who)s made %(person)s the owner"),
    ("member", "handed over"): gettext_lazy("%(who)s handed the account over"),
    ("invitation", "invited"): gettext_lazy("%(who)s invited %(person)s"),
    ("invitation", "sent again"): gettext_lazy("%(who)s sent the invitation of %(person)s again"),
    ("invitation", "withdrawn"): gettext_lazy("%(who)s took back the invitation of %(person)s"),
    ("join request", "asked to join"): gettext_lazy("%(person)s asked to join"),
    ("join request", "approved"): gettext_lazy("%(who)s let %(person)s join"),
    ("join request", "declined"): gettext_lazy("%(who)s did not let %(person)s join"),
    ("order", "placed"): gettext_lazy("%(who)s placed order %(what)s"),
    ("order", "held"): gettext_lazy("%(who)s said “not now” to order %(what)s"),
    ("order", "resumed"): gettext_lazy("%(who)s let order %(what)s go after all"),
    ("order", "postponed"): gettext_lazy("%(who)s put off order %(what)s: the address takes no deliveries"),
    ("order", "released"): gettext_lazy("%(who)s released order %(what)s"),
    ("order", "shipped"): gettext_lazy("%(who)s shipped order %(what)s"),
    ("order", "delivered"): gettext_lazy("%(who)s noted the delivery of order %(what)s"),
    ("order", "cancelled"): gettext_lazy("%(who)s cancelled order %(what)s"),
    ("order", "stopped"): gettext_lazy("%(who)s stopped order %(what)s: nothing of it is needed any more"),
    ("order line", "cancelled"): gettext_lazy("%(who)s cancelled a line of order %(what)s"),
    ("problem", "reported"): gettext_lazy("%(who)s reported something wrong with order %(what)s"),
    ("problem", "answered"): gettext_lazy("%(who)s answered what was reported of order %(what)s"),
    ("return", "filed"): gettext_lazy("%(who)s filed the return %(what)s"),
    ("return", "confirmed"): gettext_lazy("%(who)s confirmed the return %(what)s"),
    ("return", "rejected"): gettext_lazy("%(who)s did not take back the return %(what)s"),
    ("return", "chose the address of"): gettext_lazy(
        "%(who)s found out where the return %(what)s is picked up"
    ),
    ("return", "arranged the pick-up of"): gettext_lazy(
        "%(who)s arranged the pick-up of the return %(what)s"
    ),
    ("return", "withdrew"): gettext_lazy("%(who)s withdrew the return %(what)s"),
    ("return", "handed over"): gettext_lazy("%(who)s handed the return %(what)s to the carrier"),
    ("return", "received"): gettext_lazy("%(who)s counted what arrived of the return %(what)s"),
    ("return", "closed"): gettext_lazy("%(who)s settled the return %(what)s"),
    ("leftover", "assigned"): gettext_lazy("%(who)s gave what was left over to another device: %(what)s"),
    ("leftover", "said none is left"): gettext_lazy("%(who)s said that none is left over: %(what)s"),
    ("message to support", "wrote"): gettext_lazy("%(who)s wrote to support"),
    ("message to support", "answered"): gettext_lazy("%(who)s answered a message to support"),
    ("stock", "counted"): gettext_lazy("%(who)s counted the shelf: %(what)s"),
    ("stock", "asked for a count"): gettext_lazy("%(who)s asked for a count: %(what)s"),
    ("device", "named"): gettext_lazy("%(who)s changed name or place of %(what)s"),
    ("device", "moved"): gettext_lazy("%(who)s moved %(what)s to another address"),
    ("device", "corrected the serial of"): gettext_lazy("%(who)s corrected the serial number of %(what)s"),
    ("device", "asked for a change of"): gettext_lazy("%(who)s asked for a change of %(what)s"),
    ("device", "declined a change of"): gettext_lazy("%(who)s declined a change of %(what)s"),
    ("device", "asked for the next report of"): gettext_lazy("%(who)s checked the connection of %(what)s"),
    ("device", "asked for a read"): gettext_lazy("%(who)s asked for a meter read of %(what)s"),
    ("device", "withdrew a read asked for"): gettext_lazy(
        "%(who)s no longer asks for a meter read of %(what)s"
    ),
    ("device", "corrected a read"): gettext_lazy("%(who)s corrected a meter read of %(what)s"),
    ("device", "did not accept a read"): gettext_lazy("%(who)s did not accept a meter read of %(what)s"),
    ("device", "switched replenishment"): gettext_lazy("%(who)s switched automatic supplies for %(what)s"),
    ("device", "removed"): gettext_lazy("%(who)s took %(what)s out of use"),
    ("device", "added"): gettext_lazy("%(who)s added %(what)s"),
    ("device", "entered a read"): gettext_lazy("%(who)s entered a meter read of %(what)s"),
    ("device", "accepted a read"): gettext_lazy("%(who)s accepted a meter read of %(what)s"),
    ("heavy job", "announced"): gettext_lazy("%(who)s announced a heavy job"),
    ("heavy job", "changed"): gettext_lazy("%(who)s changed a heavy job"),
    ("heavy job", "withdrew"): gettext_lazy("%(who)s withdrew a heavy job"),
    ("agent", "added"): gettext_lazy("%(who)s named the new device agent %(what)s"),
    ("agent", "made a code for"): gettext_lazy(
        "%(who)s made an enrolment code for the device agent %(what)s"
    ),
    ("agent", "enrolled"): gettext_lazy("The device agent %(what)s enrolled"),
    ("agent", "renamed"): gettext_lazy("%(who)s renamed the device agent %(what)s"),
    ("agent", "revoked"): gettext_lazy("%(who)s revoked the device agent %(what)s"),
    ("key for programs", "made"): gettext_lazy("%(who)s made a key for a program"),
    ("key for programs", "revoked"): gettext_lazy("%(who)s took the key of a program back"),
    ("token", "issued"): gettext_lazy("%(who)s made a key for %(what)s to report with"),
    ("token", "revoked"): gettext_lazy("%(who)s took a key for reporting back"),
    ("address", "changed"): gettext_lazy("%(who)s changed the address %(what)s"),
    ("address", "retired"): gettext_lazy("%(who)s took the address %(what)s out of use"),
    ("address", "worded"): gettext_lazy("%(who)s changed the address %(what)s"),
}
VERBS: dict[str, Any] = {
    "added": gettext_lazy("%(who)s added %(thing)s"),
    "removed": gettext_lazy("%(who)s removed %(thing)s"),
}
OTHER: Any = gettext_lazy("%(who)s changed %(thing)s")
"""What is said of an entry that nothing more is known of."""

THINGS: dict[str, Any] = {
    "account": gettext_lazy("the account's record"),
    "address": gettext_lazy("the address %(what)s"),
    "agent": gettext_lazy("the device agent %(what)s"),
    "contract": gettext_lazy("the contract %(what)s"),
    "device": gettext_lazy("the device %(what)s"),
    "member": gettext_lazy("the part of %(person)s"),
    "membership": gettext_lazy("somebody's part in the account"),
    "order": gettext_lazy("order %(what)s"),
    "order line": gettext_lazy("a line of order %(what)s"),
    "return": gettext_lazy("the return %(what)s"),
    "leftover": gettext_lazy("what is left over: %(what)s"),
}

LABELS: dict[str, Any] = {
    "addresses": gettext_lazy("Addresses"),
    "because": gettext_lazy("Because"),
    "boxes": gettext_lazy("Boxes"),
    "carrier": gettext_lazy("Carrier"),
    "contact_email": gettext_lazy("Contract's contact"),
    "device": gettext_lazy("Device"),
    "host": gettext_lazy("Computer"),
    "address": gettext_lazy("Address"),
    "lines": gettext_lazy("Lines"),
    "name": gettext_lazy("Name"),
    "pages": gettext_lazy("Pages"),
    "role": gettext_lazy("Role"),
    "starts_on": gettext_lazy("From"),
    "status": gettext_lazy("State"),
    "taken_at": gettext_lazy("Read at"),
    "supply": gettext_lazy("Supply"),
    "tracking": gettext_lazy("Tracking number"),
    "units": gettext_lazy("Units"),
    "values": gettext_lazy("Meters"),
    "version": gettext_lazy("Version"),
}
SAID = {"person", "email", "number", "hint"}
"""What stands in the sentence already, or says nothing to people."""


@dataclass(frozen=True)
class Known:
    """What an entry is about, where it still exists: its name, and its page."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    when: str
    sentence: str
    changes: list[Change]
    url: str


def entry(row: Mapping[str, Any], known: Known | None) -> Entry:
    before, after = row["before"], row["after"]
    facts = {**_facts(before), **_facts(after)}
    who = row["actor_name"] if row["actor_id"] else _("The portal")
    person = str(facts.get("person") or facts.get("email") or _("somebody"))
    what = known.name if known else str(facts.get("number") or facts.get("name") or "")
    values = {"who": who, "person": person, "what": what or _("that is gone now")}
    return Entry(
        when=wording.stamp(row["at"], zone=True),
        sentence=_sentence(row["kind"], row["verb"], values),
        changes=_changes(before, after),
        url=known.url if known else "",
    )


def _sentence(kind: str, verb: str, values: dict[str, str]) -> str:
    known = SENTENCES.get((kind, verb))
    if known is not None:
        return str(known) % values
    thing = THINGS.get(kind)
    named = str(thing) % values if thing is not None else kind
    return str(VERBS.get(verb, OTHER)) % {**values, "thing": named}


def _facts(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _changes(before: Any, after: Any) -> list[Change]:
    """What differs, by name; a bare value before or after stands without a name."""
    if not isinstance(before, dict) and not isinstance(after, dict):
        if before in (None, "") and after in (None, ""):
            return []
        return [Change("", _text("", before), _text("", after))]
    old, new = _facts(before), _facts(after)
    changed = [key for key in {**old, **new} if key not in SAID and old.get(key) != new.get(key)]
    # A part in the account is told whole: "all addresses" is nothing in the row.
    changed += [
        key for key in ("addresses",) if key in {**old, **new} and key not in changed and not (old and new)
    ]
    return [
        Change(
            str(LABELS.get(key) or key.replace("_", " ").capitalize()),
            _text(key, old.get(key)) if key in old else "",
            _text(key, new.get(key)) if key in new else "",
        )
        for key in changed
    ]


def _text(key: str, value: Any) -> str:
    """A value of the log as people write it."""
    if key == "addresses":
        return ", ".join(value) if value else _("All addresses")
    if key == "role":
        return role_name(str(value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int):
        return wording.grouped(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text('', item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_text("", item) for item in value)
    text = "" if value is None else told(str(value))
    return _moment(text) or CODES.get(text, lambda: text)()


CODES: dict[str, Callable[[], str]] = {
    "on": lambda: _("On"),
    "off": lambda: _("Off"),
    "starting": lambda: _("Starts once use is known"),
    "accepted": lambda: _("Accepted"),
    "held": lambda: _("Waits for a second look"),
    "confirmed": lambda: _("Confirmed by who entered it"),
    "active": lambda: _("Active"),
    "suspended": lambda: _("Suspended"),
    "ended": lambda: _("Ended"),
}
"""Words of the database, as people say them."""


def _moment(text: str) -> str:
    if len(text) < 10 or not text[:4].isdecimal() or text[4] != "-":
        return ""
    try:
        if len(text) == 10:
            return wording.full_day(dt.date.fromisoformat(text))
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return ""
    return wording.stamp(moment, zone=True) if moment.tzinfo else ""


def heading(account: str) -> str:
    return _("Who did what for %(account)s") % {"account": account}
