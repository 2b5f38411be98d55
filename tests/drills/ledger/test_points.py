"""Guards: no call of a worker to store or FLORA is without a numbered point at which the drills kill it."""

import ast
import inspect
from collections import Counter
from pathlib import Path

import florist
from flora_sandbox.books import report
from flora_sandbox.database import open_readonly
from florist.ledger.effects import POINTS
from florist.stores.store import Store
from tests.drills.ledger.pointed_store import PointedStore
from tests.drills.ledger.scene import scene

ROOT = Path(florist.__file__).parent
KNOWN_WAYS_OUT = {
    # Through `httpx.AsyncHTTPTransport`, where every exchange has its points.
    "api/transport.py",
    "api/storage.py",
    "archive/download.py",
    # Through the store, whose every call has its points.
    "stores/s3_client.py",
}

ON_THE_WAY = ("check", "note scope", "make inputs", "read belief", "open journal", "post", "claim")


ASK_NOTHING_THEMSELVES = {"check", "server_now"}


def test_pointed_store_has_points_for_every_call_of_a_store():
    calls = {name for name, member in inspect.getmembers(Store) if not name.startswith("_") and callable(member)}
    for name in calls:
        source = inspect.getsource(getattr(PointedStore, name))
        assert "_pointed(" in source or "_before(" in source or name in ASK_NOTHING_THEMSELVES, name


def test_library_reaches_the_network_by_no_other_way_than_those_with_points():
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called.endswith(("AsyncClient", "AsyncHTTPTransport", "httpx.Client", "boto3.client")) or (
                called.startswith(("httpx.get", "httpx.post", "httpx.request", "urlopen"))
            ):
                found.add(str(path.relative_to(ROOT)))
    assert found <= KNOWN_WAYS_OUT


def test_every_request_the_sandbox_saw_passed_two_points(tmp_path):
    with scene(tmp_path, rows=2) as made:
        assert made.work(trace=tmp_path / "trace") == 0
        made.account().assert_sound()
        seen = sum(report(tmp_path / "sandbox").requests_by_route.values()) + fetches(tmp_path / "sandbox")
    passed = Counter((tmp_path / "trace").read_text().splitlines())
    routes = [name for name in passed if name.split()[1] in {"GET", "POST"}]
    assert sum(passed[name] for name in routes if name.startswith("before")) == seen
    assert {f"before {call}" for call in ON_THE_WAY} <= set(passed) & set(POINTS)
    for name in routes:
        assert passed[name.replace("before", "after", 1)] == passed[name.replace("after", "before", 1)]


def fetches(data: Path) -> int:
    connection = open_readonly(data)
    try:
        return int(connection.execute("SELECT count(*) FROM fetches").fetchone()[0])
    finally:
        connection.close()
