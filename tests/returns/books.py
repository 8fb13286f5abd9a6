"""A machine that orders, counts, returns and receives at random, and keeps books of its own beside ours."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from typing import ClassVar, TypeVar

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from metered.lib.errors import Refused
from metered.returns import actions
from metered.returns.models import Return, ReturnLine
from metered.stock import actions as stock
from metered.stock.models import Entry
from tests import factories as make
from tests.orders.scene import scene
from tests.returns.scene import books, file, filled, person_of, sent

T = TypeVar("T")

WHICH = st.integers(0, 30)
FEW = st.integers(1, 6)


class Books(RuleBasedStateMachine):
    """`shelf` and `leaving` by supply: what ours must say. `back`: units that came back, each once."""

    steps: ClassVar[Counter[str]] = Counter()
    runs: ClassVar[int] = 0
    tell: ClassVar[Callable[[], object]] = staticmethod(lambda: None)
    """Says how far it is, every hundred runs."""

    @initialize()
    def begin(self) -> None:
        # Rolled back at the end: the tables stay as small as one run.
        self.run = transaction.atomic()
        self.run.__enter__()
        self.made = scene()
        sent(self.made, 4)
        self.person = person_of(self.made)
        self.staff = make.user(f"sam-{uuid.uuid4().hex[:8]}@example.com", is_staff=True)
        supplies = [pool.supply_id for pool in self.made.pools]
        self.sent = dict.fromkeys(supplies, 4)
        self.shelf = dict.fromkeys(supplies, 4)
        self.leaving = dict.fromkeys(supplies, 0)
        self.back = dict.fromkeys(supplies, 0)
        self.returns: list[Return] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.run.__exit__(None, None, None)
        Books.runs += 1
        if Books.runs % 100 == 0:
            Books.tell()

    def _supply(self, which: int) -> int:
        return self.made.pools[which % len(self.made.pools)].supply_id

    def _return(self, which: int) -> Return:
        made = self.returns[which % len(self.returns)]
        made.refresh_from_db()
        return made

    def _refused(self, call: Callable[[], object], *codes: str) -> bool:
        """Whether the action said no; only with one of `codes`."""
        try:
            call()
        except Refused as refused:
            if refused.code not in codes:
                raise
            return True
        return False

    def _did(self, name: str) -> None:
        Books.steps[name] += 1

    @rule(units=FEW)
    def parcel(self, units: int) -> None:
        self._did("parcels")
        sent(self.made, units)
        for supply in self.shelf:
            self.shelf[supply] += units
            self.sent[supply] += units

    @rule(which=WHICH, units=FEW)
    def install(self, which: int, units: int) -> None:
        self._did("installs")
        pool = self.made.pools[which % len(self.made.pools)]
        stock.install(pool_id=pool.pk, quantity=units, cause=f"swap-{uuid.uuid4()}")
        self.shelf[pool.supply_id] = max(self.shelf[pool.supply_id] - units, 0)

    @rule(which=WHICH, units=st.integers(0, 12))
    def count(self, which: int, units: int) -> None:
        self._did("counts")
        pool = self.made.pools[which % len(self.made.pools)]
        stock.count(pool_id=pool.pk, quantity=units, cause=f"count-{uuid.uuid4()}")
        self.shelf[pool.supply_id] = units

    @rule(which=WHICH, first=FEW, second=st.integers(0, 6), boxes=st.sampled_from([1, 2, 40]))
    def file(self, which: int, first: int, second: int, boxes: int) -> None:
        self._did("filings")
        units = {self._supply(which): first}
        if second:
            units[self._supply(which + 1)] = second
        once = uuid.uuid4()
        made = file(self.made, units, actor=self.person, boxes=boxes, once=once)
        again = actions.file_return(
            account_id=made.account_id,
            address=self.made.address,
            filled=filled(units, boxes=boxes),
            once=once,
            actor=self.person,
        )
        assert again == made
        self.returns.append(made)
        if made.state == "confirmed":
            for supply, n in units.items():
                assert n <= self.shelf[supply]
                self._aside(supply, n)

    def _aside(self, supply: int, units: int) -> None:
        self.shelf[supply] = max(self.shelf[supply] - units, 0)
        self.leaving[supply] += units

    @precondition(lambda self: self.returns)
    @rule(which=WHICH, kept=st.integers(0, 6))
    def decide(self, which: int, kept: int) -> None:
        self._did("decisions")
        made = self._return(which)
        lines = list(made.lines.all())
        accepted = {line.public_id: max(line.quantity - kept, 0) for line in lines}
        said = {line.public_id: "Not all of it." for line in lines}

        def decide() -> None:
            actions.decide(
                made=made, accepted=accepted, reasons=said, actor=self.staff, pick_up_on=made.due_on
            )

        if not self._refused(decide, "decided") and any(accepted.values()):
            for line in lines:
                if accepted[line.public_id]:
                    self._aside(line.supply_id, accepted[line.public_id])

    @precondition(lambda self: self.returns)
    @rule(which=WHICH)
    def nobody_answers(self, which: int) -> None:
        self._did("last chances")
        made = self._return(which)
        # The clock of the ledger goes on; it is the deadline that is moved to it.
        due = Return.objects.filter(pk=made.pk, state="filed")
        waiting = [made] if due.update(last_chance_at=timezone.now()) else []
        actions.answer_due()
        for each in waiting:
            for line in each.lines.all():
                self._aside(line.supply_id, line.quantity)

    @precondition(lambda self: self.returns)
    @rule(which=WHICH)
    def withdraw(self, which: int) -> None:
        self._did("withdrawals")
        made = self._return(which)
        aside = made.state == "confirmed"
        if not self._refused(
            lambda: actions.withdraw(made=made, actor=self.person), "received", "handed_over"
        ):
            self._stays(made, aside)

    def _stays(self, made: Return, aside: bool) -> None:
        if aside:
            for line in made.lines.all():
                rest = max((line.accepted or 0) - line.received, 0)
                self.shelf[line.supply_id] += rest
                self.leaving[line.supply_id] -= rest

    @precondition(lambda self: self.returns)
    @rule(which=WHICH)
    def hand_over(self, which: int) -> None:
        self._did("hand-overs")
        made = self._return(which)
        self._refused(lambda: actions.hand_over(made=made, actor=self.person), "not_confirmed")

    @precondition(lambda self: self.returns)
    @rule(which=WHICH, supply=WHICH, units=st.integers(1, 9))
    def receive(self, which: int, supply: int, units: int) -> None:
        self._did("receipts")
        made, what = self._return(which), self._supply(supply)
        line = made.lines.filter(supply_id=what).first()
        expected = max((line.accepted or 0) - line.received, 0) if line else 0
        once = uuid.uuid4()

        def receive() -> None:
            for _twice in range(2):
                actions.receive(
                    made=made, counted=[actions.Counted(what, units)], once=once, actor=self.staff
                )

        if self._refused(receive, "not_confirmed"):
            return
        self._aside(what, max(units - expected, 0))
        self.leaving[what] -= units
        self.back[what] += units

    @precondition(lambda self: self.returns)
    @rule(which=WHICH)
    def close(self, which: int) -> None:
        self._did("closings")
        made = self._return(which)
        aside = made.state in ("confirmed", "received")
        if not self._refused(
            lambda: actions.close(made=made, because="Settled.", actor=self.staff), "not_confirmed"
        ):
            self._stays(made, aside)

    @invariant()
    def ours_say_the_same(self) -> None:
        lines = ReturnLine.objects.filter(parent__in=self.returns).select_related("parent")
        rows = list(lines)
        for pool in self.made.pools:
            supply = pool.supply_id
            ours, theirs = books(pool), (self.shelf[supply], self.leaving[supply])
            assert ours == theirs, f"shelf and leaving are {ours}, not {theirs}"
            assert min(pool.shelf, pool.leaving) >= 0
            taken = Entry.objects.filter(pool=pool, kind=Entry.Kind.TAKE_BACK)
            assert sum(taken.values_list("quantity", flat=True)) == self.back[supply]
            mine = [line for line in rows if line.supply_id == supply]
            came = sum(line.received for line in mine)
            open_units = sum(
                max((line.accepted or 0) - line.received, 0)
                for line in mine
                if line.parent.state in ("confirmed", "received")
            )
            # What is set aside is what returns still wait for, and what came is what they say came.
            assert (pool.leaving, came) == (open_units, self.back[supply])
