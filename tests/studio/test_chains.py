"""A chain goes on from the archive where FLORA's own URLs have died, and nothing is paid twice."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from flora_sandbox.database import open_readonly
from flora_sandbox.faults import Fault
from florist.archive.errors import OutputExpiredError
from florist.ledger import How
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError
from florist.stores.folder import FolderStore
from florist.sweep.failures import unkept_runs
from florist.sweep.workspace import sweep_workspace
from tests.studio.conftest import Workshop

UPLOAD = "POST /assets"
RETRIEVE = "GET /techniques/{technique}/runs/{run_id}"
PRICE = Decimal("0.15")  # key visual 0.08, caption 0.02, page 0.05


def fed(workshop: Workshop, step: str) -> list[str]:
    """The values of the image input of every run of a step, in order."""
    connection = open_readonly(workshop.sandbox.data_dir)
    rows = connection.execute("SELECT subject_name, inputs FROM runs ORDER BY seq").fetchall()
    connection.close()
    name = {"caption": "Caption Writer", "page": "Look Book Page"}[step]
    given = [json.loads(row["inputs"]) for row in rows if row["subject_name"] == name]
    return [value for inputs in given for _, kind, value in inputs if kind == "imageUrl"]


def source(workshop: Workshop, url: str) -> str:
    """Where a fed URL leads to."""
    if not url.startswith(workshop.sandbox.url):
        return "our object"
    return "asset" if "/media/asset_" in url else "flora"


def six_seconds_late(workshop: Workshop):
    def before_start(step) -> None:
        if step.name != "still":
            workshop.sandbox.clock.advance(6)

    return before_start


def dying(step_name: str):
    """Dies before this step is started."""

    def before_start(step) -> None:
        if step.name == step_name:
            raise RuntimeError("the machine is gone")

    return before_start


async def first_step_alone(workshop: Workshop) -> None:
    """An earlier flow run of the same campaign, which made the still and died."""
    async with workshop.chain(before_start=dying("caption")) as chain:
        await chain.run()
    assert workshop.sandbox.books().total.runs == 1


@pytest.mark.parametrize("settings", [{"output_lifetime": 5}])
async def test_chain_slower_than_the_life_of_urls_completes_from_the_archive(workshop):
    async with workshop.chain(before_start=six_seconds_late(workshop)) as chain:
        walked = await chain.run()
    assert walked.failed == {}
    books = workshop.sandbox.books()
    assert (books.total.runs, books.total.requests, books.total.charged_usd) == (3, 3, PRICE)
    wanted = "asset" if isinstance(workshop.store, FolderStore) else "our object"
    assert {source(workshop, url) for url in fed(workshop, "caption") + fed(workshop, "page")} == {wanted}


@pytest.mark.parametrize("settings", [{"output_lifetime": 5}])
async def test_chain_run_again_after_its_urls_have_died_is_not_charged_again(workshop):
    async with workshop.chain() as chain:
        assert (await chain.run()).failed == {}
    workshop.sandbox.clock.advance(3600)
    async with workshop.chain() as chain:
        walked = await chain.run()
    assert {result.how for result in walked.results.values()} == {How.REUSED}
    assert workshop.sandbox.books().total.charged_usd == PRICE


@pytest.mark.parametrize("settings", [{"final_lifetimes": True}])
async def test_chain_taken_up_next_week_is_fed_from_the_archive(workshop):
    await first_step_alone(workshop)
    workshop.sandbox.clock.advance(7 * 86_400)
    async with workshop.chain() as chain:
        assert (await chain.run()).failed == {}
    books = workshop.sandbox.books()
    assert (books.total.runs, books.total.charged_usd) == (3, PRICE)
    assert "flora" not in {source(workshop, url) for url in fed(workshop, "caption")}


async def test_chain_goes_on_when_flora_has_forgotten_the_run(workshop):
    await first_step_alone(workshop)
    workshop.sandbox.set_faults(Fault(name="not_found_at_first", technique="tech_keyvisual01", seconds=1e9))
    async with workshop.chain() as chain:
        assert (await chain.run()).failed == {}
    assert workshop.sandbox.books().total.charged_usd == PRICE


async def test_run_that_a_sweep_kept_is_taken_from_there_though_flora_has_forgotten_it(workshop):
    async with workshop.chain() as chain:
        chain.keep = no_time_to_keep
        await chain.run()
        report = await sweep_workspace(chain.studio)
        assert report.kept_now == 1
    workshop.sandbox.set_faults(Fault(name="not_found_at_first", technique="tech_keyvisual01", seconds=1e9))
    async with workshop.chain() as chain:
        walked = await chain.run()
    assert walked.results["still"].how is How.REUSED
    assert walked.results["still"].outputs[0].key.startswith("campaigns/spring/single/still/")
    assert workshop.sandbox.books().total.charged_usd == PRICE


async def test_manifest_of_a_swept_run_names_its_inputs_and_its_parent(workshop):
    async with workshop.chain() as chain:
        keep = chain.keep

        async def keep_the_still_alone(started, run, upstream):
            return await (keep if started.step.name == "still" else no_time_to_keep)(started, run, upstream)

        chain.keep = keep_the_still_alone
        walked = await chain.run()
        still = walked.results["still"]
        [swept] = (await sweep_workspace(chain.studio)).runs
        manifest = await chain.studio.archiver.manifest_of(swept.run_id)
    assert (manifest.campaign, manifest.step, manifest.technique) == ("spring", "caption", "caption-writer")
    assert [(parent.run_id, parent.sha256) for parent in manifest.parents] == [
        (still.run.run_id, still.outputs[0].sha256)
    ]
    assert [(given.id, given.run_id) for given in manifest.inputs] == [("image", still.run.run_id)]


async def no_time_to_keep(*_):
    raise RuntimeError("the machine is gone")


async def test_chain_is_fed_floras_own_urls_while_they_last(workshop):
    async with workshop.chain() as chain:
        assert (await chain.run()).failed == {}
    assert {source(workshop, url) for url in fed(workshop, "caption") + fed(workshop, "page")} == {"flora"}
    assert workshop.asked(UPLOAD) == 0


@pytest.mark.parametrize("store", ["folder"], indirect=True)
async def test_chain_taken_up_with_a_folder_asks_flora_before_it_uploads(workshop):
    await first_step_alone(workshop)
    async with workshop.chain() as chain:
        assert (await chain.run()).failed == {}
    assert source(workshop, fed(workshop, "caption")[0]) == "flora"


@pytest.mark.parametrize("store", ["folder"], indirect=True)
@pytest.mark.parametrize("settings", [{"output_lifetime": 5}])
async def test_output_that_two_steps_take_is_uploaded_once(workshop):
    async with workshop.chain(before_start=six_seconds_late(workshop)) as chain:
        await chain.run()
    assert workshop.asked(UPLOAD) == 1
    assert fed(workshop, "caption") == fed(workshop, "page")


@pytest.mark.parametrize("settings", [{"output_lifetime": 5}])
async def test_archive_that_was_tampered_with_is_not_fed(workshop, folder):
    workshop.store = folder
    async with workshop.chain(before_start=six_seconds_late(workshop)) as chain:
        keep = chain.keep

        async def keep_and_damage(started, run, upstream):
            manifest = await keep(started, run, upstream)
            (folder.path / manifest.outputs[0].key).write_bytes(b"\x89PNG, or not")
            return manifest

        chain.keep = keep_and_damage
        walked = await chain.run()
    assert isinstance(walked.failed["caption"], IntegrityError)
    assert workshop.sandbox.books().total.runs == 1


class LentOut(FolderStore):
    """A folder that gives out URLs which FLORA cannot, or will not, open."""

    url = ""

    async def presign(self, key: str, *, expires_in: timedelta, signed_at: datetime | None = None) -> SignedUrl:
        return SignedUrl(self.url)


@pytest.mark.parametrize("settings", [{"output_lifetime": 5}])
@pytest.mark.parametrize(
    ("url", "attempts"), [("https://10.0.0.7/still.png", 1), ("http://127.0.0.1:1/still.png", 2)]
)
async def test_output_whose_url_flora_does_not_open_is_uploaded(workshop, folder, url, attempts):
    workshop.store = LentOut(folder.path)
    workshop.store.url = url
    async with workshop.chain(before_start=six_seconds_late(workshop)) as chain:
        assert (await chain.run()).failed == {}
    books = workshop.sandbox.books()
    assert [source(workshop, value) for value in fed(workshop, "caption")][-1] == "asset"
    assert books.by_technique["tech_caption0001"].runs == attempts
    assert (books.total.completed, books.total.charged_usd) == (3, PRICE)


@pytest.mark.parametrize("settings", [{"final_lifetimes": True}])
async def test_output_that_expires_before_it_is_kept_is_told_so_and_noted_by_the_sweep_alone(workshop):
    async with workshop.chain() as chain:
        keep = chain.keep

        async def keep_too_late(started, run, upstream):
            workshop.sandbox.clock.advance(2 * 86_400)
            return await keep(started, run, upstream)

        chain.keep = keep_too_late
        walked = await chain.run()
    assert isinstance(walked.failed["still"], OutputExpiredError)
    assert (await unkept_runs(workshop.store)).runs == {}


async def test_presigned_url_is_in_no_record_of_the_ledger(workshop):
    await first_step_alone(workshop)
    async with workshop.chain() as chain:
        await chain.run()
    async for record in records(workshop):
        assert b"http" not in (await workshop.store.read(record) or b"")


async def records(workshop: Workshop) -> AsyncIterator[str]:
    async for item in workshop.store.list("ledger/"):
        yield item.key
