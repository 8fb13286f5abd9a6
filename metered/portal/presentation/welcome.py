"""What somebody new should do first. Pure but for the addresses of pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from metered.accounts.access import ABILITIES


@dataclass(frozen=True)
class Step:
    title: str
    text: str
    url: str
    action: str


def steps(role: str, *, whole: bool, has_passkey: bool) -> list[Step]:
    """In the order in which they help; what the person may not do is left out."""
    may = ABILITIES[role]
    asked: list[tuple[bool, str, str, str, str]] = [
        (
            not has_passkey,
            _("Sign in without a password from now on"),
            _("Add a passkey: your fingerprint, face or screen lock instead. It takes half a minute."),
            "mfa_add_webauthn",
            _("Add a passkey"),
        ),
        (
            True,
            _("See whether your printers are all here"),
            _("Each shows what it has left and how long that lasts."),
            "devices",
            _("See the devices"),
        ),
        (
            "manage" in may,
            _("Look where supplies are sent"),
            _("A wrong floor or an old contact costs days."),
            "addresses",
            _("See the addresses"),
        ),
        (
            "manage" in may and whole,
            _("Let colleagues in"),
            _("Whoever orders, counts or enters reads gets a sign-in of their own."),
            "people_invite",
            _("Invite somebody"),
        ),
        (
            "order" in may,
            _("See what is on its way"),
            _("Every order stands there with the reason why, also those that we place by ourselves."),
            "orders",
            _("See the orders"),
        ),
        (
            "order" not in may,
            _("See how long supplies last"),
            _("What runs out first stands on top."),
            "supplies",
            _("See the supplies"),
        ),
    ]
    return [
        Step(title, text, url, action)
        for wanted, title, text, page, action in asked
        if wanted and (url := _url(page))
    ]


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
