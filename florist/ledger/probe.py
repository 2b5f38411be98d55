"""Finds out on purpose what FLORA does with a repeated idempotency key, by repeating one whose run is known.

It costs nothing if FLORA keeps either of its promises, and one run if it keeps neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from florist.api.errors import APIError, Processed
from florist.api.models import InputValue
from florist.ledger.bodies import digest_of_body
from florist.ledger.entries import Entry
from florist.ledger.errors import ProbeImpossibleError
from florist.ledger.flora import Flora
from florist.ledger.ledger import Ledger
from florist.ledger.promises import Belief, Observation, Promise, Promises
from florist.ledger.timing import Timing
from florist.ledger.work import InputIdentity

OTHER_WORDS = " (another body)"
"""What makes a body another one, to see whether FLORA compares bodies."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that may be repeated: its run is known, and its body can be made again, byte for byte."""

    entry: Entry
    inputs: tuple[InputValue, ...]

    @property
    def price_usd(self) -> Decimal | None:
        """What a second run would cost, at most one of which the probe can make."""
        return self.entry.price_usd


async def probe_for(ledger: Ledger, flora: Flora, *, timing: Timing | None = None) -> Probe:
    """Return the cheapest request that can be repeated.

    Raises:
        ProbeImpossibleError: there is none: FLORA has forgotten them, or each had a file among its inputs.
    """
    now = await flora.ask_time(anew=True)
    window = timedelta(seconds=(timing or Timing()).resend_window)
    found = [
        Probe(entry, inputs)
        for entry in await ledger.entries()
        if (inputs := _repeatable(entry, flora, now - window)) is not None
    ]
    if not found:
        raise ProbeImpossibleError(
            f"no request in {ledger.store.location} can be repeated: it takes a run that this API key has started "
            "within the last two hours, of a technique whose inputs were all texts. Run one, such as the cheapest "
            "(`florist techniques`), and probe again"
        )
    return min(found, key=lambda probe: (probe.price_usd is None, probe.price_usd or Decimal(0)))


async def probe(probed: Probe, ledger: Ledger, flora: Flora, *, timing: Timing | None = None) -> Belief:
    """Repeat a request, note what FLORA does, and return what is believed now.

    First with the same body; and with another one, where that kept a promise.

    Raises:
        APIError: FLORA gave no answer from which anything follows; nothing was noted of that request.
    """
    promises = Promises(
        ledger.store,
        scope=flora.promise_scope,
        lasts=timedelta(seconds=(timing or Timing()).belief),
    )
    for is_same_body in (True, False):
        inputs = probed.inputs if is_same_body else _in_other_words(probed.inputs)
        promise = await _seen(probed, inputs, flora)
        now = flora.server_now()
        await promises.learn(
            Observation(
                promise=promise,
                is_same_body=is_same_body,
                seen_at=now,
                age_seconds=(now - probed.entry.sends[-1].sent_at).total_seconds(),
                technique_id=probed.entry.work.technique_id,
            )
        )
        if not promise.is_kept:
            break
    return await promises.belief(now=flora.server_now())


async def _seen(probed: Probe, inputs: tuple[InputValue, ...], flora: Flora) -> Promise:
    """Return what FLORA made of a repeated key."""

    async def at_once() -> None:
        return None

    try:
        answer = await flora.post(
            probed.entry.work.technique_id,
            inputs,
            idempotency_key=probed.entry.idempotency_key,
            callback_url=None,
            before_send=at_once,
        )
    except APIError as error:
        if error.processed is Processed.BEFORE:
            return Promise.REFUSE
        raise
    return Promise.REPLAY if answer.run.run_id == probed.entry.run_id else Promise.NEITHER


def _repeatable(entry: Entry, flora: Flora, since: datetime) -> tuple[InputValue, ...] | None:
    """Return the inputs by which an entry's request has the same body again; None if it cannot be repeated."""
    if not entry.has_run or entry.started_by != "new" or not entry.sends or entry.work.route != "technique":
        return None
    send = entry.sends[-1]
    if send.sent_at < since or send.fingerprint != flora.key_fingerprint:
        return None
    texts = _texts(entry.work.inputs)
    return texts if texts is not None and digest_of_body(texts) == send.body_sha256 else None


def _texts(identities: Iterable[InputIdentity]) -> tuple[InputValue, ...] | None:
    made = []
    for identity in identities:
        if identity.text is None:
            return None
        made.append(InputValue(id=identity.id, type="text", value=identity.text))
    return tuple(made)


def _in_other_words(inputs: tuple[InputValue, ...]) -> tuple[InputValue, ...]:
    first, *others = inputs
    return (first.model_copy(update={"value": first.value + OTHER_WORDS}), *others)
