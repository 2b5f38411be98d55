"""Marks a flow run as crashed whose process was killed, once the next one of its campaign begins on this machine.

A killed process can say nothing, and Prefect's server shows its flow run as running for ever. Each flow run notes
in its labels which process it is: the boot of the machine, the PID namespace, the PID and when the process began.
Only where boot and namespace are our own can be told that a process is gone; elsewhere nothing is done.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from httpx import HTTPError
from prefect import get_client, runtime
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectException
from prefect.states import Crashed

LOOKED_AT = 200
"""Running flow runs of the server, newest first: more than one machine's."""

logger = logging.getLogger(__name__)

Labels = dict[str, str]


async def crash_killed_predecessors(campaign: str) -> None:
    """Note which process this flow run is, and mark those of the campaign whose process is gone.

    Failing to is no reason to stop: it is what people see, not what is paid.
    """
    ours = process_labels(os.getpid())
    flow_run_id = runtime.flow_run.get_id()
    if ours is None or flow_run_id is None:
        return
    try:
        async with get_client() as client:
            await client.update_flow_run_labels(UUID(flow_run_id), {**ours, "florist.campaign": campaign})
            for flow_run in await _running(client):
                if str(flow_run.id) != flow_run_id and is_killed(dict(flow_run.labels), campaign, ours):
                    await _crash(client, flow_run)
    except (HTTPError, PrefectException) as error:
        logger.debug("predecessors of campaign %s could not be looked at: %s", campaign, type(error).__name__)


def process_labels(pid: int) -> Labels | None:
    """Return what tells this process from any other, ever; None where the system does not say."""
    try:
        return {
            "florist.boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            "florist.pid_namespace": str(Path("/proc/self/ns/pid").readlink()),
            "florist.pid": str(pid),
            "florist.began": _began(pid),
        }
    except OSError:
        return None


def is_killed(theirs: Mapping[str, object], campaign: str, ours: Labels) -> bool:
    """Whether a running flow run is one of the campaign, on this machine, whose process is gone."""
    is_of_here = all(theirs.get(name) == ours[name] for name in ("florist.boot", "florist.pid_namespace"))
    if theirs.get("florist.campaign") != campaign or not is_of_here:
        return False
    try:
        return _began(int(str(theirs.get("florist.pid")))) != theirs.get("florist.began")
    except (OSError, ValueError):
        return True


async def _running(client: PrefectClient) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
    return await client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state), limit=LOOKED_AT)


async def _crash(client: PrefectClient, flow_run: FlowRun) -> None:
    message = "its process was killed; what it paid for is collected by the flow run of its campaign that follows"
    await client.set_flow_run_state(flow_run.id, Crashed(message=message), force=True)


def _began(pid: int) -> str:
    """Return when a process began, in clock ticks since the machine did: field 22 of its `stat`."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
