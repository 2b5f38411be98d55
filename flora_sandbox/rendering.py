"""Making the media of a run from its real inputs, in the background.

Fetch every input, make each variation in a thread, write the files, then note it all in one transaction: a kill on
any line leaves a run that is made again after the restart.
"""

import asyncio
import hashlib
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec

from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.jobs import Given, variations
from flora_sandbox.media import InputContent, Made, UnreadableInputError, UnusableParamError, perform, render
from flora_sandbox.outbound import MAX_REDIRECTS, UnreachableError, sent
from flora_sandbox.settings import Settings
from flora_sandbox.shelf import Shelf

WORKERS = 2
"""Making pictures is work for the processor; more threads than cores would only starve the server."""
LARGEST_INPUT_BYTES = 200 * 1024 * 1024
Making = ParamSpec("Making")
_log = logging.getLogger(__name__)


class InputUnreachableError(Exception):
    """An input URL does not answer, or not with its bytes."""


class Renderer:
    """Makes what runs promise; each run once, also across restarts."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, shelf: Shelf) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._shelf = shelf
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox-render")
        self._turn = asyncio.Semaphore(2 * WORKERS)

    def start(self, run_id: str) -> None:
        """Begin with a run that has just been stored."""
        task = asyncio.create_task(self._make(run_id))
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    def resume(self) -> None:
        """Begin again with every run that was not finished when the sandbox last ended."""
        rows = self._database.rows(
            "SELECT run_id FROM runs WHERE final IS NULL AND is_stuck = 0 AND planned_error IS NULL"
            " AND rendered_at IS NULL ORDER BY seq"
        )
        for row in rows:
            self.start(row["run_id"])

    async def wait_for(self, run_ids: Iterable[str], *, patience: float) -> None:
        """Give runs that are due a moment (real seconds) to be made."""
        tasks = [self._tasks[run_id] for run_id in run_ids if run_id in self._tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=patience)

    async def stop(self) -> None:
        """Leave what is not made yet to the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _make(self, run_id: str) -> None:
        run = self._database.row("SELECT * FROM runs WHERE run_id = ?", run_id)
        if run is None:
            return
        try:
            async with self._turn:
                made = await self._made(run)
        except (InputUnreachableError, UnreadableInputError) as error:
            self._failed(run_id, "input_unreachable", str(error))
        except UnusableParamError as error:
            self._failed(run_id, "invalid_params", str(error))
        except Exception:  # noqa: BLE001 - logged with its traceback; the run fails, as FLORA's would
            _log.exception("run %s could not be made", run_id)
            self._failed(run_id, "internal_error", "An internal error occurred.")
        else:
            self._store(run_id, made)

    async def _made(self, run: sqlite3.Row) -> list[Made]:
        given = tuple(Given(*values) for values in json.loads(run["inputs"]))
        if run["kind"] == "action":
            contents = [await self._content(one) for one in given]
            return await self._in_thread(perform, run["recipe"], contents, json.loads(run["params"]))
        made: list[Made] = []
        for number, inputs in enumerate(variations(given)):
            named = {name: await self._content(one) for name, one in inputs.items()}
            seed = _seed(self._settings.seed, run["seq"], number)
            made += await self._in_thread(render, run["recipe"], named, seed=seed)
        return made

    async def _in_thread(
        self, make: Callable[Making, list[Made]], *args: Making.args, **kwargs: Making.kwargs
    ) -> list[Made]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(make, *args, **kwargs))

    async def _content(self, given: Given) -> InputContent:
        if given.type == "text":
            return InputContent(kind="text", text=given.value)
        own = self._shelf.own_file(given.value)
        if own is not None:
            return InputContent(kind=given.type, data=own, media_type="application/octet-stream")
        data, media_type = await fetched(
            given.value,
            timeout=self._settings.input_timeout,
            restrict_hosts=self._settings.restrict_input_hosts,
        )
        return InputContent(kind=given.type, data=data, media_type=media_type)

    def _store(self, run_id: str, made: list[Made]) -> None:
        files = [None if one.type == "text" else f"{run_id}/{n}.{one.extension}" for n, one in enumerate(made)]
        for name, one in zip(files, made, strict=True):
            if name is not None:
                self._shelf.put(name, one.data)
        with self._database.transaction():
            for position, (name, one) in enumerate(zip(files, made, strict=True)):
                self._database.insert(
                    "outputs",
                    run_id=run_id,
                    position=position,
                    output_id=one.output_id,
                    type=one.type,
                    text=one.data.decode() if one.type == "text" else None,
                    file=name,
                    media_type=one.media_type,
                    size_bytes=len(one.data),
                    sha256=hashlib.sha256(one.data).hexdigest(),
                )
            self._database.write("UPDATE runs SET rendered_at = ? WHERE run_id = ?", self._clock.now(), run_id)

    def _failed(self, run_id: str, code: str, message: str) -> None:
        self._database.write(
            "UPDATE runs SET rendered_at = ?, render_error = ?, error_message = ? WHERE run_id = ?",
            self._clock.now(),
            code,
            message,
            run_id,
        )


async def fetched(
    url: str, *, timeout: float, largest_bytes: int = LARGEST_INPUT_BYTES, restrict_hosts: bool = False
) -> tuple[bytes, str]:
    """Return the bytes behind a URL and the media type they claim.

    Raises:
        InputUnreachableError: it did not answer with success, in time, and within the size.
    """
    try:
        async with sent(
            "GET", url, timeout=timeout, redirects=MAX_REDIRECTS, restrict_hosts=restrict_hosts
        ) as response:
            if not response.is_success:
                raise InputUnreachableError(f"{response.request.url.host} answered {response.status_code}.")
            data = bytearray()
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > largest_bytes:
                    raise InputUnreachableError(f"The file at {response.request.url.host} is too large.")
            return bytes(data), response.headers.get("content-type", "application/octet-stream")
    except UnreachableError as error:
        raise InputUnreachableError(f"{error}.") from error


def _seed(base: int, run_number: int, variation: int) -> int:
    digest = hashlib.sha256(f"{base}:{run_number}:{variation}".encode()).digest()
    return int.from_bytes(digest[:4])
