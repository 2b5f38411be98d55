"""What a flow run is called in Prefect's UI."""

import pytest


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Autumn relaunch, second try", True),
        ("V-001-again", True),
        ("verdant-fox", False),
        ("Awesome-Tuna", False),
        ("phi5-lesath", False),
        ("chi417-canis-majoris-void", False),
        ("", False),
    ],
)
def test_flow_run_that_a_person_has_named_keeps_its_name(typed: str, shown: bool, monkeypatch: pytest.MonkeyPatch):
    from flows.tasks import flow_run_name

    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__NAME", typed)
    assert (flow_run_name() == typed) is (shown and bool(typed))


@pytest.mark.parametrize(
    ("count", "location", "words"),
    [
        (24, "/srv/examples/products.csv", "24 products"),
        (1, "s3://bucket/products.csv", "1 row"),
        (1200, "https://sheets.example.com/export?format=csv", "1,200 rows"),
        (3, "/srv/2026-spring rows.xlsx", "3 rows"),
        (3, "", "3 rows"),
    ],
)
def test_rows_are_called_as_their_file_is_where_that_is_a_plural(count: int, location: str, words: str):
    from flows.tasks.names import rows_words

    assert rows_words(count, location) == words
