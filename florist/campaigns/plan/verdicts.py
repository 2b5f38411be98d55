"""The decision on one cell whose inputs are all known: its work held against what the ledger has of it.

Pure functions, which follow what `Studio.start` and `StepRun.made` do with the same entries::

    nothing, refused, restarted ──────────► new
    sent and unanswered ──────────────────► adopt
    started, completed and not kept ──────► resume
    archived ─────────────────────────────► reuse
    failed ── may it be tried again? ─────► the next attempt, decided likewise; or blocked
    needs a person, or cannot be read ────► blocked
"""

from collections.abc import Sequence
from typing import NamedTuple

from florist.campaigns.plan.decisions import Because, Decision, Reason, runs_left
from florist.campaigns.plan.paid_work import CampaignWork, PaidWork, differing_inputs, input_digests
from florist.ledger import State, Work
from florist.pipelines.planning import PlannedStep
from florist.studio.steps import following_attempt


class Verdict(NamedTuple):
    """What is decided on a cell.

    Attributes:
        attempt: which one it is about.
        runs_at_most: how many runs may come of it from now on.
        found: what the ledger has of this attempt or, where that is nothing, the run that it is compared with.
    """

    decision: Decision
    reason: Reason
    attempt: int = 0
    runs_at_most: int = 0
    found: PaidWork | None = None


def verdict_on(work: Work, step: PlannedStep, known: CampaignWork) -> Verdict:
    """Return what the ledger will have done with this work, attempt by attempt."""
    attempt, failed = 0, None
    while True:
        key = work.at_attempt(attempt).key
        if key in known.unreadable:
            reason = Reason(Because.RECORD_UNREADABLE, "its record in the ledger cannot be read", key[:12])
            return Verdict(Decision.BLOCKED, reason, attempt)
        found = known.by_key.get(key)
        if found is None:
            return _never_tried(work, known) if failed is None else _tried_again(failed, attempt)
        following = _following(step, found)
        if following is None:
            return _as_it_stands(found, attempt)
        attempt, failed = following, found


def _following(step: PlannedStep, found: PaidWork) -> int | None:
    if found.state is not State.FINISHED or found.ended is None or not found.ended.is_failed:
        return None
    return following_attempt(step, found.ended, found.attempt)


def _never_tried(work: Work, known: CampaignWork) -> Verdict:
    paid = known.paid_at(work.row, work.step)
    same = [each for each in paid if each.technique_id == work.technique_id]
    inputs = input_digests(work.inputs)
    nearest = min(same or paid, key=lambda each: len(differing_inputs(inputs, each.inputs)), default=None)
    reason = Reason(Because.NO_RUN, "no run of it is paid for")
    if nearest is not None:
        compared = f"run {nearest.run_id} is not used"
        changed = differing_inputs(inputs, nearest.inputs)
        if not same:
            reason = Reason(Because.TECHNIQUE_CHANGED, "its technique changed", compared)
        else:
            reason = Reason(Because.INPUTS_CHANGED, _changed_words(changed, nearest), compared, changed)
    return Verdict(Decision.NEW, reason, 0, runs_left(0), nearest)


def _changed_words(changed: Sequence[str], nearest: PaidWork) -> str:
    if changed and nearest.outputs_of.issuperset(changed):
        return f"the run behind its {' and '.join(changed)} is another one"
    return f"its {' and '.join(changed)} changed" if changed else "its place in the campaign changed"


def _tried_again(failed: PaidWork, attempt: int) -> Verdict:
    words = f"its last run failed ({_code(failed)}) and is tried again"
    reason = Reason(Because.FAILED_BEFORE, words, f"attempt {attempt + 1}, after run {failed.run_id}")
    return Verdict(Decision.NEW, reason, attempt, runs_left(attempt), failed)


def _as_it_stands(found: PaidWork, attempt: int) -> Verdict:
    left = runs_left(attempt)
    match found.state:
        case State.FINISHED:
            decision, reason, runs_at_most = _finished(found)
        case State.ARCHIVED:
            reason = Reason(Because.KEPT, "paid for and kept", f"run {found.run_id}")
            decision, runs_at_most = Decision.REUSE, 0
        case State.STARTED:
            reason = Reason(Because.STARTED, "paid for, and waited for", f"run {found.run_id}")
            decision, runs_at_most = Decision.RESUME, left - 1
        case State.SENT:
            reason = Reason(Because.UNANSWERED, "a request for it was sent, and its answer lost", found.key[:12])
            decision, runs_at_most = Decision.ADOPT, left
        case State.NEEDS_REVIEW:
            words = "a person has to say which run is its own"
            reason = Reason(Because.NEEDS_REVIEW, words, f"ledger entry {found.key[:12]}")
            decision, runs_at_most = Decision.BLOCKED, 0
        case State.REFUSED:
            reason = Reason(Because.REFUSED_BEFORE, f"FLORA refused it before ({found.refusal_code or 'no code'})")
            decision, runs_at_most = Decision.NEW, left
        case State.INTENDED:
            words = "a person had it paid for anew" if found.renewals else "no run of it is paid for"
            reason = Reason(Because.RESTARTED if found.renewals else Because.NO_RUN, words)
            decision, runs_at_most = Decision.NEW, left
    return Verdict(decision, reason, attempt, runs_at_most, found)


def _finished(found: PaidWork) -> tuple[Decision, Reason, int]:
    run = f"run {found.run_id}"
    if found.is_failed:
        reason = Reason(Because.FAILED_FOR_GOOD, f"its run failed for good ({_code(found)})", run)
        return Decision.BLOCKED, reason, 0
    if found.ended is not None and not found.ended.outputs:
        return (
            Decision.BLOCKED,
            Reason(Because.FAILED_FOR_GOOD, "its run brought nothing, and was charged", run),
            0,
        )
    return Decision.RESUME, Reason(Because.TO_BE_KEPT, "paid for and completed, and still to be kept", run), 0


def _code(failed: PaidWork) -> str:
    return (failed.ended and failed.ended.error_code) or "no code"
