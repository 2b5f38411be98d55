"""What goes wrong with a request as such: how long it takes, what strikes before and after it is processed."""

import asyncio
import email.utils
import random

from starlette.types import Scope

from flora_sandbox.calls import Call
from flora_sandbox.faults import Fault, FaultName, Stage
from flora_sandbox.flora import Flora
from flora_sandbox.problems import Problem, rate_limited, server_error
from flora_sandbox.settings import Settings
from flora_sandbox.techniques import names_in_path, names_of

_TROUBLES = (
    FaultName.SERVER_ERROR,
    FaultName.RATE_LIMITED,
    FaultName.RATE_LIMITED_SILENTLY,
    FaultName.CONNECTION_RESET,
)


class ConnectionCutError(Exception):
    """There is nobody left to answer."""


class ProcessedLaterError(Exception):
    """The request is answered with a refusal now, and processed all the same `seconds` later."""

    def __init__(self, answer: Problem, seconds: float) -> None:
        super().__init__(answer.code, seconds)
        self.answer = answer
        self.seconds = seconds


def latency(settings: Settings, call: Call) -> float:
    """Return how many real seconds a request takes beside its work: none but POSTs, drawn from the seed."""
    if not call.line.startswith("POST "):
        return 0.0
    draw = random.Random(f"{settings.seed}:latency:{call.number}")
    if draw.random() < settings.slow_posts:
        return settings.slow_post_latency
    return settings.post_latency * (1 + settings.post_latency_jitter * draw.uniform(-1, 1))


class RequestFaults:
    """The faults of requests of one sandbox."""

    def __init__(self, flora: Flora) -> None:
        self._flora = flora

    async def before(self, call: Call, scope: Scope) -> None:
        """Let the faults strike that come before processing.

        Raises:
            Problem: the answer, instead of processing.
            ProcessedLaterError: the same, but it is processed later.
            ConnectionCutError: the connection is gone.
        """
        for fault in self._flora.rules.strike(Stage.BEFORE, call, names_in_path(call.line)):
            name = self._trouble(fault) if fault.name is FaultName.POLL_TROUBLE else fault.name
            if name is FaultName.SLOW_REQUEST:
                await asyncio.sleep(fault.seconds)
            elif name is FaultName.CONNECTION_RESET:
                await self.cut(scope)
            elif name is FaultName.SERVER_ERROR:
                raise server_error(fault.status)
            elif name is FaultName.SERVER_ERROR_THEN_RUN:
                raise ProcessedLaterError(server_error(fault.status), fault.seconds)
            else:
                raise self._rate_limited(fault, says_when=name is FaultName.RATE_LIMITED)

    async def after(self, call: Call, scope: Scope) -> None:
        """Let the faults strike that come after processing.

        Raises:
            Problem: the answer, instead of the one that was made.
            ConnectionCutError: the connection is gone, and with it the answer.
        """
        if call.is_answer_lost:
            await self.cut(scope)
        names = [*names_in_path(call.line), *names_of(call.technique_id)]
        for fault in self._flora.rules.strike(Stage.AFTER, call, names):
            if fault.name is FaultName.SLOW_ANSWER:
                await asyncio.sleep(fault.seconds)
            elif fault.name is FaultName.SERVER_ERROR_AFTER:
                raise server_error(fault.status)
            else:
                await self.cut(scope)

    async def cut(self, scope: Scope) -> None:
        """Reset the connection.

        Raises:
            ConnectionCutError: always.
        """
        await self._flora.connections.reset(scope)
        raise ConnectionCutError

    def _trouble(self, fault: Fault) -> FaultName:
        """Return what a troubled poll meets: each of the four in turn."""
        return _TROUBLES[max(0, self._flora.rules.turn_of(fault) - 1) % len(_TROUBLES)]

    def _rate_limited(self, fault: Fault, *, says_when: bool) -> Problem:
        if not says_when:
            return rate_limited()
        at = email.utils.formatdate(self._flora.clock.now() + fault.seconds, usegmt=True)
        return rate_limited({"retry-after": at if fault.retry_after_date else f"{fault.seconds:g}"})
