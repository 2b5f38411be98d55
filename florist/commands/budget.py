"""`florist budget`: what a campaign may cost, has cost and may still cost; and what a person decides about it."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated

from cyclopts import App, Parameter

from florist.amounts import shown_usd
from florist.campaigns.budget import Standing
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.chain import Link
from florist.campaigns.budget.money import micro_usd
from florist.campaigns.budget.opening import lift, rebuild, set_cap, without_budget
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson
from florist.commands.terminal import print_table, say
from florist.errors import ConfigurationError
from florist.ledger import Ledger
from florist.stores.locations import store_at
from florist.studio.campaigns import campaign_name

budget_app = App(name="budget", help="What a campaign may cost, has cost, and may still cost.")

Act = Callable[[Books], Awaitable[Link | None]]


@budget_app.default
def show(campaign: str, /, *, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False) -> None:
    """Show a campaign's budget: charged, uncertain, reserved, free, and the rows that fit.

    Args:
        campaign: its name; a flow run's id where it has none.
    """
    _print(_standing(campaign, archive, lambda books: books.chain.newest()), as_json=as_json)


@budget_app.command(name="cap")
def set_budget(
    campaign: str, usd: Decimal, /, *, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False
) -> None:
    """Raise or lower the cap. What is set aside already is still spent; nothing is authorised beyond the cap.

    Args:
        campaign: its name.
        usd: what the campaign may cost, all that it has cost before included.
    """
    if not usd.is_finite() or usd < 0:
        raise ConfigurationError(f"a budget is an amount of USD, not {usd}")
    _print(_standing(campaign, archive, lambda books: set_cap(books, micro_usd(usd))), as_json=as_json)


@budget_app.command(name="lift")
def lift_freeze(campaign: str, /, *, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False) -> None:
    """Have a frozen budget authorise again: FLORA charged more than its price, and a person has looked at it.

    Args:
        campaign: its name.
    """
    _print(_standing(campaign, archive, lift), as_json=as_json)


@budget_app.command(name="rebuild")
def rebuild_budget(
    campaign: str,
    /,
    *,
    cap: Annotated[Decimal | None, Parameter(negative=())] = None,
    archive: Archive = DEFAULT_ARCHIVE,
    as_json: AsJson = False,
) -> None:
    """Make a budget's records anew out of the ledger, where they are damaged or gone.

    Every open block is closed first; walks that go on ask for money anew.

    Args:
        campaign: its name.
        cap: USD that the campaign may cost; that of its newest readable record if left out.
    """
    wanted = None if cap is None else micro_usd(cap)
    _print(_standing(campaign, archive, lambda books: rebuild(books, wanted)), as_json=as_json)


def _standing(campaign: str, archive: str, act: Act) -> Standing:
    async def acted() -> Standing:
        books = Books(Ledger(store_at(archive)), campaign_name(campaign))
        link = await act(books)
        if link is None:
            raise without_budget(books)
        return Standing.of(books.scope, await books.folded(link))

    return asyncio.run(acted())


def _print(standing: Standing, *, as_json: bool) -> None:
    if as_json:
        say(standing.model_dump_json(indent=2))
        return
    amounts = (
        ("cap", standing.cap_usd),
        ("charged", standing.charged_usd),
        ("uncertain", standing.uncertain_usd),
        ("reserved", standing.reserved_usd),
        ("free", standing.free_usd),
    )
    print_table(
        ("", "USD"),
        [(name, shown_usd(amount)) for name, amount in amounts],
        title=standing.campaign,
        right=("USD",),
    )
    for line in standing.lines():
        say(line)
