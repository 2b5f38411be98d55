import asyncio
import logging
import pickle
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from florist.pipelines import Done, Failed, Plan, PlannedStep, Skipped, StepsFailedError, walk
from florist.pipelines.rows import raise_for_failures

Needs = dict[str, tuple[str, ...]]


def plan_of(needs: Mapping[str, tuple[str, ...]]) -> Plan:
    steps = [
        PlannedStep(name=name, technique="t", technique_id="tech_t", needs=above) for name, above in needs.items()
    ]
    return Plan(pipeline="tried", steps=tuple(steps))


@st.composite
def plans(draw: st.DrawFn) -> tuple[Needs, set[str]]:
    """Draw up to ten steps in order, each with some of those before it, and which of them fail."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 10)))]
    above = {
        name: tuple(draw(st.lists(st.sampled_from(names[:place]), unique=True))) if place else ()
        for place, name in enumerate(names)
    }
    return above, draw(st.sets(st.sampled_from(names)))


def failures_above(needs: Needs, failing: set[str], name: str) -> set[str]:
    roots = [failures_above(needs, failing, need) or ({need} & failing) for need in needs[name]]
    return set().union(*roots)


@given(plans(), st.randoms(use_true_random=False))
async def test_walk_runs_each_step_once_after_its_needs_and_skips_exactly_the_dependents_of_failures(
    drawn: tuple[Needs, set[str]], random
) -> None:
    needs, failing = drawn
    started: Counter[str] = Counter()
    ended: list[str] = []

    async def run_step(step: PlannedStep, upstream: Mapping[str, str]) -> str:
        started[step.name] += 1
        assert set(upstream.items()) == {(need, f"made by {need}") for need in step.needs}
        assert set(step.needs) <= set(ended)
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)
        if step.name in failing:
            raise ValueError(step.name)
        ended.append(step.name)
        return f"made by {step.name}"

    walked = await walk(plan_of(needs), run_step)

    skipped = {name: roots for name in needs if (roots := failures_above(needs, failing, name))}
    assert {name: set(because) for name, because in walked.skipped.items()} == skipped
    assert {name: str(error) for name, error in walked.failed.items()} == {
        name: name for name in failing - set(skipped)
    }
    assert set(walked.results) == set(needs) - failing - set(skipped)
    assert started == {name: 1 for name in needs if name not in skipped}
    assert list(walked.outcomes) == list(needs)


async def test_walk_runs_independent_steps_side_by_side() -> None:
    meeting = asyncio.Barrier(2)

    async def run_step(step: PlannedStep, upstream: Mapping[str, None]) -> None:
        await meeting.wait()

    walked = await asyncio.wait_for(walk(plan_of({"a": (), "b": ()}), run_step), 5)
    assert walked.outcomes == {"a": Done(None), "b": Done(None)}


async def test_walk_cancelled_cancels_running_steps_and_starts_no_other() -> None:
    seen: list[str] = []
    running = asyncio.Event()

    async def run_step(step: PlannedStep, upstream: Mapping[str, None]) -> None:
        seen.append(f"{step.name} started")
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append(f"{step.name} cleaned up")

    walking = asyncio.create_task(walk(plan_of({"a": (), "b": ("a",)}), run_step))
    await running.wait()
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert seen == ["a started", "a cleaned up"]


async def test_walk_cancelled_while_a_step_ends_starts_no_other() -> None:
    """The step swallows its cancellation: what needs it must not start all the same."""
    seen: list[str] = []
    running = asyncio.Event()

    async def run_step(step: PlannedStep, upstream: Mapping[str, None]) -> None:
        seen.append(step.name)
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    walking = asyncio.create_task(walk(plan_of({"a": (), "b": ("a",)}), run_step))
    await running.wait()
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert seen == ["a"]


async def test_walk_cancelled_logs_the_failures_it_cannot_return(caplog: pytest.LogCaptureFixture) -> None:
    async def run_step(step: PlannedStep, upstream: Mapping[str, None]) -> None:
        if step.name == "bad":
            raise ValueError("lost otherwise")
        walking.cancel()
        await asyncio.Event().wait()

    walking = asyncio.create_task(walk(plan_of({"bad": (), "good": ()}), run_step))
    with caplog.at_level(logging.ERROR), pytest.raises(asyncio.CancelledError):
        await walking
    assert [record.getMessage() for record in caplog.records] == ["step bad failed before the walk was cancelled"]
    assert "lost otherwise" in caplog.text


async def test_step_that_cancels_itself_is_a_failure_and_hangs_nobody() -> None:
    async def run_step(step: PlannedStep, upstream: Mapping[str, None]) -> None:
        raise asyncio.CancelledError("of itself")

    walked = await asyncio.wait_for(walk(plan_of({"a": (), "b": ("a",)}), run_step), 5)
    assert isinstance(walked.outcomes["a"], Failed)
    assert walked.outcomes["b"] == Skipped(("a",))


async def test_walk_with_failures_raises_all_of_them_in_words_on_demand() -> None:
    async def run_step(step: PlannedStep, upstream: Mapping[str, None]) -> None:
        if step.name != "still":
            raise ValueError(f"no {step.name}")

    walked = await walk(plan_of({"still": (), "film": ("still",), "cut": ("film",), "text": ()}), run_step)
    with pytest.raises(StepsFailedError) as caught:
        raise_for_failures({"": walked})
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error).splitlines() == [
        "Not every step is done:",
        "  film failed: no film",
        "  text failed: no text",
        "  cut was not started: it needs film",
    ]
    assert (error.failures[0].step, error.failures[0].error) == ("film", "ValueError")
    assert isinstance(caught.value.__cause__, ValueError)


async def test_walk_without_failures_raises_nothing() -> None:
    async def run_step(step: PlannedStep, upstream: Mapping[str, int]) -> int:
        return 1 + sum(upstream.values())

    walked = await walk(plan_of({"a": (), "b": ("a",), "c": ("a", "b")}), run_step)
    raise_for_failures({"": walked})
    assert walked.results == {"a": 1, "b": 2, "c": 4}
