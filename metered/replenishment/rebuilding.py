"""The state made anew: reports, reads by hand and the stock ledger once more, in the order of time.

Nothing is posted. The shelf goes through its history with the ledger, so that the use of two years is not
taken from what stands there today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from metered.replenishment import by_hand, forecast, use
from metered.replenishment.by_hand import HandRead
from metered.replenishment.calendars import US_A_DAY, engine_time
from metered.replenishment.entries import SWAP
from metered.replenishment.folding import Fold, rounds
from metered.replenishment.state import Swaps
from metered.replenishment.store import Loaded
from metered.stock.models import Entry
from metered.stock.queries import Moved, history_for_system


class Rebuild:
    """Replays the whole history into a state that was loaded fresh.

    The loaded devices must be all that stand at their addresses: they share the shelves.
    """

    def __init__(self, loaded: Loaded, fold: Fold, reads: Sequence[HandRead]) -> None:
        self.loaded, self.fold, self.reads = loaded, fold, reads
        real = np.flatnonzero(loaded.pools > 0)
        self._row_of = {int(loaded.pools[row]): int(row) for row in real}
        self._slot_row = {int(slot): row for row, slot in enumerate(loaded.slots)}
        self.entries = history_for_system(list(self._row_of))
        self._times = [engine_time(entry.at) for entry in self.entries]
        self._next = 0
        # One key for both: reports are folded a day of all devices at a time, reads by hand one by one.
        self._batches = rounds(fold.columns)
        observed = fold.columns.observed_us
        steps = [(int(observed[batch].min()), 0, i) for i, batch in enumerate(self._batches)]
        self._steps = sorted(steps + [(read.at_us, 1, i) for i, read in enumerate(reads)])
        self._step = 0
        # Swaps that pages made due here: by slot those that the ledger has not told yet, and by pool those
        # since its last count.
        self._ahead: Counter[int] = Counter()
        self._since_count: dict[int, Counter[int]] = {}

    def run(self) -> None:
        """Replay everything; then the shelves are those of the ledger as it stands now."""
        self.until(np.inf)
        self._settle()

    def until(self, t: float) -> None:
        """Replay what comes next and was before the time t: to be called with later and later ones.

        A day's reports are taken together: a t within a day has all of those that began before it.
        """
        while self._step < len(self._steps) and self._steps[self._step][0] / US_A_DAY < t:
            at_us, by_hand_read, i = self._steps[self._step]
            self._step += 1
            self._ledger_until(at_us / US_A_DAY)
            if by_hand_read:
                self._count_swaps(by_hand.take(self.loaded, self.reads[i]))
            else:
                self._count_swaps(self.fold.take(self._batches[i]))
        self._ledger_until(t)

    def _count_swaps(self, swaps: Swaps) -> None:
        sup = self.loaded.state.supplies
        for s, n, seen in zip(swaps.s.tolist(), swaps.n.tolist(), swaps.seen.tolist(), strict=True):
            if not seen:
                self._ahead[s] += int(n)
                self._since_count.setdefault(int(sup.pool[s]), Counter())[s] += int(n)

    def _ledger_until(self, t: float) -> None:
        """What the ledger says up to the time t, exclusive: a count of the same moment saw what was read."""
        while self._next < len(self.entries) and self._times[self._next] < t:
            self._take(self.entries[self._next], self._times[self._next])
            self._next += 1

    def _take(self, entry: Moved, t: float) -> None:
        loaded, pools = self.loaded, self.loaded.state.pools
        row = self._row_of[entry.pool_id]
        p = np.array([row])
        match entry.kind:
            case Entry.Kind.RECEIVE | Entry.Kind.ADJUST | Entry.Kind.SET_ASIDE | Entry.Kind.PUT_BACK:
                change = -entry.quantity if entry.kind == Entry.Kind.SET_ASIDE else entry.quantity
                pools.shelf[row] = max(pools.shelf[row] + change, 0.0)
                pools.arrived[row] += change
            case Entry.Kind.COUNT:
                forecast.fold_ledger_counts(
                    loaded.state, loaded.calendar, p, np.array([float(entry.quantity)]), t
                )
                self._since_count.pop(row, None)
            case Entry.Kind.INSTALL:
                self._install(entry, row, t)
            case Entry.Kind.EXPECT if entry.origin == Entry.Origin.CUSTOMER:
                forecast.fold_hand_orders(loaded.state, loaded.calendar, p, t)
            case Entry.Kind.EXPECT if entry.origin == Entry.Origin.EMERGENCY:
                forecast.fold_emergencies(loaded.state, loaded.calendar, p, t)

    def _install(self, entry: Moved, row: int, t: float) -> None:
        """A swap that reports show is found in them again; one that pages made due happened as posted."""
        sup, pools = self.loaded.state.supplies, self.loaded.state.pools
        left = entry.quantity
        s = self._slot_row.get(_slot_of(entry.cause), -1)
        if s >= 0 and self.loaded.folded_us[sup.device[s]]:
            if not use.blind(self.loaded.state, np.array([s]), np.array([t]))[0]:
                return
            found = min(self._ahead[s], left)
            self._ahead[s] -= found
            left -= found
            sup.f[s] += left
        pools.shelf[row] = max(pools.shelf[row] - left, 0.0)

    def _settle(self) -> None:
        """The shelf as the ledger has it now, less what only this replay saw leave it since the last count.

        A machine that ran dry here beside a shelf with units had some that the ledger never knew of.
        """
        sup, pools, loaded = self.loaded.state.supplies, self.loaded.state.pools, self.loaded
        for row in self._row_of.values():
            pools.shelf[row] = loaded.entries[row] = 0
        for entry in self.entries:
            row = self._row_of[entry.pool_id]
            pools.shelf[row] = entry.on_shelf
            loaded.entries[row] = max(loaded.entries[row], entry.id)
        for row, swaps in self._since_count.items():
            untold = sum(min(n, self._ahead[s]) for s, n in swaps.items())
            dry = any(sup.f[s] < 0 for s in swaps)
            if loaded.pools[row] > 0 and not dry:
                pools.shelf[row] = max(pools.shelf[row] - untold, 0.0)
        s = np.flatnonzero((sup.f < 0) & (pools.shelf[sup.pool] >= 1) & (loaded.pools[sup.pool] > 0))
        unseen = use.blind(loaded.state, s, loaded.state.devices.t[sup.device[s]])
        use.restart(sup, s[unseen].astype(np.int64))


def _slot_of(cause: str) -> int:
    """The slot that a posted swap names; -1 for any other cause."""
    slot = cause.removeprefix(SWAP).split(":")[0] if cause.startswith(SWAP) else ""
    return int(slot) if slot.isdigit() else -1
