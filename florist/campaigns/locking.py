"""Writes and checks the lock files of pipelines, one in each folder that holds some of them."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from florist.api import FloraAPI
from florist.api.models import Technique
from florist.campaigns.lock import LOCK_FILE, Drift, Lock, drift, read_lock
from florist.errors import ConfigurationError
from florist.pipelines import Pipeline, definitions_of, load_pipeline
from florist.wording import quoted

PIPELINE_SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Locked:
    """The pipelines of one folder that a lock file stands beside.

    Attributes:
        is_whole: they are all pipelines of their folder: what none of them uses leaves the lock.
    """

    folder: Path
    pipelines: tuple[Pipeline, ...]
    is_whole: bool

    @property
    def file(self) -> Path:
        """The lock file."""
        return self.folder / LOCK_FILE

    @property
    def names(self) -> tuple[str, ...]:
        """The techniques the pipelines use, each once, by the names they use."""
        return tuple(sorted({name for pipeline in self.pipelines for name in pipeline.techniques}))


def pipelines_at(paths: Iterable[Path]) -> list[Locked]:
    """Return the pipelines at these paths, folder by folder; of a folder all that are in it.

    Raises:
        ConfigurationError: a folder has none.
        PipelineFileError: a file is none.
    """
    files: dict[Path, set[Path]] = {}
    whole: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found = {file for file in path.iterdir() if file.suffix in PIPELINE_SUFFIXES}
            if not found:
                raise ConfigurationError(f"there is no pipeline in {path}: name files, or a folder of .yaml files")
            files.setdefault(path, set()).update(found)
            whole.add(path)
        else:
            files.setdefault(path.parent, set()).add(path)
    return [
        Locked(folder, tuple(load_pipeline(file) for file in sorted(found)), folder in whole)
        for folder, found in files.items()
    ]


async def write_lock(locked: Locked, client: FloraAPI) -> Lock:
    """Write the lock file; return what it holds. A reader sees the file before or the one after.

    Raises:
        ConfigurationError: FLORA does not know one of the techniques; the file stays as it was.
    """
    definitions = await _definitions(locked.pipelines, client)
    unknown = [name for name in locked.names if name not in definitions]
    if unknown:
        names = ", ".join(map(quoted, unknown))
        raise ConfigurationError(
            f"no technique is called {names}, or this API key may not use it; nothing was locked"
        )
    lock = Lock.of(definitions)
    if not locked.is_whole and locked.file.exists():
        lock = Lock(techniques={**read_lock(locked.file).techniques, **lock.techniques})
    draft = locked.file.with_name(f".{LOCK_FILE}-{uuid4().hex}")
    draft.write_text(lock.to_json(), encoding="utf-8")
    os.replace(draft, locked.file)  # noqa: PTH105 - the same file system, and atomic
    return lock


async def check_lock(locked: Locked, client: FloraAPI) -> list[Drift]:
    """Return what has moved since the lock was written.

    Raises:
        ConfigurationError: there is no lock file.
    """
    lock = read_lock(locked.file)
    return drift(lock.only(locked.names), await _definitions(locked.pipelines, client))


async def _definitions(pipelines: Sequence[Pipeline], client: FloraAPI) -> Mapping[str, Technique]:
    found = await asyncio.gather(*(definitions_of(pipeline, client) for pipeline in pipelines))
    return {name: technique for definitions in found for name, technique in definitions.items()}
