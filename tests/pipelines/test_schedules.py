"""When a pipeline runs by itself, what such a run's campaign is called, and which names a form cannot have."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from florist.pipelines import Pipeline
from florist.pipelines.schedules import Schedule, dated_campaign

Loaded = Callable[[str], Pipeline]
ProblemsOf = Callable[[str], list[str]]

STEPS = "name: night\nsteps: {a: {technique: write}}\n"
BERLIN = Schedule(cron="30 2 * * *", timezone="Europe/Berlin", campaign="nightly-{date}")


def named(given: str = "", *, schedule: Schedule | None = BERLIN, at: datetime, is_scheduled: bool = True) -> str:
    return dated_campaign(given, pipeline="night", schedule=schedule, at=at, is_scheduled=is_scheduled)


def test_hour_that_clocks_repeat_has_one_campaign():
    """On 25 October 2026 half past two comes twice in Berlin."""
    times = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert {named(at=at) for at in times} == {"nightly-2026-10-25"}


def test_date_of_a_campaign_is_that_of_the_schedule_s_zone():
    assert named(at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "nightly-2026-07-02"


def test_scheduled_run_without_any_template_is_called_by_pipeline_and_date():
    assert named(schedule=None, at=datetime(2026, 7, 1, tzinfo=UTC)) == "night-2026-07-01"


@pytest.mark.parametrize(("given", "name"), [("", ""), ("spring", "spring"), ("day-{date}", "day-2026-07-01")])
def test_run_that_a_person_starts_is_called_as_they_say(given: str, name: str):
    assert named(given, at=datetime(2026, 7, 1, 12, tzinfo=UTC), is_scheduled=False) == name


def test_schedule_of_a_pipeline_is_read_whole_and_off_unless_said(loaded: Loaded):
    pipeline = loaded(
        STEPS + "campaign: {budget_usd: 2.50}\nschedule: {cron: '30 2 * * *', timezone: Europe/Berlin}"
    )
    assert pipeline.schedule == Schedule(cron="30 2 * * *", timezone="Europe/Berlin")
    assert str(pipeline.campaign.budget_usd) == "2.50"


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("{cron: '* * *', timezone: UTC}", "is no cron expression"),
        ("{cron: '0 2 * * *', timezone: Europe/Berlim}", "is no time zone"),
        ("{cron: '0 2 * * *', timezone: UTC, campaign: nightly}", "has no {date} in it"),
        ("{cron: '0 2 * * *', timezone: UTC, campaign: '{day} {date}'}", '"{day}" means nothing here'),
        ("{cron: '0 2 * * *'}", 'the key "timezone" is missing'),
    ],
)
def test_schedule_that_cannot_be_kept_is_refused(problems_of: ProblemsOf, schedule: str, problem: str):
    (found,) = problems_of(f"{STEPS}campaign: {{budget_usd: 1}}\nschedule: {schedule}")
    assert problem in found


def test_schedule_without_a_budget_is_refused(problems_of: ProblemsOf):
    (found,) = problems_of(STEPS + "schedule: {cron: '0 2 * * *', timezone: UTC}")
    assert 'needs a "budget_usd"' in found


def test_schedule_of_a_pipeline_that_asks_for_a_value_is_refused(problems_of: ProblemsOf):
    schedule = "campaign: {budget_usd: 1}\nschedule: {cron: '0 2 * * *', timezone: UTC}\n"
    (found,) = problems_of(STEPS + schedule + "params: {brief: {}, mood: {optional: true}}")
    assert "params.brief: needs a default" in found


@pytest.mark.parametrize(
    ("param", "owner"), [("json", "pydantic"), ("copy", "pydantic"), ("class", "Python"), ("rows", "the form")]
)
def test_param_whose_name_is_taken_is_refused(problems_of: ProblemsOf, param: str, owner: str):
    (found,) = problems_of(f"{STEPS}params: {{{param}: {{}}}}")
    assert f'the name "{param}" is taken by {owner}' in found


def test_params_that_a_form_cannot_tell_apart_are_refused(problems_of: ProblemsOf):
    found = problems_of(STEPS + "params: {a-b: {}, a_b: {}}")
    assert [problem.split(": ", 2)[-1][:29] for problem in found] == [
        'a form cannot tell "a-b" from',
        'a form cannot tell "a_b" from',
    ]
