"""Run history: whose, what it shows, how it is paged."""

import pytest

from flora_sandbox.faults import Fault

LONG = 1000


def pages(client, **params):
    """Yield each page until the cursor ends."""
    cursor = None
    while True:
        page = client.get("/technique-runs", params={**params, **({"cursor": cursor} if cursor else {})}).json()
        yield page["technique_runs"]
        cursor = page["meta"].get("next_cursor")
        if not cursor:
            return


def ids(client, **params):
    return [run["run_id"] for page in pages(client, **params) for run in page]


def test_history_is_newest_first(flora):
    started = [flora.text_run().json()["run_id"] for _ in range(3)]

    assert ids(flora, limit=2) == started[::-1]


def test_history_shows_neither_inputs_nor_key(flora):
    flora.text_run("a-secret-key")

    text = flora.get("/technique-runs").text

    assert "a-secret-key" not in text
    assert "Spring flowers" not in text


@pytest.mark.parametrize("with_outputs", [True, False])
def test_history_tells_outputs_only_where_set(open_sandbox, connect, with_outputs):
    client = connect(open_sandbox(history_with_outputs=with_outputs))
    client.ended_text_run()

    [item] = client.get("/technique-runs").json()["technique_runs"]

    assert item["status"] == "completed"
    assert ("outputs" in item) is with_outputs


@pytest.mark.parametrize(("per_key", "seen"), [(True, 0), (False, 1)])
def test_history_is_of_the_caller(open_sandbox, connect, per_key, seen):
    sandbox = open_sandbox(history_per_key=per_key)
    connect(sandbox).text_run()

    assert len(ids(connect(sandbox, "sk_test_other"))) == seen


def test_filters_narrow_history(sandbox, flora):
    completed = flora.ended_text_run()["run_id"]
    failed = flora.ended_text_run(fault="model_timeout")["run_id"]
    pending = flora.text_run().json()["run_id"]

    found = [
        ids(flora, **params)
        for params in (
            {"status": "completed"},
            {"status": "failed"},
            {"status": "pending"},
            {"status": "running"},
            {"technique_id": "tech_keyvisual01"},
            {"workspace_id": "ws_nursery0002"},
            {"project_id": "prj_launch00001"},
        )
    ]

    assert found == [[completed], [failed], [pending], [], [], [], [pending, failed, completed]]


def test_page_holds_at_most_fifty(sandbox, flora):
    sandbox.add_history(120)

    assert [len(page) for page in pages(flora, limit=1000)] == [50, 50, 20]


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "eyJiZWZvcmUiOiJ4In0", "W10"])
def test_cursor_that_is_none_is_refused_or_means_the_start(flora, cursor):
    flora.text_run()

    answer = flora.get("/technique-runs", params={"cursor": cursor})

    assert answer.status_code == (200 if cursor == "e30" else 400)


@pytest.mark.parametrize(
    ("spelling", "meta"), [("null", {"next_cursor": None}), ("missing", {}), ("empty", {"next_cursor": ""})]
)
def test_last_cursor_is_spelled_as_set(open_sandbox, connect, spelling, meta):
    client = connect(open_sandbox(last_cursor=spelling))

    assert client.get("/technique-runs").json()["meta"] == {**meta, "total_estimate": 0}


def test_long_history_pages_without_loss_or_repetition_while_runs_are_added(sandbox, flora):
    sandbox.add_history(LONG)
    seen = []

    for number, page in enumerate(pages(flora, limit=50)):
        seen += [run["run_id"] for run in page]
        if number % 3 == 0:
            sandbox.add_history(7)

    assert (len(seen), len(set(seen))) == (LONG, LONG)


def test_offset_paging_repeats_items_when_runs_are_added(open_sandbox, connect):
    sandbox = open_sandbox(paging="offset")
    client = connect(sandbox)
    sandbox.add_history(40)
    seen = []

    for page in pages(client, limit=20):
        seen += [run["run_id"] for run in page]
        if len(seen) == 20:
            sandbox.add_history(3)

    assert (len(seen), len(set(seen))) == (43, 40)


@pytest.mark.parametrize(
    ("paging", "shift", "seen", "distinct"), [("keyset", 2, 6, 4), ("offset", 2, 6, 4), ("keyset", -1, 3, 3)]
)
def test_shifted_pages_repeat_or_leave_out(open_sandbox, connect, paging, shift, seen, distinct):
    sandbox = open_sandbox(paging=paging)
    sandbox.add_history(4)
    sandbox.set_faults(Fault(name="history_shift", shift=shift, after=1, times=1))

    found = ids(connect(sandbox), limit=2)

    assert (len(found), len(set(found))) == (seen, distinct)


def test_lagging_history_shows_young_runs_later(sandbox, flora):
    sandbox.set_faults(Fault(name="history_lag", seconds=30))
    run_id = flora.text_run().json()["run_id"]
    young = ids(flora)
    sandbox.clock.advance(30)

    assert (young, ids(flora)) == ([], [run_id])
