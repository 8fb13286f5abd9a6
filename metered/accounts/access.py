"""The whole access law. docs/access.md says it in prose; tests/test_access.py is the matrix.

A viewer is one person acting for one account in one role, perhaps limited to some addresses.
Everything a page or an API shows is read through `OwnedQuerySet.visible_to(viewer)`, and everything
it does asks `viewer.may(…)` first. Someone else's row and a missing row answer alike: 404.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

Ability = Literal["see", "report", "order", "manage"]

ABILITIES: dict[str, frozenset[Ability]] = {
    "owner": frozenset({"see", "report", "order", "manage"}),
    "orderer": frozenset({"see", "report", "order"}),
    "reporter": frozenset({"see", "report"}),
    "viewer": frozenset({"see"}),
}
"""Domain rule 4: `report` is reads and stock; `order` is orders, returns, heavy jobs and automatic
replenishment; `manage` is people and addresses."""


@dataclass(frozen=True)
class Viewer:
    """One person acting for one account. `address_ids` None means every address of the account."""

    user_id: int
    account_id: int
    role: str
    address_ids: frozenset[int] | None = None

    def may(self, ability: Ability) -> bool:
        return ability in ABILITIES[self.role]


def viewer_by(membership: Any) -> Viewer:
    """As whom a membership acts; it carries `admitted`, the ids of its addresses (accounts.queries)."""
    addresses = frozenset(membership.admitted) if membership.limited else None
    return Viewer(membership.user_id, membership.account_id, membership.role, addresses)


def viewer_of(request: HttpRequest) -> Viewer:
    """The viewer that `ViewerMiddleware` found for this request. Only inside `@for_viewers` views."""
    viewer = getattr(request, "viewer", None)
    if not isinstance(viewer, Viewer):
        raise PermissionDenied
    return viewer


def for_viewers(
    ability: Ability = "see",
    *,
    whole: bool = False,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Admits people who act for an account and whose role has `ability`; others get 403.

    `whole`: and who is not limited to some of its addresses: people and activity are the whole account's.
    A signed-in person without any account is sent to the page that says what to do.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            viewer = getattr(request, "viewer", None)
            if viewer is None:
                return redirect("no_account")
            if not viewer.may(ability) or (whole and viewer.address_ids is not None):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        wrapped.ability = ability  # type: ignore[attr-defined]
        return wrapped

    return decorate
