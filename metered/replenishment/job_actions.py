"""The only writer of heavy jobs (domain rule 23): announced, changed and withdrawn until they begin."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import MailKind, User
from metered.accounts.queries import recipients_for_system
from metered.fleet.models import Device
from metered.lib.errors import Refused
from metered.notify.actions import post
from metered.replenishment import heavy
from metered.replenishment.actions import look_again
from metered.replenishment.models import AnnouncedJob, HeavyJob

MOST_PAGES = 10_000_000
FARTHEST = dt.timedelta(days=366)
NAMED = 5
"""A mail names at most so many printers."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What is announced: `pages` of all `devices` together, `coverage` percent of the page or None."""

    devices: Sequence[Device]
    starts_on: dt.date
    ends_on: dt.date
    pages: int
    colour_pages: int = 0
    coverage: int | None = None
    note: str = ""

    def shares(self) -> dict[int, heavy.Share]:
        """Device id → what it prints of it."""
        tinted = [device.model.colour for device in self.devices]
        spread = heavy.shares(self.pages, self.colour_pages, tinted)
        return {device.pk: share for device, share in zip(self.devices, spread, strict=True)}

    def check(self, today: dt.date) -> None:
        """Raises Refused for what can't be announced."""
        devices = self.devices
        if not devices:
            raise Refused(_("Choose the printers."), code="no_devices")
        if any(device.removed_at is not None for device in devices):
            raise Refused(_("One of these printers was taken out of use."), code="device_removed")
        if len({device.address_id for device in devices}) > 1:
            raise Refused(_("Choose printers of one address."), code="addresses")
        if self.ends_on < self.starts_on:
            raise Refused(_("The last day is before the first one."), code="dates")
        if self.starts_on < today:
            raise Refused(_("The first day is over. Choose today or a later day."), code="job_over")
        if self.ends_on > today + FARTHEST:
            raise Refused(_("Announce a job at most a year ahead."), code="too_far")
        if not 0 < self.pages <= MOST_PAGES or not 0 <= self.colour_pages <= self.pages:
            raise Refused(_("Give the pages, and how many of them are in colour."), code="no_pages")
        if self.colour_pages and not any(device.model.colour for device in devices):
            raise Refused(_("None of these printers prints in colour."), code="no_colour")
        if any(share.pages == 0 for share in self.shares().values()):
            said = _("There are too few pages for so many printers: some would have nothing to print.")
            raise Refused(said, code="nothing_to_print")


@transaction.atomic
def announce_job(*, announced: Announced, once: uuid.UUID, actor: User | None) -> AnnouncedJob:
    """Announces volume that comes beside the usual. The same `once` again gives the same job.

    Raises Refused as `Announced.check` does.
    """
    announced.check(timezone.localdate())
    first = announced.devices[0]
    job, new = AnnouncedJob.objects.get_or_create(
        once=once,
        defaults={
            "account_id": first.account_id,
            "address_id": first.address_id,
            "announced_by": actor,
            "step": once,
            **_columns(announced),
        },
    )
    if not new:
        return job
    _write_parts(job, announced, actor)
    _done(job, "announced", actor, None, _said(job))
    return job


@transaction.atomic
def change_job(
    *, job: AnnouncedJob, announced: Announced, once: uuid.UUID, seen: uuid.UUID, actor: User | None
) -> AnnouncedJob:
    """Puts other printers, pages or dates in the place of those announced.

    `seen`: the job's `step` when the form was opened. The same `once` again changes nothing. Refused once the
    job has begun or was withdrawn, when somebody changed it meanwhile (code "changed"), and as
    `Announced.check` does; printers stay at the address that it was announced for.
    """
    job = _locked(job)
    if job.step == once:
        return job
    _still_ahead(job)
    if job.step != seen:
        raise Refused(_("Somebody changed this job while you were typing."), code="changed")
    announced.check(timezone.localdate())
    if announced.devices[0].address_id != job.address_id:
        raise Refused(_("Choose printers of one address."), code="addresses")
    before = _said(job)
    for name, value in _columns(announced).items():
        setattr(job, name, value)
    job.step = once
    job.save()
    _end_parts(job)
    _write_parts(job, announced, actor)
    _done(job, "changed", actor, before, _said(job))
    return job


@transaction.atomic
def withdraw_job(*, job: AnnouncedJob, actor: User | None) -> AnnouncedJob:
    """The job does not come: nothing more is sent for it. Twice changes nothing; refused once it began."""
    job = _locked(job)
    if job.withdrawn_at is not None:
        return job
    _still_ahead(job)
    job.withdrawn_at = timezone.now()
    job.save(update_fields=["withdrawn_at"])
    before = _said(job)
    _end_parts(job)
    _done(job, "withdrew", actor, before, None)
    return job


def may_be_changed(job: AnnouncedJob, today: dt.date) -> bool:
    """It has neither begun nor been withdrawn."""
    return job.withdrawn_at is None and job.starts_on > today


def _locked(job: AnnouncedJob) -> AnnouncedJob:
    rows = AnnouncedJob.objects.select_for_update(of=("self",)).select_related("address")
    locked: AnnouncedJob = rows.get(pk=job.pk)
    return locked


def _still_ahead(job: AnnouncedJob) -> None:
    if job.withdrawn_at is not None:
        raise Refused(_("This job was withdrawn."), code="withdrawn")
    if not may_be_changed(job, timezone.localdate()):
        said = _("This job has begun: what was announced can't be changed any more.")
        raise Refused(said, code="begun")


def _columns(announced: Announced) -> dict[str, Any]:
    return {
        "starts_on": announced.starts_on,
        "ends_on": announced.ends_on,
        "pages": announced.pages,
        "colour_pages": announced.colour_pages,
        "coverage": announced.coverage,
        "note": announced.note,
    }


def _write_parts(job: AnnouncedJob, announced: Announced, actor: User | None) -> None:
    HeavyJob.objects.bulk_create(
        HeavyJob(
            account_id=job.account_id,
            job=job,
            device_id=device,
            starts_on=job.starts_on,
            ends_on=job.ends_on,
            pages=share.pages,
            colour_pages=share.colour,
            coverage=job.coverage,
            note=job.note,
            announced_by=actor,
        )
        for device, share in sorted(announced.shares().items())
    )


def _end_parts(job: AnnouncedJob) -> None:
    job.parts.filter(cancelled_at=None).update(cancelled_at=timezone.now())


def _said(job: AnnouncedJob) -> dict[str, Any]:
    parts = job.parts.filter(cancelled_at=None).order_by("device__serial")
    return {
        "devices": list(parts.values_list("device__serial", flat=True)),
        "pages": job.pages,
        "colour_pages": job.colour_pages,
        "coverage": job.coverage,
        "starts_on": job.starts_on.isoformat(),
        "ends_on": job.ends_on.isoformat(),
        "note": job.note,
    }


def _done(job: AnnouncedJob, verb: str, actor: User | None, before: Any, after: Any) -> None:
    """Written down, told to the address's orderers, and weighed again."""
    log(
        actor=actor,
        account_id=job.account_id,
        address_id=job.address_id,
        verb=verb,
        kind="heavy job",
        public_id=job.public_id,
        before=before,
        after=after,
    )
    latest = job.parts.order_by("-pk").values_list("cancelled_at", flat=True).first()
    rows = (
        job.parts.filter(cancelled_at=latest).select_related("device__model").order_by("device__name", "pk")
    )
    labels = [part.device.label for part in rows]
    step = f":{job.step}" if verb == "changed" else ""
    post(
        event=f"heavy_job:{job.public_id}:{verb}{step}",
        to=recipients_for_system(job.account_id, address_id=job.address_id, kind=MailKind.ORDERS),
        template="heavy_job",
        values={
            "verb": verb,
            "who": str(actor) if actor else "",
            "address_name": job.address.name,
            "devices": labels[:NAMED],
            "more": max(len(labels) - NAMED, 0),
            "pages": job.pages,
            "colour_pages": job.colour_pages,
            "first_on": job.starts_on.isoformat(),
            "last_on": job.ends_on.isoformat(),
            "note": job.note,
            "job_path": f"/heavy-jobs/{job.public_id}/",
        },
    )
    look_again(address_ids=[job.address_id])
