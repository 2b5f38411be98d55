"""Sweeps FLORA's whole history into a campaign's store, in fast time, beside the workers.

python -m tests.drills.ledger.sweep_once --flora http://127.0.0.1:8787/api/v1 --store DIR --began 1790000000
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from florist.api import FloraAPI
from florist.errors import FloristError
from florist.ledger import Ledger, Spender, TechniqueRoute
from florist.studio.studio import Studio
from florist.sweep.workspace import sweep_workspace
from tests.drills.ledger.fast_time import RATE, FastTime
from tests.drills.ledger.pointed_store import PointedStore
from tests.drills.ledger.walk_rows import REQUEST_TIMEOUT, store_named


def main(arguments: Sequence[str] | None = None) -> None:
    """Sweep once, and exit with 0; with 1 where that ended early."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flora", required=True)
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--began", type=float, required=True)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--log", required=True)
    wanted = parser.parse_args(arguments)
    output = os.open(wanted.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        asyncio.run(_sweep(wanted))
    except FloristError as error:
        print(f"{type(error).__name__}: {error}")  # noqa: T201
        sys.exit(1)


async def _sweep(wanted: argparse.Namespace) -> None:
    time = FastTime(wanted.began, wanted.rate)
    store = PointedStore(store_named(wanted.store), lambda point: None, of_real=time.of_real)
    client = FloraAPI(
        api_key=wanted.api_key,
        base_url=wanted.flora,
        timeout=REQUEST_TIMEOUT / wanted.rate,
        now=time.now,
        monotonic=time.monotonic,
        sleep=time.sleep,
    )
    async with client:
        spender = Spender(Ledger(store), TechniqueRoute(client, now=time.now, monotonic=time.monotonic))
        studio = Studio(client, store, spender=spender, now=time.now)
        try:
            print((await sweep_workspace(studio)).model_dump_json())  # noqa: T201
        finally:
            await studio.aclose()


if __name__ == "__main__":
    main()
