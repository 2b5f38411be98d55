"""`florist lock`: the techniques that pipelines use, written down, and held against what FLORA defines now."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from florist.campaigns.lock import Drift, Lock
from florist.campaigns.locking import Locked, check_lock, pipelines_at, write_lock
from florist.client.client import FloraClient
from florist.commands.terminal import PATIENCE, print_table, remark

PIPELINES = (Path("pipelines"),)


def lock(
    pipelines: tuple[Path, ...] = PIPELINES,
    /,
    *,
    check: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write techniques.lock.json beside the pipelines: inputs, outputs and price of each technique they use.

    Args:
        pipelines: files, or folders of them.
        check: write nothing; tell what has moved since, and exit with 1 if something has.
    """
    found = pipelines_at(pipelines)
    if not check:
        for locked, written in asyncio.run(_written(found)):
            remark(f"{len(written.techniques)} techniques locked in {locked.file}")
        return 0
    drifts = asyncio.run(_checked(found))
    rows = [(str(locked.file), one.technique, one.change, one.message) for locked, one in drifts]
    if rows:
        print_table(("Lock", "Technique", "What", "How"), rows)
        remark("look at the pipelines; `florist lock` then locks the techniques as they are now")
    else:
        count = len({name for locked in found for name in locked.names})
        remark(f"nothing moved: {count} techniques are as they were locked")
    return 1 if rows else 0


async def _written(found: list[Locked]) -> list[tuple[Locked, Lock]]:
    async with FloraClient(total_timeout=PATIENCE) as flora:
        return [(locked, await write_lock(locked, flora)) for locked in found]


async def _checked(found: list[Locked]) -> list[tuple[Locked, Drift]]:
    async with FloraClient(total_timeout=PATIENCE) as flora:
        return [(locked, one) for locked in found for one in await check_lock(locked, flora)]
