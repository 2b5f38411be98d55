"""A run that is done, as the client returns it: the API's own model, whose outputs can be saved."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from florist.api.models import Output, Run
from florist.client.saving import SavedOutput
from florist.errors import FloristError

Save = Callable[[int, str | Path], Awaitable[SavedOutput]]
"""Saves the output with this index."""


class SavableOutput(Output):
    """One thing a run made, which can be saved. Example: docs/client.md, "Saving"."""

    _index: int = PrivateAttr(0)
    _save: Save | None = PrivateAttr(None)

    async def save(self, to: str | Path = ".") -> SavedOutput:
        """Save it to a file, verified like an archived output; half a file never has the final name.

        Args:
            to: a folder, which is made if needed, or the name of a file: what has a suffix and is no folder.

        Raises:
            KeyTakenError: a file of other bytes has this name; it was not touched.
            OutputExpiredError: or `OutputRefusedError`: FLORA has no URL for it that opens.
            TransferError: or `IntegrityError`: the bytes could not be had as promised; there is no file.
            StoreError: the folder cannot be written to.
        """
        if self._save is None:
            raise FloristError(
                f"output {self.output_id} came out of a pickle, without its client; read its run again by "
                "flora.wait(run_id), and save that"
            )
        return await self._save(self._index, to)

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "__pydantic_private__": {"_index": self._index, "_save": None}}


class CompletedRun(Run):
    """A completed run, its outputs at hand. Example: docs/client.md, "Saving"."""

    outputs: tuple[SavableOutput, ...] = ()


def completed_run(run: Run, save: Save) -> CompletedRun:
    """Return the run with outputs that are saved by `save`."""
    return CompletedRun.model_construct(**{**dict(run), "outputs": _savable(run.outputs, save)})


def _savable(outputs: tuple[Output, ...], save: Save) -> tuple[SavableOutput, ...]:
    savable = tuple(SavableOutput.model_construct(**dict(output)) for output in outputs)
    for index, output in enumerate(savable):
        output._index, output._save = index, save
    return savable
