"""`florist doctor`: finds out what Florist has to know of FLORA, and says what that means."""

import asyncio
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from florist.amounts import shown_usd
from florist.commands.environment import flora_client
from florist.commands.ledger import DEFAULT_ARCHIVE, Archive
from florist.commands.terminal import asked, remark, say
from florist.errors import ConfigurationError
from florist.ledger import Ledger, TechniqueRoute
from florist.ledger.probe import Probe, probe, probe_for
from florist.ledger.promises import Belief, Promise, Promises
from florist.ledger.timing import Timing
from florist.stores.locations import store_at

_MEANING = {
    Promise.REPLAY: "it answers with the first run: lost answers resolve by themselves, POSTs go side by side",
    Promise.REFUSE: "it says that the key was used: a lost answer is found in history, or a person is asked",
    Promise.NEITHER: "it makes a second, charged run: nothing is ever sent again, a person is asked",
    Promise.UNKNOWN: "not known: after a lost answer, nothing is sent again before history was read for minutes",
}


def doctor(
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    probe_idempotency: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative=())] = False,
) -> None:
    """Tell what is known of FLORA's promises about repeated requests, which decide what a lost answer costs.

    Args:
        archive: what was learnt is kept in its ledger.
        probe_idempotency: find out, by repeating the request of a run just made. It costs nothing if FLORA keeps
            either of its promises, and one run at most; asks first.
        yes: do not ask.
    """
    asyncio.run(_probed(archive, is_agreed=yes) if probe_idempotency else _told(archive))


async def _told(archive: str) -> None:
    async with flora_client() as client:
        flora = TechniqueRoute(client)
        await flora.ask_time(anew=True)
        promises = Promises(store_at(archive), scope=flora.promise_scope, lasts=timedelta(seconds=Timing().belief))
        _say(await promises.belief(now=flora.server_now()))


async def _probed(archive: str, *, is_agreed: bool) -> None:
    async with flora_client() as client:
        ledger, flora = Ledger(store_at(archive)), TechniqueRoute(client)
        await ledger.check()
        probed = await probe_for(ledger, flora)
        if not is_agreed and not _agrees(probed):
            remark("nothing was sent")
            return
        _say(await probe(probed, ledger, flora))


def _agrees(probed: Probe) -> bool:
    price = shown_usd(probed.price_usd)
    answer = asked(
        f"The request of run {probed.entry.run_id} is repeated with its idempotency key. This costs nothing if "
        f"FLORA keeps either of its promises, and one run ({price}) at most. Go on?"
    )
    if answer is None:
        raise ConfigurationError(f"the probe may cost one run ({price}), and nobody can be asked: add --yes")
    return answer


def _say(belief: Belief) -> None:
    for what, promise in (("the same body", belief.same_body), ("another body", belief.other_body)):
        say(f"a request repeated with {what}: {_MEANING[promise]}")
