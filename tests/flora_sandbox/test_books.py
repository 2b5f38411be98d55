"""The books: the judge of who paid for what."""

from decimal import Decimal

import httpx
import pytest

from flora_sandbox.books import Line, report


def test_books_sort_runs_by_key_and_technique(sandbox, flora):
    flora.text_run("a")
    flora.text_run("a")
    flora.text_run("b", "provider_error")
    flora.text_run()
    sandbox.clock.advance(60)
    for run in flora.get("/technique-runs").json()["technique_runs"]:
        flora.finished(run["run_id"])

    books = sandbox.books()

    cent = Decimal("0.01")
    assert books.by_key == {
        "a": Line(requests=2, runs=1, completed=1, charged=1, charged_usd=cent),
        "b": Line(requests=1, runs=1, failed=1),
        "": Line(requests=1, runs=1, completed=1, charged=1, charged_usd=cent),
    }
    assert books.by_technique == {
        "tech_headlines01": Line(requests=4, runs=3, completed=2, failed=1, charged=2, charged_usd=2 * cent)
    }
    assert books.balances_usd == {sandbox.workspace_id: 1000 - 2 * cent}


def test_books_count_requests_by_route_also_those_cut(flora, sandbox):
    flora.get("/technique-runs", headers={"X-Sandbox-Fault": "server_error"})
    flora.get("/technique-runs")
    flora.get("/nothing")

    assert sandbox.books().requests_by_route == {"GET /technique-runs": 2, "GET (no such route)": 1}


def test_books_over_http_and_from_the_file_are_the_same(sandbox, flora):
    flora.text_run("k")

    over_http = httpx.get(f"{sandbox.admin_url}/books").json()

    assert report(sandbox.data_dir).model_dump(mode="json") == over_http


def test_books_of_a_directory_without_sandbox_are_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="no sandbox"):
        report(tmp_path)


def test_books_hold_no_api_key(sandbox, flora):
    flora.text_run()

    assert flora.headers["Authorization"].encode() not in (sandbox.data_dir / "flora.sqlite3-wal").read_bytes()
    assert sandbox.api_key.encode() not in (sandbox.data_dir / "flora.sqlite3-wal").read_bytes()
