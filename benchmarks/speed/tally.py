"""What is asked of the store, by kind, and when each run was seen to have ended, and its outputs kept."""

import inspect
import re
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

from botocore.client import BaseClient

from florist.api.models import Run
from florist.api.watcher import RunWatcher

_RUN_NUMBER = re.compile(r"[0-9a-f]+z[0-9a-f]{8}")
"""Of a run of the imitation, in whatever key it stands."""
_WRITES = ("create", "write")


class Tally:
    """Counts calls of a store and of its S3 client, and notes the last write that names each run."""

    def __init__(self) -> None:
        self.store_calls: Counter[str] = Counter()
        self.s3_calls: Counter[str] = Counter()
        self.kept_at: dict[str, float] = {}
        self.seen_at: dict[str, float] = {}

    def forget(self) -> None:
        """Count anew: the store is proved once a day, not in every run."""
        for calls in (self.store_calls, self.s3_calls):
            calls.clear()

    def counted(self, store: Any) -> Any:
        """Return a store in front of this one, whichever methods it has."""
        return _CountedStore(store, self)

    def watch_waits(self) -> None:
        """Note when each wait of every client made in this process brings its run."""
        original = RunWatcher.wait

        async def noted(watcher: RunWatcher, run_id: str, **arguments: Any) -> Run:
            run = await original(watcher, run_id, **arguments)
            self.seen_at[run_id] = time.time()
            return run

        setattr(RunWatcher, "wait", noted)  # noqa: B010

    def watch_s3(self) -> None:
        """Count the requests of every boto3 client made in this process."""
        original = BaseClient.__dict__["_make_api_call"]
        calls = self.s3_calls

        def counted(client: Any, operation: str, arguments: Any) -> Any:
            calls[operation] += 1
            return original(client, operation, arguments)

        setattr(BaseClient, "_make_api_call", counted)  # noqa: B010


class _CountedStore:
    def __init__(self, store: Any, tally: Tally) -> None:
        self._store = store
        self._tally = tally

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not callable(member) or name.startswith("_"):
            return member

        def call(*args: Any, **kwargs: Any) -> Any:
            key = args[0] if args and isinstance(args[0], str) else ""
            self._tally.store_calls[f"{name} {kind_of(key)}".strip()] += 1
            result = member(*args, **kwargs)
            return self._kept(key, result) if name in _WRITES and inspect.isawaitable(result) else result

        return call

    async def _kept(self, key: str, result: Awaitable[Any]) -> Any:
        value = await result
        for number in _RUN_NUMBER.findall(key):
            self._tally.kept_at[f"run_{number}"] = time.time()
        return value


def kind_of(key: str) -> str:
    """Return what is kept under a key, in a word or two."""
    folder, _, rest = key.partition("/")
    if folder == "ledger":
        return f"ledger {rest.partition('/')[0]}".strip()
    if folder in ("campaigns", "runs"):
        return "manifest" if key.endswith(".json") else "output"
    return folder
