from datetime import UTC, datetime
from decimal import Decimal

import pytest

from florist.api.models import Run, StartedRun, Technique

AT = datetime(2026, 6, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("created_at", [AT.timestamp(), AT.timestamp() * 1000, AT.isoformat()])
def test_run_moment_in_seconds_or_milliseconds_is_the_same(created_at):
    run = Run.model_validate({"run_id": "run_1", "status": "pending", "created_at": created_at})
    assert run.created_at == AT


def test_run_in_camel_case_is_read_alike():
    camel = {
        "runId": "run_1",
        "status": "failed",
        "errorCode": "provider_error",
        "chargedCost": 0.1,
        "newField": 1,
    }
    snake = {"run_id": "run_1", "status": "failed", "error_code": "provider_error", "charged_cost": 0.1}
    assert Run.model_validate(camel).model_dump() == Run.model_validate(snake).model_dump()


def test_run_keeps_fields_not_known_yet():
    run = Run.model_validate({"run_id": "run_1", "status": "pending", "seen_by": "nobody"})
    assert run.model_extra == {"seen_by": "nobody"}


@pytest.mark.parametrize("outputs", [{}, {"outputs": None}, {"outputs": []}])
def test_run_on_history_without_outputs_says_so(outputs):
    assert not Run.model_validate({"run_id": "run_1", "status": "completed", **outputs}).has_outputs


@pytest.mark.parametrize(
    ("url", "is_text"), [("Fresh tulips.", True), ("https://media.flora.ai/a.txt", False), ("https://a b", True)]
)
def test_text_output_is_its_text_unless_it_is_nothing_but_a_url(url, is_text):
    output = {"output_id": "caption", "type": "text", "url": url}
    run = Run.model_validate({"run_id": "run_1", "status": "completed", "outputs": [output]})
    assert (run.outputs[0].text is not None, run.outputs[0].url is None) == (is_text, is_text)


def test_price_in_credits_is_never_dollars():
    technique = Technique.model_validate({"technique_id": "tech_1", "name": "A", "runCost": 5})
    assert (technique.run_cost_usd, technique.run_cost_credits) == (None, Decimal(5))


def test_price_in_dollars_is_exact():
    technique = Technique.model_validate({"technique_id": "tech_1", "name": "A", "run_cost": 0.1})
    assert technique.run_cost_usd == Decimal("0.1")


@pytest.mark.parametrize("name", ["run_id", "runId", "id"])
def test_started_run_is_named_in_any_spelling(name):
    started = StartedRun.model_validate({name: "run_1", "estimated_seconds": None, "charged_cost": 0})
    assert (started.run_id, started.reserved_usd) == ("run_1", Decimal(0))
