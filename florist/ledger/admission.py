"""Lets a POST pass the gate of its technique: how many at once, and which in-doubt requests it waits for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from florist.ledger.bodies import Body
from florist.ledger.effects import Effects
from florist.ledger.entries import Entry
from florist.ledger.flora import Flora
from florist.ledger.post_gate import HoldUp
from florist.ledger.promises import Promise
from florist.ledger.recovery import Recovery
from florist.ledger.sending import lets_others_go_on
from florist.ledger.start_calls import StartCall
from florist.ledger.timing import Timing

SHOWN_FOR = 10.0
"""Seconds for which a look into history stands in for another one: an older look only excludes fewer runs."""


class Admission:
    """Decides when a POST may leave. Waiting decides how many requests need a review, never what is paid."""

    def __init__(
        self,
        effects: Effects,
        recovery: Recovery,
        flora: Flora,
        *,
        timing: Timing,
        side_by_side: int,
        owner: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._effects = effects
        self._recovery = recovery
        self._flora = flora
        self._timing = timing
        self._side_by_side = side_by_side
        self._owner = owner
        self._monotonic = monotonic
        self._sleep = sleep

    async def set_limit(self, call: StartCall, body: Body) -> None:
        """Let several POSTs go at once where each lost one can be told from the others."""
        call.gate.set_limit(self._side_by_side if await self._is_told_apart(call, body) else 1)

    async def admitted(self, call: StartCall, body: Body, *, is_repeat: bool) -> tuple[str, ...]:
        """Return, once the POST may leave, the runs of its technique that history shows already.

        None are asked for where the request will be told from others without them.
        """
        if is_repeat or await self._is_told_apart(call, body):
            return ()
        async with call.gate.around:
            if not call.gate.has_looked_around:
                await self._look_around(call)
                call.gate.has_looked_around = True
            await self._wait_for_hold_ups(call)
            return await self._shown(call)

    def noted(self, call: StartCall, entry: Entry) -> None:
        """Take note of where a POST has left its entry: in doubt, it holds up others for a while."""
        if not entry.is_unresolved or lets_others_go_on(call.last_error):
            call.gate.hold_ups.pop(entry.key, None)
            return
        call.gate.hold_ups[entry.key] = self._hold_up(entry)

    async def _is_told_apart(self, call: StartCall, body: Body) -> bool:
        if call.callback_url is not None and await self._effects.hears_webhooks():
            return True
        belief = await self._effects.belief()
        return belief.about(is_same_body=body.is_repeatable) is Promise.REPLAY

    async def _look_around(self, call: StartCall) -> None:
        """Find the requests of other processes that are in doubt now. What they open later waits for us, too."""
        now = await self._effects.ask_time(anew=False)
        since = now - timedelta(seconds=self._timing.hold_up) - self._timing.open_for
        around = await self._effects.open_requests(call.work.technique_id, since, now, but_of=self._owner)
        unknown = [
            request.key for request in around.requests if request.key not in {call.key, *call.gate.hold_ups}
        ]
        for other in (await self._effects.entries(unknown, call.work.technique_id)).values():
            if other is not None and other.is_unresolved:
                call.gate.hold_ups[other.key] = self._hold_up(other)

    async def _wait_for_hold_ups(self, call: StartCall) -> None:
        """Wait until each in-doubt request is resolved, old enough, or told apart by a run that history shows."""
        gate = call.gate
        while pending := self._pending(call):
            keys = [hold_up.entry.key for hold_up in pending]
            by_now = await self._effects.entries(keys, call.work.technique_id)
            for key, hold_up in zip(keys, pending, strict=True):
                entry = by_now.get(key) or hold_up.entry
                if not entry.is_unresolved or await self._recovery.shows_candidate(entry):
                    gate.hold_ups.pop(key, None)
                    gate.shown_at = float("-inf")
            pending = self._pending(call)
            if not pending:
                break
            left = min(hold_up.until for hold_up in pending) - self._monotonic()
            call.on_wait(f"another request of the technique ({pending[0].entry.key[:8]}) is in doubt", left)
            await self._sleep(max(0.01, min(left, self._timing.poll)))

    def _pending(self, call: StartCall) -> list[HoldUp]:
        now = self._monotonic()
        return [hold_up for key, hold_up in call.gate.hold_ups.items() if key != call.key and hold_up.until > now]

    async def _shown(self, call: StartCall) -> tuple[str, ...]:
        """Return the runs that history has shown, of the time in which a candidate could have been created."""
        gate = call.gate
        if self._monotonic() - gate.shown_at > SHOWN_FOR:
            began = self._monotonic()
            since = self._flora.server_now() - timedelta(seconds=self._timing.skew + 2 * SHOWN_FOR)
            runs = await self._effects.runs(call.work.technique_id, since=since)
            gate.shown = tuple(run.run_id for run in runs)
            gate.shown_at = began
        return tuple(run_id for run_id in gate.shown if not self._effects.is_known_claimed(run_id))

    def _hold_up(self, entry: Entry) -> HoldUp:
        sent_at = max(send.sent_at for send in entry.sends)
        left = self._timing.hold_up - (self._flora.server_now() - sent_at).total_seconds()
        return HoldUp(entry, self._monotonic() + min(max(left, 0.0), self._timing.hold_up))
