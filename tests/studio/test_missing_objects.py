"""A run is reused only if its files are there: what is gone is fetched again, or the step says so."""

import pytest

from flora_sandbox.faults import Fault
from florist.ledger import How
from florist.studio.errors import KeptOutputMissingError
from tests.studio.conftest import Workshop

FORGOTTEN = Fault(name="not_found_at_first", technique="tech_keyvisual01", seconds=1e9)


async def made_without_the_still_s_object(workshop: Workshop) -> str:
    """Run the chain and lose an object of its first step; returns the key."""
    async with workshop.chain() as chain:
        walked = await chain.run()
    key = walked.results["still"].outputs[0].key
    await workshop.store.delete(key)
    return key


async def test_missing_object_of_a_reused_run_is_fetched_again(workshop, caplog):
    key = await made_without_the_still_s_object(workshop)
    async with workshop.chain() as chain:
        walked = await chain.run()
    assert walked.results["still"].how is How.REUSED
    assert await workshop.store.head(key) is not None
    assert workshop.sandbox.books().total.runs == 3
    assert f"{key} of run" in caplog.text


@pytest.fixture
def store(folder):
    return folder


async def test_missing_object_that_flora_has_no_more_fails_the_step_and_says_so(workshop):
    key = await made_without_the_still_s_object(workshop)
    workshop.sandbox.set_faults(FORGOTTEN)
    async with workshop.chain() as chain:
        walked = await chain.run()
    error = walked.failed["still"]
    assert isinstance(error, KeptOutputMissingError)
    assert (error.keys, "florist ledger restart" in str(error)) == ((key,), True)
    assert workshop.sandbox.books().total.runs == 3
