"""A limit on the starts in flight for each saved workspace, over all workers; see `flows.tasks.limits`."""

from httpx import HTTPStatusError
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound

from blocks import FloraWorkspace
from deployments.told import Change, Thing
from flows.tasks.limits import limit_name

STARTS = 8
"""At first: as many as one process has in flight, so that a second process halves what each may."""
_KIND = "limit"


async def make_limits(client: PrefectClient, starts: int | None = None, *, is_dry: bool = False) -> list[Thing]:
    """Have a limit for every workspace that a saved block names.

    Args:
        starts: in flight at one time; None leaves a limit that exists as it is.
        is_dry: only tell which are missing or different.
    """
    slug = FloraWorkspace.get_block_type_slug()
    try:
        documents = await client.read_block_documents_by_type(slug, include_secrets=False)
    except HTTPStatusError as error:
        if error.response.status_code != 404:
            raise
        documents = []  # a server that knows no such type yet
    named = sorted({str(document.data.get("workspace_id") or "") for document in documents})
    return [await _limit(client, each, starts, is_dry=is_dry) if each else _NAMELESS for each in named]


_NAMELESS = Thing(
    _KIND,
    "of the key's first workspace",
    Change.MISSING,
    "a FLORA Workspace block has no Workspace ID, so its starts are limited in each process alone: fill it in",
)


async def _limit(client: PrefectClient, workspace_id: str, starts: int | None, *, is_dry: bool) -> Thing:
    name = limit_name(workspace_id)
    try:
        limit = await client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        if is_dry:
            return Thing(_KIND, name, Change.MISSING)
        await client.create_global_concurrency_limit(
            GlobalConcurrencyLimitCreate(name=name, limit=starts or STARTS)
        )
        return Thing(_KIND, name, Change.CREATED, f"{starts or STARTS} starts in flight")
    if starts in (None, limit.limit):
        return Thing(_KIND, name, Change.AS_IT_WAS, f"{limit.limit} starts in flight")
    if not is_dry:
        await client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=starts))
    change = Change.DIFFERENT if is_dry else Change.CHANGED
    return Thing(_KIND, name, change, f"{limit.limit} → {starts} starts in flight")
