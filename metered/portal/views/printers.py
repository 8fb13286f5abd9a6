"""Is my printer eligible, and can it still report?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from metered.portal.presentation import printers as words
from metered.portal.public_forms import CanReportForm, EligibilityForm
from metered.portal.queries import printers as queries
from metered.portal.views.public import public_page


@require_safe
@public_page
def eligibility(request: HttpRequest) -> HttpResponse:
    """What a model can do, by its name; htmx gets the answers alone."""
    now = timezone.now()
    form = EligibilityForm(request.GET)
    typed = form.wanted()["search"].strip()
    found, eligible = queries.find_models_for_system(typed)
    bulletins = queries.bulletins_for_system([name.key for name in found.fits], now)
    return render(
        request,
        "portal/eligibility.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "typed": typed,
            "rows": words.rows(found, eligible, bulletins, now.date()),
            "said": words.counted(found),
            "near": words.near(found),
            "unknown": words.unknown(typed, found) if typed and not found.fits else None,
        },
    )


@require_safe
@public_page
def can_report(request: HttpRequest) -> HttpResponse:
    """A model's software, or a device of one's own, against its bulletin."""
    now = timezone.now()
    viewer = getattr(request, "viewer", None)
    form = CanReportForm(request.GET, own=viewer is not None)
    asked = {name: value.strip() for name, value in form.wanted().items()}
    answer, choices = None, []
    if viewer is not None and asked.get("serial"):
        device = queries.own_device(viewer, asked["serial"])
        if device is None:
            answer = words.not_yours()
        else:
            state = getattr(device, "state", None)
            answer = words.can_report(
                name=device.label,
                kind=device.model.eligibility,
                version=state.software if state else "",
                bulletin=queries.bulletins_for_system([device.model_id], now).get(device.model_id),
                today=now.date(),
                path=device.path,
            )
    elif asked["model"]:
        found, eligible = queries.find_models_for_system(asked["model"])
        if found.exact:
            key = found.exact.key
            answer = words.can_report(
                name=words.full_name(found.exact),
                kind=eligible[key],
                version=asked["version"],
                bulletin=queries.bulletins_for_system([key], now).get(key),
                today=now.date(),
            )
        else:
            answer, choices = words.unknown(asked["model"], found), words.choices(found, asked["version"])
    elif asked["version"]:
        answer = words.no_model()
    return render(request, "portal/can_report.html", {"form": form, "answer": answer, "choices": choices})
