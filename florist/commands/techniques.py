"""`florist techniques`: what this API key may run, what it takes and what it costs."""

import asyncio
from collections.abc import Sequence

from florist.amounts import shown_usd
from florist.api.models import Technique, TechniqueInput
from florist.client.client import FloraClient
from florist.commands.terminal import PATIENCE, print_table, say


def techniques(slug: str | None = None, /, *, query: str | None = None) -> None:
    """List the techniques this API key may run, or tell one's inputs, outputs and price.

    Args:
        slug: a technique's slug or id.
        query: only those that match.
    """
    if slug:
        _print_technique(asyncio.run(_technique(slug)))
    else:
        _print_techniques(asyncio.run(_techniques(query)))


async def _technique(slug: str) -> Technique:
    async with FloraClient(total_timeout=PATIENCE) as flora:
        return await flora.techniques.retrieve(slug)


async def _techniques(query: str | None) -> list[Technique]:
    async with FloraClient(total_timeout=PATIENCE) as flora:
        return [technique async for technique in flora.techniques.list(query=query)]


def _print_techniques(found: Sequence[Technique]) -> None:
    rows = [
        (
            technique.slug or technique.technique_id,
            technique.name,
            ", ".join(_input_line(entry) for entry in technique.inputs),
            ", ".join(entry.type for entry in technique.outputs),
            shown_usd(technique.run_cost_usd),
        )
        for technique in found
    ]
    print_table(("Technique", "Name", "Takes", "Makes", "Price"), rows, right=("Price",))


def _print_technique(technique: Technique) -> None:
    say(f"{technique.name}  {technique.technique_id}  {shown_usd(technique.run_cost_usd)} a run")
    say(technique.description or "")
    rows = [
        (direction, entry.id, _kind(entry), entry.description or entry.name)
        for direction, entries in (("takes", technique.inputs), ("makes", technique.outputs))
        for entry in entries
    ]
    print_table(("", "Id", "Type", "Description"), rows)


def _kind(entry: TechniqueInput) -> str:
    return f"{entry.type}{' (optional)' * entry.optional}{' (several)' * entry.allow_multiple}"


def _input_line(entry: TechniqueInput) -> str:
    return f"{entry.id}: {entry.type}{'?' * entry.optional}"
