"""A process that archives one run, to be killed in the middle: its arguments are one JSON text."""

import asyncio
import json
import sys

from pydantic import SecretStr

from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.manifest import RunOrigin
from florist.stores.locations import store_at
from florist.stores.s3_access import Access


async def keep(settings: dict) -> None:
    access = settings.get("access")
    if access:
        access = Access(**{**access, "secret_access_key": SecretStr(access["secret_access_key"])})
    store = store_at(settings["location"], access=access)
    run = Run.model_validate(settings["run"])
    await store.head("warm-up")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    async with Downloader(trusted_hosts=frozenset(settings["trusted_hosts"])) as downloader:
        await Archiver(store, fetch=downloader.fetch).keep(run, RunOrigin(technique_id="t", technique="film"))


if __name__ == "__main__":
    asyncio.run(keep(json.loads(sys.argv[1])))
