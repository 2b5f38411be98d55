"""One campaign whichever way its name is typed, and what of it is paid for before anybody agrees to its price."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from florist.errors import ConfigurationError
from florist.ledger import Ledger
from florist.pipelines import definitions_of, parse_pipeline
from florist.pipelines.rows import RowPlans, plan_rows
from florist.stores.folder import FolderStore
from florist.studio.campaigns import Campaigns, campaign_name
from florist.studio.progress import CampaignProgress, campaign_progress
from florist.studio.steps import CampaignRow, make_step
from florist.studio.studio import Studio, StudioSteps
from tests.studio.conftest import connected

PIPELINE = """
name: words
params: {brief: {type: text}, picture: {type: imageUrl}}
steps:
  caption: {technique: caption-writer, inputs: {image: "${params.picture}"}}
  lines: {technique: headline-writer, inputs: {brief: "${params.brief}: ${steps.caption.output}"}}
"""


@pytest.mark.parametrize("typed", ["Frühling", "Fru\u0308hling", " Frühling\t", "Fru\u0308hling "])
def test_campaign_typed_in_any_way_has_one_name(typed):
    assert CampaignRow(campaign=typed).campaign == campaign_name(typed) == "Frühling"


async def test_campaign_begun_is_known_under_its_name_alone(folder):
    campaigns = Campaigns(folder)
    assert not await campaigns.knows("spring")
    assert [await campaigns.begin("spring"), await campaigns.begin("spring")] == [False, True]
    assert not await campaigns.knows("Spring")


async def test_campaign_that_differs_by_case_is_refused_until_it_is_said_to_be_new(folder):
    campaigns = Campaigns(folder)
    await campaigns.begin("spring")
    assert await campaigns.similar("SPRING") == ("spring",)
    with pytest.raises(ConfigurationError, match="capital letters"):
        await campaigns.begin("SPRING")
    await campaigns.begin("SPRING", is_new=True)
    assert [await campaigns.begin("SPRING"), await campaigns.begin("spring")] == [True, True]


async def test_campaign_from_before_there_were_notes_is_known_by_its_outputs(folder):
    await folder.create("campaigns/spring/single/still/1.json", b"{}")
    assert await Campaigns(folder).knows("spring")


class Planner:
    """Plans two rows of `PIPELINE`, runs them, and asks how much of them is paid for."""

    def __init__(self, sandbox, folder: FolderStore, pictures: Path) -> None:
        self.sandbox, self.folder, self.pictures = sandbox, folder, pictures
        self.briefs = {"a": "Spring", "b": "Autumn"}

    def paint(self, key: str, colour: str) -> None:
        Image.new("RGB", (8, 6), colour).save(self.pictures / f"{key}.png")

    def plans(self, definitions) -> RowPlans:
        pipeline = parse_pipeline(PIPELINE, file=self.pictures / "words.yaml")
        rows = {key: {"brief": brief, "picture": f"{key}.png"} for key, brief in self.briefs.items()}
        return plan_rows(pipeline, {}, rows, definitions, folder=self.pictures)

    async def progress(self, *, is_known: bool = True) -> CampaignProgress:
        async with connected(self.sandbox) as client:
            plans = self.plans(await definitions_of(parse_pipeline(PIPELINE, file=Path("x")), client))
            return await campaign_progress(plans, "spring", Ledger(self.folder), is_known=is_known)

    async def run(self) -> None:
        async with connected(self.sandbox) as client:
            studio = Studio(client, self.folder)
            plans = self.plans(await definitions_of(parse_pipeline(PIPELINE, file=Path("x")), client))
            for key, planned in plans.rows.items():
                steps = StudioSteps(studio, CampaignRow(campaign="spring", key=key))
                made = {}
                for step in planned.steps:
                    made[step.name] = await make_step(step, made, steps)
            await studio.aclose()


@pytest.fixture
def settings():
    return {"frozen_at": None}


@pytest.fixture
def planner(sandbox, folder, tmp_path) -> Planner:
    planner = Planner(sandbox, folder, tmp_path)
    planner.paint("a", "firebrick")
    planner.paint("b", "navy")
    return planner


async def test_progress_in_an_archive_that_knows_nothing_says_what_cannot_be_seen(planner):
    progress = await planner.progress(is_known=False)
    (line,) = progress.lines()
    assert line.startswith("0 of 4 paid runs of campaign spring are in file://")
    assert "Runs that another archive holds are not seen from here" in line


async def test_progress_of_a_finished_campaign_is_all_of_it(planner):
    await planner.run()
    progress = await planner.progress()
    assert (progress.paid, progress.runs, progress.unpaid_usd, progress.changed) == (4, 4, Decimal(0), ())


@pytest.mark.parametrize(
    ("change", "paid", "label", "changed"),
    [
        (lambda planner: planner.briefs.update(a="Summer"), 3, "a/lines", ("brief",)),
        (lambda planner: planner.paint("b", "gold"), 2, "b/caption", ("image",)),
    ],
    ids=["text", "file"],
)
async def test_progress_of_a_row_whose_inputs_changed_names_the_input(
    planner: Planner, change: Callable[[Planner], object], paid: int, label: str, changed: tuple[str, ...]
):
    await planner.run()
    change(planner)
    progress = await planner.progress()
    assert progress.paid == paid
    assert [(step.label, step.inputs) for step in progress.changed] == [(label, changed)]
    assert f"{label} has a paid run with other inputs" in progress.lines()[1]
