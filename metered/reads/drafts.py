"""Rows that a person brought: previewed, then kept once. The writer of `ReadDraft`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer
from metered.accounts.models import User
from metered.fleet.models import Device, ModelMeter
from metered.lib.errors import Refused
from metered.lib.tables import Rows
from metered.reads.keeping import Outcome, keep_reads, preview
from metered.reads.models import ReadDraft
from metered.reads.rows import Line, Reader, Sheet, storable
from metered.reads.weighing import meter_names
from metered.reads.words_of_reads import doubt_sentence, slip_sentence

LIVES = dt.timedelta(hours=24)
MOST = 2000
"""Rows of one draft."""
OPEN = 20
"""Drafts that one person may have; the oldest go."""


@dataclass(frozen=True)
class Judged:
    """A line and what would become of it, or became of it."""

    line: Line
    outcome: Outcome | None

    @property
    def good(self) -> bool:
        return self.outcome is not None and not self.outcome.refused and self.outcome.doubt is None

    @property
    def asked(self) -> bool:
        return self.outcome is not None and not self.outcome.refused and self.outcome.doubt is not None


@transaction.atomic
def bring_rows(*, viewer: Viewer, rows: Rows, name: str = "", now: dt.datetime | None = None) -> ReadDraft:
    """Puts rows aside for their preview. Refused: more than 2,000 of them."""
    now = now or timezone.now()
    if len(rows) > MOST + 1:
        raise Refused(
            _("These are more than 2,000 rows. Nothing was kept; bring them in two parts."), code="rows"
        )
    mine = ReadDraft.objects.filter(user_id=viewer.user_id)
    mine.filter(expires_at__lte=now).delete()
    kept = list(mine.order_by("-id").values_list("pk", flat=True)[: OPEN - 1])
    mine.exclude(pk__in=kept).delete()
    return ReadDraft.objects.create(
        account_id=viewer.account_id,
        user_id=viewer.user_id,
        name=name[:120],
        rows=storable(rows),
        created_at=now,
        expires_at=now + LIVES,
    )


def draft(viewer: Viewer, public_id: str, *, now: dt.datetime | None = None) -> ReadDraft | None:
    """The viewer's own draft that has not expired; nobody else's, of the same account neither."""
    rows = ReadDraft.objects.filter(
        account_id=viewer.account_id, user_id=viewer.user_id, expires_at__gt=now or timezone.now()
    )
    return rows.filter(public_id=public_id).first()


def sheet_of(viewer: Viewer, found: ReadDraft, now: dt.datetime) -> Sheet:
    """The draft's lines for the devices that the viewer may see now. A read without a date is of when the
    rows were brought."""
    devices = list(
        Device.objects.visible_to(viewer).filter(removed_at=None).select_related("model").order_by("pk")
    )
    meters_of: dict[int, list[str]] = {}
    for model_id, code in (
        ModelMeter.objects.filter(model_id__in={device.model_id for device in devices})
        .order_by("meter_type__order", "meter_type__code")
        .values_list("model_id", "meter_type__code")
    ):
        meters_of.setdefault(model_id, []).append(code)
    reader = Reader(
        devices,
        meters_of,
        meter_names(),
        zone=timezone.get_current_timezone(),
        now=found.created_at,
        once=found.once,
    )
    return reader.read(found.rows)


def judged(sheet: Sheet, now: dt.datetime) -> list[Judged]:
    """Every line with its verdict; nothing is kept."""
    typed = [line.typed for line in sheet.lines if line.typed is not None]
    outcomes = iter(preview(typed=typed, now=now))
    return [Judged(line, next(outcomes) if line.typed is not None else None) for line in sheet.lines]


def why_not(each: Judged, names: dict[str, str]) -> str:
    """Why a line was not kept, or is asked about; empty for one that is good."""
    if each.outcome is None:
        return each.line.problem
    if each.outcome.refused:
        return each.outcome.refused
    if each.outcome.doubt is None:
        return ""
    return doubt_sentence(each.outcome.doubt, names) + " " + slip_sentence(each.outcome.doubt.slip)


@transaction.atomic
def keep_draft(
    *, viewer: Viewer, found: ReadDraft, sure: Collection[int], actor: User, now: dt.datetime | None = None
) -> ReadDraft:
    """Keeps the good lines, and those of the asked ones that the person is `sure` of (line numbers).

    Pressed twice it keeps once. `result` holds how many were kept, how many of them wait for staff, the
    head, and the rest: the cells of each with the reason.
    """
    now = now or timezone.now()
    locked: ReadDraft = ReadDraft.objects.select_for_update().get(pk=found.pk)
    if locked.kept_at is not None:
        return locked
    sheet = sheet_of(viewer, locked, now)
    lines = [line for line in sheet.lines if line.typed is not None]
    typed = [replace(line.typed, sure=line.number in sure) for line in lines if line.typed is not None]
    outcomes = dict(
        zip([line.number for line in lines], keep_reads(typed=typed, actor=actor, now=now), strict=True)
    )
    names = meter_names()
    rest: list[list[Any]] = []
    kept = waiting = 0
    for line in sheet.lines:
        outcome = outcomes.get(line.number)
        if outcome is not None and outcome.read is not None:
            kept += 1
            waiting += outcome.waits
        else:
            rest.append([line.number, list(line.cells), why_not(Judged(line, outcome), names).strip()])
    locked.kept_at = now
    locked.result = {"kept": kept, "waiting": waiting, "head": sheet.head, "rest": rest}
    locked.save(update_fields=["kept_at", "result"])
    return locked


def rest_rows(found: ReadDraft) -> Sequence[Sequence[object]]:
    """What was not kept, with the reason in the last column: ready to be mended and brought again."""
    result = found.result or {"head": [], "rest": []}
    width = max([len(result["head"]), *(len(cells) for _number, cells, _why in result["rest"])], default=0)
    head = [*result["head"], *[""] * (width - len(result["head"])), _("Not kept because")]
    body = [[*cells, *[""] * (width - len(cells)), why] for _number, cells, why in result["rest"]]
    return [head, *body]
