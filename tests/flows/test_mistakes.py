"""What people get wrong: each ends with one message that names the thing and the mend, before anything is paid."""

from pathlib import Path

import pytest

from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.commands.mistakes import BRIEF, HEADLINES, MISTAKES, Mistake
from tests.flows.conftest import ON_A_FLOOR, Floor
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY, S3Server

pytestmark = ON_A_FLOOR


@pytest.fixture(params=MISTAKES.values(), ids=MISTAKES.keys())
def mistake(request: pytest.FixtureRequest) -> Mistake:
    return request.param


async def test_flow_of_a_mistaken_pipeline_fails_with_one_message_and_pays_nothing(floor: Floor, mistake: Mistake):
    flow_run = await floor.run_pipeline(floor.pipeline(mistake.pipeline), mistake.params)
    assert flow_run.state.is_failed()
    assert all(word in flow_run.state.message for word in mistake.words)
    assert floor.books.total.requests == 0


async def test_flow_with_a_wrong_key_says_so(floor: Floor):
    stranger = type(floor.workspace)(api_key="no_such_key", base_url=floor.sandbox.base_url)
    flow_run = await floor.headlines(workspace=stranger)
    assert "API key" in flow_run.state.message
    assert floor.books.total.requests == 0


async def test_flow_with_a_missing_bucket_names_it_and_pays_nothing(floor: Floor, moto: S3Server):
    from blocks import S3Archive

    archive = S3Archive(
        bucket="no-such-bucket",
        endpoint_url=moto.endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    flow_run = await floor.headlines(archive=archive)
    assert "no-such-bucket" in flow_run.state.message
    assert floor.books.total.requests == 0


async def test_flow_with_a_full_disk_says_so_and_pays_nothing(floor: Floor):
    flow_run = await floor.headlines(archive=full_archive(floor.folder))
    assert "no space" in flow_run.state.message
    assert str(floor.folder) in flow_run.state.message
    assert floor.books.total.requests == 0


def full_archive(folder: Path) -> object:
    """Return an archive on a disk that is as good as full."""
    from blocks import LocalArchive

    class FullArchive(LocalArchive):
        _block_type_slug = "full-archive"

        def get_store(self) -> Store:
            return FolderStore(self.path, free_bytes_at_least=2**62)

    return FullArchive(path=folder)


async def test_flow_whose_balance_runs_out_says_so_and_the_top_up_finishes_it(floor: Floor):
    floor.sandbox.set_balance(0.005)
    poor = await floor.headlines(campaign="spring")
    assert "credits" in poor.state.message
    assert floor.books.total.runs == 0
    floor.sandbox.set_balance(1)
    rich = await floor.headlines(campaign="spring")
    assert rich.state.is_completed()
    assert floor.books.total.runs == 1


async def test_flow_with_a_campaign_in_other_letters_is_refused_and_pays_nothing(floor: Floor):
    await floor.headlines(campaign="spring")
    flow_run = await floor.headlines(campaign="SPRING")
    assert "new_campaign" in flow_run.state.message
    assert floor.books.total.runs == 1


async def test_flow_walks_as_its_pipeline_says_unless_a_parameter_says_otherwise(floor: Floor):
    too_little = HEADLINES + "campaign: {budget_usd: 0.000001}\n"
    flow_run = await floor.run_pipeline(floor.pipeline(too_little), BRIEF, campaign="spring")
    assert "does not fit into the budget" in flow_run.state.message
    flow_run = await floor.run_pipeline(floor.written[-1], BRIEF, campaign="spring", budget_usd=1)
    assert (flow_run.state.name, floor.books.total.runs) == ("Completed", 1)
