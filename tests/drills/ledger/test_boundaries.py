"""A worker is killed at every boundary of store and client, others finish its campaign: paid once, all kept."""

from typing import Any

import pytest

from tests.drills.ledger.kills import A_LOST_ANSWER, killed_at, occurrences, points_passed
from tests.drills.ledger.rounds import run_rounds

pytestmark = pytest.mark.drill


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
def test_worker_killed_at_each_point_is_taken_over_without_a_second_charge(tmp_path, store_for, behaviour):
    settings = {"idempotency": behaviour}
    trace = tmp_path / "trace"
    passed = points_passed(trace, store=store_for(trace), settings=settings)
    points = occurrences(passed, at_first="://" not in store_for(trace))

    def round_at(point: str):
        folder = tmp_path / point.replace("/", "-").replace("*", "x").replace(" ", "_")
        return point, lambda: killed_at(folder, point, store=store_for(folder), settings=settings)

    assert run_rounds(map(round_at, points))["rounds"] == len(points)


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
def test_worker_killed_around_its_generation_is_taken_over_without_a_second_charge(tmp_path, behaviour):
    options: dict[str, Any] = {"settings": {"idempotency": behaviour}, "steps": "generation-first.yaml"}
    points = occurrences(points_passed(tmp_path / "trace", **options), at_first=True)

    def round_at(point: str):
        folder = tmp_path / point.replace("/", "-").replace("*", "x").replace(" ", "_")
        return point, lambda: killed_at(folder, point, **options)

    assert run_rounds(map(round_at, points))["rounds"] == len(points)


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
def test_worker_killed_at_each_point_while_resolving_is_taken_over_without_a_second_charge(
    tmp_path, store_for, behaviour
):
    settings = {"idempotency": behaviour}
    first = tmp_path / "trace"
    happy = points_passed(tmp_path / "happy", store=store_for(tmp_path / "happy"), settings=settings)
    passed = points_passed(first, after_death=True, store=store_for(first), settings=settings)
    resolving = [f"{name}#1" for name in passed if name not in happy or "technique-runs" in name]

    def round_at(point: str):
        folder = tmp_path / point.replace("/", "-").replace("*", "x").replace(" ", "_")
        return point, lambda: killed_at(
            folder,
            A_LOST_ANSWER,
            point,
            may_need_review=behaviour == "duplicate",
            store=store_for(folder),
            settings=settings,
        )

    assert run_rounds(map(round_at, resolving))["rounds"] == len(resolving)
