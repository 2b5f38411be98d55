"""A run that was charged and brought nothing: told, noted, and never paid for again unasked."""

import pytest

from florist.api.errors import RunWithoutOutputsError
from florist.ledger import State
from florist.stores.store import Store


@pytest.fixture
def store(folder: Store) -> Store:
    return folder


async def test_run_without_outputs_is_noted_and_never_rerun(workshop, sandbox):
    sandbox.set_faults("no_outputs")
    for _ in range(2):
        async with workshop.chain() as chain:
            walked = await chain.run()
        assert isinstance(walked.failed["still"], RunWithoutOutputsError)
    (entry,) = await chain.studio.ledger.entries()
    assert (entry.state, entry.ended.outputs, sandbox.books().total.runs) == (State.FINISHED, 0, 1)
