import pytest

from benchmarks.ledger_cost import READS, WRITES, calls_of_a_walk, per_run

pytestmark = pytest.mark.short_drill


def test_run_that_goes_well_costs_the_ledger_five_small_writes_and_three_reads_at_most(tmp_path):
    calls = calls_of_a_walk(tmp_path, rows=3)
    assert per_run(calls, 9, verbs=WRITES, of_ledger=True) == 5
    assert per_run(calls, 9, verbs=READS, of_ledger=True) <= 3
