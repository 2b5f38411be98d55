"""What a flow run is called in Prefect's UI."""

import pytest


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("Autumn relaunch, second try", True), ("verdant-fox", False), ("Awesome-Tuna", False), ("", False)],
)
def test_flow_run_that_a_person_has_named_keeps_its_name(typed: str, shown: bool, monkeypatch: pytest.MonkeyPatch):
    from flows.tasks import flow_run_name

    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__NAME", typed)
    assert (flow_run_name() == typed) is (shown and bool(typed))
