"""What puts a client to the test that never pays twice: strangers, burnt keys, late history, refused media."""

import time

import httpx
import pytest
from pydantic import ValidationError

from flora_sandbox.faults import Fault
from tests.flora_sandbox.conftest import TEXT_RUN

CODES = {402: "insufficient_credits", 429: "rate_limited", 500: "unknown_error"}
STRANGER_BEFORE = "stranger;offset=-20"


def history(client, **params):
    return [run["run_id"] for run in client.get("/technique-runs", params=params).json()["technique_runs"]]


def status(client, **kwargs):
    """Return the status of a start, or None where the connection was cut."""
    try:
        return client.text_run(**kwargs).status_code
    except httpx.ReadError:
        return None


def other_body(client, key):
    return client.text_run(key, inputs=[{"id": "brief", "type": "text", "value": "Other"}])


@pytest.mark.parametrize(("offset", "place"), [(-20, 2), (0, 1)])
def test_stranger_is_listed_where_its_creation_puts_it(sandbox, flora, offset, place):
    first = flora.text_run().json()["run_id"]
    sandbox.clock.advance(30)

    own = flora.text_run(fault=f"stranger;offset={offset}").json()["run_id"]

    listed = history(flora)
    assert (len(listed), listed[0], listed[2]) == (3, own, first)
    assert [run for page in (1, 2) for run in history(flora, limit=page)] == [own, own, listed[1]]


def test_stranger_of_later_is_seen_when_its_time_comes(sandbox, flora):
    own = flora.text_run(fault="stranger;offset=20").json()["run_id"]
    at_first = history(flora)
    sandbox.clock.advance(20)

    [stranger, last] = history(flora)

    assert (at_first, last) == ([own], own)
    assert flora.get(f"/runs/{stranger}").json()["created_at"] == 1000 * sandbox.clock.now()


@pytest.mark.parametrize("refusal", ["connection_reset", "server_error", "refusal_lost;status=402"])
def test_stranger_comes_also_where_the_post_makes_no_run(sandbox, flora, refusal):
    status(flora, key="k", fault=f"{STRANGER_BEFORE}, {refusal}")

    [stranger] = history(flora)
    books = sandbox.books()

    assert (books.total.runs, books.strangers.runs, books.strangers.charged) == (0, 1, 1)
    assert flora.get(f"/techniques/headline-writer/runs/{stranger}").status_code == 200


def test_stranger_completes_and_its_downloads_are_told_apart(sandbox, flora, download):
    sandbox.set_faults(Fault(name="stranger", technique="key-visual", times=1))
    own = flora.picture()["run_id"]
    [stranger] = [run for run in history(flora) if run != own]

    download(flora.finished(stranger)["outputs"][0]["url"])

    books = sandbox.books()
    assert (books.strangers.completed, books.strangers.media_fetched, books.total.media_fetched) == (1, 1, 0)
    assert (books.faults_struck, set(books.by_key)) == ({"stranger": 1}, {""})


def test_post_that_is_refused_brings_no_stranger(sandbox, flora):
    answer = flora.text_run(fault="stranger", inputs=[{"id": "no_such_input", "type": "text", "value": "x"}])

    assert (answer.status_code, sandbox.books().strangers.runs) == (400, 0)


@pytest.mark.parametrize("fault", ["refusal_lost", "refusal_burnt"])
@pytest.mark.parametrize("refused_with", [402, 429, 500])
@pytest.mark.parametrize("mode", ["duplicate", "replay", "none"])
def test_burnt_key_answers_as_the_mode_says(open_sandbox, connect, fault, refused_with, mode):
    sandbox = open_sandbox(idempotency=mode)
    client = connect(sandbox)

    first = status(client, key="k", fault=f"{fault};status={refused_with}")
    again = client.text_run("k")

    assert first == (None if fault == "refusal_lost" else refused_with)
    told = (again.status_code, again.json().get("error", {}).get("code"), again.headers.get("idempotent-replayed"))
    assert (
        told
        == {
            "duplicate": (409, "idempotency_duplicate", None),
            "replay": (refused_with, CODES[refused_with], "true"),
            "none": (200, None, None),
        }[mode]
    )
    assert sandbox.books().by_key["k"].charged == (mode == "none")


def test_standing_burnt_refusal_strikes_one_technique_and_is_counted(sandbox, flora):
    sandbox.set_faults(Fault(name="refusal_lost", status=402, technique="headline-writer", after=1, times=1))

    statuses = [status(flora, key=key) for key in ("a", "b", "b", "c")]

    assert statuses == [200, None, 409, 200]
    assert sandbox.books().faults_struck == {"refusal_lost": 1}


@pytest.mark.parametrize(("name", "wrong"), [("server_error", 402), ("refusal_lost", 404), ("media_slow", 429)])
def test_status_that_a_fault_cannot_have_is_refused(name, wrong):
    with pytest.raises(ValidationError, match="status must be"):
        Fault(name=name, status=wrong)


@pytest.mark.parametrize(
    ("mode", "compares", "same", "other", "runs"),
    [
        ("replay", False, 200, 200, 1),
        ("replay", None, 200, 422, 1),
        ("duplicate", None, 409, 409, 1),
        ("none", None, 200, 200, 3),
    ],
    ids=["R", "RB", "D", "N"],
)
def test_provider_keeps_the_promise_of_its_mode(open_sandbox, connect, mode, compares, same, other, runs):
    sandbox = open_sandbox(idempotency=mode, compare_bodies=compares)
    client = connect(sandbox)
    client.text_run("k")

    assert (client.text_run("k").status_code, other_body(client, "k").status_code) == (same, other)
    assert sandbox.books().by_key["k"].charged == runs


def test_run_listed_late_is_found_by_its_id_at_once(sandbox, flora):
    run_id = flora.text_run(fault="listed_late;seconds=300").json()["run_id"]
    sandbox.clock.advance(299)
    late = history(flora)
    other = flora.text_run().json()["run_id"]
    sandbox.clock.advance(1)

    assert (late, flora.get(f"/runs/{run_id}").status_code) == ([], 200)
    assert history(flora) == [other, run_id]


@pytest.mark.parametrize(("fault", "refused_with"), [("media_forbidden", 403), ("media_not_found", 404)])
def test_media_are_refused_for_a_while(sandbox, flora, fetch, fault, refused_with):
    url = flora.picture(fault=f"{fault};seconds=100")["outputs"][0]["url"]
    at_first = [fetch(url).status_code for _ in range(2)]
    sandbox.clock.advance(100)

    assert (at_first, fetch(url).status_code) == ([refused_with] * 2, 200)
    assert sandbox.books().faults_struck == {fault: 2}


def test_server_error_is_answered_at_once_and_the_run_made_later(sandbox, flora, wait_until):
    answer = flora.text_run("k", fault="server_error_then_run;seconds=0.3")
    runs = sandbox.books().total.runs

    wait_until(lambda: sandbox.books().total.runs == 1)

    assert (answer.status_code, answer.json()["error"]["code"], runs) == (500, "unknown_error", 0)
    assert (history(flora) != [], flora.text_run("k").status_code) == (True, 409)


def test_key_that_comes_again_before_the_late_run_is_honoured_once(sandbox, flora, wait_until):
    flora.text_run("k", fault="server_error_then_run;seconds=0.3")
    again = flora.text_run("k")

    time.sleep(0.5)

    assert (again.status_code, sandbox.books().by_key["k"].runs) == (200, 1)


def test_post_takes_the_latency_that_is_set(open_sandbox, connect):
    client = connect(open_sandbox(post_latency=0.8, slow_posts=0.5, slow_post_latency=0.8))

    with pytest.raises(httpx.ReadTimeout):
        client.post("/techniques/headline-writer/runs", json=TEXT_RUN, timeout=0.2)

    assert client.get("/technique-runs", timeout=2).status_code == 200


def test_latency_is_drawn_from_the_seed():
    from flora_sandbox.calls import Call
    from flora_sandbox.request_faults import latency
    from flora_sandbox.settings import Settings

    def drawn(seed):
        settings = Settings(seed=seed, post_latency=1, slow_posts=0.1, slow_post_latency=9)
        return [latency(settings, Call("", "POST /generate", number=number)) for number in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 5 < drawn(1).count(9) < 40
    assert all(0.8 <= seconds <= 1.2 for seconds in drawn(1) if seconds != 9)


def test_data_of_an_earlier_version_is_brought_up_to_date(open_sandbox, connect, tmp_path):
    import sqlite3

    sandbox = open_sandbox(tmp_path / "old")
    run_id = connect(sandbox).text_run().json()["run_id"]
    sandbox.stop()
    with sqlite3.connect(tmp_path / "old" / "flora.sqlite3") as database:
        database.execute("ALTER TABLE runs DROP COLUMN listed_at")
        database.execute("ALTER TABLE runs DROP COLUMN is_stranger")
    database.close()

    assert history(connect(open_sandbox(tmp_path / "old"))) == [run_id]
