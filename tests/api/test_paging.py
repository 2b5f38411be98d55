import pytest

from florist.api.errors import APIResponseValidationError
from florist.api.paging import AsyncPager, Page
from tests.api.scripted import RUN, ScriptedFlora, client_on, ok

PAGE_SIZE = 50


class GrowingHistory:
    """Newest first, addressed by offset, and one more run is added after every page."""

    def __init__(self, count: int) -> None:
        self.runs = [f"run_{number}" for number in reversed(range(count))]
        self.served = 0

    async def page(self, cursor: str | None) -> Page[str]:
        at = int(cursor or 0)
        items = tuple(self.runs[at : at + PAGE_SIZE])
        self.served += 1
        self.runs.insert(0, f"run_new_{self.served}")
        following = at + PAGE_SIZE
        return Page(items, str(following) if following < len(self.runs) else None)


async def test_10000_runs_page_through_without_loss_or_repetition_while_runs_are_added():
    history = GrowingHistory(10_000)
    seen = [run async for run in AsyncPager(history.page, identity=str)]
    assert [run for run in seen if "new" not in run] == [f"run_{number}" for number in reversed(range(10_000))]
    assert len(set(seen)) == len(seen)


async def test_pages_come_as_they_are_served():
    history = GrowingHistory(120)
    pages = [page async for page in AsyncPager(history.page, identity=str).pages()]
    assert [len(page.items) for page in pages] == [50, 50, 22]
    assert pages[0].items[-1] == pages[1].items[0]


async def test_cursors_in_a_circle_end_in_an_error():
    async def page(cursor):
        return Page(("run",), "a" if cursor != "a" else "b")

    with pytest.raises(APIResponseValidationError, match="circle"):
        [item async for item in AsyncPager(page, identity=str)]


@pytest.mark.parametrize("meta", [{}, {"next_cursor": None}, {"next_cursor": ""}, None])
async def test_last_page_may_leave_its_cursor_out(time, meta):
    flora = ScriptedFlora(ok({"technique_runs": [RUN], "meta": meta}))
    runs = [run async for run in client_on(time, flora).techniques.runs.list()]
    assert ([run.run_id for run in runs], len(flora.requests)) == (["run_1"], 1)


async def test_page_in_camel_case_is_followed(time):
    flora = ScriptedFlora(
        ok({"techniqueRuns": [{"runId": "run_1", "status": "running"}], "meta": {"nextCursor": "c"}}),
        ok({"techniqueRuns": [], "meta": {}}),
    )
    runs = [run async for run in client_on(time, flora).techniques.runs.list()]
    assert [run.run_id for run in runs] == ["run_1"]
    assert flora.requests[1].url.params["cursor"] == "c"


async def test_history_filters_are_sent_and_nothing_else(time):
    flora = ScriptedFlora(ok({"technique_runs": [], "meta": {}}))
    await client_on(time, flora).techniques.runs.list(technique_id="tech_1", status="failed").page()
    assert dict(flora.requests[0].url.params) == {"technique_id": "tech_1", "status": "failed", "limit": "50"}
