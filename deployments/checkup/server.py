"""Looks at Prefect's server: whether it answers, in a version that was tried, with workers and limits."""

from collections.abc import Sequence
from importlib.metadata import requires

from packaging.requirements import Requirement
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import WorkerStatus
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import PREFECT_API_URL

from deployments.prepare import BLOCK_NAME, make_work_pool
from deployments.told import Change
from florist.checkup.finding import Finding, fail, ok, warn
from flows.prefect_server import check_server
from flows.tasks import workspace_named
from flows.tasks.limits import limit_name

SERVER = "Prefect"
WORKERS = "Prefect workers"
POOL = "Prefect work pool"
LIMITS = "Prefect limits"


async def server_finding() -> Finding:
    """Return whether the server answers, and whether its version is one that was tried."""
    await check_server()
    async with get_client() as client:
        version = await client.api_version()
    tried = tried_versions()
    told = f"{version} at {PREFECT_API_URL.value()}"
    if not tried.specifier.contains(version, prereleases=True):
        return warn(SERVER, f"{told}, which was not tried with this Florist", f"run a server of {tried}")
    return ok(SERVER, told)


def tried_versions() -> Requirement:
    """Return which versions of Prefect this Florist was tried with."""
    return next(each for line in requires("florist") or () if (each := Requirement(line)).name == "prefect")


async def workers_finding(client: PrefectClient, deployed: Sequence[DeploymentResponse]) -> Finding:
    """Return whether a worker polls each pool that something is deployed to."""
    pools = sorted({each.work_pool_name for each in deployed if each.work_pool_name})
    idle = [pool for pool in pools if not await _is_polled(client, pool)]
    if idle:
        mend = f"prefect worker start --pool {idle[0]}"
        return fail(WORKERS, f"none polls {', '.join(idle)}: nothing that is deployed there starts", mend)
    return ok(WORKERS, f"polling {', '.join(pools)}")


async def pool_finding(client: PrefectClient) -> Finding:
    """Return whether flow runs of our pool give a sign of life as often as the automations expect one."""
    pool = await make_work_pool(client, is_dry=True)
    if pool.change is not Change.AS_IT_WAS:
        told = f"{pool.name} is {pool.change}, so that healthy runs may be taken for dead"
        return warn(POOL, told, "python -m deployments.bootstrap")
    return ok(POOL, f"{pool.name} has its flow runs give signs of life")


async def limits_finding(client: PrefectClient) -> Finding:
    """Return whether starts of the workspace that forms name at first are limited over all workers."""
    workspace = (await workspace_named(BLOCK_NAME)).workspace_id
    limits = await client.read_global_concurrency_limits(limit=200)
    ours = {each.name: each for each in limits if each.name.startswith(limit_name(""))}
    limit = ours.get(limit_name(workspace))
    if limit is None and not ours:
        return ok(LIMITS, f"none over all workers ({limit_name('ws_…')}): each process keeps to its own")
    if limit is None or not workspace:
        mend = "write the workspace's id into its block, and name the limit by it"
        return warn(LIMITS, f"{', '.join(ours)} is for another workspace than that of the block", mend)
    if not limit.active:
        return warn(LIMITS, f"{limit.name} is switched off", f"prefect gcl update {limit.name} --enable")
    if limit.limit == 0:
        return fail(LIMITS, f"{limit.name} is 0: nothing can start", f"prefect gcl update {limit.name} --limit 2")
    return ok(LIMITS, f"{limit.name}: {limit.active_slots} of {limit.limit} in use")


async def _is_polled(client: PrefectClient, pool: str) -> bool:
    workers = await client.read_workers_for_work_pool(pool)
    return any(worker.status is WorkerStatus.ONLINE for worker in workers)
