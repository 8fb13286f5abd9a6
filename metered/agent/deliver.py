"""From the spool to the portal, one batch a step.

What the portal answered leaves the spool; everything else stays, in the batch that it was sent in.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from metered.agent import VERSION, secret
from metered.agent.backoff import Backoff
from metered.agent.portal import Portal, PortalError
from metered.agent.spool import Spool
from metered.agent.spool_rows import Batch, Settled

MOST = 500
"""Reports a POST."""

HEARTBEAT = dt.timedelta(hours=1)
"""So long after the last answer an empty batch says that the agent lives."""

TOO_LARGE = 413
UNREADABLE = 400


@dataclass(frozen=True, slots=True)
class Step:
    """`taken`: readings that the portal has now. `wait`: seconds until the next step makes sense, 0: at once,
    None: nothing waits. `said`: what is worth a line in the log, "" for nothing; `problem`: somebody may have
    to mend it."""

    taken: int = 0
    wait: float | None = 0.0
    said: str = ""
    problem: bool = False


class Delivery:
    """`token` gives the token anew for each try, so that enrolling again needs no restart; it raises
    SecretError."""

    def __init__(
        self,
        spool: Spool,
        portal: Portal,
        token: Callable[[], str],
        *,
        clock: Callable[[], dt.datetime],
        backoff: Backoff | None = None,
    ) -> None:
        self._spool = spool
        self._portal = portal
        self._token = token
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._most = MOST
        self._least: str | None = None

    def step(self) -> Step:
        """Sends one batch and settles it. Raises SpoolError."""
        sent = self._spool.form(self._clock(), self._most, even_empty=self._is_quiet())
        if sent is None:
            return Step(wait=None)
        try:
            answer = self._portal.send(sent.body, token=self._token())
            if answer["received"] != len(sent):
                raise PortalError(f"the portal answered for {answer['received']} of {len(sent)} reports")
        except secret.SecretError as error:
            return self._failed(sent, f"no token: {error}; enroll this agent", self._backoff.at_length())
        except PortalError as error:
            return self._refused(sent, error)
        self._backoff.succeeded()
        self._most = min(self._most * 2, MOST)
        settled = self._spool.settle(sent, answer, self._clock())
        said = [*_said(settled), *self._update(answer.get("minimum_agent_version"))]
        return Step(taken=settled.taken, said="; ".join(said))

    def _update(self, least: object) -> list[str]:
        """Said once, not with every batch; `status` goes on saying it."""
        if least == self._least or not isinstance(least, str):
            return []
        self._least = least
        if not is_older(VERSION, least):
            return []
        return [f"the portal asks for metered-agent {least} or later, and this is {VERSION}: please update"]

    def _is_quiet(self) -> bool:
        last = self._spool.fact("delivered_at")
        if not last:
            return True
        since = self._clock() - dt.datetime.fromisoformat(last)
        return not dt.timedelta(0) <= since < HEARTBEAT

    def _refused(self, sent: Batch, error: PortalError) -> Step:
        # What a proxy in between does not like says nothing about a single report.
        if len(sent) > 1 and (error.status == TOO_LARGE or (error.status == UNREADABLE and error.own)):
            return self._halved(sent, error)
        if len(sent) == 1 and error.own and error.status in (TOO_LARGE, UNREADABLE):
            reason = "too_large" if error.status == TOO_LARGE else "malformed_batch"
            self._spool.set_aside(sent, reason, str(error), self._clock())
            return Step(said=f"one reading was set aside: {error}", problem=True)
        if error.status in (401, 403):
            words = f"the portal does not accept this agent's token: enroll it again. All is kept. ({error})"
            return self._failed(sent, words, self._backoff.at_length())
        if error.status == 422:
            words = f"the portal does not understand this agent's format; everything is kept. ({error})"
            return self._failed(sent, words, self._backoff.at_length())
        return self._failed(sent, str(error), self._backoff.failed(error.retry_after))

    def _halved(self, sent: Batch, error: PortalError) -> Step:
        """Nothing of it was kept. Halves until it is small enough, or the one bad report is found."""
        self._most = len(sent) // 2
        self._spool.release(sent)
        return Step(said=f"sending smaller batches, {self._most} readings each: {error}")

    def _failed(self, sent: Batch, words: str, wait: float) -> Step:
        if not len(sent):
            self._spool.release(sent)  # the next heartbeat says how things are then
        self._spool.keep_fact("problem", words)
        return Step(wait=wait, said=words, problem=True)


def _said(settled: Settled) -> list[str]:
    said = [
        f"refused {serial or 'one without a serial'}: {reason}" for serial, reason in settled.refused[:10]
    ]
    if len(settled.refused) > 10:
        said.append(f"and {len(settled.refused) - 10:,} more refused")
    if settled.again:
        said.append(f"{settled.again:,} that were refused before are sent again")
    return said


def is_older(version: str, than: str) -> bool:
    """Compares by the numbers in front of each dot; what is no number counts as 0."""

    def numbers(text: str) -> list[int]:
        found = [int(part) if part.isascii() and part.isdigit() else 0 for part in text.split(".")[:4]]
        return found + [0] * (4 - len(found))

    return numbers(version) < numbers(than)
