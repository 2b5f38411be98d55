"""Looks at a bucket's own settings: which rights these credentials have on it, and what it would remove by itself.

Nothing is written but one small object under `checks/`, which is removed again where that is allowed.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from florist.stores.errors import StoreDeniedError
from florist.stores.probe import FOLDER
from florist.stores.s3 import S3Store
from florist.stores.s3_answers import NO_SUCH_UPLOAD

PROBE_KEY = f"{FOLDER}doctor.json"
PROBE_BYTES = b"{}"
_NO_RULES = frozenset({"NoSuchLifecycleConfiguration", "NotImplemented", "MethodNotAllowed"})


class Right(NamedTuple):
    """An action on the bucket, whether Florist needs it, and how it was refused; empty if it was allowed."""

    action: str
    is_needed: bool
    refusal: str


class ExpiryRule(NamedTuple):
    """A lifecycle rule that takes objects away: removes them, or moves them where they cannot be read at once."""

    name: str
    prefix: str
    effect: str


async def rights_of(store: S3Store) -> tuple[Right, ...]:
    """Return which rights there are, each tried.

    Raises:
        StoreError: the bucket is missing or does not answer.
    """

    async def listed() -> object:
        return [item async for item in store.list(PROBE_KEY)]

    async def uploads_listed() -> object:
        return await store.ask(lambda s3: s3.list_multipart_uploads(Bucket=store.bucket, Prefix=store.full_prefix))

    async def aborted() -> object:
        # Of an upload that there is not: denied or unknown, nothing comes of it.
        key, upload_id = store.full_prefix + PROBE_KEY, "florist-doctor"
        return await store.ask(
            lambda s3: s3.abort_multipart_upload(Bucket=store.bucket, Key=key, UploadId=upload_id),
            expected=NO_SUCH_UPLOAD,
        )

    tried: tuple[tuple[str, bool, Callable[[], Awaitable[object]]], ...] = (
        ("s3:ListBucket", True, listed),
        ("s3:PutObject", True, lambda: store.create(PROBE_KEY, PROBE_BYTES)),
        ("s3:GetObject", True, lambda: store.read(PROBE_KEY)),
        ("s3:AbortMultipartUpload", True, aborted),
        ("s3:ListBucketMultipartUploads", False, uploads_listed),
        ("s3:DeleteObject", False, lambda: store.delete(PROBE_KEY)),
    )
    return tuple([Right(action, is_needed, await _refusal(call)) for action, is_needed, call in tried])


async def expiry_rules(store: S3Store) -> tuple[ExpiryRule, ...]:
    """Return the rules that are in force and take away what they apply to, whatever its prefix.

    Raises:
        StoreDeniedError: there is no right to read them (s3:GetLifecycleConfiguration).
    """
    answer = await store.ask(
        lambda s3: s3.get_bucket_lifecycle_configuration(Bucket=store.bucket), expected=_NO_RULES
    )
    rules = () if answer is None else answer["Rules"]
    return tuple(rule for each in rules if each["Status"] == "Enabled" for rule in _expiry(each))


async def _refusal(call: Callable[[], Awaitable[object]]) -> str:
    try:
        await call()
    except StoreDeniedError as error:
        return str(error)
    return ""


def _expiry(rule: Mapping[str, Any]) -> Iterator[ExpiryRule]:
    chosen = rule.get("Filter", {})
    both = chosen.get("And", {})
    if "Tag" in chosen or both.get("Tags"):
        return  # records have no tags but those of every object
    prefix = rule.get("Prefix") or chosen.get("Prefix") or both.get("Prefix") or ""
    expiration = rule.get("Expiration", {})
    if "Days" in expiration:
        yield ExpiryRule(rule.get("ID", ""), prefix, f"removes after {expiration['Days']} days")
    elif "Date" in expiration:
        yield ExpiryRule(rule.get("ID", ""), prefix, f"removes on {expiration['Date']:%Y-%m-%d}")
    for transition in rule.get("Transitions", ()):
        if transition.get("StorageClass") in {"GLACIER", "DEEP_ARCHIVE"}:
            yield ExpiryRule(rule.get("ID", ""), prefix, f"moves to {transition['StorageClass']}, unreadable")
