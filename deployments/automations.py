"""Automations as code: what the server does by itself to a flow run whose process is gone.

It knows flow runs of ours by the tag that all deployments have. Nothing here decides about money: what is started
once too often finds in the ledger what is paid.

process gone ─► Crashed ───────┬─► started again ─► … ─► GaveUp
never began ─► NeverStarted ───┘
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from deployments.told import Change, Thing
from flows.tasks import BUDGET_REACHED, STARTED_AGAIN, STARTS_AT_MOST

TAG = "florist"
"""On every deployment of ours, hence on its flow runs, their heartbeats and their changes of state."""
NEVER_STARTED = "NeverStarted"
GAVE_UP = "GaveUp"

_ANY = "prefect.flow-run.*"
_ALIVE = frozenset({"prefect.flow-run.heartbeat", "prefect.flow-run.Running", "prefect.flow-run.Retrying"})
_PENDING = frozenset(
    {"prefect.flow-run.Pending", "prefect.flow-run.Submitting", "prefect.flow-run.InfrastructurePending"}
)
_CRASHED = frozenset({"prefect.flow-run.Crashed", f"prefect.flow-run.{NEVER_STARTED}"})
_BODY = (
    "{{ flow_run.name }} ({{ flow.name }}): {{ flow_run.state.name }}\n{{ flow_run.state.message }}\n"
    "{{ flow_run|ui_url }}"
)
_BUDGET = (
    "{{ event.payload.cells }} cells were not begun. Raise the budget and run the campaign again: what is paid is "
    "not paid twice.\n{{ flow_run|ui_url }}"
)


@dataclass(frozen=True)
class Windows:
    """How long the server waits for a sign of life.

    Attributes:
        heartbeat: seconds between two of a flow run's heartbeats; Prefect beats no faster than every 30.
        gone: seconds without any, after which its process is taken for dead.
        pending: seconds in which a worker has to bring a flow run from PENDING to RUNNING.
        again: seconds between a crash and the next start. Longer than a heartbeat: a process that was taken for
            dead and lives is heard in them, and no second one is started beside it.
        crashes: of one flow run in a day, after which the server gives it up. The flow itself counts its starts;
            this is for one that never comes to count. A killed process may be reported twice, hence the factor.
    """

    heartbeat: int = 30
    gone: int = 90
    pending: int = 600
    again: int = 60
    crashes: int = 2 * STARTS_AT_MOST


def expected_automations(
    windows: Windows = Windows(), *, notify_by: UUID | None = None
) -> tuple[AutomationCore, ...]:
    """Return the automations that a server of ours has.

    Args:
        notify_by: the notification block that tells people; None leaves out the automations that do.
    """
    return (*_mending(windows), *(_notifying(notify_by) if notify_by else ()))


async def apply_automations(
    client: PrefectClient, wanted: tuple[AutomationCore, ...], *, is_dry: bool = False
) -> list[Thing]:
    """Make each automation as it is wanted, by its name; whether one is switched off is left alone.

    Args:
        is_dry: only tell which are missing or different.
    """
    there = {automation.name: automation for automation in await client.read_automations()}
    told = []
    for automation in wanted:
        known = there.get(automation.name)
        if known is None:
            change = Change.MISSING if is_dry else Change.CREATED
            if not is_dry:
                await client.create_automation(automation)
        elif _rules(known) == _rules(automation):
            change = Change.AS_IT_WAS
        else:
            change = Change.DIFFERENT if is_dry else Change.CHANGED
            if not is_dry:
                # What is not set here is not sent: whether it is switched on stays.
                await client.update_automation(known.id, automation)
        off = "switched off" if known is not None and not known.enabled else ""
        told.append(Thing("automation", automation.name, change, off))
    return told


def _rules(automation: AutomationCore) -> object:
    # No JSON: in it, sets that are equal may come in different orders.
    return automation.model_dump(include={"description", "trigger", "actions"})


def _mending(windows: Windows) -> Iterator[AutomationCore]:
    yield AutomationCore(
        name="Florist: process gone",
        description="A flow run of which nothing is heard any more has crashed: its process, its worker or its "
        "machine is gone.",
        # A heartbeat may be the last, and the first may never come. Any event is a sign of life, also a state
        # with a name of its own.
        trigger=_missing(_ALIVE, within=windows.gone),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, message=f"nothing was heard of its process for {windows.gone} s"
            )
        ],
    )
    yield AutomationCore(
        name="Florist: never started",
        description="A flow run that stays PENDING has lost its worker in between. No heartbeat tells of it.",
        trigger=_missing(_PENDING, within=windows.pending),
        actions=[
            ChangeFlowRunState(
                name=NEVER_STARTED,
                state=StateType.CRASHED,
                message=f"no process began within {windows.pending} s of its being given to a worker",
            )
        ],
    )
    yield AutomationCore(
        name="Florist: start again",
        description="A flow run that has crashed is started again. What is paid is found in the ledger.",
        trigger=_missing(_CRASHED, within=windows.again),
        actions=[ChangeFlowRunState(name="AwaitingRetry", state=StateType.SCHEDULED, message=STARTED_AGAIN)],
    )
    yield AutomationCore(
        name="Florist: give up",
        description="A flow run that crashes again and again is left alone until somebody has looked at it.",
        trigger=EventTrigger(
            **_OURS,
            expect=set(_CRASHED),
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=windows.crashes,
            within=timedelta(days=1),
        ),
        actions=[
            ChangeFlowRunState(
                name=GAVE_UP,
                state=StateType.FAILED,
                message=f"it has crashed {windows.crashes} times in a day and is not started again by itself. "
                "Look at its log; then retry it, or run its campaign again: what is paid is not paid twice.",
            )
        ],
    )


def _notifying(block_id: UUID) -> Iterator[AutomationCore]:
    yield AutomationCore(
        name="Florist: tell of failures",
        description="Any state of the type FAILED, whatever its name.",
        trigger=_seen({_ANY}, {"prefect.state-type": "FAILED"}),
        actions=[_told("Failed: {{ flow_run.name }}", block_id)],
    )
    yield AutomationCore(
        name="Florist: tell of gaps",
        description="A campaign that ended with rows missing.",
        trigger=_seen({"prefect.flow-run.CompletedWithGaps"}),
        actions=[_told("Gaps: {{ flow_run.name }}", block_id)],
    )
    yield AutomationCore(
        name="Florist: tell of budgets",
        description="A campaign whose budget held back what was to be made.",
        trigger=EventTrigger(expect={BUDGET_REACHED}, posture=Posture.Reactive),
        actions=[_told("Budget reached: {{ flow_run.name }}", block_id, _BUDGET)],
    )


_OURS = {
    "match": {"prefect.resource.id": _ANY},
    "match_related": {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"},
}


def _missing(after: frozenset[str], *, within: int) -> EventTrigger:
    """Return the trigger that fires when a flow run of ours is silent after one of these events."""
    return EventTrigger(
        **_OURS,
        after=set(after),
        expect={_ANY},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=within),
    )


def _seen(events: set[str], labels: dict[str, str] | None = None) -> EventTrigger:
    return EventTrigger(
        match={**_OURS["match"], **(labels or {})},
        match_related=_OURS["match_related"],
        expect=events,
        posture=Posture.Reactive,
    )


def _told(subject: str, block_id: UUID, body: str = _BODY) -> SendNotification:
    return SendNotification(block_document_id=block_id, subject=subject, body=body)
