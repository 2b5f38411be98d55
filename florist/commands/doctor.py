"""`florist doctor`: looks at all that a campaign will rest on, and pays for nothing."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from florist.amounts import shown_usd
from florist.checkup.archive import archive_findings
from florist.checkup.finding import Finding, Status, fail, ok
from florist.checkup.flora import KEY, flora_findings
from florist.checkup.kept import MEANING, kept_findings
from florist.client.client import FloraClient
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson
from florist.commands.checkout import is_checkout
from florist.commands.lock import PIPELINES
from florist.commands.prefect_settings import named_server
from florist.commands.terminal import PATIENCE, asked, print_table, remark, say
from florist.errors import ConfigurationError
from florist.ledger import Ledger, TechniqueRoute
from florist.ledger.probe import Probe, probe, probe_for
from florist.ledger.promises import Belief
from florist.stores.locations import store_at
from florist.stores.store import Store

PREFECT = "Prefect"
HAS_FAILED = 1
"""Exit code where a check fails; those that only warn leave it at 0."""

PrefectFindings = Callable[[Path, str], Awaitable[Iterable[Finding]]]
"""What is found on Prefect's server, for the pipelines of this folder and the archive at this location."""


def doctor(
    pipelines: tuple[Path, ...] = PIPELINES,
    /,
    *,
    prefect_findings: Annotated[PrefectFindings, Parameter(parse=False)],
    archive: Archive = DEFAULT_ARCHIVE,
    as_json: AsJson = False,
    probe_idempotency: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative=())] = False,
) -> int:
    """Look at all that a campaign rests on: key, prices, clocks, archive, ledger, Prefect. Pays for nothing.

    Each line is ok, warn or fail, and says how to mend it. Exits with 1 if one fails, else with 0.

    Args:
        pipelines: files, or folders of them, whose locked techniques are compared with FLORA's.
        probe_idempotency: instead, find out what FLORA does with a repeated request, by repeating the one of a run
            just made. It costs nothing if FLORA keeps either of its promises, and one run at most; asks first.
        yes: do not ask.
    """
    if probe_idempotency:
        asyncio.run(_probed(archive, is_agreed=yes))
        return 0
    there = tuple(path for path in pipelines if path.exists() or pipelines is not PIPELINES)
    findings = asyncio.run(_looked(archive, there, prefect_findings))
    if as_json:
        say(json.dumps([finding.model_dump(mode="json") for finding in findings], indent=2))
    else:
        _print(findings)
    return HAS_FAILED if any(finding.status is Status.FAIL for finding in findings) else 0


async def _looked(
    archive: str, pipelines: Sequence[Path], prefect_findings: PrefectFindings
) -> tuple[Finding, ...]:
    store = store_at(archive)
    return (
        *await _of_flora_and_archive(store, pipelines),
        *await _of_prefect(prefect_findings, store.location),
    )


async def _of_flora_and_archive(store: Store, pipelines: Sequence[Path]) -> tuple[Finding, ...]:
    try:
        client = FloraClient(total_timeout=PATIENCE)
    except ConfigurationError as error:
        return (fail(KEY, str(error), ""), *await _of_archive(store, None))
    async with client as flora:
        findings = await flora_findings(flora, pipelines, now=_now)
        answers = findings[0].status is not Status.FAIL
        return (*findings, *await _of_archive(store, TechniqueRoute(flora) if answers else None))


async def _of_archive(store: Store, flora: TechniqueRoute | None) -> tuple[Finding, ...]:
    findings = await archive_findings(store, now=_now)
    if findings[0].status is Status.FAIL:
        return findings
    return (*findings, *await kept_findings(store, flora))


async def _of_prefect(prefect_findings: PrefectFindings, archive: str) -> Iterable[Finding]:
    server = named_server()
    if server is None:
        return [ok(PREFECT, "no server is named, so that runs go without it")]
    if not is_checkout():
        return [ok(PREFECT, "flows come with a checkout of Florist, and this is none: runs go without it")]
    return await prefect_findings(Path(), archive)


def _print(findings: Sequence[Finding]) -> None:
    rows = [(each.status, each.name, each.told, each.mend) for each in findings]
    print_table(("", "What", "Found", "Mend"), rows)
    counts = {status: sum(each.status is status for each in findings) for status in Status}
    remark(", ".join(f"{count} {status}" for status, count in counts.items() if count))


async def _probed(archive: str, *, is_agreed: bool) -> None:
    async with FloraClient() as client:
        ledger, flora = Ledger(store_at(archive)), TechniqueRoute(client)
        await ledger.check()
        probed = await probe_for(ledger, flora)
        if not is_agreed and not _agrees(probed):
            remark("nothing was sent")
            return
        _say(await probe(probed, ledger, flora))


def _agrees(probed: Probe) -> bool:
    price = shown_usd(probed.price_usd)
    answer = asked(
        f"The request of run {probed.entry.run_id} is repeated with its idempotency key. This costs nothing if "
        f"FLORA keeps either of its promises, and one run ({price}) at most. Go on?"
    )
    if answer is None:
        raise ConfigurationError(f"the probe may cost one run ({price}), and nobody can be asked: add --yes")
    return answer


def _say(belief: Belief) -> None:
    for what, promise in (("the same body", belief.same_body), ("another body", belief.other_body)):
        say(f"a request repeated with {what}: {MEANING[promise]}")


def _now() -> datetime:
    return datetime.now(UTC)
