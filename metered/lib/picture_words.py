"""The words of metered.lib.pictures in the language of the moment."""

from __future__ import annotations

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from metered.lib.pictures import Words
from metered.lib.wording import short_month


def words() -> Words:
    """Translated words for the pictures; call it while the viewer's language is active."""
    return Words(
        today=_("today"),
        days=_("{n} days"),
        one_day=_("1 day"),
        days_between=_("{low} to {high} days"),
        days_over=_("over {n} days"),
        out_now=_("may be out now"),
        not_known=_("not known yet"),
        delivery=_("Delivery expected in {n} days"),
        delivery_today=_("Delivery expected today"),
        outlook_title=_("Days of supply left"),
        outlook_alt=_("{title}, {n} supplies. First: {device}, {supply}, {span}."),
        outlook_none=_("{title}: nothing to show yet."),
        device=_("Device"),
        place=_("Place"),
        supply=_("Supply"),
        sure=_("Sure for"),
        likely=_("Likely until"),
        arrives=_("Delivery in"),
        levels_title=_("Levels, last {past} days and forecast"),
        levels_alt=_("{title}. {now}."),
        level_now=_("{name} {value}"),
        silence=_("no reports"),
        swap=_("{name}: new cartridge"),
        day=_("Day"),
        runs_out=_("Runs out in"),
        percent=_("{n}%"),
        percent_full=_("{n}% full"),
        low=pgettext("level", "Low"),
        empty=pgettext("level", "Empty"),
        nearly_full=pgettext("level", "Nearly full"),
        full=pgettext("level", "Full"),
        some=pgettext("level", "Some left"),
        unknown=pgettext("level", "Not known"),
        unrestricted=pgettext("level", "No limit"),
        missing=pgettext("level", "Not reported"),
        level_alt=_("Level: {value}"),
        months=tuple(short_month(number) for number in range(1, 13)),
        date=_("{day} {month}"),
        thousands=str(get_format("THOUSAND_SEPARATOR")),
    )
