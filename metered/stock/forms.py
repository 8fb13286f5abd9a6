"""Shapes of what people enter about shelves."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy

MOST = 10_000


def _count_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=MOST,
        # No arrows and no wheel: a number is typed, or left empty.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "7"}),
        error_messages={
            "invalid": gettext_lazy("Enter a whole number, such as 3; or leave it empty."),
            "min_value": gettext_lazy("There can't be less than none."),
            "max_value": gettext_lazy("That is more than any shelf holds."),
        },
    )


class CountForm(forms.Form):
    """Counts of one address. Two fields for each pool: its count, and when it had last been counted.

    `pools`: public id → (label, when it was last counted). An empty field means: not counted.
    """

    once = forms.UUIDField(widget=forms.HiddenInput)
    at = forms.DateTimeField(
        label=gettext_lazy("When was it counted?"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": gettext_lazy("Enter a day and a time, or leave it empty for now.")},
    )

    def __init__(
        self, data: Any = None, *, pools: Mapping[str, tuple[str, dt.datetime | None]], zone: str
    ) -> None:
        super().__init__(data, initial={"once": uuid.uuid4().hex})
        self.fields["at"].help_text = gettext_lazy("Empty means now. Times are %(zone)s.") % {"zone": zone}
        self.pools = list(pools)
        for public_id, (label, counted_at) in pools.items():
            self.fields[f"n-{public_id}"] = _count_field(label)
            self.fields[f"s-{public_id}"] = forms.DateTimeField(
                required=False,
                widget=forms.HiddenInput,
                initial=counted_at.isoformat() if counted_at else "",
            )

    def counted(self) -> dict[str, int]:
        """The counts that can be read, by the pool's public id, also when others can't."""
        read = {public_id: self.cleaned_data.get(f"n-{public_id}") for public_id in self.pools}
        return {public_id: units for public_id, units in read.items() if units is not None}

    def seen(self) -> dict[str, dt.datetime | None]:
        return {public_id: self.cleaned_data.get(f"s-{public_id}") for public_id in self.pools}

    def wrong(self) -> list[str]:
        """The pools whose count can't be read."""
        return [public_id for public_id in self.pools if f"n-{public_id}" in self.errors]

    def rest(
        self, kept: Iterable[str], pools: Mapping[str, tuple[str, dt.datetime | None]], zone: str
    ) -> CountForm:
        """The form once more, as another one: without what was kept, with what else was typed."""
        data: Any = cast(Any, self.data).copy()
        data["once"] = uuid.uuid4().hex
        for public_id, (_label, counted_at) in pools.items():
            data[f"s-{public_id}"] = counted_at.isoformat() if counted_at else ""
        for public_id in kept:
            data[f"n-{public_id}"] = ""
        again = CountForm(data, pools=pools, zone=zone)
        again.is_valid()
        return again
