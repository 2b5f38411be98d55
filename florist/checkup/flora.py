"""Looks at FLORA: whether the key is good there, which clock it has, and whether techniques are as locked."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from florist.api import FloraAPI
from florist.campaigns.locking import Locked, check_lock, pipelines_at
from florist.checkup.clocks import clock_finding
from florist.checkup.finding import Finding, fail, found_by, found_in_order, ok, warn

KEY = "FLORA key"
CLOCK = "FLORA clock"
TECHNIQUES = "techniques"


async def flora_findings(
    flora: FloraAPI, pipelines: Sequence[Path], *, now: Callable[[], datetime]
) -> tuple[Finding, ...]:
    """Return what is found at FLORA.

    Args:
        pipelines: files, or folders of them; none if there are none to look at.
    """
    first = (KEY, partial(key_finding, flora))
    clock = (CLOCK, partial(flora_clock, flora, now=now))
    findings = await found_in_order(first, [clock])
    if len(findings) == 1:
        return findings
    return (*findings, await found_by(TECHNIQUES, partial(techniques_finding, flora, pipelines)))


async def key_finding(flora: FloraAPI) -> Finding:
    """Return whether FLORA takes the key, and knows the workspace that is named."""
    seen = await flora.workspaces.list()
    wanted = flora.workspace_id
    names = ", ".join(each.workspace_id for each in seen)
    where = f"{flora.base_url}{' (sandbox)' if flora.is_sandbox else ''}"
    if not seen:
        return fail(KEY, f"taken by {where}, and sees no workspace", "make a key inside a workspace of FLORA")
    if wanted is None:
        return ok(KEY, f"taken by {where}; workspace {seen[0].workspace_id}")
    if wanted not in {each.workspace_id for each in seen}:
        return fail(KEY, f"sees no workspace {wanted}, only {names}", "set FLORA_WORKSPACE_ID to one of these")
    return ok(KEY, f"taken by {where}; workspace {wanted}")


async def flora_clock(flora: FloraAPI, *, now: Callable[[], datetime]) -> Finding:
    """Return how far FLORA's clock is from this machine's, as of its last answer."""
    return clock_finding(CLOCK, here=now(), there=flora.server_now())


async def techniques_finding(flora: FloraAPI, pipelines: Sequence[Path]) -> Finding:
    """Return whether techniques are as the lock files beside the pipelines say."""
    if not pipelines:
        return ok(TECHNIQUES, "there are no pipelines here to look at")
    found = pipelines_at(pipelines)
    unlocked = [str(each.file) for each in found if not each.file.exists()]
    if unlocked:
        return warn(TECHNIQUES, f"prices may move unnoticed: there is no {', '.join(unlocked)}", "florist lock")
    drifts = [str(drift) for locked in found for drift in await check_lock(locked, flora)]
    if drifts:
        return fail(TECHNIQUES, "; ".join(drifts), "look at the pipelines, then: florist lock")
    return ok(TECHNIQUES, f"{_count(found)} as they were locked, prices too")


def _count(found: Sequence[Locked]) -> int:
    return len({name for locked in found for name in locked.names})
