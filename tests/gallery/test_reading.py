"""A sheet tells what is there, what is not, why, and what it was made of."""

from decimal import Decimal

import pytest

from florist.campaigns.endings import CampaignResult
from florist.campaigns.gaps import Gap
from florist.campaigns.picks import Pick, add_pick
from florist.errors import ConfigurationError
from florist.gallery import CellState, read_sheet
from florist.gallery.outcomes import Outcomes, PlannedCells
from florist.ledger import State
from florist.stores.folder import FolderStore
from tests.gallery.imagined import NOON, Content, Imagined, prompt, written

PIXEL = Content(b"not really a picture", "image/png")


@pytest.fixture
def imagined(tmp_path) -> Imagined:
    return Imagined(FolderStore(tmp_path / "archive"))


async def cells_of(imagined: Imagined):
    sheet = await read_sheet(imagined.store, imagined.campaign)
    return {(cell.row, cell.cell): cell for row in sheet.rows for cell in row.cells}


async def test_sheet_of_a_whole_campaign_has_every_row_and_column_in_order(archive):
    sheet = await read_sheet(archive, "spring")
    assert [row.key for row in sheet.rows] == ["tulip-001", "rose-002", "peony-003"]
    assert [column.cell for column in sheet.columns] == ["still", "still@v2", "caption", "film", "page"]
    assert [dict(column.axes) for column in sheet.columns[:2]] == [{"variation": "1"}, {"variation": "2"}]
    assert (sheet.rows_complete, sheet.money.charged_usd) == (3, Decimal("2.73"))


async def test_output_is_told_with_its_kind_and_its_bytes(archive):
    [first, *_] = (await read_sheet(archive, "spring")).rows
    assert [cell.media[0].media_class for cell in first.cells] == [
        "picture",
        "picture",
        "text",
        "film",
        "document",
    ]
    still = first.cells[0].media[0]
    assert (await archive.head(still.key)).sha256 == still.sha256
    assert first.cells[2].media[0].text.startswith("Say hello")


async def test_film_names_the_run_of_the_still_that_it_was_made_of(archive):
    [first, *_] = (await read_sheet(archive, "spring")).rows
    still, _, _, film, _ = first.cells
    assert [(given.run_id, given.index) for given in film.inputs] == [(still.run_id, 0)]
    assert still.inputs[0].text.startswith("The tulip bottle on")


async def test_gap_says_why_and_what_to_do(archive):
    sheet = await read_sheet(archive, "autumn")
    found = {cell.reason: cell for row in sheet.rows for cell in row.cells if cell.reason}
    assert found["safety_blocked"].state is CellState.FAILED
    assert found["safety_blocked"].advice.endswith("by `florist rerun autumn --only failed`")
    assert found["not_started: budget"].state is CellState.GAP
    assert found["not_started: needs film"].message == "it needs film"
    assert found["run_timeout"].state is CellState.WAITING
    assert found["needs_review"].state is CellState.REVIEW


async def test_run_that_goes_on_is_waited_for_although_no_run_of_the_campaign_has_ended(imagined):
    await imagined.enter("sku-1", "still", State.STARTED)
    await imagined.enter("sku-2", "still", State.FINISHED, status="failed", error_code="safety_blocked")
    await imagined.enter("sku-3", "still", State.SENT)
    cells = await cells_of(imagined)
    assert {key[0]: (cell.state, cell.reason) for key, cell in cells.items()} == {
        "sku-1": (CellState.WAITING, "in_flight"),
        "sku-2": (CellState.FAILED, "safety_blocked"),
        "sku-3": (CellState.IN_DOUBT, "in_doubt"),
    }


async def test_gap_that_was_filled_since_the_last_end_is_none(imagined):
    imagined.lack(Gap("sku-1", "still", "budget", False, "it does not fit", "raise the budget"))
    await imagined.end()
    assert (await cells_of(imagined))["sku-1", "still"].state is CellState.GAP
    await imagined.keep("sku-1", "still", PIXEL)
    assert (await cells_of(imagined))["sku-1", "still"].state is CellState.KEPT


async def test_run_of_a_few_rows_leaves_what_was_told_of_the_others(imagined):
    for row in ("sku-1", "sku-2"):
        imagined.lack(Gap(row, "still", "budget", False, "it does not fit", "raise the budget"))
    await imagined.end()
    halted = Gap("sku-2", "still", "halted", False, "stopped", "run it again")
    few = CampaignResult("launch", {"sku-2": (halted,)}, Decimal(1))
    told = await Outcomes(imagined.store, "spring").keep(PlannedCells((), is_selection=True), few)
    assert {gap.row: gap.code for gap in told.gaps} == {"sku-1": "budget", "sku-2": "halted"}
    assert list(told.rows) == ["sku-1", "sku-2"]


async def test_long_text_is_cut_and_says_so(imagined):
    await imagined.keep("sku-1", "caption", written("word " * 10_000)._replace(kind="documentUrl"))
    [cell] = (await cells_of(imagined)).values()
    assert cell.media[0].is_cut
    assert len(cell.media[0].text) == 4000


async def test_damaged_manifest_is_told_and_the_others_are_shown(imagined):
    await imagined.keep("sku-1", "still", PIXEL)
    kept = await imagined.keep("sku-2", "still", PIXEL)
    path = imagined.store.path / f"{kept.outputs[0].key.rpartition('-0.')[0]}.json"
    path.write_text("{")
    sheet = await read_sheet(imagined.store, "spring")
    assert "is not a Manifest any more" in sheet.notes[0]
    assert [row.cells[0].state for row in sheet.rows] == [CellState.KEPT, CellState.FAILED]


async def test_unknown_campaign_is_refused_and_an_empty_one_is_not(imagined):
    with pytest.raises(ConfigurationError, match="knows no campaign"):
        await read_sheet(imagined.store, "spring")
    await imagined.end()
    assert (await read_sheet(imagined.store, "spring")).rows == ()


async def test_other_campaign_stands_beside_it_row_by_row(imagined):
    await imagined.keep("sku-1", "still", PIXEL)
    earlier = Imagined(imagined.store, "winter")
    await earlier.keep("sku-1", "still", PIXEL)
    await earlier.keep("sku-1", "film", PIXEL)
    await earlier.keep("sku-9", "still", PIXEL)
    [row] = (await read_sheet(imagined.store, "spring", against="winter")).rows
    assert [cell.cell for cell in row.cells] == ["still"]
    assert [cell.cell for cell in row.against] == ["still", "film"]


async def test_pick_stands_with_who_and_when(imagined):
    await imagined.keep("sku-1", "still", PIXEL, inputs=[prompt("a bottle")])
    pick = Pick(row="sku-1", cell="still", verdict="picked", stars=4, note="the light")
    await add_pick(imagined.store, "spring", pick, by="Ada", at=NOON)
    [cell] = (await cells_of(imagined)).values()
    assert (cell.pick.verdict, cell.pick.stars, cell.pick.note, cell.pick.by) == ("picked", 4, "the light", "Ada")
