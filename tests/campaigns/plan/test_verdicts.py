"""The decision on a cell, for every state that its entry can be in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from florist.campaigns.plan.paid_work import CampaignWork, PaidWork
from florist.campaigns.plan.verdicts import verdict_on
from florist.ledger import Entry, InputIdentity, RunFacts, Send, State, Work
from florist.pipelines.planning import PlannedStep

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP = PlannedStep(name="still", technique="key-visual", technique_id="tech_1", price_usd=Decimal("0.08"))
SEND = Send(sent_at=NOW, settles_at=NOW + timedelta(seconds=90), fingerprint="ab", owner="test")


def work(prompt: str = "a barn", attempt: int = 0) -> Work:
    inputs = (InputIdentity.of_text("prompt", prompt),)
    return Work(technique_id="tech_1", inputs=inputs, campaign="spring", row="a", step="still", attempt=attempt)


def paid(state: State, *, prompt: str = "a barn", attempt: int = 0, code: str = "", outputs: int = 1) -> PaidWork:
    wanted = work(prompt, attempt)
    status = "failed" if code else "completed"
    ended = RunFacts(status=status, error_code=code or None, outputs=outputs)
    entry = Entry(
        key=wanted.key, work=wanted, recorded_at=NOW, owner="test", state=state, sends=(SEND,), run_id="run_1"
    )
    is_over = state in (State.FINISHED, State.ARCHIVED)
    return PaidWork.of(entry.model_copy(update={"ended": ended if is_over else None}))


def told(*known: PaidWork) -> tuple[str, str, int, int]:
    verdict = verdict_on(work(), STEP, CampaignWork(known))
    return verdict.decision, verdict.reason.because, verdict.attempt, verdict.runs_at_most


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], ("new", "no-run", 0, 3)),
        ([paid(State.INTENDED)], ("new", "no-run", 0, 3)),
        ([paid(State.REFUSED)], ("new", "refused-before", 0, 3)),
        ([paid(State.SENT)], ("adopt", "unanswered", 0, 3)),
        ([paid(State.STARTED)], ("resume", "started", 0, 2)),
        ([paid(State.FINISHED)], ("resume", "to-be-kept", 0, 0)),
        ([paid(State.ARCHIVED)], ("reuse", "kept", 0, 0)),
        ([paid(State.NEEDS_REVIEW)], ("blocked", "needs-review", 0, 0)),
        ([paid(State.FINISHED, outputs=0)], ("blocked", "failed-for-good", 0, 0)),
        ([paid(State.FINISHED, code="safety_blocked")], ("blocked", "failed-for-good", 0, 0)),
        ([paid(State.FINISHED, code="model_timeout")], ("new", "failed-before", 1, 2)),
        ([paid(State.ARCHIVED, prompt="a church")], ("new", "inputs-changed", 0, 3)),
        ([paid(State.FINISHED, code="safety_blocked", prompt="a church")], ("new", "no-run", 0, 3)),
    ],
)
def test_verdict_follows_what_the_ledger_has(known, expected):
    assert told(*known) == expected


def test_verdict_after_every_attempt_failed_is_blocked():
    failed = [paid(State.FINISHED, code="model_timeout", attempt=number) for number in range(3)]
    assert [told(*failed[:count])[:3] for count in (1, 2, 3)] == [
        ("new", "failed-before", 1),
        ("new", "failed-before", 2),
        ("blocked", "failed-for-good", 2),
    ]


def test_verdict_on_an_entry_that_cannot_be_read_is_blocked():
    verdict = verdict_on(work(), STEP, CampaignWork(unreadable=[work().key]))
    assert (verdict.decision, verdict.reason.because) == ("blocked", "record-unreadable")
