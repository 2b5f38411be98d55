import pytest

from benchmarks.ledger_cost import READS, WRITES, calls_of_a_walk, per_run

pytestmark = pytest.mark.short_drill

ROWS = 4
RUNS = 3 * ROWS
PAGES_AT_MOST = RUNS
"""Of the journal: fewer, the more of a technique are wanted at once."""


def test_run_that_goes_well_costs_the_ledger_four_small_writes_and_its_share_of_a_page(tmp_path):
    calls = calls_of_a_walk(tmp_path, rows=ROWS)
    assert {kind: calls[f"create {kind}"] for kind in ("entries sent", "claims", "entries started")} == {
        "entries sent": RUNS,
        "claims": RUNS,
        "entries started": RUNS,
    }
    assert calls["create scopes"] == 1
    assert 1 <= calls["delete open"] <= calls["create open"] <= PAGES_AT_MOST
    assert per_run(calls, RUNS, verbs=WRITES, of_ledger=True) <= 4 + (PAGES_AT_MOST + 1) / RUNS
    assert per_run(calls, RUNS, verbs=READS, of_ledger=True) <= 3
