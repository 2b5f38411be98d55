"""A process that sweeps into one archive, to be killed in the middle: its arguments are one JSON text."""

import asyncio
import json
import sys

from pydantic import SecretStr

from florist.api import FloraAPI
from florist.stores.locations import store_at
from florist.stores.s3_access import Access
from florist.studio.studio import Studio
from florist.sweep.workspace import sweep_workspace


async def sweep(settings: dict) -> None:
    access = settings["access"]
    if access:
        access = Access(**{**access, "secret_access_key": SecretStr(access["secret_access_key"])})
    store = store_at(settings["location"], access=access)
    async with FloraAPI(api_key=settings["api_key"], base_url=settings["base_url"]) as client:
        studio = Studio(client, store)
        await studio.check()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        report = await sweep_workspace(studio)
        await studio.aclose()
    sys.stdout.write(f"{report.model_dump_json()}\n")


if __name__ == "__main__":
    asyncio.run(sweep(json.loads(sys.argv[1])))
