"""Idempotency keys, both ways, and the ways in which they fail."""

from concurrent.futures import ThreadPoolExecutor

import pytest

TWO_HOURS = 2 * 3600


def codes(answers):
    return [(answer.status_code, answer.json().get("error", {}).get("code")) for answer in answers]


def test_key_that_comes_again_is_a_duplicate_that_names_no_run(sandbox, flora):
    first, second = flora.text_run("k"), flora.text_run("k")

    assert codes([first, second]) == [(200, None), (409, "idempotency_duplicate")]
    assert first.json()["run_id"] not in second.text
    assert sandbox.books().by_key["k"].runs == 1
    assert sandbox.books().by_key["k"].requests == 2


def test_key_in_the_body_of_the_nested_route_counts_too(flora):
    answers = [flora.text_run(idempotency_key="k"), flora.text_run("k")]

    assert codes(answers) == [(200, None), (409, "idempotency_duplicate")]


@pytest.mark.parametrize(("mode", "window"), [("duplicate", TWO_HOURS), ("replay", 12 * TWO_HOURS)])
def test_key_is_forgotten_after_its_window(open_sandbox, connect, mode, window):
    sandbox = open_sandbox(idempotency=mode)
    client = connect(sandbox)
    client.text_run("k")
    sandbox.clock.advance(window - 1)
    client.text_run("k")
    runs_inside = sandbox.books().total.runs
    sandbox.clock.advance(1)

    client.text_run("k")

    assert (runs_inside, sandbox.books().total.runs) == (1, 2)


def test_replay_brings_the_first_answer_byte_by_byte(open_sandbox, connect):
    sandbox = open_sandbox(idempotency="replay")
    client = connect(sandbox)
    first = client.text_run("k")
    sandbox.clock.advance(60)

    second = client.text_run("k")

    assert second.content == first.content
    assert (first.headers.get("idempotent-replayed"), second.headers["idempotent-replayed"]) == (None, "true")
    assert sandbox.books().total.runs == 1


@pytest.mark.parametrize(
    ("mode", "compares", "outcome"),
    [
        ("replay", None, (422, "idempotency_conflict")),
        ("replay", False, (200, None)),
        ("duplicate", None, (409, "idempotency_duplicate")),
        ("duplicate", True, (422, "idempotency_conflict")),
    ],
)
def test_key_with_another_body_is_treated_as_set(open_sandbox, connect, mode, compares, outcome):
    sandbox = open_sandbox(idempotency=mode, compare_bodies=compares)
    client = connect(sandbox)
    client.text_run("k")

    other = client.text_run("k", inputs=[{"id": "brief", "type": "text", "value": "Other"}])

    assert codes([other]) == [outcome]
    assert sandbox.books().total.runs == 1


def test_keys_of_two_callers_do_not_meet(sandbox, connect):
    answers = [connect(sandbox, f"sk_test_{name}").text_run("k") for name in ("a", "b")]

    assert codes(answers) == [(200, None), (200, None)]


def test_refused_request_does_not_use_its_key_up(sandbox, flora):
    sandbox.set_balance(0)
    refused = flora.text_run("k")
    sandbox.set_balance(1)

    assert codes([refused, flora.text_run("k")]) == [(402, "insufficient_credits"), (200, None)]


@pytest.mark.parametrize(("mode", "then"), [("duplicate", 409), ("replay", 402)])
def test_burnt_key_stays_refused_after_a_top_up(open_sandbox, connect, mode, then):
    sandbox = open_sandbox(idempotency=mode)
    client = connect(sandbox)
    sandbox.set_balance(0)
    refused = client.text_run("k", fault="key_burnt")
    sandbox.set_balance(1)

    assert (refused.status_code, client.text_run("k").status_code) == (402, then)
    assert sandbox.books().total.runs == 0


def test_key_recorded_late_lets_two_concurrent_posts_both_execute(sandbox, flora):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: flora.text_run("k", fault="late_key;seconds=0.5"), range(2)))

    assert codes(answers) == [(200, None), (200, None)]
    assert sandbox.books().by_key["k"].runs == 2
    assert flora.text_run("k").status_code == 409
