"""Reading is scoped by the viewer: rows of another account, or of an address the viewer is not
admitted to, look exactly like rows that don't exist."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from metered.accounts.access import Viewer


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that carry `account`, and where one applies a way to their address."""

    address_path: str | None = None

    def visible_to(self, viewer: Viewer) -> Self:
        """The rows this viewer may see.

        Rows without an address (contract, people, statements) are hidden from a viewer who is limited
        to addresses.
        """
        rows = self.filter(account_id=viewer.account_id)
        if viewer.address_ids is None:
            return rows
        if self.address_path is None:
            return rows.none()
        return rows.filter(**{f"{self.address_path}__in": viewer.address_ids})


def OwnedManager(address_path: str | None = None) -> Any:
    """A manager whose queryset knows the way from a row to its address, such as ``device__address_id``."""
    queryset = type("OwnedQuerySet", (OwnedQuerySet,), {"address_path": address_path, "__module__": __name__})
    return models.Manager.from_queryset(queryset)()
