"""Roles and limits as people say them. Pure: codes in, words out."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def role_name(role: str) -> str:
    """Owner, Orderer, Reporter, Viewer."""
    return {
        "owner": _("Owner"),
        "orderer": _("Orderer"),
        "reporter": _("Reporter"),
        "viewer": _("Viewer"),
    }.get(role, role)


def role_means(role: str) -> str:
    """What somebody with the role may do (domain rule 4)."""
    return {
        "owner": _("may do everything, and decides who else may"),
        "orderer": _("orders, returns and counts supplies, enters reads, switches automatic supplies"),
        "reporter": _("enters meter reads and counts supplies"),
        "viewer": _("sees everything and changes nothing"),
    }.get(role, "")


def role_choices() -> list[tuple[str, str]]:
    """For a form: the role, and what it means."""
    return [
        (role, _("%(role)s: %(means)s") % {"role": role_name(role), "means": role_means(role)})
        for role in ("viewer", "reporter", "orderer", "owner")
    ]


def where(names: Sequence[str], *, limited: bool) -> str:
    """All addresses, or the names of those that somebody is limited to."""
    if not limited:
        return _("All addresses")
    if not names:
        return _("No address any more")
    if len(names) <= 3:
        return ", ".join(names)
    rest = len(names) - 2
    more = ngettext("%(n)s more", "%(n)s more", rest) % {"n": rest}
    return ", ".join([*names[:2], more])


def part(role: str, names: Sequence[str], *, limited: bool) -> str:
    """Owner, all addresses; Orderer, Main St."""
    place = where(names, limited=limited)
    return f"{role_name(role)}, {place if limited else place[:1].lower() + place[1:]}"
