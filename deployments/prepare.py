"""Make what the deployments in prefect.yaml need: block types, two saved blocks, a work pool.

    FLORA_API_KEY=sk_live_… python -m deployments.prepare --archive s3://bucket/prefix

Safe to repeat: what exists is left as it is, and said. The key goes into a block because a worker has to find it;
Prefect's database holds it encrypted.
"""

import argparse
import asyncio
import sys

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL

import blocks
from blocks import FloraWorkspace, archive_at
from florist.errors import ConfigurationError, FloristError
from flows.prefect_server import check_server

WORK_POOL = "florist"
BLOCK_NAME = "default"


def main() -> int:
    """Read the command line and make what is missing; returns the exit code."""
    arguments = argparse.ArgumentParser(prog="python -m deployments.prepare", description=__doc__)
    arguments.add_argument("--archive", default="florist-archive", help="a folder, or s3://bucket/prefix")
    try:
        asyncio.run(prepare(arguments.parse_args().archive))
    except FloristError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def prepare(archive: str) -> None:
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
        if not await _exists(FloraWorkspace, client):
            workspace = FloraWorkspace.from_environment()
            await _save(workspace, client, where=workspace.base_url)
        if not await _exists(type(block), client):
            await _save(block, client, where=block.get_store().location)
        await _make_work_pool(client)


def block_types() -> list[type[Block]]:
    """Return the types that the module `blocks` exports: no entry point of a wheel names them to Prefect."""
    exported = (getattr(blocks, name) for name in blocks.__all__)
    return [found for found in exported if isinstance(found, type) and issubclass(found, Block)]


async def _exists(block_type: type[Block], client: PrefectClient) -> bool:
    slug = block_type.get_block_type_slug()
    documents = await client.read_block_documents_by_type(slug, include_secrets=False)
    exists = any(document.name == BLOCK_NAME for document in documents)
    if exists:
        print(f"block {slug}/{BLOCK_NAME} is there and stays as it is; change it in Prefect's UI, under Blocks")
    return exists


async def _save(block: Block, client: PrefectClient, *, where: str) -> None:
    await block.save(BLOCK_NAME, client=client)
    print(f"block {block.get_block_type_slug()}/{BLOCK_NAME} made: {where}")


async def _make_work_pool(client: PrefectClient) -> None:
    try:
        await client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
    except ObjectAlreadyExists:
        print(f"work pool {WORK_POOL} is there")
    else:
        print(f"work pool {WORK_POOL} made; a worker takes its runs: prefect worker start --pool {WORK_POOL}")


if __name__ == "__main__":
    sys.exit(main())
