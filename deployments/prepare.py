"""Make what the deployments in prefect.yaml need: block types, two saved blocks, a work pool.

    FLORA_API_KEY=sk_live_… python -m deployments.prepare --archive s3://bucket/prefix

It is a part of `python -m deployments.bootstrap`. Safe to repeat: what exists is left as it is, and said. The key
goes into a block because a worker has to find it; Prefect's database holds it encrypted.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable
from typing import Any

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.workers.process import ProcessWorker

import blocks
from blocks import FloraWorkspace, archive_at
from deployments.told import Change, Thing
from florist.errors import ConfigurationError, FloristError
from flows.prefect_server import check_server

WORK_POOL = "florist"
BLOCK_NAME = "default"
HEARTBEAT_SECONDS = 30
"""Between two heartbeats of a flow run: the fastest that Prefect beats. Without this it is every 180."""
_HEARTBEAT = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"


def main() -> int:
    """Read the command line and make what is missing; returns the exit code."""
    arguments = argparse.ArgumentParser(prog="python -m deployments.prepare", description=__doc__)
    arguments.add_argument("--archive", default="florist-archive", help="a folder, or s3://bucket/prefix")
    try:
        tell(asyncio.run(prepare(arguments.parse_args().archive)))
    except FloristError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def tell(things: Iterable[Thing]) -> None:
    """Print a line for each thing."""
    for thing in things:
        print(thing, flush=True)


async def prepare(archive: str) -> list[Thing]:
    """Make the block types, the blocks named `default` and the work pool, where they are missing.

    Args:
        archive: a folder, or s3://bucket/prefix.

    Raises:
        ConfigurationError: PREFECT_API_URL is not set, or nothing answers there; there is no saved workspace, and
            FLORA_API_KEY is not set; or the archive is neither.
    """
    if PREFECT_API_URL.value() is None:
        raise ConfigurationError(
            "PREFECT_API_URL is not set, and what is made on a temporary server is gone with it: start one with "
            "`prefect server start`, then export PREFECT_API_URL=http://127.0.0.1:4200/api"
        )
    await check_server()
    block = archive_at(archive)
    async with get_client() as client:
        for block_type in block_types():
            await block_type.aregister_type_and_schema(client=client)
        return [
            await _there(FloraWorkspace, client) or await _made(FloraWorkspace.from_environment(), client),
            await _there(type(block), client) or await _made(block, client),
            await make_work_pool(client),
        ]


def block_types() -> list[type[Block]]:
    """Return the types that the module `blocks` exports: no entry point of a wheel names them to Prefect."""
    exported = (getattr(blocks, name) for name in blocks.__all__)
    return [found for found in exported if isinstance(found, type) and issubclass(found, Block)]


async def make_work_pool(client: PrefectClient, *, is_dry: bool = False) -> Thing:
    """Have the work pool whose flow runs beat as often as the automations expect; else all of it is left alone.

    Args:
        is_dry: only tell what it lacks.
    """
    try:
        pool = await client.read_work_pool(WORK_POOL)
    except ObjectNotFound:
        if is_dry:
            return Thing("work pool", WORK_POOL, Change.MISSING)
        await client.create_work_pool(
            WorkPoolCreate(name=WORK_POOL, type="process", base_job_template=_beating(_template()))
        )
        return Thing("work pool", WORK_POOL, Change.CREATED, f"prefect worker start --pool {WORK_POOL}")
    # A pool that nobody has given a template has none until its first worker comes.
    template = pool.base_job_template or (_template() if pool.type == "process" else {})
    beating = _beating(template)
    if beating == pool.base_job_template:
        return Thing("work pool", WORK_POOL, Change.AS_IT_WAS)
    if not is_dry:
        await client.update_work_pool(WORK_POOL, WorkPoolUpdate(base_job_template=beating))
    change = Change.DIFFERENT if is_dry else Change.CHANGED
    return Thing("work pool", WORK_POOL, change, f"a heartbeat every {HEARTBEAT_SECONDS} s")


def _template() -> dict[str, Any]:
    return ProcessWorker.get_default_base_job_template()


def _beating(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template whose flow runs have a heartbeat in their environment, unless it names one."""
    variables = template.get("variables", {})
    fields = variables.get("properties", {})
    if "env" not in fields:
        return template
    env = {_HEARTBEAT: str(HEARTBEAT_SECONDS), **(fields["env"].get("default") or {})}
    properties = {**fields, "env": {**fields["env"], "default": env}}
    return {**template, "variables": {**variables, "properties": properties}}


async def _there(block_type: type[Block], client: PrefectClient) -> Thing | None:
    slug = block_type.get_block_type_slug()
    documents = await client.read_block_documents_by_type(slug, include_secrets=False)
    if not any(document.name == BLOCK_NAME for document in documents):
        return None
    return Thing("block", f"{slug}/{BLOCK_NAME}", Change.AS_IT_WAS, "change it in Prefect's UI, under Blocks")


async def _made(block: FloraWorkspace | blocks.Archive, client: PrefectClient) -> Thing:
    await block.save(BLOCK_NAME, client=client)
    where = block.base_url if isinstance(block, FloraWorkspace) else block.get_store().location
    return Thing("block", f"{block.get_block_type_slug()}/{BLOCK_NAME}", Change.CREATED, where)


if __name__ == "__main__":
    sys.exit(main())
