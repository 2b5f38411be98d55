"""Each fault does what it says, as often as it says, and the books tell."""

from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
import pytest
from pydantic import ValidationError

from flora_sandbox.faults import SCENARIOS, STAGE_OF, Fault, FaultName, faults_in


def outcome(call):
    """Return the status of an answer, or the way in which there was none."""
    try:
        answer = call()
    except httpx.ReadError:
        return "reset"
    return (
        f"{answer.status_code}+{answer.headers['retry-after']}"
        if "retry-after" in answer.headers
        else answer.status_code
    )


def poll(client):
    return lambda: client.get("/technique-runs")


def test_every_fault_has_its_stage():
    assert set(STAGE_OF) == set(FaultName)


def test_connection_is_reset_before_processing(sandbox, flora):
    assert outcome(lambda: flora.text_run("k", "connection_reset")) == "reset"
    assert (sandbox.books().by_key["k"].requests, sandbox.books().by_key["k"].runs) == (1, 0)


def test_answer_is_lost_after_processing(sandbox, flora):
    assert outcome(lambda: flora.text_run("k", "answer_lost")) == "reset"
    assert sandbox.books().by_key["k"].runs == 1
    assert flora.text_run("k").status_code == 409


@pytest.mark.parametrize(("fault", "runs"), [("server_error", 0), ("server_error_after", 1)])
@pytest.mark.parametrize(("status", "code"), [(500, "unknown_error"), (503, "service_unavailable")])
def test_server_error_comes_before_or_after_processing(sandbox, flora, fault, runs, status, code):
    answer = flora.text_run(fault=f"{fault};status={status}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert sandbox.books().total.runs == runs


@pytest.mark.parametrize(("fault", "says"), [("rate_limited;seconds=7", "7"), ("rate_limited_silently", None)])
def test_rate_limit_says_when_or_not(sandbox, flora, fault, says):
    answer = flora.text_run(fault=fault)

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, says)
    assert sandbox.books().total.runs == 0


def test_rate_limit_can_say_it_as_a_date(sandbox, flora):
    answer = flora.text_run(fault="rate_limited;seconds=30;retry_after_date=true")

    at = parsedate_to_datetime(answer.headers["retry-after"]).astimezone(UTC)
    assert at.timestamp() == sandbox.clock.now() + 30


@pytest.mark.parametrize(("fault", "runs"), [("slow_request", 0), ("slow_answer", 1)])
def test_slow_post_is_processed_late_or_answered_late(sandbox, flora, wait_until, fault, runs):
    with pytest.raises(httpx.ReadTimeout):
        flora.post(
            "/techniques/headline-writer/runs",
            json={"inputs": [{"id": "brief", "type": "text", "value": "x"}], "mode": "async"},
            headers={"X-Sandbox-Fault": f"{fault};seconds=1.5"},
            timeout=0.5,
        )

    assert sandbox.books().total.runs == runs
    wait_until(lambda: sandbox.books().total.runs == 1)


def test_every_third_poll_fails_in_each_way_in_turn(sandbox, flora):
    sandbox.set_faults("every_third_poll")

    outcomes = [outcome(poll(flora)) for _ in range(15)]

    assert outcomes[2::3] == [500, "429+1", 429, "reset", 500]
    assert [outcome for place, outcome in enumerate(outcomes) if place % 3 != 2] == [200] * 10
    assert sandbox.books().faults_struck == {"poll_trouble": 5}


def test_faults_of_chance_are_drawn_from_the_seed(open_sandbox, connect, tmp_path):
    draws = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sandbox = open_sandbox(tmp_path / name, seed=seed, faults=[{"name": "server_error", "chance": 0.5}])
        client = connect(sandbox)
        draws.append([outcome(poll(client)) for _ in range(24)])

    assert draws[0] == draws[1] != draws[2]
    assert {200, 500} == set(draws[0])


def test_faults_leave_out_strike_and_end_as_counted(sandbox, flora):
    sandbox.set_faults(Fault(name="server_error", after=2, every=2, times=2))

    assert [outcome(poll(flora)) for _ in range(9)] == [200, 200, 200, 500, 200, 500, 200, 200, 200]


def test_faults_combine(sandbox, flora):
    flora.text_run("k", "camel_case, late_key;seconds=0, model_timeout, not_found_at_first;seconds=30")
    sandbox.clock.advance(60)

    [run] = flora.get("/technique-runs").json()["technique_runs"]

    assert run["error_code"] == "model_timeout"


def test_fault_on_one_route_spares_the_others(sandbox, flora):
    sandbox.set_faults(Fault(name="server_error", route="GET /models"))

    assert [outcome(lambda path=path: flora.get(path)) for path in ("/models", "/workspaces")] == [500, 200]


def test_fault_of_one_technique_spares_the_others(sandbox, flora):
    sandbox.set_faults(Fault(name="server_error_after", technique="cctv-cam"))

    assert flora.text_run().status_code == 200


@pytest.mark.parametrize("technique", ["headline-writer", "tech_headlines01"])
@pytest.mark.parametrize(("name", "status"), [("not_found_at_first", 404), ("server_error_after", 500)])
def test_fault_of_a_technique_by_either_name_strikes_where_its_run_alone_is_named(
    sandbox, flora, technique, name, status
):
    path = f"/runs/{flora.text_run().json()['run_id']}"
    sandbox.set_faults(Fault(name=name, route="GET /runs/*", technique=technique, seconds=5))

    assert flora.get(path).status_code == status


def test_unknown_fault_is_named(flora):
    answer = flora.text_run(fault="no_such_fault")

    assert (answer.status_code, answer.json()["error"]["fields"][0]["field"]) == (400, "x-sandbox-fault")


def test_run_is_not_found_for_its_first_seconds(sandbox, flora):
    sandbox.set_faults(Fault(name="not_found_at_first", seconds=5))
    path = f"/runs/{flora.text_run().json()['run_id']}"
    young = flora.get(path).status_code
    sandbox.clock.advance(5)

    assert (young, flora.get(path).status_code) == (404, 200)


def test_stuck_run_stays_pending_for_ever(sandbox, flora):
    run_id = flora.text_run(fault="stuck_pending").json()["run_id"]
    sandbox.clock.advance(10 * 24 * 3600)

    assert flora.get(f"/runs/{run_id}").json()["status"] == "pending"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        *[(name, name) for name in ("model_timeout", "internal_error", "provider_error", "safety_blocked")],
        ("input_unreachable", "input_unreachable"),
        ("run_failed;code=lost_in_transit", "lost_in_transit"),
    ],
)
def test_run_fails_with_each_code_at_no_charge(flora, fault, code):
    run = flora.ended_text_run(fault=fault)

    assert (run["status"], run["error_code"], run["charged_cost"]) == ("failed", code, 0)
    assert run["error_message"]


def test_completed_run_can_lack_its_outputs_and_is_charged(flora):
    run = flora.ended_text_run(fault="no_outputs")

    assert (run["status"], run.get("outputs"), run["charged_cost"]) == ("completed", [], 0.01)


def test_answers_are_spelled_in_camel_case(flora):
    run = flora.text_run(fault="camel_case").json()

    assert {"runId", "pollUrl", "createdAt", "chargedCost"} <= set(run)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_can_be_put_in_force_and_ended_over_http(sandbox, scenario):
    url = f"{sandbox.admin_url}/faults"
    httpx.post(url, json={"scenario": scenario})
    listed = httpx.get(url).json()

    httpx.post(url, json={})

    assert [fault["name"] for fault in listed] == [fault.name for fault in SCENARIOS[scenario]]
    assert httpx.get(url).json() == []


def test_unknown_scenario_is_refused_with_the_names_there_are(sandbox):
    answer = httpx.post(f"{sandbox.admin_url}/faults", json={"scenario": "calm"})

    assert answer.status_code == 400
    assert "bad_day" in answer.text


def test_header_is_read_with_its_values():
    assert faults_in("answer_lost, late_key;seconds=0.5") == (
        Fault(name="answer_lost"),
        Fault(name="late_key", seconds=0.5),
    )


@pytest.mark.parametrize("header", ["nothing", "late_key;seconds=x", "late_key;colour=red"])
def test_header_that_makes_no_sense_is_refused(header):
    with pytest.raises(ValueError, match=r"name|seconds|colour"):
        faults_in(header)


def test_rule_must_strike_now_and_then():
    with pytest.raises(ValidationError):
        Fault(name="server_error", every=0)
