"""What the papers of a return say, in the language that is active."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from metered.lib import wording
from metered.returns.papers.content import House, Papers, is_letter, spaced


def breakable(text: str, longest: int = 28) -> str:
    """The text, with places to break in words that could be wider than their column."""
    # Zero-width spaces: nothing is seen where no line ends.
    return re.sub(rf"\S{{{longest},}}", lambda word: "\u200b".join(re.findall(r".{1,8}", word[0])), text)


def together(number: str) -> str:
    """A number whose groups stay in one line."""
    return number.replace(" ", "\N{NO-BREAK SPACE}")


def steps(papers: Papers) -> list[str]:
    """How to pack, step by step."""
    told = [
        _(
            "Leave the supplies in their original cartons, sealed. What is open or was used can't be "
            "returned: please recycle it."
        ),
        _("Put the cartons into an outer box and fill the gaps, so that nothing moves."),
        _("Never put a label or tape on a product's own carton. It goes to somebody else as it is."),
        ngettext("Put this slip into the box, on top.", "Put this slip into box 1, on top.", papers.boxes),
        ngettext(
            "Put the label on the outside of the outer box, and remove or cover old labels.",
            "Put each label on the outside of its outer box (%(boxes)s labels, one a box), and remove or "
            "cover old labels.",
            papers.boxes,
        )
        % {"boxes": papers.boxes},
    ]
    if papers.pallet:
        told.append(_("Stack the boxes on a pallet, labels outward, and wrap it. It is picked up as one."))
    return told


def facts(papers: Papers) -> list[dict[str, str]]:
    """Names and values at the head of the slip; what isn't known isn't named."""
    named = [
        (_("Customer"), papers.account_name),
        (_("Customer number"), papers.customer_number),
        (_("Contact"), papers.contact),
        (_("Phone"), together(papers.phone)),
        (_("Filed on"), wording.full_day(papers.filed_on)),
        (_("Confirmed on"), wording.full_day(papers.confirmed_on)),
        (_("Boxes"), _on_pallet(papers) if papers.pallet else wording.grouped(papers.boxes)),
        (_("Weight"), papers.weight_text),
        (_("Pick-up"), papers.pick_up),
    ]
    return [{"name": name, "value": breakable(value)} for name, value in named if value]


def _on_pallet(papers: Papers) -> str:
    return _("%(boxes)s, on a pallet") % {"boxes": wording.grouped(papers.boxes)}


def common(house: House, country: str, title: str, rma: str = "") -> dict[str, Any]:
    """What every layout needs."""
    return {
        "language": (get_language() or "en")[:2],
        "letter": is_letter(country),
        "operator": house.operator,
        "title": title,
        "rma": spaced(rma) if rma else "",
        "rma_name": _("Confirmation number (RMA)"),
        "page": _("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
        "questions": _("Questions? Call %(phone)s (%(hours)s).")
        % {"phone": house.support_phone, "hours": house.support_hours},
    }


def barcode(papers: Papers, drawn: str, modules: int) -> dict[str, Any]:
    return {"svg": drawn, "modules": modules, "alt": _("Barcode of %(number)s") % {"number": papers.rma}}


def slip(papers: Papers) -> dict[str, Any]:
    count = sum(line.quantity for line in papers.lines)
    return {
        **common(papers.house, papers.country, _("Packing slip"), papers.rma),
        "subtitle": _("Return of supplies to %(operator)s") % {"operator": papers.house.operator},
        "from_name": pgettext("sender", "From"),
        "from": [breakable(line) for line in papers.from_address],
        "to_name": pgettext("receiver", "To"),
        "to": [breakable(line) for line in papers.to_address],
        "facts": facts(papers),
        "steps_name": _("How to pack"),
        "steps": steps(papers),
        "no_credit": _("No credit is given for returned supplies."),
        "lines_name": _("What is in the boxes") if papers.boxes > 1 else _("What is in the box"),
        "head": [_("Quantity"), _("Reorder number"), _("Supply"), pgettext("how many arrived", "Received")],
        "lines": [
            {
                "quantity": wording.grouped(line.quantity),
                "number": breakable(line.reorder_number, longest=18),
                "name": breakable(line.name),
            }
            for line in papers.lines
        ],
        "total": wording.grouped(count),
        "total_name": ngettext("unit in all", "units in all", count),
    }


def label(box: int, of: int) -> str:
    return _("Box %(box)s of %(of)s") % {"box": box, "of": of}


def labels(papers: Papers) -> dict[str, Any]:
    return {
        **common(
            papers.house,
            papers.country,
            ngettext("Return label", "Return labels", papers.boxes),
            papers.rma,
        ),
        "kind": _("Return of supplies"),
        "from_name": pgettext("sender", "From"),
        "from": [
            breakable(line)
            for line in (
                *papers.from_address,
                ", ".join(filter(None, (papers.contact, together(papers.phone)))),
            )
            if line
        ],
        "to_name": pgettext("receiver", "To"),
        "to": [breakable(line) for line in papers.to_address],
        "customer": _("Customer number %(number)s") % {"number": breakable(papers.customer_number)},
        "pallet": _("On a pallet") if papers.pallet else "",
        "outside": _("On the outer box only, never on a product's carton"),
    }
