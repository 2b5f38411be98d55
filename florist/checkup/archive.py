"""Looks at the archive: what it can do, what it lets us do, and what it would do to our records by itself."""

import os
import ssl
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from urllib.error import HTTPError

from florist.checkup.clocks import clock_finding
from florist.checkup.finding import Finding, Status, fail, found_in_order, ok, warn
from florist.stores.errors import StoreDeniedError
from florist.stores.folder import FolderStore
from florist.stores.s3 import S3Store
from florist.stores.s3_bucket import PROBE_BYTES, PROBE_KEY, ExpiryRule, expiry_rules, rights_of
from florist.stores.store import Store
from florist.stores.threads import in_thread

RIGHTS = "archive rights"
WRITES = "archive writes"
URLS = "archive URLs"
LIFECYCLE = "archive lifecycle"
CLOCK = "archive clock"
UPLOADS = "unfinished uploads"

MONEY = ("ledger/", "budgets/", "index/", "campaigns/", "runs/", "picks/", "takes/", "uploads/")
"""What is paid for, what says so, and what it was made of: gone, it would be paid for again, or is lost."""
NOTES = ("assets/", "checks/", "derivatives/", "lost/", "mended/", "plans/", "sweeps/")
"""What saves work."""

STALE_AFTER = timedelta(days=1)
_PRESIGNED_FOR = timedelta(minutes=1)
_PATIENCE = 10.0


async def archive_findings(store: Store, *, now: Callable[[], datetime]) -> tuple[Finding, ...]:
    """Return what is found at the archive: one line that fails, where nothing can be done with it."""
    rights = partial(bucket_rights, store) if isinstance(store, S3Store) else partial(folder_rights, store)
    if isinstance(store, FolderStore) and not store.path.exists():
        return await found_in_order((RIGHTS, rights), [])
    checks = [
        (WRITES, partial(writes_finding, store)),
        (CLOCK, partial(archive_clock, store, now=now)),
        (URLS, partial(urls_finding, store)),
        (UPLOADS, partial(uploads_finding, store)),
    ]
    if isinstance(store, S3Store):
        checks.append((LIFECYCLE, partial(lifecycle_finding, store)))
    return await found_in_order((RIGHTS, rights), checks)


async def folder_rights(store: Store) -> Finding:
    """Return whether a folder can be written to, or made."""
    if not isinstance(store, FolderStore):
        return ok(RIGHTS, store.location)
    nearest = next(path for path in (store.path, *store.path.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return fail(RIGHTS, f"{nearest} is not to be written to", "let this user write there, or name another")
    told = (
        store.location if nearest == store.path else f"{store.location} is not there yet: the first run makes it"
    )
    return ok(RIGHTS, told)


async def bucket_rights(store: S3Store) -> Finding:
    """Return which rights on a bucket are missing, of those that are needed and of those that are of use."""
    rights = await rights_of(store)
    missing = [right for right in rights if right.refusal]
    if len(missing) == len(rights):
        return fail(RIGHTS, missing[0].refusal, "grant what is needed (docs/archive.md, Rights)")
    needed = ", ".join(right.action for right in missing if right.is_needed)
    useful = ", ".join(right.action for right in missing if not right.is_needed)
    if needed:
        return fail(RIGHTS, f"{store.location} denies {needed}", "grant it (docs/archive.md, Rights)")
    if useful:
        mend = "leave it so if that is wanted: docs/archive.md, Rights, tells what goes without"
        return warn(RIGHTS, f"{store.location} denies {useful}, which is of use", mend)
    return ok(RIGHTS, f"{store.location}: {', '.join(right.action for right in rights)}")


async def writes_finding(store: Store) -> Finding:
    """Return whether what is written stands, and is never overwritten."""
    await store.check()
    told = "created atomically, never overwritten, listed at once"
    if not isinstance(store, S3Store):
        return ok(WRITES, told)
    verdict = await store.verdict()
    weak = []
    if verdict.completion != "conditional":
        weak.append("does not enforce If-None-Match at the end of a multipart upload")
    if verdict.integrity == "none":
        weak.append("verifies neither checksums nor signed payloads, so that everything is read back")
    if weak:
        mend = "works, slower or with less of a guard for large outputs; docs/archive.md, What a store must prove"
        return warn(WRITES, f"{told}; it {' and '.join(weak)}", mend)
    return ok(WRITES, f"{told}; multipart uploads too; bytes guarded by their {verdict.integrity}")


async def archive_clock(store: Store, *, now: Callable[[], datetime]) -> Finding:
    """Return how far the store's clock is from this machine's, as of its last answer."""
    return clock_finding(CLOCK, here=now(), there=store.server_now())


async def urls_finding(store: Store) -> Finding:
    """Return whether the store signs URLs that open an object."""
    await store.create(PROBE_KEY, PROBE_BYTES)
    try:
        url = await store.presign(PROBE_KEY, expires_in=_PRESIGNED_FOR)
        if url is None:
            return ok(URLS, "it signs none: what a later step takes from it is uploaded to FLORA")
        ca_bundle = store.access.ca_bundle if isinstance(store, S3Store) else None
        got = await in_thread(_fetched, url.reveal(), ca_bundle)
    finally:
        await _removed(store)
    if got != PROBE_BYTES:
        mend = (
            "check what stands between (a proxy, a gateway); outputs are uploaded to FLORA instead, where needed"
        )
        return warn(URLS, "a signed URL does not open what it was signed for", mend)
    return ok(URLS, "signed, and opened from this machine")


async def uploads_finding(store: Store) -> Finding:
    """Return what killed writers left behind: S3 bills it."""
    try:
        count = await store.leftovers(older_than=STALE_AFTER)
    except StoreDeniedError:
        return warn(UPLOADS, "could not be listed", "grant s3:ListBucketMultipartUploads, or look yourself")
    if count:
        return warn(UPLOADS, f"{count} older than a day, left by killed writers", "florist sweep removes them")
    return ok(UPLOADS, "none older than a day")


async def lifecycle_finding(store: S3Store) -> Finding:
    """Return whether the bucket would take our records away by itself."""
    try:
        rules = await expiry_rules(store)
    except StoreDeniedError:
        mend = "grant s3:GetLifecycleConfiguration, or look that no rule removes what is below the prefix"
        return warn(LIFECYCLE, "its rules cannot be read", mend)
    for folders, status in ((MONEY, Status.FAIL), (NOTES, Status.WARN)):
        for rule in rules:
            hit = [folder for folder in folders if _applies(rule, store.full_prefix + folder)]
            if hit:
                told = f'rule "{rule.name}" {rule.effect}: {", ".join(hit)}'
                mend = "take the archive's prefix out of the rule, or the rule away"
                return Finding(name=LIFECYCLE, status=status, told=told, mend=mend)
    return ok(LIFECYCLE, "no rule takes anything away here")


def _applies(rule: ExpiryRule, prefix: str) -> bool:
    return prefix.startswith(rule.prefix) or rule.prefix.startswith(prefix)


async def _removed(store: Store) -> None:
    try:
        await store.delete(PROBE_KEY)
    except StoreDeniedError:
        return  # it stays, one object for all checkups


def _fetched(url: str, ca_bundle: str | None) -> bytes:
    context = ssl.create_default_context(cafile=ca_bundle) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE, context=context) as answer:  # noqa: S310 - signed by us
            return bytes(answer.read(len(PROBE_BYTES) + 1))
    except OSError as error:  # whose words could hold the URL
        if isinstance(error, HTTPError):
            error.close()
        return b""
